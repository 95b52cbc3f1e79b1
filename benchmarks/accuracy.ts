// accuracy: how exact a trained chain's integration is: round trips against the tolerance, and logDensity against slogdet.
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { readTable } from "../src/data/files.ts";
import { type Block, blockVelocity, normalLogDensity } from "../src/flow/chain.ts";
import type { Integration } from "../src/ode/integration.ts";
import { rungeKuttaStep } from "../src/ode/step.ts";
import { tableaus } from "../src/ode/tableaus.ts";
import { compile } from "../src/runtime/compile.ts";
import type { Engine } from "../src/runtime/contract.ts";
import { createEngine } from "../src/runtime/node.ts";
import { createTransport } from "../src/runtime/transport.ts";
import { scoreDensity } from "../src/tasks/density.ts";
import { type DensityModel, decodeDensityModel } from "../src/tasks/density-model.ts";
import { logVolume, standardize } from "../src/tasks/standardization.ts";
import { type FloatArray, floats } from "../src/tensor/array.ts";
import { expandLike } from "../src/tensor/layout.ts";
import { tangent } from "../src/tensor/tangent.ts";
import { constant, placeholder } from "../src/tensor/tensor.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    rows: { type: "string" },
    limit: { type: "string", default: "2000" },
    jacobians: { type: "string", default: "50" },
    steps: { type: "string", default: "200" },
  },
});
if (!values.model || !values.rows)
  throw new Error("usage: tsx benchmarks/accuracy.ts --model MODEL --rows DATA [--limit 2000] [--jacobians 50]");

/** Error of data → noise → data over the tolerance, row by row, as percentiles; a row's error is that of its worst column. */
async function roundTrip(engine: Engine, model: DensityModel, points: Float32Array, tolerance: number) {
  const { chain } = model;
  const d = chain.dimension;
  const options = {
    integration: { kind: "adaptive", method: "dopri5", rtol: tolerance, atol: tolerance },
    divergence: { kind: "none" },
  } as const;
  const [there, back] = [
    await createTransport(engine, chain, { ...options, direction: 1 }),
    await createTransport(engine, chain, { ...options, direction: -1 }),
  ];
  const noise = await there.run(points);
  const returned = await back.run(noise.points);
  const errors = Array.from({ length: points.length / d }, (_, row) => {
    let worst = 0;
    for (let k = row * d; k < (row + 1) * d; k++)
      worst = Math.max(worst, Math.abs((points[k] ?? 0) - (returned.points[k] ?? 0)));
    return worst / tolerance;
  }).sort((a, b) => a - b);
  const at = (share: number) => errors[Math.min(errors.length - 1, Math.floor(share * errors.length))] ?? 0;
  const evaluationsPerRow = (noise.evaluations + returned.evaluations) / 2 / errors.length;
  return { tolerance, median: at(0.5), p99: at(0.99), largest: at(1), evaluationsPerRow };
}

/** Moves points and their Jacobians through one block by rk4, the Jacobian by forward mode through each step. */
async function pushJacobian(
  engine: Engine,
  block: Block,
  d: number,
  steps: number,
  points: Float32Array,
  jacobian: Float32Array,
) {
  const rows = points.length / d;
  const [x, j] = [placeholder([rows, 1, d]), placeholder([rows, d, d])];
  const [time, size] = [placeholder([1, 1, 1]), placeholder([1, 1, 1])];
  const velocity = blockVelocity(block);
  const ones = constant(floats(new Float32Array(rows), [rows, 1, 1]));
  const step = rungeKuttaStep(tableaus.rk4, ([at], t) => (at ? [velocity(at, expandLike(t, ones))] : []), {
    state: [x],
    time,
    size,
  });
  const end = step.state[0] ?? x;
  const [moved = j] = tangent([end], [{ tensor: x, direction: j }]);
  const program = await compile(engine, { x, j, time, size }, { x: end, j: moved });
  let [current, derivative] = [floats(points, [rows, 1, d]), floats(jacobian, [rows, d, d])];
  for (let k = 0; k < steps; k++) {
    const result = await program.run({
      x: current,
      j: derivative,
      time: floats([k / steps], [1, 1, 1]),
      size: floats([1 / steps], [1, 1, 1]),
    });
    [current, derivative] = [result.x as FloatArray, result.j as FloatArray];
  }
  await program.release();
  return { points: current.data, jacobian: derivative.data };
}

function logDeterminant(matrix: Float64Array, d: number): number {
  let total = 0;
  for (let column = 0; column < d; column++) {
    let pivot = column;
    for (let row = column + 1; row < d; row++)
      if (Math.abs(matrix[row * d + column] ?? 0) > Math.abs(matrix[pivot * d + column] ?? 0)) pivot = row;
    for (let k = 0; k < d; k++) {
      const held = matrix[column * d + k] ?? 0;
      matrix[column * d + k] = matrix[pivot * d + k] ?? 0;
      matrix[pivot * d + k] = held;
    }
    const head = matrix[column * d + column] ?? 0;
    total += Math.log(Math.abs(head));
    for (let row = column + 1; row < d; row++) {
      const factor = (matrix[row * d + column] ?? 0) / head;
      for (let k = column; k < d; k++)
        matrix[row * d + k] = (matrix[row * d + k] ?? 0) - factor * (matrix[column * d + k] ?? 0);
    }
  }
  return total;
}

/** |logDensity - (log N(z) + slogdet of the Jacobian of the rk4 map of 200 steps a block)| over rows. */
async function againstJacobian(engine: Engine, model: DensityModel, rows: FloatArray) {
  const d = model.chain.dimension;
  const count = rows.shape[0] ?? 0;
  const identity = new Float32Array(count * d * d).map((_, i) => (Math.floor((i % (d * d)) / d) === i % d ? 1 : 0));
  let moved = { points: standardize(model.standardization, rows.data), jacobian: new Float32Array() };
  // The determinant of the whole map is the product of the blocks': each block starts from the identity, which keeps float32 exact enough.
  const sums = new Float64Array(count);
  for (const block of model.chain.blocks) {
    const pushed = await pushJacobian(engine, block, d, Number(values.steps), moved.points, identity);
    moved = { points: Float32Array.from(pushed.points), jacobian: Float32Array.from(pushed.jacobian) };
    sums.forEach((sum, row) => {
      sums[row] = sum + logDeterminant(Float64Array.from(moved.jacobian.subarray(row * d * d, (row + 1) * d * d)), d);
    });
  }
  const reference = normalLogDensity(moved.points, d).map(
    (value, row) => value + (sums[row] ?? 0) - logVolume(model.standardization),
  );
  const gaps = async (integration: Integration) => {
    const found: number[] = [];
    for await (const { logDensity } of scoreDensity(engine, model, rows, { integration }))
      found.push(...logDensity.map((value, row) => Math.abs(value - (reference[row] ?? 0))));
    found.sort((a, b) => a - b);
    return { median: found[found.length >> 1], largest: found.at(-1) };
  };
  return {
    rows: count,
    dopri5: await gaps({ kind: "adaptive", method: "dopri5", rtol: 1e-6, atol: 1e-6 }),
    rk4: await gaps({ kind: "fixed", method: "rk4", evaluations: 4 * Number(values.steps) }),
  };
}

const engine = await createEngine();
const model = decodeDensityModel(await readFile(values.model), values.model);
const table = (await readTable(values.rows)).rows;
const d = model.chain.dimension;
const part = (rows: number) =>
  floats(table.data.slice(0, Math.min(rows * d, table.data.length)), [Math.min(rows, table.shape[0] ?? 0), d]);
const report = {
  jacobian: await againstJacobian(engine, model, part(Number(values.jacobians))),
  roundTrips: [
    await roundTrip(engine, model, standardize(model.standardization, part(Number(values.limit)).data), 1e-3),
    await roundTrip(engine, model, standardize(model.standardization, part(Number(values.limit)).data), 1e-5),
  ],
};
console.log(JSON.stringify(report, null, 2));
await engine.close();
