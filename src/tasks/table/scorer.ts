// scorer: a small network that says log p(row) of a table at once, without an integration: an approximation of a model's scores.
import type { CellTable } from "../../data/cell-table.ts";
import { contextsOf, contextWidth, keepFree } from "../../flow/masked.ts";
import { applyMlp, type MlpArrays, type MlpTensors, type NetworkConfiguration } from "../../nn/mlp.ts";
import { random, split } from "../../random.ts";
import { compile } from "../../runtime/compile.ts";
import type { Engine } from "../../runtime/contract.ts";
import { paddedRows, paddedSlice } from "../../runtime/equation.ts";
import { checkSignal, pauses } from "../../runtime/pause.ts";
import type { FloatArray } from "../../tensor/array.ts";
import { reshape, slice, sum, zerosLike } from "../../tensor/layout.ts";
import { placeholder, type Tensor } from "../../tensor/tensor.ts";
import { mapTree } from "../../tensor/tree.ts";
import { type Standardization, standardize } from "../standardization.ts";
import type { TableEncoder } from "./encoder.ts";
import { type KnownPoints, pointsOf, spansOf } from "./points.ts";
import { rowPercentiles } from "./row-percentiles.ts";
import { rowVolumes, type TableScores } from "./score-table.ts";
import { strayConstants } from "./stray-constants.ts";
import type { TableTraining } from "./table-model.ts";
import { unknownNotes } from "./unknown-notes.ts";

/** How well a scorer agrees with the scores it learnt from, on rows that it did not learn from. */
export interface Agreement {
  /** Spearman's rank correlation of the log-densities of rows. */
  readonly rankCorrelation: number;
  /** Median of the absolute differences, in nats. */
  readonly medianError: number;
  readonly rows: number;
}

/**
 * The log-densities of a table's model by one evaluation of a network: log p(point) = center + spread · sinh(y), where y is the
 * sum of what the network puts out at time 0.
 */
export interface TableScorer {
  readonly encoder: TableEncoder;
  readonly standardization: Standardization;
  readonly network: NetworkConfiguration;
  readonly parameters: MlpArrays;
  readonly center: number;
  readonly spread: number;
  /** Of the model: percentiles come from the exact scores of its training rows. */
  readonly training: TableTraining;
  /** The name of the model's file. */
  readonly teacher: string;
  readonly agreement: {
    /** On rows that the model draws. */
    readonly drawn: Agreement;
    /** On rows of data, where some were given. */
    readonly data?: Agreement;
  };
}

/** The output [rows, 1] for points [rows, d] and their contexts [rows, 3 d]. */
export function scorerOutput(
  network: NetworkConfiguration,
  parameters: MlpTensors,
  points: Tensor,
  context: Tensor,
): Tensor {
  const time = zerosLike(slice(points, 1, 0, 1));
  return reshape(sum(applyMlp(network, parameters, points, time, context), [1]), [points.shape[0] ?? 1, 1]);
}

/** The inputs of a scorer's network for points: zero where nothing is known, and which those places are. */
export function scorerInputs(standardization: Standardization, { values, states }: KnownPoints) {
  const d = standardization.mean.data.length;
  const points = standardize(standardization, values);
  keepFree(points, states);
  return { points, contexts: contextsOf(points, states, d).data };
}

const chunk = 1024;

/** A compiled scorer. */
export interface RunningScorer {
  /** log p of points [rows · d], in the units of the density. */
  pointScores(points: KnownPoints, signal?: AbortSignal): Promise<Float64Array>;
  /** The scores of a table's rows, in the units of `scoreTable`. */
  score(
    table: CellTable,
    options?: { readonly seed?: number; readonly signal?: AbortSignal },
  ): Promise<Omit<TableScores, "contributions" | "evaluations">>;
  release(): Promise<void>;
}

/** Compiles a scorer, for any number of tables. */
export async function createScorer(
  engine: Engine,
  scorer: Omit<TableScorer, "teacher" | "agreement">,
): Promise<RunningScorer> {
  const { encoder, standardization, network, parameters, center, spread } = scorer;
  const d = encoder.dimensions.length;
  const widths = [d, contextWidth(d)];
  const [points, context] = [placeholder(["rows", d]), placeholder(["rows", contextWidth(d)])];
  const weights = mapTree<FloatArray, Tensor, MlpArrays>(parameters, (array) => placeholder(array.shape));
  const output = scorerOutput(network, weights, points, context);
  const program = await compile(engine, { inputs: [points, context], weights }, { output });
  const pointScores: RunningScorer["pointScores"] = async (rows, signal) => {
    const inputs = scorerInputs(standardization, rows);
    const scores = new Float64Array(rows.values.length / d);
    const pause = pauses();
    for (let start = 0; start < scores.length; start += chunk) {
      const n = Math.min(chunk, scores.length - start);
      const part = paddedSlice([inputs.points, inputs.contexts], widths, start, n, paddedRows(n, chunk));
      const { data } = (await program.run({ inputs: part, weights: parameters })).output;
      for (let row = 0; row < n; row++) scores[start + row] = center + spread * Math.sinh(Number(data[row]));
      await pause();
      checkSignal(signal, "scoring");
    }
    return scores;
  };
  return {
    pointScores,
    score: async (table, { seed = 0, signal } = {}) => {
      const encoded = pointsOf(encoder, table, { key: split(random(seed), "table", "score") });
      const volumes = rowVolumes(encoder, table, encoded);
      const logDensity = (await pointScores(encoded, signal)).map((value, row) => value + (volumes[row] ?? 0));
      return {
        logDensity,
        ...rowPercentiles(scorer, logDensity, encoded),
        unknownCells: encoded.unknown,
        ...strayConstants(encoder, table),
        notes: unknownNotes(spansOf(encoder), encoded, table),
      };
    },
    release: () => program.release(),
  };
}
