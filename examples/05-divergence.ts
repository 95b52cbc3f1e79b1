// 05-divergence: log-densities need the divergence of a velocity field. Exactly, it takes d derivatives; with random probes
// one is enough, at the price of noise.
import {
  compile,
  constant,
  createEngine,
  exactDivergence,
  fillNormal,
  floats,
  hutchinsonDivergence,
  matmul,
  placeholder,
  random,
  type VelocityField,
} from "localflow";

// v(x) = x A has the divergence trace A everywhere.
const matrix = floats([0.5, 1, 0, -0.5, 0.25, 2, 0, 1, -1.5], [3, 3]);
const field: VelocityField = (x) => matmul(x, constant(matrix));

const probes = 4096;
const x = placeholder(["rows", 3]);
const t = placeholder(["rows", 1]);
const directions = placeholder(["rows", probes * 3]);
const exact = exactDivergence(field, x, t);
const estimate = hutchinsonDivergence(field, x, t, directions);

const engine = await createEngine();
const program = await compile(engine, { x, t, directions }, { exact, estimate });
const noise = new Float32Array(probes * 3);
fillNormal(random(1), noise);
const point = { x: floats([1, 2, 3], [1, 3]), t: floats([0.5], [1, 1]), directions: floats(noise, [1, probes * 3]) };
const result = await program.run(point);
await engine.close();
const guesses = Array.from(result.estimate.divergence.data, Number);
const average = guesses.reduce((sum, guess) => sum + guess, 0) / probes;
const deviation = Math.sqrt(guesses.reduce((sum, guess) => sum + (guess - average) ** 2, 0) / (probes - 1));
console.log(`trace ${0.5 + 0.25 - 1.5}, exact ${Number(result.exact.divergence.data[0])}`);
console.log(`one probe: off by about ${deviation.toFixed(2)}`);
console.log(`${probes} probes: ${average.toFixed(3)} ± ${(deviation / Math.sqrt(probes)).toFixed(3)}`);
