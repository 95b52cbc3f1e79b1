// estimate-in-time: a limited time is kept to, and shared out as the fit shares it.
import fc from "fast-check";
import { expect, it } from "vitest";
import { inTime } from "../../src/tasks/estimate-in-time.ts";

const whole = { iterations: 1000, setupSeconds: 2, iterationSeconds: 100, pushSeconds: 10, scoreSeconds: 20 };

it("without a limit, or with time enough, everything is done", () => {
  const all = { iterations: 1000, trainingSeconds: 102, pushSeconds: 10, scoreSeconds: 20 };
  expect(inTime(whole)).toEqual(all);
  expect(inTime(whole, 200)).toEqual(all);
});

it("training ends in time for the pushing and the likelihoods", () => {
  const { iterations, trainingSeconds, pushSeconds, scoreSeconds } = inTime(whole, 60);
  expect([trainingSeconds, pushSeconds, scoreSeconds].map((each) => each.toFixed(6))).toEqual([
    "44.000000",
    "10.000000",
    "6.000000",
  ]);
  expect(iterations).toBe(420);
});

it("pushing is cut to a quarter of the training where it is more", () => {
  const { trainingSeconds, pushSeconds } = inTime({ ...whole, pushSeconds: 1000 }, 100);
  expect(pushSeconds).toBeCloseTo(18, 9);
  expect(trainingSeconds).toBeCloseTo(72, 9);
});

it("no part is negative, the parts never come to more than the time, and more time never leaves fewer iterations", () => {
  const seconds = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
  const work = fc.record({
    iterations: fc.integer({ min: 1, max: 1e9 }),
    setupSeconds: seconds,
    iterationSeconds: seconds,
    pushSeconds: seconds,
    scoreSeconds: seconds,
  });
  fc.assert(
    fc.property(work, seconds, seconds, (given, first, second) => {
      const [short, long] = [inTime(given, Math.min(first, second)), inTime(given, Math.max(first, second))];
      for (const [time, done] of [
        [Math.min(first, second), short] as const,
        [Math.max(first, second), long] as const,
      ]) {
        const { trainingSeconds, pushSeconds, scoreSeconds, iterations } = done;
        for (const part of [trainingSeconds, pushSeconds, scoreSeconds, iterations])
          expect(part).toBeGreaterThanOrEqual(0);
        expect(trainingSeconds + pushSeconds + scoreSeconds).toBeLessThanOrEqual(time * (1 + 1e-9));
      }
      expect(long.iterations).toBeGreaterThanOrEqual(short.iterations);
    }),
    { seed: 1 },
  );
});
