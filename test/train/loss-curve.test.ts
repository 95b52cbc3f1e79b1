// loss-curve: a thinned curve keeps the mean of all losses, stays short, and can be stored and gone on with at any point.
import { describe, expect, it } from "vitest";
import { type CurvePoint, emptyCurve, extended, type LossCurve, mostPoints } from "../../src/train/loss-curve.ts";

const grown = (points: readonly CurvePoint[], start: LossCurve = emptyCurve) => points.reduce(extended, start);
const every200 = (count: number): readonly CurvePoint[] =>
  Array.from({ length: count }, (_, k) => ({ iteration: 200 * (k + 1), loss: Math.sin(k), heldOut: k }));
const lengths = ({ iterations }: LossCurve) => iterations.map((iteration, k) => iteration - (iterations[k - 1] ?? 0));

describe("a loss curve", () => {
  it("keeps every point while there are few", () => {
    expect(grown(every200(3))).toEqual({
      iterations: [200, 400, 600],
      losses: [0, Math.sin(1), Math.sin(2)],
      heldOut: [0, 1, 2],
    });
  });

  it.each([199, 200, 201, 202, 333, 1000, 5001])(
    "of %i points stays short and keeps the mean of all losses",
    (count) => {
      const curve = grown(every200(count));
      expect(curve.iterations.length).toBeLessThanOrEqual(mostPoints);
      expect(curve.iterations.length).toBeGreaterThanOrEqual(Math.min(count, mostPoints / 2));
      expect(curve.iterations.at(-1)).toBe(200 * count);
      const stretches = lengths(curve);
      expect(new Set(stretches.slice(0, -1)).size).toBe(1);
      expect(stretches.at(-1)).toBeLessThanOrEqual(stretches[0] ?? 0);
      const total = curve.losses.reduce((sum, loss, k) => sum + loss * (stretches[k] ?? 0), 0);
      const mean = every200(count).reduce((sum, { loss }) => sum + loss, 0) / count;
      expect(total / (200 * count)).toBeCloseTo(mean, 10);
      expect(curve.heldOut).toEqual(curve.iterations.map((iteration) => iteration / 200 - 1));
    },
  );

  it("is the same when it is written as JSON on the way", () => {
    const points = every200(777);
    const stored: LossCurve = JSON.parse(JSON.stringify(grown(points.slice(0, 431))));
    expect(grown(points.slice(431), stored)).toEqual(grown(points));
  });

  it("ends with the shorter stretch that a block's last iterations are, whose held-out loss is not known", () => {
    const last = { iteration: 450, loss: 9 };
    expect(extended(grown(every200(2)), last)).toEqual({
      iterations: [200, 400, 450],
      losses: [0, Math.sin(1), 9],
      heldOut: [0, 1, Number.NaN],
    });
    const long = extended(grown(every200(mostPoints + 1)), { iteration: 200 * (mostPoints + 1) + 50, loss: 1 });
    expect(long.losses.at(-1)).toBeCloseTo((200 * Math.sin(mostPoints) + 50) / 250, 12);
    expect(long.heldOut?.at(-1)).toBe(mostPoints);
  });

  it("has no held-out part when none was computed", () => {
    expect(Object.keys(grown([{ iteration: 5, loss: 1 }]))).toEqual(["iterations", "losses"]);
  });
});
