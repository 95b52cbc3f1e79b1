// compare: samples of the right law meet the floor, others do not, and every column counts alike.
import { describe, expect, it } from "vitest";
import { compare, comparison } from "../../src/measure/compare.ts";
import { twoSampleNames } from "../../src/measure/names.ts";
import { random } from "../../src/random.ts";
import { type FloatArray, floats } from "../../src/tensor/array.ts";
import { normals } from "../support/repetition.ts";

/** Normal rows whose second column is a thousand times the first. */
function rows(count: number, name: string, shift = 0): FloatArray {
  return floats(
    normals(2 * count, name).map((z, i) => (i % 2 === 0 ? z + shift : 1000 * z)),
    [count, 2],
  );
}
const key = random(4);

describe("compare", () => {
  it("puts samples of the law of the data at the floor, and others above it", () => {
    const [heldOut, train] = [rows(900, "held out"), rows(1500, "train")];
    const same = compare(rows(1000, "same"), heldOut, train, key);
    const other = compare(rows(1000, "other", 0.5), heldOut, train, key);
    expect(same.rows).toBe(900);
    for (const name of twoSampleNames) {
      const { value, standardError, floor } = same[name];
      expect(Math.abs(value - floor.value)).toBeLessThan(4 * Math.hypot(standardError, floor.standardError));
      expect(other[name].value).toBeGreaterThan(other[name].floor.value + 4 * other[name].standardError);
    }
  });

  it("does not depend on the units of a column", () => {
    const inOtherUnits = ({ data, shape }: FloatArray) =>
      floats(
        data.map((x, i) => (i % 2 ? x : 512 * x)),
        shape,
      );
    const sets = [rows(300, "a", 0.3), rows(300, "b"), rows(300, "c")] as const;
    const before = compare(...sets, key);
    const after = compare(inOtherUnits(sets[0]), inOtherUnits(sets[1]), inOtherUnits(sets[2]), key);
    for (const name of twoSampleNames) expect(after[name].value).toBeCloseTo(before[name].value, 5);
  });

  it("looks at 4096 rows at most, chosen by the key", () => {
    const [samples, heldOut, train] = [rows(5000, "a"), rows(5000, "b"), rows(5000, "c")];
    const { rows: compared, slicedWasserstein } = compare(samples, heldOut, train, key);
    expect(compared).toBe(4096);
    const { distances } = comparison(heldOut, { deviation: [1, 1000], rows: 4096, random: random(5) });
    expect(distances(samples)).toEqual(distances(samples));
    expect(distances(samples).slicedWasserstein.value).not.toBe(slicedWasserstein.value);
  });

  it("says how many rows it needs", () => {
    const enough = rows(100, "a");
    expect(() => compare(rows(5, "b"), enough, enough, key)).toThrow(/expected 8 rows of 2 columns to compare, got 5/);
    const { distances } = comparison(enough, { deviation: [1, 1], rows: 50, random: key });
    expect(() => distances(rows(40, "b"))).toThrow(/points: expected 50 rows of 2 columns to compare, got 40 of 2/);
  });
});
