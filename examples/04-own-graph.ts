// 04-own-graph: the engine alone. Describe a computation, differentiate it, compile it, run it.
import {
  compile,
  createEngine,
  fillNormal,
  floats,
  gradient,
  matmul,
  mean,
  multiply,
  placeholder,
  random,
  subtract,
} from "localflow";

// Nothing is computed here: tensors are nodes of a graph. "rows" is a size that is known only when the program runs.
const x = placeholder(["rows", 2]);
const y = placeholder(["rows", 1]);
const weights = placeholder([2, 1]);
const residual = subtract(matmul(x, weights), y);
const loss = mean(multiply(residual, residual));
const { weights: slope } = gradient(loss, { weights });
const next = subtract(weights, multiply(0.2, slope));

// One step of gradient descent is one program. Inputs and outputs are trees of tensors, then of arrays.
const engine = await createEngine();
const step = await compile(engine, { x, y, weights }, { loss, next });

// y = 2 a - 3 b, without noise
const points = new Float32Array(200);
fillNormal(random(1), points);
const targets = Float32Array.from({ length: 100 }, (_, row) => 2 * points[2 * row]! - 3 * points[2 * row + 1]!);
let current = floats([0, 0], [2, 1]);
for (let iteration = 0; iteration < 60; iteration++) {
  const result = await step.run({ x: floats(points, [100, 2]), y: floats(targets, [100, 1]), weights: current });
  current = floats(Float32Array.from(result.next.data, Number), [2, 1]);
  if (iteration % 20 === 0) console.log(`iteration ${iteration}: loss ${Number(result.loss.data[0]).toFixed(4)}`);
}
console.log(`weights: ${Array.from(current.data, (value) => value.toFixed(3)).join(", ")}`);
await engine.close();
