// 06-couplings: which noisy point should a data point be led to? Its own diffusion (dependent) keeps the targets of the
// first block short and its loss low. Any pairing gives the right marginals; what differs is how hard the regression is.
import { createEngine, defaultConfiguration, densities, fitDensity, floats, random } from "localflow";

const count = 2000;
const rows = floats(densities["moons"]!.sample(random("data"), count), [count, 2]);
const base = defaultConfiguration({ rows: count, columns: 2 });
const blocks = base.blocks.map((block) => ({
  ...block,
  network: { ...block.network, hidden: [64, 64] },
  iterations: 150,
  learningRate: 1e-2,
}));

const engine = await createEngine();
console.log("coupling            loss of block 1   held-out nll");
for (const coupling of ["dependent", "optimal-transport", "shuffled", "independent"] as const) {
  const training = { ...base.training, batchSize: 128, coupling };
  const configuration = { ...base, seed: 1, blocks, training };
  const { report } = await fitDensity(engine, { rows, columns: ["x", "y"], configuration });
  const loss = report.blocks[0]?.loss.toFixed(3).padStart(15);
  console.log(`${coupling.padEnd(20)}${loss}   ${report.validation?.nll.toFixed(3).padStart(12)}`);
}
await engine.close();
