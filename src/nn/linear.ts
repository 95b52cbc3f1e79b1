// linear: y = x W + b, and how its weights start.
import { fillNormal, fillUniform, type Random, split } from "../random.ts";
import { type FloatArray, floats, zeros } from "../tensor/array.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Weight [in, out] and bias [out]; as a type alias, so that it is a tree. */
export type LinearParameters<L> = { readonly weight: L; readonly bias: L };

export type LinearTensors = LinearParameters<Tensor>;
export type LinearArrays = LinearParameters<FloatArray>;

/** How a layer starts: uniform within 1 / sqrt(in) (PyTorch's default), an orthogonal matrix and no bias, or zero. */
export type LinearStart = "default" | "orthogonal" | "zero";

/** Draws the parameters of one layer. */
export function initialLinear(random: Random, inputs: number, outputs: number, start: LinearStart): LinearArrays {
  if (start === "zero") return { weight: zeros([inputs, outputs]), bias: zeros([outputs]) };
  if (start === "orthogonal")
    return { weight: orthogonal(split(random, "weight"), inputs, outputs), bias: zeros([outputs]) };
  const bound = 1 / Math.sqrt(inputs);
  const uniform = (key: string, shape: readonly number[]) => {
    const array = zeros(shape);
    fillUniform(split(random, key), array.data);
    array.data.forEach((u, i) => {
      array.data[i] = bound * (2 * u - 1);
    });
    return array;
  };
  return { weight: uniform("weight", [inputs, outputs]), bias: uniform("bias", [outputs]) };
}

/** A matrix with orthonormal rows or columns, whichever are fewer: Gram-Schmidt, run twice, on Gaussian vectors. */
function orthogonal(random: Random, rows: number, columns: number): FloatArray {
  const [count, length] = rows < columns ? [rows, columns] : [columns, rows];
  const gaussian = new Float32Array(count * length);
  fillNormal(random, gaussian);
  const vectors = Array.from({ length: count }, (_, i) =>
    Float64Array.from(gaussian.subarray(i * length, (i + 1) * length)),
  );
  vectors.forEach((vector, i) => {
    for (let pass = 0; pass < 2; pass++)
      for (const earlier of vectors.slice(0, i)) {
        const overlap = vector.reduce((total, value, k) => total + value * (earlier[k] ?? 0), 0);
        for (let k = 0; k < length; k++) vector[k] = (vector[k] ?? 0) - overlap * (earlier[k] ?? 0);
      }
    const norm = Math.hypot(...vector);
    for (let k = 0; k < length; k++) vector[k] = (vector[k] ?? 0) / norm;
  });
  const at = (row: number, column: number) => (rows < columns ? vectors[row]?.[column] : vectors[column]?.[row]) ?? 0;
  return floats(
    Float32Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns)),
    [rows, columns],
  );
}
