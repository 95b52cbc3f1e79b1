// steps: long work gives the same at once and in turns, and ends where a turn throws.
import { describe, expect, it } from "vitest";
import { coverageSteps } from "../../src/measure/coverage.ts";
import { inTurns, type Steps } from "../../src/measure/steps.ts";
import { twoSampleSteps } from "../../src/measure/two-sample-classifier.ts";
import { finished } from "../support/at-once.ts";
import { mixedTable } from "../support/measured-tables.ts";

function* counted(log: number[]): Steps<string> {
  for (let step = 1; step <= 3; step++) {
    log.push(step);
    yield;
  }
  return "done";
}

describe("work in steps", () => {
  it("is finished at once, or with a turn after every step", async () => {
    const log: number[] = [];
    expect(finished(counted(log))).toBe("done");
    let turns = 0;
    const turn = async () => {
      turns++;
    };
    expect(await inTurns(counted(log), turn)).toBe("done");
    expect({ log, turns }).toEqual({ log: [1, 2, 3, 1, 2, 3], turns: 3 });
  });

  it("ends where a turn throws", async () => {
    const log: number[] = [];
    await expect(inTurns(counted(log), () => Promise.reject(new Error("stop")))).rejects.toThrow("stop");
    expect(log).toEqual([1]);
  });

  it("finds the same as without turns, and has many of them in long measures", async () => {
    const [a, b] = [mixedTable(400, "a"), mixedTable(400, "b")];
    let turns = 0;
    const turn = async () => {
      turns++;
    };
    expect(await inTurns(coverageSteps(a, b), turn)).toEqual(finished(coverageSteps(a, b)));
    expect(turns).toBeGreaterThan(20);
    turns = 0;
    await inTurns(twoSampleSteps(a, b, { boosting: { iterations: 15 } }), turn);
    expect(turns).toBe(15);
  });
});
