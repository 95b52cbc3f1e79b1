// amounts: steps of a column's grid are said as people say them.
import { describe, expect, it } from "vitest";
import { spokenStep } from "../../../src/tasks/table/amounts.ts";

describe("the step of a grid", () => {
  it.each([
    [864e5, "1 day"],
    [7 * 864e5, "7 days"],
    [36e5, "1 hour"],
    [15 * 6e4, "15 minutes"],
    [90e3, "90 seconds"],
    [100, "100 milliseconds"],
  ])("%f milliseconds between dates are %s", (step, said) => {
    expect(spokenStep(step, "date")).toBe(said);
  });

  it("of numbers is a number, without what rounding adds", () => {
    expect(spokenStep(0.1 + 0.2, "number")).toBe("0.3");
    expect(spokenStep(864e5, "number")).toBe("86400000");
  });
});
