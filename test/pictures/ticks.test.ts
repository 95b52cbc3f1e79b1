// ticks: round numbers, written without the noise of binary fractions.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LocalFlowError } from "../../src/errors.ts";
import { equalDomains, scaleOf, ticksOf } from "../../src/pictures/scale.ts";
import { linearTicks, logTicks, numberText, roundStep } from "../../src/pictures/ticks.ts";

const labels = (ticks: readonly { readonly label: string }[]) => ticks.map(({ label }) => label);

describe("linear ticks", () => {
  it("are multiples of 1, 2 or 5 times a power of ten", () => {
    expect(labels(linearTicks([0, 1], 5))).toEqual(["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    expect(labels(linearTicks([-3, 3], 6))).toEqual(["−3", "−2", "−1", "0", "1", "2", "3"]);
    expect(labels(linearTicks([0, 18_823], 4))).toEqual(["0", "5000", "10,000", "15,000"]);
    expect(labels(linearTicks([0, 3e7], 3))).toEqual(["0", "1e7", "2e7", "3e7"]);
  });

  it("lie inside any domain, evenly, in about the number asked for", () => {
    const domain = fc
      .tuple(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.double({ min: 1e-6, max: 1e9, noNaN: true }))
      .map(([low, length]) => [low, low + length] as const)
      .filter(([low, high]) => high - low > 1e-6 * Math.abs(low));
    fc.assert(
      fc.property(domain, fc.integer({ min: 3, max: 12 }), ([low, high], count) => {
        const ticks = linearTicks([low, high], count);
        const room = 1e-6 * (high - low);
        expect(ticks.length).toBeGreaterThanOrEqual(Math.floor(count / 2));
        expect(ticks.length).toBeLessThanOrEqual(2 * count + 1);
        for (const { at } of ticks) {
          expect(at).toBeGreaterThanOrEqual(low - room);
          expect(at).toBeLessThanOrEqual(high + room);
        }
        expect(new Set(labels(ticks)).size, "no two labels are the same").toBe(ticks.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe("log ticks", () => {
  it("are powers of ten, with 2 and 5 between few of them", () => {
    expect(labels(logTicks([0.008, 12], 3))).toEqual(["0.01", "0.1", "1", "10"]);
    expect(labels(logTicks([0.9, 11], 6))).toEqual(["1", "2", "5", "10"]);
  });

  it("are as on a line where no two powers fit in", () => {
    expect(labels(logTicks([3, 4], 5))).toEqual(["3.0", "3.2", "3.4", "3.6", "3.8", "4.0"]);
  });
});

describe("numbers", () => {
  it("have as many digits as the step", () => {
    expect(numberText(0.30000000000000004, 0.1)).toBe("0.3");
    expect(numberText(-1234567.2, 1)).toBe("−1.234567e6");
    expect(numberText(1234567.2, 1000)).toBe("1.235e6");
    expect(numberText(-0.00001, 0.01)).toBe("0.00");
    expect(numberText(2.5e-8, 1e-9)).toBe("2.5e−8");
  });

  it("take the nearest round step", () => {
    expect([0.09, 0.13, 0.15, 0.3, 0.4, 0.8].map(roundStep)).toEqual([0.1, 0.1, 0.2, 0.2, 0.5, 1]);
  });
});

describe("scales", () => {
  it("carry the ends of a domain to the ends of the range, linear or logarithmic", () => {
    const linear = scaleOf({ domain: [-1, 3] }, [100, 200]);
    expect([linear(-1), linear(0), linear(3)]).toEqual([100, 125, 200]);
    const log = scaleOf({ domain: [0.01, 100], scale: "log" }, [0, 400]);
    expect(log(1)).toBeCloseTo(200, 9);
  });

  it("widen the shorter domain of two until a unit is equally long on both", () => {
    const { x, y } = equalDomains([0, 10], [0, 2], 500, 250);
    expect(x).toEqual([0, 10]);
    expect(y).toEqual([-1.5, 3.5]);
  });

  it("refuse empty domains, and zero on a log axis", () => {
    expect(() => scaleOf({ domain: [1, 1], label: "a" }, [0, 1])).toThrow(LocalFlowError);
    expect(() => scaleOf({ domain: [0, 1], scale: "log" }, [0, 1])).toThrow(/positive domain/);
    expect(() => scaleOf({ domain: [0, Number.NaN] }, [0, 1])).toThrow(/finite domain/);
  });

  it("leave labels out where only a grid is asked for", () => {
    expect(labels(ticksOf({ domain: [0, 1], ticks: "grid" }, 2))).toEqual(["", "", ""]);
    expect(ticksOf({ domain: [0, 1], ticks: "none" }, 5)).toEqual([]);
  });
});
