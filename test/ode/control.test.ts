// control: the step size of a row. It reaches the largest step within the tolerance and always ends exactly at the end.
import { describe, expect, it } from "vitest";
import { firstStepSize, fitStep, stepFactor } from "../../src/ode/control.ts";

describe("the factor to the next step", () => {
  it("is 0.9 (tolerance / error)^(1 / order) between the limits", () => {
    expect(stepFactor(0.1, 5)).toBeCloseTo(0.9 * 10 ** (1 / 5), 12);
    expect(stepFactor(3, 2)).toBeCloseTo(0.9 / Math.sqrt(3), 12);
  });

  it("never shortens after an accepted step, always after a rejected one", () => {
    for (const order of [2, 3, 5]) {
      expect(stepFactor(1, order)).toBe(1);
      expect(stepFactor(0.99, order)).toBe(1);
      expect(stepFactor(1.000001, order)).toBeLessThan(0.91);
    }
  });

  it("grows at most tenfold and shrinks at most to a fifth", () => {
    expect(stepFactor(0, 5)).toBe(10);
    expect(stepFactor(1e-30, 2)).toBe(10);
    expect(stepFactor(1e30, 2)).toBe(0.2);
    expect(stepFactor(Number.POSITIVE_INFINITY, 5)).toBe(0.2);
    expect(stepFactor(Number.NaN, 5)).toBe(0.2);
  });

  it("settles where the error is at most the tolerance, and not far below", () => {
    // A method of error (h / 0.05)^order, from steps far too short and far too long.
    for (const order of [2, 3, 5])
      for (const start of [1e-6, 1]) {
        let size = start;
        for (let k = 0; k < 50; k++) size *= stepFactor((size / 0.05) ** order, order);
        expect(size).toBeLessThanOrEqual(0.05);
        expect(size).toBeGreaterThan(0.044);
      }
  });
});

describe("the last steps", () => {
  it("take what remains, or half of it rather than leave a sliver", () => {
    expect(fitStep(0.3, 1)).toBe(0.3);
    expect(fitStep(0.5, 1)).toBe(0.5);
    expect(fitStep(0.51, 1)).toBe(0.5);
    expect(fitStep(0.999, 1)).toBe(0.5);
    expect(fitStep(1, 1)).toBe(1);
    expect(fitStep(7, 0.25)).toBe(0.25);
  });

  it("arrive exactly, in at most one step more than the length asks for", () => {
    for (const size of [0.03, 0.1, 1 / 3, 0.4, 0.7, 0.95]) {
      let [remaining, steps] = [1, 0];
      for (; remaining > 0 && steps < 100; steps++) {
        const step = fitStep(size, remaining);
        expect(step).toBeLessThanOrEqual(size);
        remaining -= step;
      }
      expect(remaining).toBe(0);
      expect(steps).toBeLessThanOrEqual(Math.ceil(1 / size) + 1);
    }
  });
});

describe("the first step", () => {
  it("makes the error tolerable that a slope changing by its own size in slope / curvature would give", () => {
    expect(firstStepSize(0.02, 200, 1000, 5)).toBeCloseTo(((200 / 1000) ** 4 / (1e-3 * 200)) ** (1 / 5), 12);
  });

  it("is never shorter than a slope and a curvature that may be any derivative demand, nor five times longer", () => {
    expect(firstStepSize(0.01, 2, 5000, 5)).toBeCloseTo((0.01 / 5000) ** (1 / 5), 12);
    expect(firstStepSize(1, 80, 0, 2)).toBeCloseTo(5 * (0.01 / 80) ** (1 / 2), 12);
  });

  it("is at most a hundred times the guess, and short where the field vanishes", () => {
    expect(firstStepSize(1e-4, 1, 1, 5)).toBeCloseTo(1e-2, 12);
    expect(firstStepSize(1e-3, 0, 2, 5)).toBeGreaterThan(1e-4);
    expect(firstStepSize(1e-2, 0, 0, 5)).toBe(1e-5);
    expect(firstStepSize(1e-5, 0, 0, 5)).toBe(1e-6);
  });

  it("is not finite when the norms are not numbers, so that the row can be named", () => {
    expect(firstStepSize(Number.NaN, Number.NaN, 1, 5)).toBeNaN();
    expect(firstStepSize(1, 1, Number.NaN, 5)).toBeNaN();
  });
});
