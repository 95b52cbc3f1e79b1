// images-score: `localflow score MODEL IMAGES`: bits per dimension.
import { meanBitsPerDimension } from "../measure/bits-per-dimension.ts";
import type { ImageModel } from "../tasks/images/image-model.ts";
import { isGivenClasses, scoreImages } from "../tasks/images/score-images.ts";
import { floats } from "../tensor/array.ts";
import { checkGuided, imageIntegration, refuseForImages } from "./images-checks.ts";
import { heldOutPart, imagesSentence, openedFor, openForModel } from "./images-data.ts";
import type { ScoreOptions } from "./options.ts";
import { reportBeside, spokenTime, withError } from "./output.ts";
import { progressView } from "./progress.ts";
import { writeRows } from "./rows.ts";
import { seedFrom, withEngine } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** Bits per dimension of every image, with their mean and its standard error as the summary. */
export async function scoreImageFile(
  model: ImageModel,
  data: string,
  options: ScoreOptions,
  terminal: Terminal,
): Promise<void> {
  refuseForImages(options, ["percentile", "contributions", "smoothed", "smoothing", "classify", "handOver", "rows"]);
  const integration = imageIntegration(options, model);
  const { marginal = false } = options;
  checkGuided(model.record.classes !== undefined, "marginal", options);
  const { output, images: most, divergence: kind = "hutchinson", probes = 1, quiet } = options;
  const divergence = kind === "exact" ? ({ kind } as const) : ({ kind, probes } as const);
  const started = performance.now();
  const seed = seedFrom(options);
  const part = await heldOutPart(data, options);
  const view = progressView(terminal, options);
  const open = () => openForModel(data, model.record.image, part, options, view);
  const logs: number[] = [];
  let evaluations = 0;
  const set = await openedFor(open, async (images) => {
    view.clear();
    if (!quiet) terminal.err(`localflow: ${imagesSentence(images)}\n`);
    const rows = Math.min(images.count, most ?? images.count);
    const controls = { signal: terminal.signal, onProgress: view.show };
    await withEngine(options, async (engine) => {
      const scored = scoreImages(engine, model, images, {
        ...{ divergence, seed, marginal, ...integration, ...controls },
        ...(most !== undefined && { most }),
      });
      async function* chunks() {
        for await (const { logDensity, bits, evaluations: spent } of scored) {
          logs.push(...logDensity);
          evaluations += spent;
          const pairs = Float32Array.from(
            { length: 2 * bits.length },
            (_, k) => (k % 2 === 0 ? logDensity : bits)[k >> 1]!,
          );
          yield floats(pairs, [bits.length, 2]);
        }
      }
      const columns = ["log_density", "bits_per_dimension"];
      if (output !== undefined) await writeRows(output, { columns, rows, chunks: chunks() }, options, terminal);
      else for await (const _ of chunks());
    });
    return images;
  }).finally(view.clear);
  const isGiven = model.record.classes && isGivenClasses(model, set, { marginal });
  const { value, standardError } = meanBitsPerDimension(logs, model.chain.dimension);
  const seconds = (performance.now() - started) / 1000;
  const nll = logs.reduce((a, b) => a - b / logs.length, 0);
  const text = [
    ...(isGiven === undefined ? [] : [`given   ${isGiven ? "each image's class" : "nothing: classes left out"}`]),
    `bits    ${withError(value, standardError)} per dimension (${logs.length} of ${set.count} images, part ${set.part}), divergence ${kind}`,
    `effort  ${spokenTime(seconds)}, ${evaluations} velocity evaluations`,
    `seed    ${seed}`,
  ].join("\n");
  const bitsPerDimension = { value, standardError };
  const result = {
    rows: logs.length,
    part: set.part,
    ...(isGiven !== undefined && { given: isGiven ? "class" : "nothing" }),
    nll,
    bitsPerDimension,
    divergence: kind,
    seconds,
    evaluations,
    seed,
  };
  await reportBeside(terminal, options, result, text);
}
