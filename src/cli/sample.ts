// sample: `localflow sample MODEL -n N [-o OUT]`.

import { sampleDensity } from "../tasks/density.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import { readModel } from "./model.ts";
import type { SampleOptions } from "./options.ts";
import { report, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { checkExclusive, integrationFrom } from "./recipe.ts";
import { checkRowsOutput, writeRows } from "./rows.ts";
import { seedFrom, withEngine } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** Draws rows from a model and streams them to a file or to standard output. */
export async function sample(path: string, options: SampleOptions, terminal: Terminal): Promise<void> {
  checkExclusive(options);
  await checkRowsOutput(options.output, options);
  const start = performance.now();
  const { output, rows, logDensity = false } = options;
  const seed = seedFrom(options);
  const model = await readModel(path);
  const integration = integrationFrom(options, model.record.configuration.integration);
  const view = progressView(terminal, options);
  let evaluations = 0;
  await withEngine(options, (engine) => {
    const request = { rows, seed, logDensity, signal: terminal.signal, onProgress: view.show };
    const chunks = sampleDensity(engine, model, { ...request, ...(integration === undefined ? {} : { integration }) });
    async function* table(): AsyncGenerator<FloatArray> {
      for await (const chunk of chunks) {
        evaluations += chunk.evaluations;
        yield chunk.logDensity === undefined ? chunk.points : withColumn(chunk.points, chunk.logDensity);
      }
    }
    const columns = [...model.record.columns, ...(logDensity ? ["log_density"] : [])];
    return writeRows(output, { columns, rows, chunks: table() }, options, terminal);
  }).finally(view.clear);
  const seconds = (performance.now() - start) / 1000;
  const text = `${rows} samples in ${spokenTime(seconds)}, ${evaluations} velocity evaluations, seed ${seed}`;
  if (output !== "-") await report(terminal, options, { rows, seconds, evaluations, seed }, `${text}: ${output}`);
  else if (!options.quiet) terminal.err(`localflow: ${text}\n`);
}

/** Rows [m, d] with one more column at the end. */
function withColumn(points: FloatArray, column: Float64Array): FloatArray {
  const [rows = 0, width = 0] = points.shape;
  const data = new Float32Array(rows * (width + 1));
  for (let row = 0; row < rows; row++) {
    data.set(points.data.subarray(row * width, (row + 1) * width), row * (width + 1));
    data[row * (width + 1) + width] = column[row] ?? Number.NaN;
  }
  return floats(data, [rows, width + 1]);
}
