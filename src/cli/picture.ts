// picture: `localflow picture MODEL [DATA] -o OUT --kind KIND`.
import { extname } from "node:path";
import { writeFileAtomically } from "../data/files.ts";
import { failure } from "../errors.ts";
import type { Figure } from "../pictures/figure.ts";
import { toPng } from "../pictures/png.ts";
import { toSvg } from "../pictures/svg.ts";
import { picture as drawn } from "../tasks/pictures.ts";
import { outputFlags } from "./flags.ts";
import { readModel } from "./model.ts";
import type { PictureOptions } from "./options.ts";
import { report, spokenBytes, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { checkOutput, memoryLimit, readColumns, seedFrom, withEngine } from "./session.ts";
import type { Terminal } from "./terminal.ts";

const formats: Readonly<Record<string, (figure: Figure) => Uint8Array>> = {
  ".svg": (figure) => new TextEncoder().encode(toSvg(figure)),
  ".png": (figure) => toPng(figure),
};

/** Draws one picture of a model and writes it. */
export async function picture(
  path: string,
  data: string | undefined,
  options: PictureOptions,
  terminal: Terminal,
): Promise<void> {
  const { output, kind, columns, points, resolution } = options;
  const format = formats[extname(output).toLowerCase()];
  if (format === undefined) {
    const expected = `a name ending in ${Object.keys(formats).join(" or ")}`;
    throw failure("option", { where: outputFlags, expected, received: JSON.stringify(output) });
  }
  await checkOutput(output, options);
  const start = performance.now();
  const seed = seedFrom(options);
  const model = await readModel(path);
  const reading = { ...memoryLimit(options), seed };
  const rows = data === undefined ? undefined : await readColumns(data, model.record.columns, reading);
  const view = progressView(terminal, options);
  const figure = await withEngine(options, (engine) =>
    drawn(engine, model, {
      kind,
      seed,
      signal: terminal.signal,
      onProgress: view.show,
      ...(rows && { data: rows }),
      ...(columns && { columns }),
      ...(points !== undefined && { points }),
      ...(resolution !== undefined && { resolution }),
    }),
  ).finally(view.clear);
  const bytes = format(figure);
  await writeFileAtomically(output, bytes, { force: options.force === true });
  const seconds = (performance.now() - start) / 1000;
  const text = `${kind}: ${output}, ${spokenBytes(bytes.length)} in ${spokenTime(seconds)}, seed ${seed}`;
  await report(terminal, options, { kind, output, bytes: bytes.length, seconds, seed }, text);
}
