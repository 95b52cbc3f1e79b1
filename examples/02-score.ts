// 02-score: find measuring errors in a table. Rows that the model finds least likely come first.
import { createReadStream } from "node:fs";
import { createEngine, defaultConfiguration, fitDensity, floats, readNumericCsv, scoreDensity } from "localflow";

const file = new URL("../demo/diamonds.csv", import.meta.url);
const columns = ["carat", "depth", "table", "price", "x", "y", "z"];
const { rows } = await readNumericCsv(createReadStream(file), { where: "diamonds.csv", columns });

// A tenth of the diamonds to learn from, another tenth to score.
const train = everyTenth(0);
const unseen = everyTenth(7);
const base = defaultConfiguration({ rows: train.shape[0]!, columns: columns.length });
const blocks = base.blocks.map((block) => ({
  ...block,
  network: { ...block.network, hidden: [64, 64] },
  iterations: 150,
}));
const engine = await createEngine();
const { model } = await fitDensity(engine, { rows: train, columns, configuration: { ...base, seed: 1, blocks } });

// Log-densities are exact, in nats, in the units of the table.
const scores: number[] = [];
for await (const { logDensity } of scoreDensity(engine, model, unseen)) scores.push(...logDensity);
await engine.close();

const suspects = scores.map((score, n) => ({ score, n })).sort((a, b) => a.score - b.score);
console.log(`log p      ${columns.map((name) => name.padStart(7)).join("")}   (millimetres in x, y, z)`);
for (const { score, n } of suspects.slice(0, 6)) {
  const cells = Array.from(unseen.data.subarray(n * columns.length, (n + 1) * columns.length), (cell) =>
    String(Number(cell.toPrecision(4))).padStart(7),
  );
  console.log(`${score.toFixed(1).padStart(10)} ${cells.join("")}   line ${10 * n + 7 + 2}`);
}

function everyTenth(first: number) {
  const kept = rows.data.filter((_, k) => Math.floor(k / columns.length) % 10 === first);
  return floats(kept, [kept.length / columns.length, columns.length]);
}
