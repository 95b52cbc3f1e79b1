// steps: the schedules of the paper and of its ablations, and what cannot be one.
import { describe, expect, it } from "vitest";
import { diffusionScales } from "../../src/flow/diffusion.ts";
import { diffusionSteps, explicitSteps, geometricSteps, type Step } from "../../src/flow/steps.ts";

const durations = (steps: readonly Step[]) => steps.flatMap((step) => (step.kind === "diffuse" ? [step.duration] : []));
const rounded = (steps: readonly Step[]) => durations(steps).map((duration) => duration.toFixed(4));

describe("steps", () => {
  it("are the published cosine and linear schedules", () => {
    expect(rounded(diffusionSteps(4, "cosine"))).toEqual(["0.0830", "0.2697", "0.6153"]);
    expect(rounded(diffusionSteps(6, "cosine"))).toEqual(["0.0374", "0.1112", "0.2042", "0.3475", "0.6590"]);
    expect(rounded(diffusionSteps(4, "linear"))).toEqual(["0.0127", "0.2128", "0.5518"]);
  });

  it("grow geometrically: the published tree, POWER and BSDS300 schedules", () => {
    const tree = durations(geometricSteps(6, 0.025, 1.25)).map((duration) => duration.toFixed(3));
    expect(tree).toEqual(["0.025", "0.031", "0.039", "0.049", "0.061"]);
    expect(rounded(geometricSteps(4, 0.15, 1.3))).toEqual(["0.1500", "0.1950", "0.2535"]);
    expect(durations(geometricSteps(4, 0.25, 1))).toEqual([0.25, 0.25, 0.25]);
  });

  it("are as many as the blocks, with exactly the last one free", () => {
    const all = [
      explicitSteps([0.1, 0.2]),
      geometricSteps(3, 0.1, 2),
      diffusionSteps(3, "cosine"),
      diffusionSteps(3, "linear"),
    ];
    for (const steps of all) expect(steps.map((step) => step.kind)).toEqual(["diffuse", "diffuse", "free"]);
    for (const steps of [
      explicitSteps([]),
      geometricSteps(1, 0.1, 2),
      diffusionSteps(1, "cosine"),
      diffusionSteps(1, "linear"),
    ])
      expect(steps).toEqual([{ kind: "free" }]);
  });

  it("of the cosine schedule leave the signal that denoising diffusion leaves", () => {
    // e^(-2 sum of gammas up to n) = abar(n / N), the squared cosine over its value at 0.
    const signalPower = (s: number) => Math.cos(((s + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
    for (const blocks of [2, 5, 20]) {
      let left = 1;
      durations(diffusionSteps(blocks, "cosine")).forEach((duration, n) => {
        left *= diffusionScales(duration).keep ** 2;
        expect(left).toBeCloseTo(signalPower((n + 1) / blocks) / signalPower(0), 12);
      });
    }
  });

  it("of the linear schedule replace equally growing shares of variance, from 0.1 / N to 20 / N", () => {
    const shares = durations(diffusionSteps(100, "linear")).map((duration) => diffusionScales(duration).spread ** 2);
    expect(shares[0]).toBeCloseTo(0.001, 12);
    shares.slice(1).forEach((share, n) => {
      expect(share - (shares[n] ?? 0)).toBeCloseTo((0.2 - 0.001) / 99, 12);
    });
  });

  it("of many blocks stay finite and positive", () => {
    for (const schedule of ["cosine", "linear"] as const)
      for (const blocks of [2, 3, 19, 20, 21, 1000]) {
        const steps = durations(diffusionSteps(blocks, schedule));
        expect(steps.length).toBe(blocks - 1);
        expect(steps.every((duration) => duration > 0 && Number.isFinite(duration))).toBe(true);
      }
  });

  it("refuse durations that are not positive, naming the block, and numbers of blocks that are not counts", () => {
    for (const duration of [0, -0.1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => explicitSteps([0.1, duration])).toThrow(
        `steps, block 2: expected a positive duration, got ${duration}`,
      );
    expect(() => geometricSteps(4, 0.1, -1)).toThrow(/block 2/);
    expect(() => geometricSteps(4, 0, 1.2)).toThrow(/block 1/);
    for (const blocks of [0, 1.5, -3, Number.NaN]) {
      expect(() => geometricSteps(blocks, 0.1, 1.2)).toThrow(/^blocks: expected a whole number of at least 1/);
      expect(() => diffusionSteps(blocks, "cosine")).toThrow(/^blocks: expected a whole number of at least 1/);
    }
  });
});
