// ascending: places in ascending numbers, equal ones and ends included.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countBelow, firstAbove, lastUpTo } from "../../src/data/ascending.ts";

const numbers = fc
  .array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 12 })
  .map((list) => Float64Array.from(list).sort());
const limit = fc.integer({ min: -6, max: 6 });

describe("places in ascending numbers", () => {
  it("counts those below a limit", () => {
    fc.assert(
      fc.property(numbers, limit, (ascending, x) => {
        expect(countBelow(ascending, x)).toBe(ascending.filter((value) => value < x).length);
      }),
    );
    expect(countBelow([], 1)).toBe(0);
  });

  it("finds the first above a limit, or the last of all", () => {
    fc.assert(
      fc.property(numbers, limit, (ascending, x) => {
        const found = ascending.findIndex((value) => value > x);
        expect(firstAbove(ascending, x)).toBe(found < 0 ? ascending.length - 1 : found);
      }),
    );
  });

  it("finds the last up to a limit, or the first of all, among some of the places", () => {
    fc.assert(
      fc.property(numbers, limit, fc.nat(11), fc.nat(11), (ascending, x, a, b) => {
        const from = Math.min(a, ascending.length - 1);
        const to = Math.min(from + b, ascending.length);
        const among = [...ascending.keys()].filter((place) => place >= from && place < to);
        expect(lastUpTo(ascending, x, from, to)).toBe(among.findLast((place) => ascending[place]! <= x) ?? from);
      }),
    );
    expect(lastUpTo([1, 2, 2, 3], 2)).toBe(2);
  });
});
