// drift: what changed between two tables is named column by column, and what did not is left alone.
import { describe, expect, it } from "vitest";
import { takenRows } from "../../src/measure/columns-rows.ts";
import type { MeasuredTable } from "../../src/measure/columns-table.ts";
import { driftSteps } from "../../src/measure/drift.ts";
import { permutation, random } from "../../src/random.ts";
import { atOnce } from "../support/at-once.ts";
import { category, mixedTable, numeric, tableOf } from "../support/measured-tables.ts";
import { normals } from "../support/repetition.ts";

const tableDrift = atOnce(driftSteps);

const boosting = { iterations: 20 };
const named = (before: MeasuredTable, after: MeasuredTable, name: string) => {
  const found = tableDrift(before, after, { boosting }).columns.find(({ column }) => column === name);
  if (found === undefined) throw new Error("there is such a column");
  return found;
};

describe("the drift between two tables", () => {
  it("is nothing between two samples of one law, or between a table and itself", () => {
    const cases = [
      {
        after: mixedTable(800, "b"),
        whole:
          /Boosted trees (cannot tell whole rows apart|did not tell whole rows apart, but with 240 rows .* is possible) \(AUC 0\.\d{3} ± /,
      },
      {
        after: mixedTable(800, "a"),
        whole: /Whole rows cannot be compared: .* rows stand in both tables \(AUC 0\.\d{3} ± /,
      },
    ];
    for (const { after, whole } of cases) {
      const drift = tableDrift(mixedTable(800, "a"), after, { boosting });
      expect(drift.columns.map(({ moved }) => moved)).toEqual([false, false, false]);
      expect(drift.sentence).toMatch(/^0 of 3 columns moved /);
      expect(drift.sentence).toMatch(whole);
      expect(drift.columns[0]?.sentence).toMatch(
        /did not move more than chance explains \(\d\.\d % ± \d\.\d %, chance gives /,
      );
    }
  });

  it("does not say that few rows cannot be told apart", () => {
    const drift = tableDrift(mixedTable(40, "a"), mixedTable(40, "b"), { boosting });
    expect(drift.sentence).toMatch(
      /There are too few rows to say whether whole rows can be told apart: an AUC up to (0\.[7-9]\d|1\.00) is possible \(AUC 0/,
    );
  });

  it("calls any column of two random halves of one table moved in at most 5 % of cases, however few their rows", () => {
    for (const rows of [10, 60]) {
      const halves = Array.from({ length: 100 }, (_, n) => {
        const table = mixedTable(rows, `halves ${n}`);
        const order = permutation(random(n), rows);
        const [first, second] = [order.subarray(0, rows / 2), order.subarray(rows / 2)];
        return tableDrift(takenRows(table, first), takenRows(table, second), { rows: 2 });
      });
      expect(halves.filter(({ columns }) => columns.some(({ moved }) => moved)).length).toBeLessThanOrEqual(5);
    }
  });

  it("finds a column that moved by two deviations with a dozen rows", () => {
    const { columns } = tableDrift(mixedTable(12, "a"), mixedTable(12, "b", 2));
    expect(columns[0]).toMatchObject({ column: "x", moved: true });
    expect(columns[0]?.pValue).toBeLessThan(0.05);
    expect(columns.slice(1).every(({ moved, pValue }) => !moved && pValue > 0.05)).toBe(true);
  });

  it("says by how much numbers moved, from where to where, the most moved column first", () => {
    const drift = tableDrift(mixedTable(1000, "a"), mixedTable(1000, "b", 2), { boosting });
    expect(drift.columns.map(({ column, moved }) => [column, moved])).toEqual([
      ["x", true],
      ["y", false],
      ["side", false],
    ]);
    expect(drift.columns[0]?.sentence).toMatch(
      /^x moved \(\d\d\.\d % ± .* chance gives 3\.9 %\): median -?0\.0\d+ → [12]\.\d+, middle half /,
    );
    expect(drift.sentence).toMatch(/^1 of 3 columns .* Whole rows can (mostly|almost always) be told apart, most by x/);
  });

  it("says which level changed, which are new and which are gone", () => {
    const rows = (shares: Readonly<Record<string, number>>) =>
      tableOf(
        category(
          "c",
          Object.entries(shares).flatMap(([level, count]) => new Array<string>(count).fill(level)),
        ),
      );
    const { sentence, moved } = named(rows({ a: 600, b: 300, old: 100 }), rows({ b: 310, a: 300, new: 390 }), "c");
    expect(moved).toBe(true);
    expect(sentence).toContain('"new" 0.0 % → 39.0 %; new: "new"; gone: "old".');
  });

  it("says how gaps changed, apart from the values", () => {
    const holes = (part: string, every: number) =>
      tableOf(
        numeric(
          "x",
          normals(900, part).map((value, i) => (i % every === 0 ? Number.NaN : value)),
        ),
      );
    const { sentence, moved } = named(holes("a", 100), holes("b", 3), "x");
    expect(moved).toBe(true);
    expect(sentence).toMatch(
      /^x moved by its gaps, whose share went from 1\.0 % to 33\.3 % ± 1\.6 %; its values did not move /,
    );
  });

  it("says of a column without values that it has none, and never both that it moved and that it did not", () => {
    const values = (count: number, value: number) => tableOf(numeric("x", new Array<number>(count).fill(value)));
    const gone = named(values(40, 3), values(40, Number.NaN), "x");
    expect(gone.moved).toBe(true);
    expect(gone.sentence).toBe(
      "x moved: it has no value in the second file; its share of gaps went from 0.0 % to 100.0 % ± 0.0 %.",
    );
    const never = named(values(40, Number.NaN), values(40, Number.NaN), "x");
    expect(never).toMatchObject({ moved: false, sentence: "x has no value in either file." });
    const changed = new Map([["x", "x is something else."]]);
    expect(tableDrift(values(3, 1), values(3, Number.NaN), { changed }).columns[0]).toMatchObject({
      moved: true,
      sentence: "x is something else.",
    });
  });

  it("writes numbers as asked, and does without the classifier where there are few rows", () => {
    const [a, b] = [
      tableOf(numeric("day", [1, 2, 3, 4, 5, 6, 7, 8])),
      tableOf(numeric("day", [11, 12, 13, 14, 15, 16, 17, 18])),
    ];
    const drift = tableDrift(a, b, { written: (value, column) => `${column} ${value}` });
    expect(drift.columns[0]?.sentence).toContain("median day 4.5 → day 14.5");
    expect(drift.classifier).toBeUndefined();
    expect(drift.sentence).toContain("too few rows to compare whole rows");
    expect(() => tableDrift(a, tableOf(numeric("x", [1, 2])))).toThrow(/column "day": expected a column of this name/);
  });
});
