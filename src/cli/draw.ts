// draw: `localflow sample DENSITY -n N [-o OUT]`, points of a built-in density or of a picture without a model between.
import { stat } from "node:fs/promises";
import { counted, didYouMean, listNames, shorten } from "../data/columns.ts";
import { densities } from "../data/densities.ts";
import { logDensities } from "../data/plane-shapes.ts";
import { densityOf } from "../data/sources.ts";
import { failure } from "../errors.ts";
import { random, split } from "../random.ts";
import { checkSignal } from "../runtime/pause.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import type { SampleOptions } from "./options.ts";
import { reportMade, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { integrationNames } from "./recipe.ts";
import { refuseGiven } from "./refusals.ts";
import { checkRowsOutput, withColumn, writeRows } from "./rows.ts";
import { seedFrom } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** Points drawn at once. A point depends on the seed and its number alone. */
const chunk = 16_384;

/** Draws points from the density that `spec` stands for; `--log-density` adds their true log-density. */
export async function draw(spec: string, options: SampleOptions, terminal: Terminal): Promise<void> {
  checkNothingToIntegrate(spec, options);
  const { output, rows, logDensity = false } = options;
  await checkRowsOutput(output, options);
  const start = performance.now();
  const seed = seedFrom(options);
  const density = await densityOf(spec);
  const view = progressView(terminal, options);
  async function* table(): AsyncGenerator<FloatArray> {
    for (let first = 0; first < rows; first += chunk) {
      checkSignal(terminal.signal, `sample ${spec}`);
      const count = Math.min(chunk, rows - first);
      const key = split(random(seed), "source", "sample", first / chunk);
      const points = floats(density.sample(key, count), [count, 2]);
      yield logDensity ? withColumn(points, logDensities(density, points)) : points;
      view.show({ stage: "sample", fraction: (first + count) / rows });
      // Lets Ctrl-C be heard: drawing alone never waits.
      await new Promise(setImmediate);
    }
  }
  const columns = ["x", "y", ...(logDensity ? ["log_density"] : [])];
  await writeRows(output, { columns, rows, chunks: table() }, options, terminal).finally(view.clear);
  const seconds = (performance.now() - start) / 1000;
  const text = `${counted(rows, "point")} of ${spec} in ${spokenTime(seconds)}, seed ${seed}`;
  await reportMade(terminal, options, { rows, seconds, evaluations: 0, seed }, text);
}

/** A bare word that is no file was meant for a density. */
export async function checkSpelling(spec: string): Promise<void> {
  if (/[./\\]/.test(spec) || (await stat(spec).catch(() => undefined)) !== undefined) return;
  const names = Object.keys(densities);
  throw failure("file", {
    where: shorten(spec),
    expected: `a model file or a built-in density (${listNames(names)})`,
    received: "neither",
    ...didYouMean(spec, names),
  });
}

function checkNothingToIntegrate(spec: string, options: SampleOptions): void {
  refuseGiven(options, integrationNames, {
    expected: "a model, whose samples are integrated",
    received: `the density ${spec}, which is drawn from directly`,
  });
}
