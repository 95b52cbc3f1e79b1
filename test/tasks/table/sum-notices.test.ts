// sum-notices: what is said of computed columns that rows have without all of their parts.
import { describe, expect, it } from "vitest";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import { findConstraints } from "../../../src/tasks/table/constraints.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { sumNotices } from "../../../src/tasks/table/sum-notices.ts";

/** 40 rows: `a` is missing in every fourth, `b` in every fifth, both in two, `total` in none but the first `lost`. */
function noticesOf(constraints: readonly string[], { lost = 0, gap = null as string | null } = {}): readonly string[] {
  const table = cellTableOf(
    Array.from({ length: 40 }, (_, n) => {
      const [a, b] = [n % 7, n % 11];
      const total = n < lost ? null : String(a + b);
      return { total, a: n % 4 === 0 ? gap : String(a), b: n % 5 === 0 ? null : String(b), all: String(a + b + 1) };
    }),
  );
  const schema = detectSchema(table);
  return sumNotices(findConstraints(constraints, table, schema).sums, schema, table);
}

describe("rows that have a sum without all of its parts", () => {
  const told = (from: string, rows: number, after: string, before: string) =>
    `computed from ${from}, of which ${rows} rows that have it lack one: about ${after} of drawn rows will have a gap there instead of ${before}; without that constraint it is learnt as it is`;

  it("are counted, with the share of drawn rows that will lack it", () => {
    expect(noticesOf(["total == a + b"])).toEqual([`column "total" is ${told("a, b", 16, "40 %", "0 %")}`]);
    expect(noticesOf(["total == a + b"], { lost: 2 })).toEqual([
      `column "total" is ${told("a, b", 15, "43 %", "5 %")}`,
    ]);
  });

  it("are counted through sums of sums, and where words are gaps", () => {
    expect(noticesOf(["all == total + 1", "total == a + b"], { gap: "?" })).toEqual([
      `column "total" is ${told("a, b", 16, "40 %", "0 %")}`,
      `column "all" is ${told("total", 16, "40 %", "0 %")}`,
    ]);
  });

  it("are none where sums are computed from columns without gaps, or nothing is computed", () => {
    expect(noticesOf(["all == total + 1"])).toEqual([]);
    expect(noticesOf(["all == total + 1"], { lost: 3 })).toHaveLength(1);
    expect(noticesOf(["total <= all"])).toEqual([]);
  });
});
