// drive: what is made of measurements, and how two works take turns.
import { describe, expect, it } from "vitest";
import { alternate, peerPython, perUnit } from "../../benchmarks/drive.ts";

/** Resolves with the next of given numbers, and notes its name each time. */
function given(name: string, values: readonly number[], notes: string[] = []): () => Promise<number> {
  let next = 0;
  return async () => {
    notes.push(name);
    return values[next++] ?? Number.NaN;
  };
}

describe("alternate", () => {
  it("takes turns and leaves the first pair out", async () => {
    const notes: string[] = [];
    const { ours, peer, ratio } = await alternate({
      ours: given("a", [1000, 2, 4, 3], notes),
      theirs: { name: "b", measure: given("b", [1000, 3, 4, 9], notes) },
      pairs: 3,
    });
    expect(notes.join("")).toBe("abababab");
    expect(ours).toEqual({ medianMs: 3, minMs: 2, maxMs: 4 });
    expect(peer).toMatchObject({ name: "b", medianMs: 4, minMs: 3, maxMs: 9 });
    expect(ratio).toBe(1.5);
  });

  it("takes the median of the pairs' ratios, not the ratio of the medians", async () => {
    const { ratio } = await alternate({
      ours: given("a", [1, 1, 2, 10]),
      theirs: { name: "b", measure: given("b", [1, 3, 2, 40]) },
      pairs: 3,
    });
    expect(ratio).toBe(3); // pairs 3, 1, 4; the medians would say 1.5
  });

  it("reports each side's speed as a share of the limit of its own products", async () => {
    const { ours, peer, limitGflops } = await alternate({
      ours: given("a", [1, 10, 20, 10]),
      theirs: { name: "b", measure: given("b", [1, 40, 40, 40]), limit: given("c", [1, 50, 50, 50]) },
      limit: given("d", [1, 200, 125, 250]),
      flops: 1e9,
      pairs: 3,
    });
    // Ours runs at 100, 50, 100 GFLOP/s beside limits of 200, 125, 250.
    expect(ours.gflops).toBeCloseTo(100, 9);
    expect(ours.limitShare).toBeCloseTo(0.4, 9);
    expect(limitGflops).toBe(200);
    expect(peer?.limitGflops).toBe(50);
    expect(peer?.limitShare).toBeCloseTo(0.5, 9);
  });

  it("measures in units of the calibration product when there is one", async () => {
    const calibrate = given("c", [1, 5, 4, 2]);
    const found = await alternate({ ours: given("a", [1, 10, 10, 10]), pairs: 3, calibrate });
    expect(found.calibrated).toBe(2.5);
    expect(await alternate({ ours: given("a", [1, 2]), pairs: 1 })).not.toHaveProperty("calibrated");
  });
});

describe("perUnit", () => {
  it("divides each side by its own work", () => {
    const side = { medianMs: 10, minMs: 8, maxMs: 12 };
    const found = perUnit({ ours: side, peer: { name: "b", ...side }, ratio: 1, calibrated: 6 }, 2, 4);
    expect(found.ours).toEqual({ medianMs: 5, minMs: 4, maxMs: 6 });
    expect(found.peer).toMatchObject({ medianMs: 2.5, minMs: 2, maxMs: 3 });
    expect(found.ratio).toBe(0.5);
    expect(found.calibrated).toBe(3);
  });
});

describe("absent peers", () => {
  it("tells in one line that nothing names a Python", async () => {
    const python = await peerPython("");
    expect(python).toMatchObject({
      kind: "absent",
      reason: expect.stringMatching(/^[^\n]*LOCALFLOW_PYTHON is not set/),
    });
  });

  it("tells in one line that a Python does not serve", async () => {
    const python = await peerPython("/no/such/python");
    expect(python).toMatchObject({ kind: "absent", reason: expect.stringMatching(/^[^\n]*\/no\/such\/python[^\n]*$/) });
  });
});
