// segments: K evaluations as pieces of the way: the right number, in order, whole blocks where they go, the long ones cut first.
import { describe, expect, it } from "vitest";
import { type Segment, segmentsOf } from "../../../src/tasks/distillation/segments.ts";

const ends = (segments: readonly Segment[]) => segments.map(({ from, to }) => [from, to]);

describe("the pieces of the way", () => {
  it("are the blocks, from noise to data, when K = N", () => {
    expect(ends(segmentsOf([1, 1, 5], 3))).toEqual([
      [3, 2],
      [2, 1],
      [1, 0],
    ]);
  });

  it("are m even pieces of every block when K = m N, whatever the distances", () => {
    expect(ends(segmentsOf([9, 1], 4))).toEqual([
      [2, 1.5],
      [1.5, 1],
      [1, 0.5],
      [0.5, 0],
    ]);
  });

  it("cut the block with the longest pieces first otherwise", () => {
    expect(ends(segmentsOf([1, 4, 1], 5))).toEqual([
      [3, 2],
      [2, 1 + 2 / 3],
      [1 + 2 / 3, 1 + 1 / 3],
      [1 + 1 / 3, 1],
      [1, 0],
    ]);
  });

  it("take neighbours together when K < N, so that the squares of the lengths are least", () => {
    expect(ends(segmentsOf([1, 1, 1, 1, 1, 9], 2))).toEqual([
      [6, 5],
      [5, 0],
    ]);
    expect(ends(segmentsOf([1, 1, 1, 1], 2))).toEqual([
      [4, 2],
      [2, 0],
    ]);
    expect(ends(segmentsOf([3, 2, 1], 1))).toEqual([[3, 0]]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 64])("are %i that lead from noise to data without a gap", (evaluations) => {
    const segments = segmentsOf([0.1, 0.3, 0.2, 0.05, 2], evaluations);
    expect(segments).toHaveLength(evaluations);
    expect(segments[0]?.from).toBe(5);
    expect(segments.at(-1)?.to).toBe(0);
    for (const [k, { from, to }] of segments.entries()) {
      expect(from).toBeGreaterThan(to);
      if (k > 0) expect(from).toBeCloseTo(segments[k - 1]?.to ?? Number.NaN, 12);
    }
  });

  it.each([0, -1, 1.5, Number.NaN, 129])("cannot be %d for two blocks", (evaluations) => {
    expect(() => segmentsOf([1, 1], evaluations)).toThrow(/whole number from 1 to 128/);
  });
});
