// shares: running sums of weights end at 1, and a share falls on each place as often as its weight says.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstAbove } from "../../src/data/ascending.ts";
import { placeOfShare, runningShares } from "../../src/data/shares.ts";

describe("weights as shares", () => {
  it("run up to 1", () => {
    expect([...runningShares([1, 0, 2, 1])]).toEqual([0.25, 0.25, 0.75, 1]);
  });

  it("give each place its stretch, and a weight of 0 none", () => {
    const places = [0, 0.2, 0.25, 0.5, 0.75, 0.99].map((share) => placeOfShare([1, 0, 2, 1], share));
    expect(places).toEqual([0, 0, 2, 2, 3, 3]);
    expect(placeOfShare([1, 2], 1)).toBe(1);
    expect(placeOfShare([1, 2, 0], 1)).toBe(1);
  });

  it("give the place that the running sums give", () => {
    const weights = fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(weights, fc.integer({ min: 0, max: 63 }), (list, step) => {
        // Sums of small whole numbers and shares of powers of two are exact, so both ways round alike.
        const padded = [...list, 64 - list.reduce((a, b) => a + b, 0)];
        expect(placeOfShare(padded, step / 64)).toBe(firstAbove(runningShares(padded), step / 64));
      }),
    );
  });
});
