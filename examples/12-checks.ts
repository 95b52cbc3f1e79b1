// 12-checks: what a service does with a table: rows from a stream, a model judged, a drift report, rows scored as they come.
import * as localflow from "localflow";

// Rows may come from anywhere, one after the other: a cursor of a database, a parsed file, a queue.
async function* orders(day: number, count: number) {
  for (let n = 0; n < count; n++) {
    const wave = Math.sin(n * n + day) + Math.sin(0.37 * n * n + 2 * day);
    const items = 1 + Math.floor(Math.abs(3 * wave));
    const price = Math.round(items * (day < 30 ? 8 : 11) + 4 * Math.sin(1.3 * n * n + day));
    yield { items, price, paid: n % 11 === 0 ? null : wave > 0 ? "card" : "cash" };
  }
}
const january = await localflow.readCellRows(orders(1, 1200));
const heldOut = await localflow.readCellRows(orders(2, 600));

// Small networks show how it works in seconds; the default configuration takes longer.
const base = localflow.tableConfiguration({ rows: january.rows });
const small = { iterations: 800, network: { ...base.blocks[0]!.network, hidden: [64, 64] } };
const configuration = { ...base, blocks: base.blocks.map((block) => ({ ...block, ...small })) };
const engine = await localflow.createEngine();
const { model } = await localflow.fitTable(engine, { table: january, seed: 1, configuration });

// Rows that the model draws, beside rows that it has not seen: every measure has a floor, which is what real rows get.
const { measures, verdict } = await localflow.evaluateTable(engine, model, { train: january, heldOut, seed: 1 });
const { c2st, columnShapes } = measures;
console.log(`columns ${columnShapes?.value.toFixed(3)} off, real rows ${columnShapes?.floor.value.toFixed(3)}`);
console.log(`trees tell them: ${c2st?.value.toFixed(3)}, real rows ${c2st?.floor.value.toFixed(3)}`);
console.log(verdict.at(-1));

// Two tables without any model: what changed?
const february = await localflow.readCellRows(orders(31, 600));
for (const sentence of (await localflow.compareTables(heldOut, february)).verdict) console.log(`drift: ${sentence}`);

// Compiled once, a row alone takes milliseconds: the price of three items, and that of six.
const scoring = await localflow.createTableScoring(engine, model);
for (const price of [24, 48]) {
  const { percentiles } = await scoring.score(localflow.cellTableOf([{ items: 3, price, paid: "card" }]));
  console.log(`3 items for ${price}: percentile ${percentiles?.[0]?.toFixed(1)}`);
}
await engine.close();
