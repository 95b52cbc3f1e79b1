// startup: whole processes of the built command line, from the call to its end.
import { execFile } from "node:child_process";
import { access, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { encodeNpy } from "../src/data/npy.ts";
import { failure } from "../src/errors.ts";
import { createEngine } from "../src/runtime/node.ts";
import { floats } from "../src/tensor/array.ts";
import { type Benchmark, chosen, commandOf, compare } from "./benchmark.ts";
import { timed } from "./drive.ts";
import { trainedCases } from "./models.ts";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

export const startup: Benchmark = async function* (settings) {
  await access(main).catch(() => {
    throw failure("file", {
      where: main,
      expected: "the built command line",
      received: "nothing",
      remedy: "npm run build",
    });
  });
  const engine = await createEngine({ threads: settings.threads });
  try {
    for await (const { model, modelFile, rows, rowsFile } of trainedCases(engine, settings)) {
      const one = join(dirname(rowsFile), "one.npy");
      const d = model.chain.dimension;
      await writeFile(one, encodeNpy(floats(rows.data.slice(0, d), [1, d])));
      const commands = [
        { name: "help", args: ["--help"] },
        { name: "score-one-row", args: ["score", modelFile, one, "--quiet"] },
      ];
      for (const { name, args } of chosen(commands, settings)) {
        const ours = () => timed(() => runProcess(args));
        const timing = await compare(settings, undefined, { ours });
        yield { name: "startup", shape: name, ...timing, command: commandOf("startup", name) };
      }
      return;
    }
  } finally {
    await engine.close();
  }
};

async function runProcess(args: readonly string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [main, ...args]).catch((error: unknown) => {
    throw failure(
      "runtime",
      {
        where: `localflow ${args[0]}`,
        expected: "to succeed",
        received: error instanceof Error ? error.message : String(error),
        remedy: "the build may be older than the sources: npm run build",
      },
      error,
    );
  });
}
