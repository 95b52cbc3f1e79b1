// fit-text: of what the likelihoods of a fit are.
import { describe, expect, it } from "vitest";
import { likelihoodLines } from "../../src/cli/fit-text.ts";

describe("the likelihood of training rows", () => {
  const train = { nll: 2, standardError: 0.1, rows: 10_000 };

  it("tells copies of few rows from rows", () => {
    expect(likelihoodLines({ train, rows: 360 })).toEqual([expect.stringMatching(/\(10000 points of 360 rows\)$/)]);
    for (const told of [{ train }, { train, rows: 20_000 }])
      expect(likelihoodLines(told)).toEqual([expect.stringMatching(/ nats \(10000 rows\)$/)]);
  });
});
