// plain-table: plain Flow Matching on the budget of a table's model: the same encoder, and one free block in place of the chain.
import { repeatedCells } from "../../data/cell-rows.ts";
import type { CellTable } from "../../data/cell-table.ts";
import type { FlowBaseline } from "../../measure/names.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { floats } from "../../tensor/array.ts";
import { type FitReport, type FitRequest, fitDensity } from "../density.ts";
import { plainFlow } from "../plain-flow.ts";
import { pointsOf, withGaps } from "./points.ts";
import { dimensionNames, type TableModel } from "./table-model.ts";

export interface PlainTableRequest extends Pick<FitRequest, "signal" | "onProgress"> {
  readonly train: CellTable;
  readonly kind: FlowBaseline;
  readonly seed: number;
}

/** Points that few rows are copied to, at other places of their cells, as `fitTable` does. */
const leastPoints = 20_000;

/** Trains one free block on as many gradient steps as the model's blocks took, with its masks and the rest of its recipe. */
export async function fitPlainTable(
  engine: Engine,
  model: TableModel,
  { train, kind, seed, ...controls }: PlainTableRequest,
): Promise<{ readonly model: TableModel; readonly report: FitReport }> {
  const { encoder } = model;
  const d = encoder.dimensions.length;
  const configuration = plainFlow(model.density, kind, seed);
  const copies = repeatedCells(train, Math.ceil(leastPoints / train.rows));
  const points = pointsOf(encoder, copies, { key: split(random(seed), "table", "train") });
  const { model: density, report } = await fitDensity(engine, {
    ...controls,
    rows: floats(withGaps(points), [copies.rows, d]),
    columns: dimensionNames(encoder.dimensions),
    configuration,
    trainSplit: configuration.training.earlyStopping > 0 ? 0.9 : 1,
  });
  return { model: { ...model, density }, report };
}
