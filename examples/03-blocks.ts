// 03-blocks: push data through the learnt blocks, one by one, and hold each stage against the diffusion it was trained on.
// A diffusion for a time t shrinks the excess kurtosis of a column of variance 1 by e^(-4 t): noise has none.
import { createEngine, createTransport, defaultConfiguration, densities, fitDensity, floats, random } from "localflow";

const count = 4000;
const rows = floats(densities["eight-gaussians"]!.sample(random("data"), count), [count, 2]);
rows.data.forEach((value, k) => {
  rows.data[k] = value / Math.sqrt(4 + 1 / 8); // deviation 1, so that model and diffusion see the same columns
});

const base = defaultConfiguration({ rows: count, columns: 2 });
const blocks = base.blocks.map((block) => ({
  ...block,
  network: { ...block.network, hidden: [64, 64] },
  iterations: 400,
  learningRate: 1e-2,
}));
const training = { ...base.training, batchSize: 500 };
const configuration = { ...base, seed: 1, standardize: false, blocks, training };
const engine = await createEngine();
const { model } = await fitDensity(engine, { rows, columns: ["x", "y"], configuration });

const start = excessKurtosis(rows.data);
console.log(`data: excess kurtosis ${start.toFixed(2)}`);
let [points, time] = [rows.data, 0];
for (const [n, block] of model.chain.blocks.entries()) {
  // A chain of one block is a chain. Direction 1 leads to the noise.
  const options = { direction: 1, integration: configuration.integration, divergence: { kind: "none" } } as const;
  const transport = await createTransport(engine, { dimension: 2, blocks: [block] }, options);
  points = (await transport.run(points)).points;
  time += block.step.kind === "free" ? Number.POSITIVE_INFINITY : block.step.duration;
  const exact = start * Math.exp(-4 * time);
  console.log(`after block ${n + 1}: learnt ${excessKurtosis(points).toFixed(2)}, exact ${exact.toFixed(2)}`);
}
await engine.close();

function excessKurtosis(values: Float32Array): number {
  const moment = (power: number) => values.reduce((total, value) => total + value ** power, 0) / values.length;
  return moment(4) / moment(2) ** 2 - 3;
}
