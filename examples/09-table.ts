// 09-table: a table of mixed columns with gaps: new rows, rows under a condition, gaps filled, and odd rows found.
import * as localflow from "localflow";

// Objects in: cities and their weather. Every seventh rain is missing (null, undefined, NaN and "" are gaps).
const cities = ["Oslo", "Rome", "Cairo"];
const wave = (n: number, speed: number) => Math.sin(n * speed) + Math.sin(1.7 * n * speed + 1) + Math.sin(n * n);
const days = Array.from({ length: 900 }, (_, n) => {
  const degrees = Math.round(6 + 9 * (n % 3) + 4 * wave(n, 0.37));
  const rain = n % 7 === 0 ? null : Math.max(0, Math.round(25 - degrees + 5 * wave(n, 0.91)));
  return { city: cities[n % 3], degrees, rain, sunny: wave(n, 0.53) > 0.5 };
});

// Types are found from the cells. Small networks show how it works in seconds; the default configuration takes longer.
const table = localflow.cellTableOf(days);
const base = localflow.tableConfiguration({ rows: days.length });
const small = { iterations: 1000, network: { ...base.blocks[0]!.network, hidden: [64, 64] } };
const configuration = { ...base, blocks: base.blocks.map((block) => ({ ...block, ...small })) };
const engine = await localflow.createEngine();
const { model, report } = await localflow.fitTable(engine, { table, seed: 1, configuration });
for (const { name, kind, reason } of report.schema.columns) console.log(`${name}: ${kind} (${reason})`);

// Typed records out. Equalities are exact, and the rest holds in every row too; the report says how rare that was.
const where = 'city == "Oslo" && degrees > 8';
const warm = await localflow.sampleTable(engine, model, { rows: 3, seed: 2, where });
for (const record of localflow.recordsOf(warm.table)) console.log("warm", JSON.stringify(record));
console.log(`${(100 * (warm.condition?.acceptance ?? 0)).toFixed(0)} % of Oslo's days are like this`);

// Gaps are filled given the rest of the row; what is known stays.
const hidden = localflow.cellTableOf([{ city: "Cairo", degrees: 30, rain: null, sunny: true }]);
const filled = await localflow.imputeTable(engine, model, hidden, { seed: 3, draws: 3 });
console.log("rain:", Array.from(localflow.recordsOf(filled.table), ({ rain }) => rain).join(", "));

// The density of a row says how odd it is, its parts say why: Oslo has no such heat.
const odd = localflow.cellTableOf([{ city: "Oslo", degrees: 31, rain: 0, sunny: true }]);
const scores = await localflow.scoreTable(engine, model, odd, { contributions: true });
console.log(`percentile ${scores.percentiles?.[0]?.toFixed(1)}`);
for (const { column, values } of scores.contributions ?? []) console.log(`${column}: ${values[0]?.toFixed(1)} nats`);
await engine.close();
