// classify-by-bayes: how probable each level of the label is in each row, from the densities of the other cells given each level.
import { sameCells } from "../../data/cell-rows.ts";
import type { CellTable } from "../../data/cell-table.ts";
import { dimensionStates } from "../../flow/masked.ts";
import type { Integration } from "../../ode/integration.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { createMaskedScoring, type MaskedScoring } from "../masked.ts";
import type { Progress } from "../progress.ts";
import { freeSums, pointsOf, spansOf } from "./points.ts";
import type { TableModel } from "./table-model.ts";

export interface BayesRequest {
  readonly column: string;
  readonly levels: readonly string[];
  /** Training rows of each level: those of none have the probability 0. */
  readonly counts: readonly number[];
  readonly seed: number;
  readonly draws: number;
  readonly integration?: Integration;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** Probabilities [rows · levels], as means over places of the rows' values in their cells. */
export interface ClassProbabilities {
  readonly probabilities: Float64Array;
  readonly evaluations: number;
}

const { free, given } = dimensionStates;

/** P(level | others) = p(others | level) P(level) / sum: the law of the others given the label alone is what a labelled model is trained for most. */
export async function bayesProbabilities(
  engine: Engine,
  model: TableModel,
  table: CellTable,
  request: BayesRequest,
): Promise<ClassProbabilities> {
  const { column, levels, counts, seed, draws, integration, onProgress } = request;
  const probabilities = new Float64Array(table.rows * levels.length);
  const scoring = await createMaskedScoring(engine, model.density, integration ? { integration } : {});
  let evaluations = 0;
  try {
    for (let draw = 0; draw < draws; draw++) {
      const logs: Float64Array[] = [];
      for (const [place, level] of levels.entries()) {
        if (counts[place] === 0) logs.push(new Float64Array(table.rows).fill(Number.NEGATIVE_INFINITY));
        else {
          const key = split(random(seed), "classify", draw);
          const found = await scoresGiven(scoring, model, withClass(table, column, level), { ...request, key });
          const share = Math.log(counts[place] ?? 1);
          logs.push(found.scores.map((score) => score + share));
          evaluations += found.evaluations;
        }
        onProgress?.({ stage: "score", fraction: (draw * levels.length + place + 1) / (draws * levels.length) });
      }
      addShares(probabilities, logs, draws);
    }
  } finally {
    await scoring.release();
  }
  return { probabilities, evaluations };
}

/** The table with the same class in every row, whatever it says of it. */
export function withClass({ rows, columns }: CellTable, name: string, level: string): CellTable {
  return { rows, columns: [...columns.filter((column) => column.name !== name), sameCells(name, level, rows)] };
}

type Asked = Pick<BayesRequest, "column" | "signal"> & { readonly key: ReturnType<typeof random> };

/** log p(other cells | the class) of each row, in the units of `scoreTable`. */
async function scoresGiven(
  scoring: MaskedScoring,
  { encoder }: TableModel,
  table: CellTable,
  { column, signal, key }: Asked,
) {
  const points = pointsOf(encoder, table, { key });
  const d = encoder.dimensions.length;
  const span = spansOf(encoder).find((each) => each.column.name === column) ?? { start: 0, end: 0 };
  const isClass = (k: number) => k % d >= span.start && k % d < span.end;
  const states = points.states.map((state, k) => (state === free && isClass(k) ? given : state));
  const scores = freeSums(encoder.logVolumes(table, points), states, table.rows);
  let [row, evaluations] = [0, 0];
  for await (const chunk of scoring.score({ given: points.values, state: states, ...(signal && { signal }) })) {
    for (const value of chunk.logDensity) scores[row++]! += value;
    evaluations += chunk.evaluations;
  }
  return { scores, evaluations };
}

/** Adds exp(log) / sum exp(logs) of each row, a share of each draw. */
function addShares(out: Float64Array, logs: readonly Float64Array[], draws: number): void {
  const rows = out.length / logs.length;
  for (let row = 0; row < rows; row++) {
    const largest = Math.max(...logs.map((list) => list[row]!));
    const weights = logs.map((list) => Math.exp(list[row]! - largest));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    weights.forEach((weight, place) => {
      out[row * logs.length + place]! += weight / total / draws;
    });
  }
}
