// curve-table: how good a table's rows are for the work they take, from one noise by several methods and efforts.
import type { CellTable } from "../data/cell-table.ts";
import { columnShapes } from "../measure/column-shapes.ts";
import { takenRows } from "../measure/columns-rows.ts";
import type { MeasuredTable } from "../measure/columns-table.ts";
import { fewestClassifierRows } from "../measure/drift.ts";
import type { Estimate } from "../measure/estimate.ts";
import { pairTrendSteps } from "../measure/pair-trends.ts";
import { inTurns } from "../measure/steps.ts";
import { twoSampleSteps } from "../measure/two-sample-classifier.ts";
import { permutation, random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { turns } from "../runtime/pause.ts";
import { curveSection } from "./curve-report.ts";
import { type CurvePlace, type CurveSampler, sampledDensity, usualEfforts, usualReference } from "./curve-samplers.ts";
import { walkedCurve } from "./curve-walk.ts";
import type { Progress } from "./progress.ts";
import type { ReportSection } from "./report.ts";
import { rowJudge } from "./table/constraint-judges.ts";
import { qualityOf } from "./table/evaluate-table-measures.ts";
import type { TableMetricName } from "./table/evaluate-table-metrics.ts";
import { measuredTable } from "./table/measured.ts";
import { combinationReader } from "./table/nearest-combinations.ts";
import type { TableModel } from "./table/table-model.ts";

/** What a point is measured by: little work, and what the verdict rests on. */
export const tableCurveMetrics = [
  "c2st",
  "quality",
  "columnShapes",
  "pairTrends",
] as const satisfies readonly TableMetricName[];
export type TableCurveMeasures = Readonly<Partial<Record<(typeof tableCurveMetrics)[number], Estimate>>>;

/** One sampler's rows and their price. Plain JSON. */
export interface TableCurvePoint extends CurvePlace {
  readonly measures: TableCurveMeasures;
}

export interface TableCurveRequest {
  readonly heldOut: CellTable;
  /** The rows that the model was trained on: with them comes the floor. */
  readonly train?: CellTable;
  readonly seed: number;
  /** Rows of each point and on each side, at most; default `mostRows`. */
  readonly rows?: number;
  /** Samplers beside those of the chain itself, such as a student's. */
  readonly samplers?: readonly CurveSampler[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface TableCurve {
  readonly points: readonly TableCurvePoint[];
  /** Rows of a point, and what as many training rows get in place of drawn ones. */
  readonly floor: { readonly rows: number; readonly measures: TableCurveMeasures };
  /** What was left out, in sentences. */
  readonly notes: readonly string[];
}

const [mostRows, fewestRows, batchRows] = [2000, 8, 1024];

/**
 * The chain by fixed steps of 1 to 16 evaluations a block and by dopri5 at 1e-1 … 1e-4, then the other samplers, all from one
 * noise. Rows that break the model's constraints are left out, as they are when rows are drawn. Throws "data" for fewer than 8
 * held-out rows.
 */
export async function tableCurve(engine: Engine, model: TableModel, request: TableCurveRequest): Promise<TableCurve> {
  const { train, seed, samplers, signal, onProgress } = request;
  const { encoder, density, constraints = [] } = model;
  const { schema } = encoder;
  const combined = combinationReader(constraints, encoder);
  const key = split(random(seed), "evaluate", "curve");
  const rows = Math.min(request.rows ?? mostRows, mostRows, request.heldOut.rows, train?.rows ?? mostRows);
  const some = (table: CellTable, what: string) => {
    const measured = measuredTable(table, schema);
    return takenRows(measured, permutation(split(key, what), table.rows).subarray(0, rows));
  };
  const heldOut = some(request.heldOut, "held out");
  const turn = turns(signal, "evaluation");
  const measuresOf = (table: MeasuredTable) => measured(heldOut, table, seed, turn);
  const { points, notes } = await walkedCurve(engine, sampledDensity(density), {
    ...{ efforts: usualEfforts, reference: usualReference, samplers, seed, signal, onProgress, rows, batchRows },
    deviation: density.standardization.deviation.data,
    measure: async ({ data }) => {
      const drawn = encoder.decode(data, rows, { combined });
      const kept = new Uint8Array(rows).fill(1);
      if (constraints.length > 0) rowJudge(constraints, schema).judge(drawn, kept, rows);
      const places = Uint32Array.from(kept.keys()).filter((row) => kept[row] === 1);
      const table = measuredTable(drawn, schema);
      return { measures: places.length < fewestRows ? {} : await measuresOf(takenRows(table, places)) };
    },
  });
  const floor = { rows, measures: train ? await measuresOf(some(train, "train")) : {} };
  return { points, floor, notes };
}

async function measured(
  heldOut: MeasuredTable,
  table: MeasuredTable,
  seed: number,
  turn: () => Promise<void>,
): Promise<TableCurveMeasures> {
  const shapes = columnShapes(heldOut, table);
  await turn();
  const trends = await inTurns(pairTrendSteps(heldOut, table, { seed }), turn);
  const isLarge = Math.min(heldOut.rows, table.rows) >= fewestClassifierRows;
  const c2st = isLarge ? (await inTurns(twoSampleSteps(heldOut, table, { seed }), turn)).auc : undefined;
  return {
    ...(c2st && { c2st }),
    quality: qualityOf(shapes.mean, trends),
    columnShapes: shapes.mean,
    pairTrends: trends.mean,
  };
}

/** The curve on a page: the area under the curve of the classifier, or column shapes where rows are too few for it. */
export function tableCurveSection(
  points: readonly TableCurvePoint[],
  { rows, measures }: TableCurve["floor"],
): ReportSection {
  const name = points.some((point) => point.measures.c2st) ? "c2st" : "columnShapes";
  const shown = points.flatMap(({ measures: { [name]: quality }, ...place }) =>
    quality ? [{ ...place, quality }] : [],
  );
  const floor = measures[name];
  return curveSection({
    points: shown,
    quality: { name: name === "c2st" ? "classifier two-sample test" : "column shapes", scale: "linear" },
    floor: floor && { ...floor, of: `${rows} training rows` },
    reference: `dopri5 at tolerance ${usualReference.toExponential()}`,
    unit: "deviations of the encoder's dimensions",
    batchRows,
  });
}
