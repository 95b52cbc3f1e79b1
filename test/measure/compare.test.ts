// compare: samples of the right law lie as near as training rows, others do not, and every column counts alike.
import { describe, expect, it } from "vitest";
import { comparison } from "../../src/measure/compare.ts";
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

describe("a comparison", () => {
  it("puts samples of the law of the data where training rows are, and others above", () => {
    const { distances } = comparison(rows(900, "held out"), { deviation: [1, 1000], rows: 900, random: key });
    const [floor, same] = [distances(rows(1500, "train")), distances(rows(1000, "same"))];
    const other = distances(rows(1000, "other", 0.5));
    for (const name of twoSampleNames) {
      const { value, standardError } = same[name];
      expect(Math.abs(value - floor[name].value)).toBeLessThan(
        4 * Math.hypot(standardError, floor[name].standardError),
      );
      expect(other[name].value).toBeGreaterThan(floor[name].value + 4 * other[name].standardError);
    }
  });

  it("does not depend on the units of a column", () => {
    const inOtherUnits = ({ data, shape }: FloatArray) =>
      floats(
        data.map((x, i) => (i % 2 ? x : 512 * x)),
        shape,
      );
    const [samples, heldOut] = [rows(300, "a", 0.3), rows(300, "b")];
    const before = comparison(heldOut, { deviation: [1, 1000], rows: 300, random: key }).distances(samples);
    const scaled = { deviation: [512, 1000], rows: 300, random: key };
    const after = comparison(inOtherUnits(heldOut), scaled).distances(inOtherUnits(samples));
    for (const name of twoSampleNames) expect(after[name].value).toBeCloseTo(before[name].value, 5);
  });

  it("looks at rows chosen by the key", () => {
    const [samples, heldOut] = [rows(700, "a"), rows(700, "b")];
    const judge = (seed: number) => comparison(heldOut, { deviation: [1, 1000], rows: 500, random: random(seed) });
    const { distances, slicedWasserstein } = judge(4);
    expect(distances(samples)).toEqual(distances(samples));
    expect(slicedWasserstein(samples)).toEqual(distances(samples).slicedWasserstein);
    expect(judge(5).slicedWasserstein(samples).value).not.toBe(slicedWasserstein(samples).value);
  });

  it("says how many rows it needs", () => {
    const enough = rows(100, "a");
    const few = { deviation: [1, 1], rows: 5, random: key };
    expect(() => comparison(enough, few)).toThrow(/held-out rows: expected 8 rows of 2 columns to compare, got 5/);
    const { distances } = comparison(enough, { deviation: [1, 1], rows: 50, random: key });
    expect(() => distances(rows(40, "b"))).toThrow(/points: expected 50 rows of 2 columns to compare, got 40 of 2/);
  });
});
