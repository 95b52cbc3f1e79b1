// inequalities: systems that exclude each other are told from those that some point meets.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { excludeEachOther, type Inequality } from "../../../src/tasks/table/inequalities.ts";

/** `sum of factors · variables <= bound`, or < where it is strict. */
function atMost(factors: Readonly<Record<string, number>>, bound: number, strict = false, slack = 0): Inequality {
  const named = Object.entries(factors).filter(([, factor]) => factor !== 0);
  return { factors: new Map(named), constant: -bound, strict, slack };
}

describe("inequalities", () => {
  it("exclude each other where a sum is to be on both sides of a number, and where they go round in a circle", () => {
    const [a, b, c] = [
      { a: 1, b: -1 },
      { b: 1, c: -1 },
      { c: 1, a: -1 },
    ];
    expect(excludeEachOther([atMost(a, 0), atMost({ a: -1, b: 1 }, 0, true)])).toBe(true);
    expect(excludeEachOther([atMost(a, 0), atMost({ a: -1, b: 1 }, 0)])).toBe(false);
    expect(excludeEachOther([atMost(a, 0), atMost(b, 0), atMost(c, 0)])).toBe(false);
    expect(excludeEachOther([atMost(a, 0), atMost(b, 0), atMost(c, 0, true)])).toBe(true);
    expect(excludeEachOther([atMost(a, 0), atMost(b, 0), atMost(c, -1)])).toBe(true);
    expect(excludeEachOther([atMost({ a: 2, b: 3 }, 6), atMost({ a: -1 }, 0), atMost({ b: -1 }, -2.5)])).toBe(true);
    expect(excludeEachOther([atMost({ a: 2, b: 3 }, 6), atMost({ a: -1 }, 0), atMost({ b: -1 }, -1.5)])).toBe(false);
  });

  it("that are not strict exclude each other by more than rounding alone", () => {
    const beside = (bound: number) => excludeEachOther([atMost({ a: 1 }, 1, false, 0.1), atMost({ a: -1 }, bound)]);
    expect([beside(-1.05), beside(-1.2)]).toEqual([false, true]);
    const vague = excludeEachOther([atMost({ a: 1 }, 1, false, Number.POSITIVE_INFINITY), atMost({ a: -1 }, -5)]);
    expect(vague).toBe(false);
  });

  it("that a point meets never exclude each other, and with its opposite one always does", () => {
    const factor = fc.integer({ min: -3, max: 3 });
    const sums = fc.array(fc.record({ a: factor, b: factor, c: factor, d: factor, room: fc.nat(2) }), { maxLength: 9 });
    const point = fc.record({ a: factor, b: factor, c: factor, d: factor });
    fc.assert(
      fc.property(sums, point, fc.boolean(), (list, at, strict) => {
        const valueAt = (sum: typeof at) => sum.a * at.a + sum.b * at.b + sum.c * at.c + sum.d * at.d;
        const met = list.map(({ room, ...sum }) => atMost(sum, valueAt(sum) + room, strict && room > 0));
        expect(excludeEachOther(met)).toBe(false);
        const [first] = list;
        if (first === undefined) return;
        const { room, ...sum } = first;
        const opposite = { a: -sum.a, b: -sum.b, c: -sum.c, d: -sum.d };
        expect(excludeEachOther([...met, atMost(opposite, -valueAt(sum) - room, true)])).toBe(true);
      }),
    );
  });

  it("that are too many to tell count as met", () => {
    const names = Array.from({ length: 40 }, (_, n) => `v${n}`);
    const pairs = names.flatMap((a) => names.filter((b) => b !== a).map((b) => atMost({ [a]: 1, [b]: -2 }, 1)));
    const total = atMost(Object.fromEntries(names.map((name) => [name, 1])), -200);
    expect(excludeEachOther([...pairs, total])).toBe(false);
  });
});
