// compare-tables: two tables of one law do not differ beyond chance; what moved is found, named and told in words.
import { describe, expect, it } from "vitest";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import { fillUniform, random } from "../../../src/random.ts";
import { tableComparisonPage } from "../../../src/tasks/table/compare-page.ts";
import { compareTables } from "../../../src/tasks/table/compare-tables.ts";
import { type SmallRow, smallRows } from "../../support/small-table.ts";

const changed = (seed: number, change: (row: SmallRow, n: number) => object) =>
  cellTableOf(smallRows(600, seed).map(change));
const before = changed(1, (row) => row);

describe("the comparison of two tables", () => {
  it("finds two samples of one law no further apart than chance has them", async () => {
    const found = await compareTables(
      before,
      changed(2, (row) => row),
      { seed: 1 },
    );
    expect(found.rows).toEqual({ before: 600, after: 600 });
    expect(found.columns.filter(({ moved }) => moved)).toEqual([]);
    for (const measure of Object.values(found.measures))
      expect(Math.abs(measure.value - measure.floor.value)).toBeLessThan(0.08);
    expect(found.measures.quality?.value).toBeCloseTo(
      1 - ((found.measures.columnShapes?.value ?? 0) + (found.measures.pairTrends?.value ?? 0)) / 2,
      12,
    );
    expect(found.verdict.join(" ")).toMatch(
      /0 of 6 columns moved.*cannot tell whole rows apart.*0 of 15 pairs of columns changed/,
    );
    expect(found.notes).toEqual([]);
  });

  it("names the columns that moved first, and pairs whose dependence alone changed", async () => {
    const shifted = changed(2, (row) => ({ ...row, count: row.count + 6 }));
    const moved = await compareTables(before, shifted, { seed: 1 });
    expect(moved.columns[0]).toMatchObject({ column: "count", kind: "numeric", moved: true });
    expect(moved.columns.slice(1).some((column) => column.moved)).toBe(false);
    expect(moved.verdict.join(" ")).toMatch(/most by count.*count moved \(\d/);
    expect(moved.measures.c2st?.value).toBeGreaterThan(0.8);
    const sides = smallRows(600, 3).map(({ side }) => side);
    const torn = await compareTables(
      before,
      changed(2, (row, n) => ({ ...row, side: sides[n] })),
      { seed: 1 },
    );
    expect(torn.columns.filter((column) => column.moved)).toEqual([]);
    expect(torn.pairs[0]?.columns).toContain("side");
    expect(torn.verdict.join(" ")).toMatch(/dependence of \d+ of 15 pairs .*, most of all side and (x|count) \(\d/);
  });

  it("says of independent columns of which one moved that it moved, and not that their dependence changed", async () => {
    const moved = (shift: number, n: number) => {
      const draws = new Float32Array(2 * 600);
      fillUniform(random(n), draws);
      const cells = (row: number) => ({ v: draws[2 * row]! + shift, c: draws[2 * row + 1]! < 0.5 ? "a" : "b" });
      return cellTableOf(Array.from({ length: 600 }, (_, row) => cells(row)));
    };
    const { verdict, pairs, measures } = await compareTables(moved(0, 1), moved(0.6, 2), { seed: 1 });
    expect(measures.pairTrends?.value).toBeGreaterThan(0.5);
    expect(pairs).toMatchObject([{ columns: ["v", "c"], moved: false }]);
    expect(pairs[0]?.dependence?.pValue).toBeGreaterThan(0.01);
    expect(verdict.join(" ")).toContain(
      "The dependence of 0 of 1 pair of columns changed by more than chance explains. Of 1 pair the joint shares moved, but no further than its columns alone explain.",
    );
    const constant = (value: number) =>
      cellTableOf(Array.from({ length: 300 }, (_, row) => ({ v: value, c: row % 2 === 0 ? "a" : "b" })));
    const other = await compareTables(constant(1), constant(2), { seed: 1 });
    expect(other.measures.pairTrends).toMatchObject({ value: 1, standardError: 0 });
    expect(other.pairs[0]?.moved).toBe(false);
    expect(other.verdict.join(" ")).toMatch(/1 of 2 columns moved .* dependence of 0 of 1 pair /);
    const alone = cellTableOf(Array.from({ length: 300 }, (_, row) => ({ v: row % 7 })));
    expect((await compareTables(alone, alone)).verdict[0]).toContain("0 of 1 column moved");
  });

  it("asks for whole names, and for whole needs", async () => {
    const same = cellTableOf(smallRows(40, 1));
    const ask = (options: object) => compareTables(same, same, options);
    await expect(ask({ names: {} })).rejects.toThrow("names: expected what both tables are called, such as");
    await expect(ask({ needed: {} })).rejects.toThrow("needed: expected names of measures and who asks for them");
  });

  it("judges the dependence of pairs by probabilities that no seed decides", async () => {
    const one = await compareTables(
      before,
      changed(2, (row) => row),
      { seed: 1 },
    );
    const two = await compareTables(
      before,
      changed(2, (row) => row),
      { seed: 2 },
    );
    const judged = ({ pairs }: typeof one) =>
      new Map(pairs.map((pair) => [pair.columns.join(), [pair.dependence, pair.moved]]));
    expect(judged(two)).toEqual(judged(one));
    expect(one.pairs.every(({ dependence }) => dependence !== undefined)).toBe(true);
  });

  describe("of gaps of two columns", () => {
    /** Gaps of p and q with one share, and of r by itself with its own. */
    const gapped = (n: number, { isTogether = true, share = 0.4, ofR = 0.1 }) => {
      const draws = new Float32Array(6 * 400);
      fillUniform(random(n), draws);
      const cell = (row: number, value: number, coin: number, gaps: number) =>
        draws[6 * row + coin]! < gaps ? null : draws[6 * row + value]!;
      return cellTableOf(
        Array.from({ length: 400 }, (_, row) => ({
          p: cell(row, 0, 2, share),
          q: cell(row, 1, isTogether ? 2 : 3, share),
          r: cell(row, 4, 5, ofR),
        })),
      );
    };
    const together = gapped(1, {});

    it("says that they come together otherwise, and which, where their own shares do not explain it", async () => {
      const torn = await compareTables(together, gapped(2, { isTogether: false }), { seed: 1 });
      expect(torn.verdict.join(" ")).toMatch(
        /Which of two columns are gaps is otherwise in \d+\.\d % of the rows, on average over pairs that have gaps; that is more than chance explains \(chance gives \d\.\d %\); by itself 1 of 3 pairs is off by more than the columns' own shares of gaps explain, most of all p and q \(4\d\.\d %, chance gives \d\.\d %\)\./,
      );
      expect(torn.gapPairs.map(({ moved }) => moved)).toEqual([true, false, false]);
    });

    it("says that shares alone explain what shares alone do", async () => {
      const more = await compareTables(together, gapped(2, { share: 0.6, ofR: 0.3 }), { seed: 1 });
      expect(more.verdict.join(" ")).toMatch(
        /more than chance explains \(chance gives \d\.\d %\); the columns' own shares of gaps explain that\./,
      );
      expect(more.gapPairs.every(({ moved }) => !moved)).toBe(true);
    });

    it("says nothing where nothing changed", async () => {
      const same = await compareTables(together, gapped(2, {}), { seed: 1 });
      expect(same.measures.gapPatterns?.value).toBeLessThan(0.1);
      expect(same.verdict.join(" ")).not.toContain("are gaps");
      const none = await compareTables(gapped(1, { share: 0, ofR: 0.1 }), gapped(2, { share: 0, ofR: 0.3 }));
      expect(none.gapPairs).toEqual([]);
    });
  });

  it("says of few rows that they do not tell, and not that nothing changed", async () => {
    const few = (rows: number, from: number) =>
      cellTableOf(Array.from({ length: rows }, (_, n) => ({ x: from + n, y: n % 2 === 0 ? n : -n })));
    const { verdict } = await compareTables(few(15, 0), few(15, 0), { seed: 1 });
    expect(verdict.join(" ")).toMatch(
      /0 of 2 columns moved.*too few rows to say whether the dependence of columns changed/,
    );
    const [sentence] = (await compareTables(few(3, 0), few(3, 100), { seed: 1 })).verdict;
    expect(sentence).toBe("There are too few rows to say whether columns moved, and to compare whole rows.");
  });

  it("refuses a measure that is asked for where the tables lack what it takes, before it measures any", async () => {
    const stages: string[] = [];
    const two = (seed: number, rows = 600) => cellTableOf(smallRows(rows, seed).map(({ x, side }) => ({ x, side })));
    const asked = (names: readonly string[], after = two(2)) =>
      compareTables(two(1), after, {
        needed: { names, where: "asked:" },
        onStage: (text) => stages.push(text),
      });
    await expect(asked(["quality", "gapPatterns"])).rejects.toMatchObject({
      code: "option",
      message: "asked: gapPatterns: expected at least 2 columns with gaps, got 1; leave gapPatterns out of asked:",
    });
    await expect(asked(["c2st"], two(2, 20))).rejects.toThrow(/c2st: expected at least 30 rows of each table, got 20/);
    expect(stages).toEqual([]);
  });

  it("names levels that came and went with their rows, also where chance may explain it, and rare ones not", async () => {
    const cities = (names: readonly string[], rows = 200) =>
      cellTableOf(
        Array.from({ length: rows }, (_, n) => ({ v: n % 5, city: names[n] ?? (n % 2 === 0 ? "Rome" : "Oslo") })),
      );
    const [old, fresh] = [cities(Array(7).fill("Köln")), cities([...Array(5).fill("Cologne"), "Bonn", "Bonn"])];
    const { notes, columns } = await compareTables(old, fresh, { seed: 1 });
    expect(columns.every(({ moved }) => !moved)).toBe(true);
    expect(notes).toEqual([
      'Levels of "city": in the second file alone "Cologne" (5 rows); in the first file alone "Köln" (7 rows).',
    ]);
    expect((await compareTables(old, old)).notes).toEqual([]);
  });

  it("says where types changed, cells cannot be read, and columns came; a column that went is refused", async () => {
    const odd = changed(2, (row, n) => ({ ...row, count: n % 2 === 0 ? "many" : row.count, extra: 1 }));
    const { notes, columns } = await compareTables(before, odd, { seed: 1 });
    expect(notes.join(" ")).toMatch(
      /second file alone are left out: extra.*300 of 600 cells of column "count".*"many"/,
    );
    expect(columns[0]).toMatchObject({ column: "count", moved: true, gaps: { before: 0, after: 0.5 } });
    const less = cellTableOf(smallRows(50).map(({ vip }) => ({ vip })));
    await expect(compareTables(before, less)).rejects.toThrow(
      /the second file: expected the columns side.*without side/,
    );
  });

  it("says of numbers that became texts that they moved, and nothing else", async () => {
    const words = changed(2, (row, n) => ({ ...row, count: n % 2 === 0 ? "many" : "few" }));
    const { columns, notes } = await compareTables(before, words, { seed: 1 });
    expect(columns[0]).toMatchObject({ column: "count", moved: true });
    expect(columns[0]?.sentence).toMatch(
      /^count moved: it is a number in the first file and none in the second file\. 600 of 600 cells .*"(many|few)"/,
    );
    expect(columns[0]?.sentence).not.toMatch(/did not move/);
    expect(notes.join(" ")).toMatch(
      /"count" is taken for number, as in the first file, but by the second file alone it would be category/,
    );
  });

  it("takes columns without any value, speaks of dates as days, and refuses texts alone", async () => {
    const days = (first: number) =>
      cellTableOf(
        Array.from({ length: 100 }, (_, n) => ({
          when: new Date(first + (n % 40) * 86_400_000),
          never: n < 0 ? 1 : null,
        })),
      );
    const { columns } = await compareTables(days(Date.UTC(2024, 0, 1)), days(Date.UTC(2024, 5, 1)));
    expect(columns[0]?.sentence).toMatch(/median 2024-01-\d\d → 2024-06-\d\d/);
    const texts = cellTableOf(Array.from({ length: 40 }, (_, n) => ({ text: `no ${n} like it, ${n * n}` })));
    await expect(compareTables(texts, texts)).rejects.toThrow(/texts and ids alone/);
    await expect(compareTables(before, cellTableOf(smallRows(1)))).rejects.toThrow(
      /at least 2 rows, got 1; give more rows/,
    );
  });

  it("is plain JSON, the same for the same seed, shown as a page; a signal stops it", async () => {
    const after = changed(2, (row) => ({ ...row, x: row.x === null ? null : row.x + 1 }));
    const found = await compareTables(before, after, { seed: 5 });
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
    expect(await compareTables(before, after, { seed: 5 })).toEqual(found);
    const page = tableComparisonPage(found, "<old>.csv", "new.csv");
    expect(page).toContain("From &lt;old&gt;.csv to new.csv");
    expect(page).not.toMatch(/NaN|undefined|Infinity|<script src|https?:\/\/(?!www\.w3\.org)/);
    const json = page.match(/<script type="application\/json" id="localflow">([\s\S]*?)<\/script>/)?.[1] ?? "";
    expect(JSON.parse(json)).toEqual(found);
    await expect(compareTables(before, after, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "interrupted",
    });
  });
});
