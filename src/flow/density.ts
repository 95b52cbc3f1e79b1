// density: the divergence of a velocity field, from which the density along the flow follows (d log p / dt = -div v).

import { add, multiply } from "../tensor/arithmetic.ts";
import { floats } from "../tensor/array.ts";
import { reshape, slice, sum } from "../tensor/layout.ts";
import { matmul } from "../tensor/matrix.ts";
import type { Size } from "../tensor/shape.ts";
import { tangent } from "../tensor/tangent.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";
import type { VelocityField } from "./matching.ts";

/** Velocity [rows, d] and divergence [rows, 1] (or one estimate per probe, [rows, probes]). */
export interface VelocityAndDivergence {
  readonly velocity: Tensor;
  readonly divergence: Tensor;
}

/**
 * The exact divergence sum_i dv_i / dx_i of a field at points x [rows, d] and times t [rows, 1] by forward mode, all d
 * directions side by side. With `directions` below d the basis is sent through in groups of that many, which bounds the
 * memory of one evaluation to rows · directions · width. With a mask `free` [rows, d] the sum runs over a row's free
 * dimensions, and the velocity is zero in the others. Where the field moves the dimensions `along` alone (ascending), no other
 * directions are sent through; default: all.
 */
export function exactDivergence(
  field: VelocityField,
  x: Tensor,
  t: Tensor,
  directions = Number.POSITIVE_INFINITY,
  free?: Tensor,
  along?: readonly number[],
): VelocityAndDivergence {
  const [rows = 1, d] = x.shape;
  const dimension = Number(d);
  const { point, velocity } = lifted(field, x, t);
  const moved = along ?? Array.from({ length: dimension }, (_, k) => k);
  const group = Math.min(moved.length, directions);
  const parts: Tensor[] = [];
  for (let start = 0; start < moved.length; start += group) {
    const own = moved.slice(start, start + group);
    const basis = constant(identityRows(dimension, own));
    const [derivatives] = tangent([velocity], [{ tensor: point, direction: basis }]);
    if (!derivatives) continue;
    const products = multiply(derivatives, basis);
    parts.push(free ? sum(multiply(sum(products, [2]), columnsOf(free, own)), [1]) : sum(products, [1, 2]));
  }
  const divergence = parts.reduce((a, b) => add(a, b));
  return { velocity: within(free, velocity, rows, dimension), divergence: reshape(divergence, [rows, 1]) };
}

/**
 * Hutchinson's estimate e^T (dv/dx) e for each probe e, given as [rows, probes · d] with E[e e^T] = I. Unbiased; the spread
 * between probes tells its error. `free` as for the exact one: probes are zero where a dimension is not.
 */
export function hutchinsonDivergence(
  field: VelocityField,
  x: Tensor,
  t: Tensor,
  probes: Tensor,
  free?: Tensor,
): VelocityAndDivergence {
  const [rows = 1, d] = x.shape;
  const dimension = Number(d);
  const count = Number(probes.shape[1]) / dimension;
  const { point, velocity } = lifted(field, x, t);
  const all = reshape(probes, [rows, count, dimension]);
  const directions = free ? multiply(all, reshape(free, [rows, 1, dimension])) : all;
  const [derivatives] = tangent([velocity], [{ tensor: point, direction: directions }]);
  const divergence = sum(multiply(derivatives ?? directions, directions), [2]);
  return { velocity: within(free, velocity, rows, dimension), divergence };
}

/** A lifted velocity [rows, 1, d] as [rows, d], zero where it is not free. */
function within(free: Tensor | undefined, velocity: Tensor, rows: Size, d: number): Tensor {
  const flat = reshape(velocity, [rows, d]);
  return free ? multiply(free, flat) : flat;
}

/** The field at points [rows, 1, d]: the axis of size 1 is where several directions travel. */
function lifted(field: VelocityField, x: Tensor, t: Tensor): { readonly point: Tensor; readonly velocity: Tensor } {
  const [rows = 1, d = 1] = x.shape;
  const point = reshape(x, [rows, 1, d]);
  return { point, velocity: field(point, reshape(t, [rows, 1, 1])) };
}

/** Some columns, ascending, of [rows, d]. */
function columnsOf(x: Tensor, columns: readonly number[]): Tensor {
  const [first = 0, last = 0] = [columns[0], columns.at(-1)];
  if (last - first + 1 === columns.length) return slice(x, 1, first, last + 1);
  const d = Number(x.shape[1]);
  return matmul(x, reshape(constant(identityRows(d, columns)), [columns.length, d]), { transposeRight: true });
}

/** These rows of the d x d identity, as [1, rows, d]. */
function identityRows(d: number, rows: readonly number[]) {
  const out = floats(new Float32Array(rows.length * d), [1, rows.length, d]);
  rows.forEach((k, i) => {
    out.data[i * d + k] = 1;
  });
  return out;
}
