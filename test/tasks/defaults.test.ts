// defaults: every size of data gets a configuration that a fit accepts, and fine detail only where rows can show it.
import { describe, expect, it } from "vitest";
import { defaultConfiguration } from "../../src/tasks/defaults.ts";

describe("the default configuration", () => {
  it.each([
    [1, 1],
    [10, 2],
    [49_999, 2],
    [50_000, 1],
    [1_000_000, 2],
    [1_000_000, 63],
  ])("for %i rows and %i columns ends with the free block and fits its batch into the rows", (rows, columns) => {
    const { blocks, training } = defaultConfiguration({ rows, columns });
    expect(blocks.map(({ step }) => step.kind).indexOf("free")).toBe(blocks.length - 1);
    expect(training.batchSize).toBeLessThanOrEqual(rows);
  });

  it("reads Fourier features for many rows of one or two columns only", () => {
    const frequencies = (rows: number, columns: number) =>
      defaultConfiguration({ rows, columns }).blocks[0]?.network.frequencies ?? 0;
    expect([frequencies(100_000, 2), frequencies(100_000, 1)]).toEqual([7, 7]);
    expect([frequencies(1000, 2), frequencies(100_000, 3)]).toEqual([0, 0]);
  });
});
