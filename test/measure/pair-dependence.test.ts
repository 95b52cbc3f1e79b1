// pair-dependence: what becomes of columns alone is no change of their dependence, and a change of that is found beside it.
import { describe, expect, it } from "vitest";
import { takenRows } from "../../src/measure/columns-rows.ts";
import type { MeasuredTable } from "../../src/measure/columns-table.ts";
import { dependenceSteps } from "../../src/measure/pair-dependence.ts";
import { pairTrendSteps } from "../../src/measure/pair-trends.ts";
import { fillNormal, fillUniform, random } from "../../src/random.ts";
import { atOnce } from "../support/at-once.ts";
import { category, numeric, tableOf } from "../support/measured-tables.ts";

const dependence = atOnce(dependenceSteps);
const changeOf = (real: MeasuredTable, other: MeasuredTable) => {
  const [change] = dependence(real, other, [["v", "c"]]);
  if (change === undefined) throw new Error("the pair is looked at");
  return change;
};

/** A number v = place(u), u uniform, and a category c that is "x" with the chance `share(u)`. */
function drawn(
  name: string,
  rows: number,
  share: (u: number) => number,
  place: (u: number) => number = (u) => u,
): MeasuredTable {
  const draws = new Float32Array(2 * rows);
  fillUniform(random(name), draws);
  const all = Array.from({ length: rows }, (_, row) => ({ u: draws[2 * row] ?? 0, coin: draws[2 * row + 1] ?? 0 }));
  return tableOf(
    numeric(
      "v",
      all.map(({ u }) => place(u)),
    ),
    category(
      "c",
      all.map(({ u, coin }) => (coin < share(u) ? "x" : "y")),
      ["x", "y"],
    ),
  );
}

/** Rows of two categories v and c, so many of each pair of levels. */
function counted(counts: Readonly<Record<string, number>>): MeasuredTable {
  const pairs = Object.entries(counts).flatMap(([pair, count]) => Array.from({ length: count }, () => pair));
  return tableOf(
    category(
      "v",
      pairs.map((pair) => pair[0] ?? null),
    ),
    category(
      "c",
      pairs.map((pair) => pair[1] ?? null),
    ),
  );
}

const leaning = (u: number) => 0.1 + 0.8 * u;

describe("the dependence of two columns", () => {
  it("has not changed where the columns' shares have, though the joint tables are far apart", () => {
    const before = drawn("before", 1000, () => 0.5);
    const after = drawn(
      "after",
      1000,
      () => 0.2,
      (u) => u + 0.6,
    );
    expect(atOnce(pairTrendSteps)(before, after).mean.value).toBeGreaterThan(0.6);
    const { value, chance, pValue } = changeOf(before, after);
    expect(pValue).toBeGreaterThan(0.05);
    expect(value).toBeLessThan(1.5 * chance);
  });

  it("is that of the odds: equal ones are no change whatever the shares, and other ones are", () => {
    const before = counted({ aa: 100, ab: 100, ba: 50, bb: 200 });
    const oddsFour = counted({ aa: 400, ab: 100, ba: 100, bb: 100 });
    expect(changeOf(before, oddsFour)).toMatchObject({ value: expect.closeTo(0, 5), pValue: expect.closeTo(1, 3) });
    const oddsOne = counted({ aa: 200, ab: 200, ba: 100, bb: 100 });
    expect(changeOf(before, oddsOne).pValue).toBeLessThan(1e-6);
    const [copied, rarer] = [counted({ aa: 100, bb: 100, cc: 100 }), counted({ aa: 270, bb: 20, cc: 10 })];
    expect(changeOf(copied, rarer).pValue).toBe(1);
    expect(changeOf(copied, counted({ ab: 100, bc: 100, ca: 100 })).pValue).toBeLessThan(1e-9);
  });

  it("is as far off as the joint tables are where the columns' shares are equal", () => {
    const [before, after] = [counted({ aa: 80, ab: 20, ba: 20, bb: 80 }), counted({ aa: 50, ab: 50, ba: 50, bb: 50 })];
    expect(changeOf(before, after).value).toBeCloseTo(0.3, 9);
    expect(changeOf(before, after).value).toBeCloseTo(atOnce(pairTrendSteps)(before, after).mean.value, 9);
  });

  it("changes neither with units nor with a number's place, nor where other rows are chosen by the number", () => {
    const before = drawn("before", 2000, leaning);
    const shifted = drawn("after", 2000, leaning, (u) => 100 * (u + 0.3));
    const chosen = drawn(
      "chosen",
      2000,
      (u) => leaning(u ** 2),
      (u) => u ** 2,
    );
    for (const after of [shifted, chosen]) expect(changeOf(before, after).pValue).toBeGreaterThan(0.01);
    const torn = drawn(
      "torn",
      2000,
      () => 0.5,
      (u) => 100 * (u + 0.3),
    );
    expect(
      changeOf(
        drawn("same", 2000, leaning, (u) => 100 * (u + 0.3)),
        torn,
      ).pValue,
    ).toBeLessThan(1e-9);
  });

  it("that was lost is found wherever the number went: cells that could not show it do not outvote those that do", () => {
    const before = drawn("before", 800, leaning);
    for (const shift of [-0.9, -0.6, 0, 0.6, 0.9, 40]) {
      const moved = (name: string, share: (u: number) => number) => drawn(name, 800, share, (u) => u + shift);
      expect(
        changeOf(
          before,
          moved("lost", () => 0.5),
        ).pValue,
        `lost, ${shift}`,
      ).toBeLessThan(1e-6);
      expect(
        changeOf(
          moved("gained", () => 0.5),
          before,
        ).pValue,
        `gained, ${shift}`,
      ).toBeLessThan(1e-6);
      expect(changeOf(before, moved("kept", leaning)).pValue, `kept, ${shift}`).toBeGreaterThan(0.01);
    }
  });

  describe("of two numbers", () => {
    /** v is normal, and c is r v and noise, or what `made` makes of both. */
    const numbers = (
      name: string,
      rows: number,
      r: number,
      made = (v: number, c: number): [number, number] => [v, c],
    ) => {
      const draws = new Float32Array(2 * rows);
      fillNormal(random(name), draws);
      const pairs = Array.from({ length: rows }, (_, row) => {
        const v = draws[2 * row]!;
        return made(v, r * v + Math.sqrt(1 - r * r) * draws[2 * row + 1]!);
      });
      return tableOf(
        numeric(
          "v",
          pairs.map(([v]) => v),
        ),
        numeric(
          "c",
          pairs.map(([, c]) => c),
        ),
      );
    };

    it("has changed where a correlation did, and where one without any correlation came or went", () => {
      const half = numbers("before", 1000, 0.5);
      expect(changeOf(half, numbers("after", 1000, 0.3)).pValue).toBeLessThan(1e-3);
      expect(changeOf(half, numbers("again", 1000, 0.5)).pValue).toBeGreaterThan(0.05);
      const squared = numbers("after", 200, 0, (v, c) => [v, v * v + 0.2 * c]);
      expect(changeOf(numbers("before", 200, 0), squared).pValue).toBeLessThan(1e-6);
      expect(changeOf(squared, numbers("before", 200, 0)).pValue).toBeLessThan(1e-6);
    });

    it("is also that of one number and the gaps of the other", () => {
      const coins = new Float32Array(500);
      fillUniform(random("coins"), coins);
      let row = 0;
      const anywhere = numbers("before", 500, 0, (v, c) => [v, coins[row++]! < 0.2 ? Number.NaN : c]);
      const where = numbers("after", 500, 0, (v, c) => [v, v > 0.84 ? Number.NaN : c]);
      expect(changeOf(anywhere, where).pValue).toBeLessThan(1e-9);
    });

    it("has not changed with units, nor where rows were chosen by one of them, nor where one became constant", () => {
      const before = numbers("before", 1000, 0.7);
      const among = numbers("after", 6000, 0.7);
      const [v, c] = among.columns;
      if (v?.kind !== "numeric" || c?.kind !== "numeric") throw new Error("both are numbers");
      const chosen = [...v.values.keys()].filter((row) => v.values[row]! > 0);
      for (const after of [
        numbers("after", 1000, 0.7, (a, b) => [10 * a + 3, b ** 3]),
        takenRows(among, chosen.slice(0, 1000)),
        numbers("after", 1000, 0.7, (_, b) => [1, b]),
      ])
        expect(changeOf(before, after).pValue).toBeGreaterThan(1e-2);
    });

    it("is called changed by chance in no more cases than its probability says", () => {
      for (const [rows, r] of [
        [60, 0],
        [200, 0.9],
        [600, 0.5],
      ] as const) {
        const found = Array.from(
          { length: 150 },
          (_, n) =>
            changeOf(
              numbers(`a ${n}`, rows, r),
              numbers(`b ${n}`, rows, r, (v, c) => [v + 1, c]),
            ).pValue,
        );
        expect(found.filter((pValue) => pValue <= 0.05).length / found.length).toBeLessThan(0.1);
        expect(Math.min(...found)).toBeGreaterThan(1e-4);
      }
    });
  });

  it("is called changed by chance in no more cases than its probability says", () => {
    const shares = [() => 0.5, () => 0.2];
    for (const rows of [40, 150, 600]) {
      const found = Array.from({ length: 150 }, (_, n) => {
        const after = drawn(`after ${rows} ${n}`, rows, n % 2 === 0 ? leaning : shares[1]!, (u) =>
          n % 2 === 0 ? u + 0.3 : u ** 3,
        );
        return changeOf(drawn(`before ${rows} ${n}`, rows, n % 2 === 0 ? leaning : shares[0]!), after).pValue;
      });
      expect(found.filter((pValue) => pValue <= 0.05).length / found.length).toBeLessThan(0.08);
      expect(Math.min(...found)).toBeGreaterThan(1e-4);
    }
    const torn = Array.from(
      { length: 20 },
      (_, n) =>
        changeOf(
          drawn(`a ${n}`, 600, leaning),
          drawn(`b ${n}`, 600, () => 0.5),
        ).pValue,
    );
    expect(Math.max(...torn)).toBeLessThan(1e-3);
  });

  it("is nothing to compare where levels are rare, new or gone, and says so by a probability of 1", () => {
    const before = counted({ aa: 50, ab: 50 });
    const nothing = { value: 0, chance: 0, pValue: 1 };
    expect(changeOf(before, counted({ xa: 80, xb: 20 }))).toEqual(nothing);
    expect(changeOf(before, before)).toEqual(nothing);
    expect(changeOf(counted({ aa: 2, bb: 2 }), counted({ ab: 2, ba: 2 }))).toEqual(nothing);
  });
});
