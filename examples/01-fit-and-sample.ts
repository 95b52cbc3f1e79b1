// 01-fit-and-sample: learn two moons, draw new points, and hold both against the density the points came from.
import { createEngine, defaultConfiguration, densities, fitDensity, floats, random, sampleDensity } from "localflow";

const moons = densities["moons"]!;
const count = 4000;
const rows = floats(moons.sample(random("data"), count), [count, 2]);

// The recipe is a plain object: start from the default, make it small enough for a few seconds.
const base = defaultConfiguration({ rows: count, columns: 2 });
const blocks = base.blocks.map((block) => ({
  ...block,
  network: { ...block.network, hidden: [64, 64] },
  iterations: 400,
  learningRate: 1e-2,
}));

// An engine runs what localflow compiles. A tenth of the rows is held out.
const engine = await createEngine();
const configuration = { ...base, seed: 1, blocks, training: { ...base.training, batchSize: 500 } };
const { model, report } = await fitDensity(engine, { rows, columns: ["x", "y"], configuration });
console.log(`${report.blocks.length} blocks, ${report.parameters} parameters`);
console.log(`held-out negative log-likelihood: ${report.validation?.nll.toFixed(3)} nats`);
console.log(`what the law itself gets:         ${trueNll(rows.data).toFixed(3)} nats`);

// Samples come in chunks. Row i depends on the seed and on i alone.
for await (const { points } of sampleDensity(engine, model, { rows: 1000, seed: 2 })) {
  console.log(`first sample: ${points.data.subarray(0, 2).join(", ")}`);
  console.log(`samples under the law:            ${trueNll(points.data).toFixed(3)} nats`);
}
await engine.close();

/** Mean of -log p over points [n · 2]. */
function trueNll(points: Float32Array): number {
  let total = 0;
  for (let k = 0; k < points.length; k += 2) total -= moons.logDensity(points[k]!, points[k + 1]!);
  return total / (points.length / 2);
}
