// masked: what a masked model learns when rows keep their masks in a pool, and when every draw has a new one:
// npx tsx benchmarks/masked.ts ROWS ITERATIONS
import { drawStates, type MaskLaw } from "../src/flow/masked.ts";
import { explicitSteps } from "../src/flow/steps.ts";
import type { Integration } from "../src/ode/integration.ts";
import { fillNormal, fillUniform, random } from "../src/random.ts";
import { createEngine } from "../src/runtime/node.ts";
import { defaultConfiguration } from "../src/tasks/defaults.ts";
import { fitDensity } from "../src/tasks/density.ts";
import type { DensityModel } from "../src/tasks/density-model.ts";
import { scoreMasked } from "../src/tasks/masked.ts";
import { floats } from "../src/tensor/array.ts";
import { maskedConfiguration } from "../src/train/configuration.ts";

const [rows, iterations] = process.argv.slice(2).map(Number);
if (!rows || !iterations) throw new Error("give a number of rows and a number of iterations per block");
const [d, testRows] = [8, 400];
const engine = await createEngine({ threads: 1 });

const normals = (name: string | number, count: number) => {
  const values = new Float32Array(count);
  fillNormal(random(name), values);
  return values;
};
const [centers, mixing] = [normals("c", 4 * d), normals("m", d * d)];

/** Four Gaussian clusters of one covariance; every second column is squashed by s -> tanh(s) + s / 5. */
function clusters(count: number, seed: number): Float32Array {
  const noise = normals(seed, count * d);
  const uniform = new Float32Array(count);
  fillUniform(random(seed), uniform);
  return Float32Array.from({ length: count * d }, (_, i) => {
    const [row, column] = [Math.floor(i / d), i % d];
    let s = 1.5 * (centers[Math.floor(4 * (uniform[row] ?? 0)) * d + column] ?? 0);
    for (let k = 0; k < d; k++) s += 0.25 * (mixing[column * d + k] ?? 0) * (noise[row * d + k] ?? 0);
    return column % 2 === 1 ? s : Math.tanh(s) + 0.2 * s;
  });
}

const groups = Array.from({ length: d }, (_, start) => ({ start, end: start + 1 }));
const masks: MaskLaw = { groups, unconditional: 0.2, dropped: 0.2 };
const network = {
  hidden: [96, 96],
  activation: { kind: "silu" },
  timeInput: "first",
  initialization: "default",
} as const;
const integration: Integration = { kind: "fixed", method: "rk4", evaluations: 24 };
const given = clusters(testRows, 77);
const some = drawStates({ ...masks, unconditional: 0, dropped: 0 }, random("t"), d, testRows);

async function nllOf(model: DensityModel, state: Uint8Array): Promise<string> {
  let total = 0;
  for await (const { logDensity } of scoreMasked(engine, model, { given, state, integration }))
    for (const value of logDensity) total -= value;
  return (total / testRows).toFixed(2);
}

for (const seed of [7, 8])
  for (const freshMasks of [false, true]) {
    const base = defaultConfiguration({ rows, columns: d });
    const blocks = explicitSteps([0.25, 0.5, 0.75]).map((step) => ({ step, network, iterations, learningRate: 3e-3 }));
    const plain = { ...base, seed, blocks, training: { ...base.training, batchSize: 256 } };
    const { model, report } = await fitDensity(engine, {
      rows: floats(clusters(rows, 1), [rows, d]),
      columns: groups.map(({ start }) => `c${start}`),
      configuration: maskedConfiguration(plain, d, masks, { freshMasks }),
      trainSplit: 1,
    });
    const seconds = report.blocks.reduce((sum, block) => sum + block.seconds + block.pushSeconds, 0);
    const [joint, conditional] = [await nllOf(model, new Uint8Array(testRows * d)), await nllOf(model, some)];
    const scheme = freshMasks ? "new masks" : "pool";
    console.log(`seed ${seed}, ${scheme}: joint ${joint}, random conditionals ${conditional}, ${seconds.toFixed(1)} s`);
  }
await engine.close();
