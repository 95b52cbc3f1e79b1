// output: exit statuses, one-line errors, and numbers in words.
import { describe, expect, it } from "vitest";
import { alignedTable, errorText, spokenBytes, spokenTime, statusOf, withError } from "../../src/cli/output.ts";
import { failure } from "../../src/errors.ts";

const problem = { where: "here", expected: "this" };

describe("output", () => {
  it("gives bad usage 2, an interrupt 130 and everything else 1", () => {
    expect(statusOf(failure("option", problem))).toBe(2);
    expect(statusOf(failure("interrupted", problem))).toBe(130);
    for (const error of [failure("data", problem), failure("runtime", problem), new Error("bug"), "text"])
      expect(statusOf(error)).toBe(1);
  });

  it("says an error in one line, and where only with debug", () => {
    expect(errorText(failure("data", problem), false)).toBe("localflow: here: expected this\n");
    expect(errorText(new Error("first\n  second"), false)).toBe(
      "localflow: first second (unexpected; --debug shows where)\n",
    );
    const debugged = errorText(failure("file", problem, new Error("the disk")), true);
    expect(debugged).toMatch(/^localflow: here: expected this\nLocalFlowError: /);
    expect(debugged).toContain("caused by Error: the disk");
  });

  it("leaves out a standard error of which nothing is known", () => {
    expect([withError(1.23456, 0.01), withError(2, 0)]).toEqual(["1.2346 ± 0.0100", "2.0000 ± 0.0000"]);
    for (const unknown of [null, Number.NaN]) expect(withError(2, unknown)).toBe("2.0000");
  });

  it("rounds times without ever saying 60 seconds of a minute", () => {
    expect([3.21, 45.6, 119.7, 3599.9, 7380].map(spokenTime)).toEqual(["3.2 s", "46 s", "2m 00s", "1h 00m", "2h 03m"]);
  });

  it("says sizes in binary units", () => {
    expect([0, 512, 1536, 2 ** 31].map(spokenBytes)).toEqual(["0 B", "512 B", "1.5 KiB", "2.0 GiB"]);
  });

  it("aligns the first column left and the others right", () => {
    expect(
      alignedTable(
        ["name", "n"],
        [
          ["a", "10"],
          ["long name", "9"],
        ],
      ),
    ).toBe("name        n\na          10\nlong name   9");
  });
});
