// score: `localflow score MODEL DATA [-o OUT]`.
import { counted } from "../data/columns.ts";
import { failure } from "../errors.ts";
import { scoreDensity, summarize } from "../tasks/density.ts";
import type { DensityModel } from "../tasks/density-model.ts";
import { noDensity } from "../tasks/distillation/student-file.ts";
import { percentileOf } from "../tasks/quantiles.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import { refuseImageOptions } from "./images-checks.ts";
import { readScoringModel } from "./model.ts";
import type { ScoreOptions } from "./options.ts";
import { percent, reportBeside, spokenTime, withError } from "./output.ts";
import { progressView } from "./progress.ts";
import { checkExclusive, integrationFrom } from "./recipe.ts";
import { refuse } from "./refusals.ts";
import { checkRowsOutput, writeRows } from "./rows.ts";
import { readData, seedFrom, withEngine } from "./session.ts";
import { scoreTableFile } from "./table-score.ts";
import type { Terminal } from "./terminal.ts";
import { settledIntegration } from "./tolerance.ts";

/** Log-density of every row, with the mean negative log-likelihood and its standard error as the summary. */
export async function score(path: string, data: string, options: ScoreOptions, terminal: Terminal): Promise<void> {
  checkExclusive(options);
  const divergence = divergenceFrom(options);
  const { output } = options;
  if (output !== undefined) await checkRowsOutput(output, options);
  const start = performance.now();
  const found = await readScoringModel(path);
  if (found.kind === "scorer")
    return (await import("./scorer.ts")).scoreByScorer(found.scorer, data, options, terminal);
  if (found.kind === "images")
    return (await import("./images-score.ts")).scoreImageFile(found.images, data, options, terminal);
  refuseImageOptions(options, "a model of rows");
  if (found.kind === "table") return scoreTableFile(found.table, data, options, divergence, terminal);
  if (found.kind === "student") throw noDensity(found.student, path);
  refuse(
    options,
    ["contributions", "smoothed", "smoothing", "classify"],
    "one of rows of numbers",
    "the model of a table",
  );
  const seed = seedFrom(options);
  const { model } = found;
  const percentiles = options.percentile ? percentileSummary(quantilesIn(model, path)) : undefined;
  const source = await readData(data, options, { seed, purpose: "test", columns: model.record.columns, inOrder: true });
  const points = source.rows;
  const rows = points.shape[0] ?? 0;
  const integration = integrationFrom(options, model.record.configuration.integration);
  const view = progressView(terminal, options);
  const summary = likelihoodSummary();
  let evaluations = 0;
  const tolerance = await withEngine(options, async (engine) => {
    const how = { divergence, seed, ...(options.handOver === undefined ? {} : { handOver: options.handOver }) };
    const probe = { ...how, rows: points };
    const settled = await settledIntegration(engine, model, integration, probe, { options, terminal, view });
    const controls = { signal: terminal.signal, onProgress: view.show };
    const scored = scoreDensity(engine, model, points, { ...how, ...controls, ...settled });
    async function* table(): AsyncGenerator<FloatArray> {
      for await (const chunk of scored) {
        evaluations += chunk.evaluations;
        summary.add(chunk.logDensity);
        yield sideBySide(percentiles ? [chunk.logDensity, percentiles.add(chunk.logDensity)] : [chunk.logDensity]);
      }
    }
    const columns = ["log_density", ...(percentiles ? ["percentile"] : [])];
    const stream = { columns, rows, chunks: table() };
    if (output !== undefined) await writeRows(output, stream, options, terminal);
    else for await (const _ of stream.chunks);
    return settled.tolerance;
  }).finally(view.clear);
  const { nll, standardError } = summary.result();
  const seconds = (performance.now() - start) / 1000;
  const truth = source.trueLogDensity && summarize(Array.from(source.trueLogDensity(points), (value) => -value));
  const isRandom = divergence.kind === "hutchinson" || source.drawn;
  const text = [
    `nll     ${withError(nll, standardError)} nats per row (${counted(rows, "row")})`,
    ...(truth === undefined
      ? []
      : [`truth   ${withError(truth.nll, truth.standardError)} nats per row (${data} itself)`]),
    ...(percentiles ? [`rare    ${percentiles.text()}`] : []),
    `effort  ${spokenTime(seconds)}, ${evaluations} velocity evaluations`,
    ...(isRandom ? [`seed    ${seed}`] : []),
  ].join("\n");
  const result = {
    rows,
    nll,
    standardError,
    ...(truth && { trueNll: truth.nll }),
    ...(percentiles && { percentiles: percentiles.result() }),
    seconds,
    evaluations,
    ...(tolerance !== undefined && { tolerance }),
    ...(isRandom && { seed }),
  };
  await reportBeside(terminal, options, result, text);
}

function divergenceFrom({ divergence = "exact", probes }: ScoreOptions) {
  if (divergence === "hutchinson") return { kind: "hutchinson", probes: probes ?? 1 } as const;
  if (probes === undefined) return { kind: "exact" } as const;
  throw failure("option", { where: "--probes", expected: "--divergence hutchinson beside it", received: divergence });
}

/** The quantiles that `--percentile` needs. */
function quantilesIn({ record }: DensityModel, path: string): readonly number[] {
  const quantiles = record.training.logDensityQuantiles;
  if (quantiles) return quantiles;
  throw failure("model", {
    where: path,
    expected: "the training rows' log-densities, which --percentile compares with",
    received: "a model without them, fitted by an earlier release",
    remedy: "fit it again, or leave out --percentile",
  });
}

/** Running mean of percentiles, and the shares of rows below the 1st and the 5th. */
function percentileSummary(quantiles: readonly number[]) {
  let [count, total, belowFirst, belowFifth] = [0, 0, 0, 0];
  const result = () => ({ mean: total / count, below1: belowFirst / count, below5: belowFifth / count });
  return {
    result,
    add(logDensity: Float64Array): Float64Array {
      const percentiles = logDensity.map((value) => percentileOf(quantiles, value));
      for (const percentile of percentiles) {
        count += 1;
        total += percentile;
        if (percentile < 1) belowFirst += 1;
        if (percentile < 5) belowFifth += 1;
      }
      return percentiles;
    },
    text() {
      const { below1, below5 } = result();
      return `${percent(below1, 2)} of the rows below percentile 1 of the training rows, ${percent(below5, 2)} below 5`;
    },
  };
}

/** Columns of equal length as rows [n, columns]. */
function sideBySide(columns: readonly Float64Array[]): FloatArray {
  const [rows, width] = [columns[0]?.length ?? 0, columns.length];
  const data = new Float32Array(rows * width);
  columns.forEach((values, column) => {
    values.forEach((value, row) => {
      data[row * width + column] = value;
    });
  });
  return floats(data, [rows, width]);
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
    result: () => ({ nll: mean, standardError: count < 2 ? null : Math.sqrt(squares / (count - 1) / count) }),
  };
}
