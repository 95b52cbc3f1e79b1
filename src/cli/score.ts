// score: `localflow score MODEL DATA [-o OUT]`.
import { failure } from "../errors.ts";
import { scoreDensity, summarize } from "../tasks/density.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import { readModel } from "./model.ts";
import type { ScoreOptions } from "./options.ts";
import { report, spokenTime, withError } from "./output.ts";
import { progressView } from "./progress.ts";
import { checkExclusive, integrationFrom } from "./recipe.ts";
import { checkRowsOutput, writeRows } from "./rows.ts";
import { readData, seedFrom, withEngine } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** Log-density of every row, with the mean negative log-likelihood and its standard error as the summary. */
export async function score(path: string, data: string, options: ScoreOptions, terminal: Terminal): Promise<void> {
  checkExclusive(options);
  const divergence = divergenceFrom(options);
  const { output } = options;
  if (output !== undefined) await checkRowsOutput(output, options);
  const start = performance.now();
  const seed = seedFrom(options);
  const model = await readModel(path);
  const source = await readData(data, options, { seed, purpose: "test", columns: model.record.columns, inOrder: true });
  const points = source.rows;
  const rows = points.shape[0] ?? 0;
  const integration = integrationFrom(options, model.record.configuration.integration);
  const view = progressView(terminal, options);
  const summary = likelihoodSummary();
  let evaluations = 0;
  await withEngine(options, async (engine) => {
    const scored = scoreDensity(engine, model, points, {
      divergence,
      seed,
      signal: terminal.signal,
      onProgress: view.show,
      ...(integration === undefined ? {} : { integration }),
      ...(options.handOver === undefined ? {} : { handOver: options.handOver }),
    });
    async function* column(): AsyncGenerator<FloatArray> {
      for await (const chunk of scored) {
        evaluations += chunk.evaluations;
        summary.add(chunk.logDensity);
        yield floats(Float32Array.from(chunk.logDensity), [chunk.logDensity.length, 1]);
      }
    }
    const stream = { columns: ["log_density"], rows, chunks: column() };
    if (output !== undefined) return writeRows(output, stream, options, terminal);
    for await (const _ of stream.chunks);
  }).finally(view.clear);
  const { nll, standardError } = summary.result();
  const seconds = (performance.now() - start) / 1000;
  const truth = source.trueLogDensity && summarize(Array.from(source.trueLogDensity(points), (value) => -value));
  const isRandom = divergence.kind === "hutchinson" || source.drawn;
  const text = [
    `nll     ${withError(nll, standardError)} nats per row (${rows} rows)`,
    ...(truth === undefined
      ? []
      : [`truth   ${withError(truth.nll, truth.standardError)} nats per row (${data} itself)`]),
    `effort  ${spokenTime(seconds)}, ${evaluations} velocity evaluations`,
    ...(isRandom ? [`seed    ${seed}`] : []),
  ].join("\n");
  const result = {
    rows,
    nll,
    standardError,
    ...(truth && { trueNll: truth.nll }),
    seconds,
    evaluations,
    ...(isRandom && { seed }),
  };
  if (output !== "-") await report(terminal, options, result, text);
  else if (!options.quiet) terminal.err(`${text}\n`);
}

function divergenceFrom({ divergence = "exact", probes }: ScoreOptions) {
  if (divergence === "hutchinson") return { kind: "hutchinson", probes: probes ?? 1 } as const;
  if (probes === undefined) return { kind: "exact" } as const;
  throw failure("option", { where: "--probes", expected: "--divergence hutchinson beside it", received: divergence });
}

/** Running mean and spread of -log p (Welford's recurrence). */
function likelihoodSummary() {
  let count = 0;
  let mean = 0;
  let squares = 0;
  return {
    add(logDensity: Float64Array): void {
      for (const value of logDensity) {
        count++;
        const deviation = -value - mean;
        mean += deviation / count;
        squares += deviation * (-value - mean);
      }
    },
    result: () => ({ nll: mean, standardError: Math.sqrt(squares / Math.max(1, count - 1) / Math.max(1, count)) }),
  };
}
