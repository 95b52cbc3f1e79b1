// broadcast: shapes meet by numpy's rule, and what was stretched is summed back.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LocalFlowError } from "../../src/errors.ts";
import { add, multiply } from "../../src/tensor/arithmetic.ts";
import { elementCount, floats } from "../../src/tensor/array.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import { expandLike, stretch, sum, sumTo } from "../../src/tensor/layout.ts";
import {
  broadcastShapes,
  normalizeAxis,
  type Shape,
  sameShape,
  stretchedAxes,
  symbolicCount,
} from "../../src/tensor/shape.ts";
import { constant, placeholder } from "../../src/tensor/tensor.ts";
import { evaluate, type Value, valueFrom } from "../support/reference.ts";

const size = fc.oneof(fc.constantFrom<number | string>("batch", "items"), fc.integer({ min: 0, max: 4 }));
const anyShape = fc.array(size, { maxLength: 4 });

/** A shape, and parts of it that stretch to it: trailing axes, some of them with size 1. */
const stretching = <S extends number | string>(sizes: fc.Arbitrary<S>) =>
  fc.array(sizes, { maxLength: 4 }).chain((full) =>
    fc
      .tuple(fc.integer({ min: 0, max: full.length }), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
      .map(([skip, ones]) => ({
        full,
        part: full.slice(skip).map((n, i): S | 1 => (ones[i] ? 1 : n)),
      })),
  );

/** Numpy's words: compare sizes from the last axis on; they fit when equal or when one of them is 1. */
function numpyRule(a: Shape, b: Shape): Shape | "incompatible" {
  const result: (number | string)[] = [];
  for (let fromEnd = 1; fromEnd <= Math.max(a.length, b.length); fromEnd++) {
    const pair = [a.at(-fromEnd), b.at(-fromEnd)].filter((n) => n !== undefined && n !== 1);
    const [first = 1] = pair;
    if (new Set(pair).size > 1) return "incompatible";
    result.unshift(first);
  }
  return result;
}

function shapeOrNothing(a: Shape, b: Shape): Shape | "incompatible" {
  try {
    return broadcastShapes(a, b, "test");
  } catch (error) {
    if (error instanceof LocalFlowError) return "incompatible";
    throw error;
  }
}

const counting = (shape: readonly number[]): Value =>
  valueFrom(
    Array.from({ length: elementCount(shape) }, (_, i) => i + 1),
    shape,
  );
const zerosOf = (shape: readonly number[]) => constant(floats(new Float32Array(elementCount(shape)), shape));

describe("broadcasting", () => {
  it("follows numpy's rule for known and symbolic sizes, in both orders", () => {
    fc.assert(
      fc.property(anyShape, anyShape, (a, b) => {
        expect(shapeOrNothing(a, b)).toEqual(numpyRule(a, b));
        expect(shapeOrNothing(b, a)).toEqual(numpyRule(a, b));
      }),
    );
  });

  it("stretches a part to its whole, and names the axes", () => {
    fc.assert(
      fc.property(stretching(size), ({ full, part }) => {
        expect(broadcastShapes(part, full, "test")).toEqual(full);
        const axes = stretchedAxes(part, full);
        const kept = full.filter((_, axis) => !axes.includes(axis));
        expect(kept.filter((n) => n !== 1)).toEqual(part.filter((n) => n !== 1));
      }),
    );
  });

  it("sums gradients back to the shapes of the inputs, each element as often as it was used", () => {
    fc.assert(
      fc.property(stretching(fc.integer({ min: 0, max: 3 })), ({ full, part }) => {
        const [small, large] = [placeholder(part), placeholder(full)];
        const [mine, theirs] = gradient(sum(add(small, large)), [small, large]);
        if (!mine || !theirs) throw new Error("two gradients");
        expect([mine.shape, theirs.shape]).toEqual([part, full]);
        const [value] = evaluate(
          [mine],
          new Map([
            [small, counting(part)],
            [large, counting(full)],
          ]),
        );
        const uses = elementCount(part) === 0 ? 0 : elementCount(full) / elementCount(part);
        expect([...(value?.data ?? [])]).toEqual(Array.from({ length: elementCount(part) }, () => uses));
      }),
    );
  });

  it("is undone by sumTo: <stretch x, y> = <x, sumTo y>", () => {
    fc.assert(
      fc.property(stretching(fc.integer({ min: 0, max: 3 })), ({ full, part }) => {
        const [x, y] = [placeholder(part), placeholder(full)];
        const sides = [sum(multiply(stretch(x, full, y), y)), sum(multiply(x, sumTo(y, part)))];
        const [left, right] = evaluate(
          sides,
          new Map([
            [x, counting(part)],
            [y, counting(full)],
          ]),
        );
        expect(left?.data[0]).toBe(right?.data[0]);
      }),
    );
  });

  it("sums back over symbolic sizes too, also over two of them", () => {
    fc.assert(
      fc.property(stretching(size), ({ full, part }) => {
        expect(sumTo(placeholder(full), part).shape).toEqual(part);
      }),
    );
  });

  it("stretches only what fits, and a symbolic size only where it is found", () => {
    expect(() => expandLike(placeholder([3]), placeholder([2, 4]))).toThrow("expand: expected shapes that broadcast");
    expect(() => stretch(placeholder([1]), ["batch"], placeholder([3]))).toThrow("expand: expected");
    expect(() => stretch(placeholder([1, 2]), ["batch", 2], placeholder([2, "batch"]))).toThrow("expand: expected");
    expect(sameShape(stretch(zerosOf([1, 2]), ["batch", 2], placeholder(["batch", 7])).shape, ["batch", 2])).toBe(true);
  });
});

describe("sizes", () => {
  it("count the same in any order", () => {
    fc.assert(
      fc.property(anyShape, (shape) => {
        expect(symbolicCount([...shape].reverse())).toBe(symbolicCount([1, ...shape]));
      }),
    );
    expect(symbolicCount(["batch", 6])).not.toBe(symbolicCount(["items", 6]));
  });

  it("are found from the end by negative axes", () => {
    expect([-3, -1, 0, 2].map((axis) => normalizeAxis(axis, 3, "test"))).toEqual([0, 2, 0, 2]);
    for (const axis of [3, -4, 0.5, Number.NaN])
      expect(() => normalizeAxis(axis, 3, "test")).toThrow("an axis between -3 and 2");
  });
});
