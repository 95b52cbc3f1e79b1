// check: when a benchmark counts as regressed.
import { describe, expect, it } from "vitest";
import type { Row } from "../../benchmarks/benchmark.ts";
import { type Committed, merged, slack, usualSlack, verdictLine, verdicts } from "../../benchmarks/check.ts";

const row = (name: string, shape: string, calibrated?: number): Row => ({
  name,
  shape,
  command: "",
  ours: { medianMs: 1, minMs: 1, maxMs: 1 },
  ...(calibrated !== undefined && { calibrated }),
});
const committed: readonly Committed[] = [
  { name: "training", shape: "tree", threads: 2, calibrated: 4 },
  { name: "training", shape: "tree", threads: 1, calibrated: 2 },
  { name: "startup", shape: "help", threads: 2, calibrated: 10 },
];

describe("verdicts", () => {
  it("lets a time grow by the slack and no further", () => {
    const kinds = (times: number) => verdicts([row("training", "tree", 4 * times)], committed, 2)[0]?.kind;
    expect(kinds(0.5)).toBe("held");
    expect(kinds(usualSlack - 0.01)).toBe("held");
    expect(kinds(usualSlack + 0.01)).toBe("regressed");
  });

  it("compares with what the same number of threads reached", () => {
    const [one] = verdicts([row("training", "tree", 4)], committed, 1);
    expect(one).toMatchObject({ kind: "regressed", times: 2 });
    expect(verdicts([row("training", "tree", 4)], committed, 8)[0]?.kind).toBe("unknown");
  });

  it("gives whole processes more room", () => {
    const [found] = verdicts([row("startup", "help", 19)], committed, 2);
    expect(found).toMatchObject({ kind: "held", allowed: slack["startup"] });
  });

  it("says what it cannot judge instead of passing over it", () => {
    const found = verdicts([row("training", "new", 4), row("training", "tree")], committed, 2);
    expect(found.map(({ kind }) => kind)).toEqual(["unknown", "unknown"]);
    expect(found.map(verdictLine).join("\n")).toMatch(/training new: nothing is committed.*\n.*not calibrated/);
  });

  it("prints how much slower a row became", () => {
    const lines = verdicts([row("training", "tree", 8)], committed, 2).map(verdictLine);
    expect(lines).toEqual(["regressed  training tree: 2.00 times the committed time, 1.30 allowed"]);
  });
});

describe("merged", () => {
  it("replaces rows of the same name, shape and threads and keeps the others", () => {
    const found = merged(committed, [row("training", "tree", 2.51234), row("density", "d2", 7), row("fit", "x")], 2);
    expect(found).toEqual([
      { name: "training", shape: "tree", threads: 2, calibrated: 2.512 },
      committed[1],
      committed[2],
      { name: "density", shape: "d2", threads: 2, calibrated: 7 },
    ]);
  });
});
