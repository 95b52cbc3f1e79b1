// shape: sizes of symbolic tensors. A size is a number, or a name (`"batch"`) that stands for any number at run time.
import { failure } from "../errors.ts";

export type Size = number | string;
export type Shape = readonly Size[];

/** `[batch, 3]`, as error messages show it. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** The common shape under numpy's rules: sizes are aligned at the right, and 1 stretches to any size. */
export function broadcastShapes(a: Shape, b: Shape, where: string): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, position) => {
    const left = a[position - rank + a.length] ?? 1;
    const right = b[position - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw failure("shape", {
      where,
      expected: "shapes that broadcast (equal sizes or 1, aligned at the right)",
      received: `${formatShape(a)} and ${formatShape(b)}`,
    });
  });
}

/** The axes of `full` along which a tensor of shape `part` was stretched by broadcasting. */
export function stretchedAxes(part: Shape, full: Shape): readonly number[] {
  const offset = full.length - part.length;
  return full.flatMap((size, axis) => (axis < offset || (part[axis - offset] === 1 && size !== 1) ? [axis] : []));
}

/** Turns -1 into the last axis, and so on; throws when there is no such axis. */
export function normalizeAxis(axis: number, rank: number, where: string): number {
  const normalized = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(axis) && normalized >= 0 && normalized < rank) return normalized;
  throw failure("shape", { where, expected: `an axis between ${-rank} and ${rank - 1}`, received: String(axis) });
}

/** Product of the known sizes together with the sorted symbolic ones: equal for shapes that hold equally many elements. */
export function symbolicCount(shape: Shape): string {
  const known = shape.reduce<number>((product, size) => (typeof size === "number" ? product * size : product), 1);
  const named = shape.filter((size) => typeof size === "string").sort();
  return [known, ...named].join("·");
}
