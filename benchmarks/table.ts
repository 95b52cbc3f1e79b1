// table: how close rows of the default table model come to the diamonds it was fitted to: `npx tsx benchmarks/table.ts [rows]`.
import { fileURLToPath } from "node:url";
import { readCellTable } from "../src/data/cell-files.ts";
import { takenCells } from "../src/data/cell-rows.ts";
import { type CellTable, cellText } from "../src/data/cell-table.ts";
import { columnShapes } from "../src/measure/column-shapes.ts";
import { pairTrendSteps } from "../src/measure/pair-trends.ts";
import { inTurns, type Steps } from "../src/measure/steps.ts";
import { twoSampleSteps } from "../src/measure/two-sample-classifier.ts";
import { permutation, random } from "../src/random.ts";
import { createEngine } from "../src/runtime/node.ts";
import { fitTable } from "../src/tasks/table/fit-table.ts";
import { measuredTable } from "../src/tasks/table/measured.ts";
import { sampleTable } from "../src/tasks/table/sample-table.ts";

const rows = Number(process.argv[2] ?? 20_000);
const table = await readCellTable(fileURLToPath(new URL("../demo/diamonds.csv", import.meta.url)));
const engine = await createEngine();
const { model, report } = await fitTable(engine, { table, seed: 1 });
const { table: drawn } = await sampleTable(engine, model, { rows, seed: 2 });
await engine.close();
// Real rows of the whole table, those that the model was trained on among them.
const real = takenCells(table, permutation(random(9), table.rows).subarray(0, rows));
const measured = (cells: CellTable) => measuredTable(cells, model.encoder.schema);
const finished = <T>(steps: Steps<T>) => inTurns(steps, async () => undefined);
const result = {
  rows,
  seconds: report.seconds,
  train: report.train,
  validation: report.validation,
  auc: (await finished(twoSampleSteps(measured(real), measured(drawn), { seed: 1 }))).auc,
  columnShapes: columnShapes(measured(table), measured(drawn)).mean,
  pairTrends: (await finished(pairTrendSteps(measured(table), measured(drawn)))).mean,
  depthWithin: shareOfTrueDepths(drawn),
};
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);

/** Share of rows whose depth is 200 z / (x + y) within 0.3, among those with a size. */
function shareOfTrueDepths(cells: CellTable): number {
  const columns = ["x", "y", "z", "depth"].map((name) => cells.columns.find((column) => column.name === name)!);
  let [near, known] = [0, 0];
  for (let row = 0; row < cells.rows; row++) {
    const [x = 0, y = 0, z = 0, depth = 0] = columns.map((column) => Number(cellText(column, row)));
    if (!(x + y > 0)) continue;
    known++;
    if (Math.abs((200 * z) / (x + y) - depth) <= 0.3) near++;
  }
  return near / known;
}
