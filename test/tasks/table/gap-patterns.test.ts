// gap patterns: columns whose gaps hang together without an exception are found, and said with a constraint that can be read.
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import { fillUniform, random } from "../../../src/random.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { type GapPattern, gapPatternNotices, gapPatterns } from "../../../src/tasks/table/gap-patterns.ts";
import { tableFindings } from "../../../src/tasks/table/prepare-table.ts";

/** Rows of two columns with values where `isThere` says so of two coins of a row. */
function table(rows: number, isThere: (a: boolean, b: boolean) => readonly [boolean, boolean], names = ["a", "b"]) {
  const coins = new Float32Array(2 * rows);
  fillUniform(random("gaps"), coins);
  return cellTableOf(
    Array.from({ length: rows }, (_, row) => {
      const [a, b] = isThere(coins[2 * row]! < 0.5, coins[2 * row + 1]! < 0.5);
      return { whole: row * 0.37, [names[0]!]: a ? row * 0.5 : null, [names[1]!]: b ? row * 0.25 : null };
    }),
  );
}
const patternsOf = (of: ReturnType<typeof table>) => gapPatterns(detectSchema(of), of);

it.each<[GapPattern["never"], (a: boolean, b: boolean) => readonly [boolean, boolean], string]>([
  ["missing alone", (a) => [a, a], "a == null && b == null || a != null && b != null"],
  ["known", (a, b) => [a && b, a && !b], "a == null || b == null"],
  ["missing", (a, b) => [a || b, a || !b], "a != null || b != null"],
  ["first missing alone", (a, b) => [a || b, b], "a != null || b == null"],
  ["second missing alone", (a, b) => [a, a || b], "b != null || a == null"],
])("%s is what no row has, and a constraint says so that all rows meet", (never, isThere, constraint) => {
  const made = table(400, isThere);
  expect(patternsOf(made)).toEqual([{ columns: ["a", "b"], never }]);
  const [notice = ""] = gapPatternNotices(patternsOf(made));
  expect(notice).toContain(`with --constraint '${constraint}' `);
  const { reports } = tableFindings({ table: made, seed: 0, constraints: [constraint] });
  expect(reports).toEqual([expect.objectContaining({ violations: 0 })]);
  expect(gapPatternNotices(patternsOf(made), reports)).toEqual([]);
  expect(gapPatternNotices(patternsOf(made), [{ constraint: "a < 9" }])).toHaveLength(1);
});

it("are none where gaps are independent, where rows are few, and beyond the first look at many rows", () => {
  expect(patternsOf(table(400, (a, b) => [a, b]))).toEqual([]);
  expect(patternsOf(table(20, (a) => [a, a]))).toEqual([]);
  const many = table(9000, (a) => [a, a]);
  expect(patternsOf(many)).toEqual([{ columns: ["a", "b"], never: "missing alone" }]);
  const b = many.columns[2]!;
  const last = b.codes.slice();
  last[8999] = (last[8999] ?? -1) < 0 ? 0 : -1;
  const broken = { ...many, columns: [many.columns[0]!, many.columns[1]!, { ...b, codes: last }] };
  expect(patternsOf(broken).map(({ never }) => never)).not.toContain("missing alone");
});

it.each([
  [["null", "a `b\\ c"], (a: boolean) => [a, a] as const],
  [["it's $HOME", '"`id`" \\'], (a: boolean) => [a, a] as const],
  [["tab\there", "line\r\nend"], (a: boolean) => [a, a] as const],
  [["it's", "$(x)"], (a: boolean, b: boolean) => [a && b, a && !b] as const],
])("name columns that are no plain words so that a shell and a constraint can read them: %j", (names, isThere) => {
  const made = table(400, isThere, [...names]);
  const [notice = ""] = gapPatternNotices(patternsOf(made));
  const [, word = ""] = /--constraint (.*) (?:all of them|none)$/.exec(notice) ?? [];
  const constraint = execFileSync("sh", ["-c", `printf %s ${word}`], { encoding: "utf8" });
  const { reports } = tableFindings({ table: made, seed: 0, constraints: [constraint] });
  expect(reports).toEqual([expect.objectContaining({ violations: 0 })]);
});

it("are said one by one for three pairs, those that are never known together first", () => {
  const names = ["a", "b", "c", "d"];
  const pairs = names.flatMap((a, k) =>
    names.slice(k + 1).map((b): GapPattern => ({ columns: [a, b], never: "missing" })),
  );
  const notices = gapPatternNotices([...pairs, { columns: ["a", "e"], never: "known" }]);
  expect(notices).toHaveLength(4);
  expect(notices[0]).toContain('"a" and "e"');
  expect(notices[3]).toContain("4 more pairs");
});
