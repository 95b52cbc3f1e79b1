// parts: rows in which values may be missing, in two parts: what says which are missing, then the values, given that:
// p(row) = p(missing) · p(values | missing). Noise in the place of a missing value stands still.
import { add, isPositive, multiply, subtract } from "../tensor/arithmetic.ts";
import { zeros } from "../tensor/array.ts";
import { concatenate, reshape, slice, stretch } from "../tensor/layout.ts";
import { matmul } from "../tensor/matrix.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";
import { freeMask, type Presence } from "./masked.ts";
import type { VelocityField } from "./matching.ts";

/** The part of a row that a block moves; the other stands still. */
export interface Part {
  readonly presence: readonly Presence[];
  readonly moves: "presence" | "values";
}

/** The dimensions, of d, that a part moves in some rows, ascending. */
export function movedDimensions({ presence, moves }: Part, d: number): readonly number[] {
  const says = new Set(presence.map(({ at }) => at));
  return Array.from({ length: d }, (_, k) => k).filter((k) => says.has(k) === (moves === "presence"));
}

/** The velocity of a part of rows of this context [rows, 3 d]; `told` is that of the network in another context. */
export function movingPart(part: Part, context: Tensor, told: (context: Tensor) => VelocityField): VelocityField {
  return (x, t) => {
    const own =
      part.moves === "presence" ? beforeValues(part.presence, context) : givenPresence(part.presence, context, x);
    const [rows = 1, d = 1] = own.shape;
    const free = reshape(freeMask(own), [rows, ...x.shape.slice(1, -1).map(() => 1), Number(d) / 3]);
    return multiply(free, told(own)(multiply(free, x), t));
  };
}

/** The context in which nothing is free but what says what is missing. */
function beforeValues(presence: readonly Presence[], context: Tensor): Tensor {
  const width = Number(context.shape[1]);
  const kept = zeros([1, width]);
  kept.data.fill(1, 0, (2 * width) / 3);
  for (const { at } of presence) kept.data[(2 * width) / 3 + at] = 1;
  return multiply(context, constant(kept));
}

/**
 * The context in which missing values, as x says of them or what is given, are absent and said to be missing. Nothing says of other
 * values that they are there, unless they are absent.
 */
function givenPresence(presence: readonly Presence[], context: Tensor, x: Tensor): Tensor {
  const d = Number(x.shape.at(-1));
  const rows = x.shape[0] ?? 1;
  const row = (of: (each: Presence) => number, others = 0) => {
    const out = zeros([1, d]);
    out.data.fill(others);
    for (const each of presence) out.data[each.at] = of(each);
    return constant(out);
  };
  const [values, known, free] = [0, 1, 2].map((k) => slice(context, 1, k * d, (k + 1) * d)) as [Tensor, Tensor, Tensor];
  const isAbove = (edge: (each: Presence) => number) => isPositive(subtract(x, row(edge)));
  const isThere = reshape(
    subtract(
      isAbove(({ low }) => low),
      isAbove(({ high }) => high),
    ),
    [rows, d],
  );
  const says = multiply(
    free,
    row(() => 1),
  );
  const isMissing = multiply(says, subtract(1, isThere));
  const hasValue = matmul(add(known, free), constant(firstValues(presence, d)));
  const isSaid = subtract(1, multiply(hasValue, subtract(1, isMissing)));
  const cells = add(row(whereMissing), multiply(isThere, subtract(row(whereThere), row(whereMissing))));
  const all = [
    multiply(isSaid, add(values, multiply(says, cells))),
    multiply(isSaid, add(known, says)),
    multiply(
      multiply(
        free,
        row(() => 0, 1),
      ),
      subtract(1, matmul(isMissing, constant(placesOf(presence, d)))),
    ),
  ];
  return concatenate(
    all.map((each) => stretch(each, [rows, d], isThere)),
    1,
  );
}

/** [d, d]: 1 from the first dimension of a value to what says whether it is there. */
function firstValues(presence: readonly Presence[], d: number) {
  const out = zeros([d, d]);
  for (const { at, start, end } of presence) if (start < end) out.data[start * d + at] = 1;
  return out;
}

/** [d, d]: 1 from what says whether a value is there to each of the value's dimensions. */
function placesOf(presence: readonly Presence[], d: number) {
  const out = zeros([d, d]);
  for (const { at, start, end } of presence) out.data.fill(1, at * d + start, at * d + end);
  return out;
}

/** Beyond this a bound is none. */
const farthest = 1e29;

/** A value that says that the others are there: networks of tables read the cell that it lies in, so any does. */
function whereThere({ low, high }: Presence): number {
  if (low < -farthest) return high > farthest ? 0 : high - 1;
  return high > farthest ? low + 1 : (low + high) / 2;
}

/** A value that says that the others are missing. */
function whereMissing({ low, high }: Presence): number {
  return high > farthest ? low - 1 : high + 1;
}
