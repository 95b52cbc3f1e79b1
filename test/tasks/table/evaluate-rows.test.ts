// evaluate-table: synthetic rows are judged beside real rows and baselines, in numbers that survive JSON and in plain words.
import { beforeAll, describe, expect, it } from "vitest";
import type { MeasuredTable } from "../../../src/measure/columns-table.ts";
import { independentColumns } from "../../../src/measure/copula.ts";
import { fillNormal, fillUniform, random } from "../../../src/random.ts";
import { privacySentence } from "../../../src/tasks/table/evaluate-privacy-verdict.ts";
import { type EvaluationTables, evaluateRows, type TableEvaluation } from "../../../src/tasks/table/evaluate-rows.ts";
import { privacyMetricNames, tableMetricNames } from "../../../src/tasks/table/evaluate-table-metrics.ts";
import { tableEvaluationPage } from "../../../src/tasks/table/evaluate-table-page.ts";
import { noGuarantee, tableVerdict } from "../../../src/tasks/table/evaluate-table-verdict.ts";
import { category, mixedTable, numeric, tableOf } from "../../support/measured-tables.ts";

const [train, heldOut] = [mixedTable(900, "train"), mixedTable(800, "held-out")];
const options = { seed: 3, target: "side", boosting: { iterations: 20 } } as const;
const evaluated = (synthetic: MeasuredTable) => evaluateRows({ train, heldOut, synthetic }, options);
const excess = ({ measures }: TableEvaluation, name: keyof TableEvaluation["measures"]) => {
  const metric = measures[name];
  if (metric === undefined) throw new Error(`${name} is measured`);
  return (metric.value - metric.floor.value) / Math.hypot(metric.standardError ?? 0, metric.floor.standardError ?? 0);
};

describe("the evaluation of synthetic rows", () => {
  let fresh: TableEvaluation;
  let shuffled: TableEvaluation;
  let copied: TableEvaluation;
  beforeAll(async () => {
    fresh = await evaluated(mixedTable(700, "fresh"));
    shuffled = await evaluated(independentColumns(train).sample(random(9), 900));
    copied = await evaluated(train);
  });

  it("finds fresh rows of the law as good as real ones by every measure, and says so", () => {
    expect(Object.keys(fresh.measures)).toEqual(tableMetricNames.filter((name) => name !== "gapPatterns"));
    for (const name of tableMetricNames) {
      if ((fresh.measures[name]?.standardError ?? null) === null || name === "categoryCoverage") continue;
      if (name !== "identicalRows") expect(Math.abs(excess(fresh, name)), name).toBeLessThan(4);
    }
    expect(fresh.measures.identicalRows?.value).toBe(0);
    expect(fresh.rows).toEqual({ train: 900, heldOut: 800, synthetic: 700, compared: 700 });
    const verdict = fresh.verdict.join(" ");
    expect(verdict).toMatch(
      /Columns taken alone are \S+ % off; that is not more than chance explains \(real rows \S+ %\)/,
    );
    expect(verdict).toContain("Boosted trees cannot tell whole rows from real ones");
    expect(verdict).toContain("as well as models trained on real rows");
    expect(verdict).toContain("No sign that training rows were copied");
  });

  it("says that rows are not told from real ones as strongly as the rows that test it allow", async () => {
    const { c2st, ...others } = fresh.measures;
    if (c2st === undefined) throw new Error("rows are told apart");
    const verdictOf = (rows: number, value = 0.5, standardError: number | null = 0) => {
      const found = { ...c2st, value, standardError };
      const counts = { ...fresh.rows, heldOut: 2 * rows, compared: rows };
      return tableVerdict({ ...fresh, measures: { ...others, c2st: found }, rows: counts }).join(" ");
    };
    expect(verdictOf(700)).toContain("Boosted trees cannot tell whole rows from real ones (AUC 0.500, ");
    expect(verdictOf(150)).toContain(
      "Boosted trees did not tell whole rows from real ones, but with 45 rows of each to test on, an AUC up to 0.62 is possible (AUC 0.500, ",
    );
    for (const few of [verdictOf(40), verdictOf(40, 0.5, null), verdictOf(700, 0.55, 0.08)])
      expect(few).toMatch(
        /There are too few rows to say whether boosted trees can tell whole rows from real ones: with \d+ rows .* an AUC up to 0\.7\d is possible/,
      );
    expect(verdictOf(40, 0.9, 0.02)).toContain("Boosted trees almost always tell whole rows from real ones");
    const few = { train: mixedTable(40, "few"), heldOut: mixedTable(40, "others"), synthetic: mixedTable(40, "more") };
    expect((await evaluateRows(few, options)).verdict.join(" ")).toContain("There are too few rows to say whether");
  });

  it("is no surer of privacy and of missing rows than few rows allow, and says how many it takes", async () => {
    const verdicts = async (rows: number) => {
      const heldOut = mixedTable(rows, `few ${rows}`);
      const found = await evaluateRows({ train, heldOut, synthetic: mixedTable(300, "drawn") }, { seed: 3 });
      return found.verdict.join(" ");
    };
    for (const rows of [2, 3, 5]) {
      const verdict = await verdicts(rows);
      expect(verdict).toMatch(
        new RegExp(
          `There are too few rows to say .*recognised: with ${rows} held-out rows .* AUC up to (1\\.00|0\\.9\\d) .*; about 67 are needed\\.`,
        ),
      );
      expect(verdict).not.toMatch(/No sign|shine through|rows are missing/);
    }
    expect(await verdicts(50)).toMatch(/No sign that .*, but with 50 held-out rows an attack .* about 67 are needed\./);
    const copies = await evaluateRows({ train, heldOut: mixedTable(30, "some"), synthetic: train }, { seed: 3 });
    expect(copies.verdict.join(" ")).toMatch(/Signs that training rows shine through: 100\.0 % .* AUC 1\.000/);
  });

  it("says so where the held-out rows are no rows of the law of the training rows, and finds no copies by that", async () => {
    const gone = (table: MeasuredTable): MeasuredTable => ({
      ...table,
      columns: table.columns.map((column) =>
        column.kind === "numeric" && column.name === "x"
          ? { ...column, values: column.values.map((value) => value + 100) }
          : column,
      ),
    });
    const { verdict } = await evaluateRows(
      { train, heldOut: gone(mixedTable(300, "held-out")), synthetic: mixedTable(300, "drawn") },
      options,
    );
    expect(verdict.join(" ")).toMatch(
      /tell the held-out rows from other real rows too \(AUC 1\.000\): hold out a random part/,
    );
    expect(verdict.join(" ")).toMatch(
      /Whether training rows can be recognised is not known: .* 0\.0 % of the rows equal a/,
    );
    expect(verdict.join(" ")).not.toMatch(/shine through|There are too few rows/);
    expect(fresh.verdict.join(" ")).not.toContain("other real rows too");
  });

  it("calls nothing a sign that its standard error hides because all of a few rows are alike", () => {
    const { identicalRows, membership, closerToTrain } = fresh.measures;
    if (!identicalRows || !membership || !closerToTrain) throw new Error("privacy is measured");
    const known = { identicalRows, membership, closerToTrain };
    const sentenceOf = (name: keyof typeof known, value: number, counts: { heldOut?: number; synthetic?: number }) => {
      const measures = { ...known, [name]: { ...known[name], value, standardError: 0 } };
      return privacySentence({ measures, rows: { ...fresh.rows, train: 900, ...counts } });
    };
    const sentence = (name: keyof typeof known, value: number, heldOut: number) => sentenceOf(name, value, { heldOut });
    for (const [name, words] of [
      ["membership", "with AUC 1.000"],
      ["closerToTrain", "100.0 % of the rows are nearer to a training row"],
      ["identicalRows", "100.0 % of the rows equal a training row"],
    ] as const) {
      expect(sentence(name, 1, 2), name).toMatch(
        /There are too few rows to say .* it may be chance that .*; about \d+ are/,
      );
      expect(sentence(name, 1, 2)).toContain(words);
      expect(sentence(name, 1, 30)).toMatch(/^Signs that training rows shine through/);
      expect(sentence(name, 1, 30)).toContain(words);
    }
    expect(sentenceOf("closerToTrain", 1, { synthetic: 2 })).toMatch(
      /^There are too few rows .* with 2 synthetic rows /,
    );
    expect(sentenceOf("closerToTrain", 0.5, { synthetic: 20 })).not.toMatch(/by the measures here\.$/);
    expect(sentenceOf("closerToTrain", 1, { synthetic: 100 })).toMatch(/^Signs that training rows shine through/);
    const seen = { ...known.identicalRows, floor: { ...known.identicalRows.floor, value: 1 } };
    expect(privacySentence({ measures: { ...known, identicalRows: seen }, rows: fresh.rows })).toMatch(
      /is not known: 100\.0 % of the held-out/,
    );
    expect(sentence("identicalRows", 0.02, 100)).toMatch(
      /it may be chance that 2\.0 % .*; about (?!100\b)\d{3} are needed/,
    );
    expect(sentence("identicalRows", 0.02, 1000)).toContain("Signs that training rows shine through: 2.0 %");
  });

  it("catches independent columns by pairs, rows and use, and not by columns or privacy", () => {
    for (const name of ["pairTrends", "c2st"] as const) expect(excess(shuffled, name), name).toBeGreaterThan(8);
    expect(excess(shuffled, "utility")).toBeLessThan(-5);
    expect(Math.abs(excess(shuffled, "columnShapes"))).toBeLessThan(2);
    for (const name of ["closerToTrain", "membership"] as const) expect(excess(shuffled, name), name).toBeLessThan(3);
    const { value, baselines } = shuffled.measures.pairTrends ?? { value: 0, baselines: { independent: { value: 1 } } };
    expect(value / baselines.independent.value).toBeCloseTo(1, 1);
    expect(shuffled.pairs[0]?.columns).toContain("x");
    expect(shuffled.verdict.join(" ")).toContain("Pairs of columns are");
    expect(shuffled.verdict.join(" ")).toContain("worse than models trained on real rows");
    expect(shuffled.verdict.join(" ")).toContain("No sign that training rows were copied");
  });

  it("names a pair whose dependence is lost although the mean of all pairs is at its floor", async () => {
    const rowsOf = (seed: string, rows: number, correlation: number) => {
      const draws = new Float32Array(8 * rows);
      fillNormal(random(seed), draws);
      const at = (row: number, k: number) => draws[8 * row + k]!;
      const all = Array.from({ length: rows }, (_, row) => row);
      const gapped = (values: readonly number[], k: number) =>
        values.map((value, row) => (at(row, k) < 0.25 ? Number.NaN : value));
      const other = (row: number) => correlation * at(row, 0) + Math.sqrt(1 - correlation ** 2) * at(row, 1);
      const letters = (k: number) => all.map((row) => "abcdef"[Math.floor(Math.abs(at(row, k)) * 3) % 6]!);
      return tableOf(
        numeric(
          "x",
          gapped(
            all.map((row) => at(row, 0)),
            2,
          ),
        ),
        numeric("y", gapped(all.map(other), 3)),
        category("p", letters(4)),
        category("q", letters(5)),
        category("r", letters(6)),
      );
    };
    const real = { train: rowsOf("train", 400, 0.97), heldOut: rowsOf("held-out", 400, 0.97) };
    const [right, wrong] = await Promise.all(
      [0.97, 0.61].map((correlation) =>
        evaluateRows({ ...real, synthetic: rowsOf("drawn", 400, correlation) }, { seed: 1 }),
      ),
    );
    const pairsIn = (found: TableEvaluation | undefined) =>
      found?.verdict.find((sentence) => sentence.startsWith("Pairs"));
    expect(pairsIn(wrong)).toContain("that is not more than chance explains (real rows");
    expect(pairsIn(wrong)).toMatch(
      /1 of 10 pairs is further off than chance explains, most of all x and y \(.*\); its dependence is off, and not only its columns\.$/,
    );
    expect(pairsIn(right)).toContain("No pair by itself is further off");
    expect(wrong?.pairs.find(({ columns }) => columns.join() === "x,y")?.rows).toBeLessThan(100);
  });

  it("says of pairs whether their dependence is off or columns alone, of which the joint table tells, too", async () => {
    const rowsOf = (seed: string, shift: number, share: (x: number) => number) => {
      const draws = new Float32Array(2 * 500);
      fillUniform(random(seed), draws);
      const all = Array.from({ length: 500 }, (_, row) => ({ x: draws[2 * row]!, coin: draws[2 * row + 1]! }));
      return tableOf(
        numeric(
          "x",
          all.map(({ x }) => x + shift),
        ),
        category(
          "side",
          all.map(({ x, coin }) => (coin < share(x) ? "left" : "right")),
        ),
      );
    };
    const even = () => 0.5;
    const found = (synthetic: MeasuredTable) =>
      evaluateRows({ train: rowsOf("a", 0, even), heldOut: rowsOf("b", 0, even), synthetic }, { seed: 1 });
    const [moved, tied] = [await found(rowsOf("c", 0.5, even)), await found(rowsOf("d", 0, (x) => x))];
    const off = "By itself 1 of 1 pair is further off than chance explains, most of all x and side";
    expect(moved.verdict.join(" ")).toContain(off);
    expect(moved.verdict.join(" ")).toContain(
      "its columns alone explain that, and its dependence is not shown to be off",
    );
    expect(moved.pairs[0]?.dependence?.pValue).toBeGreaterThan(0.01);
    expect(tableEvaluationPage(moved, "rows")).toContain("columns alone");
    expect(tied.verdict.join(" ")).toContain(off);
    expect(tied.verdict.join(" ")).toContain("its dependence is off, and not only its columns");
    expect(tied.pairs[0]?.dependence?.pValue).toBeLessThan(1e-4);
    expect(tableEvaluationPage(tied, "rows")).toContain(">dependence<");
  });

  it("calls scores of models that learnt from synthetic and from real rows equal only where the rows can tell", () => {
    const { utility } = fresh.measures;
    if (utility === undefined) throw new Error("a target is predicted");
    const told = (value: number, standardError: number | null, counts = {}) => {
      const floor = { value: 0.635, standardError: standardError === null ? null : 0.03 };
      const measures = { utility: { ...utility, value, standardError, floor } };
      return tableVerdict({ ...fresh, measures, rows: { ...fresh.rows, heldOut: 150, ...counts } })[0];
    };
    expect(told(0.552, 0.045)).toBe(
      "Models trained on the synthetic rows are not shown to predict real ones worse than models trained on real rows, but with 150 held-out rows to test on, 0.19 less is possible (0.552 against 0.635).",
    );
    expect(told(0.552, 0.1, { train: 0 })).toMatch(
      /^There are too few rows to say whether models .* as well as .*: with 75 held-out rows to test on, 0\.29 less is possible \(0\.552 against 0\.635\)\.$/,
    );
    expect(told(0.552, null)).toMatch(/^There are too few rows to say .* any difference is possible/);
    expect(told(0.632, 0.03)).toMatch(/ as well as models trained on real rows \(0\.632 against 0\.635\)\.$/);
    expect(told(0.2, 0.045)).toMatch(/ worse than models trained on real rows \(/);
  });

  it("takes differences that are but rounding for none where nothing has an error", () => {
    const { columnShapes } = fresh.measures;
    if (columnShapes === undefined) throw new Error("columns are measured");
    const floor = { value: 0.3, standardError: 0 };
    const measures = { columnShapes: { ...columnShapes, value: 0.1 + 0.2, standardError: 0, floor } };
    expect(tableVerdict({ ...fresh, measures })[0]).toContain("not more than chance explains");
  });

  it("catches gaps that come together in real rows and by themselves in synthetic ones by their patterns alone", async () => {
    const rowsOf = (seed: string, rows: number, isTogether: boolean) => {
      const draws = new Float32Array(4 * rows);
      fillUniform(random(seed), draws);
      const column = (value: number, coin: number) =>
        Array.from({ length: rows }, (_, row) => (draws[4 * row + coin]! < 0.4 ? Number.NaN : draws[4 * row + value]!));
      return tableOf(numeric("a", column(0, 2)), numeric("b", column(1, isTogether ? 2 : 3)));
    };
    const real = { train: rowsOf("train", 400, true), heldOut: rowsOf("held-out", 400, true) };
    const [right, wrong] = await Promise.all(
      [true, false].map((isTogether) =>
        evaluateRows({ ...real, synthetic: rowsOf("drawn", 400, isTogether) }, { seed: 1 }),
      ),
    );
    expect(right?.measures.gapPatterns?.value).toBeLessThan(0.1);
    expect(right?.verdict.find((sentence) => sentence.includes("Gaps of two"))).toContain("not more than chance");
    expect(wrong?.measures.gapPatterns?.value).toBeCloseTo(0.48, 1);
    expect(wrong?.measures.gapRates?.value).toBeLessThan(0.1);
    expect(wrong?.verdict.find((sentence) => sentence.includes("Gaps of two"))).toMatch(
      /that is more than chance explains .*; by itself 1 of 1 pair is off by more than .* most of all a and b/,
    );
  });

  it("catches copied training rows by every privacy measure, and by no measure of fidelity", () => {
    for (const name of ["columnShapes", "pairTrends", "c2st"] as const)
      expect(excess(copied, name), name).toBeLessThan(3);
    // 800 of the 900 training rows are looked at, where as many held-out ones are needed.
    for (const name of ["closerToTrain", "nearness", "identicalRows", "membership", "membershipAtOnePercent"] as const)
      expect(copied.measures[name]?.value, name).toBeGreaterThan(0.9);
    expect(copied.verdict.join(" ")).toContain("100.0 % of the rows equal a training row, 0.0 % of held-out rows do");
    expect(copied.verdict.join(" ")).toContain("an attacker tells training from held-out rows");
  });

  it("ends every verdict with what is not guaranteed", () => {
    expect(noGuarantee).toContain("no differential privacy guarantee");
    for (const { verdict } of [fresh, shuffled, copied]) expect(verdict.at(-1)).toBe(noGuarantee);
  });

  it("is plain JSON, the same for the same seed, and leaves its tables alone", async () => {
    expect(JSON.parse(JSON.stringify(fresh))).toEqual(fresh);
    const synthetic = mixedTable(700, "fresh");
    const before = structuredClone({ train, heldOut, synthetic });
    expect(await evaluated(synthetic)).toEqual(fresh);
    expect({ train, heldOut, synthetic }).toEqual(before);
  });

  it("is shown as a page that names every measure, column and baseline and holds the numbers", () => {
    const page = tableEvaluationPage(shuffled, "rows & <more>");
    for (const { title, definition } of Object.values(shuffled.measures)) {
      expect(page).toContain(title);
      expect(page).toContain(definition.slice(0, 30).replaceAll("'", "&#39;"));
    }
    for (const part of ["rows &amp; &lt;more&gt;", "Gaussian copula", "floor: real rows", "x · y", noGuarantee])
      expect(page).toContain(part);
    const json = page.match(/<script type="application\/json" id="localflow">([\s\S]*?)<\/script>/)?.[1] ?? "";
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(shuffled)));
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe("an evaluation", () => {
  const small = { train: mixedTable(20, "a"), heldOut: mixedTable(12, "b"), synthetic: mixedTable(15, "c") };

  it("leaves out what few rows do not allow, and says so", async () => {
    const evaluation = await evaluateRows(small, { pairs: 2 });
    expect(evaluation.measures.c2st).toBeUndefined();
    expect(evaluation.measures.utility).toBeUndefined();
    expect(evaluation.notes.join(" ")).toMatch(/needs 30 rows of each table.* Of 3 pairs of columns 2 were looked at/);
    expect(tableEvaluationPage(evaluation, "small")).toContain("needs 30 rows of each table");
  });

  it("takes a half of the held-out rows for training rows where there are none, and says nothing of privacy", async () => {
    const synthetic = independentColumns(train).sample(random(9), 900);
    const evaluation = await evaluateRows({ heldOut, synthetic }, { seed: 3, boosting: { iterations: 20 } });
    expect(evaluation.rows).toEqual({ train: 0, heldOut: 800, synthetic: 900, compared: 400 });
    for (const name of privacyMetricNames) expect(evaluation.measures[name], name).toBeUndefined();
    expect(evaluation.distances).toBeUndefined();
    for (const name of ["pairTrends", "c2st"] as const) expect(excess(evaluation, name), name).toBeGreaterThan(5);
    expect(evaluation.verdict.join(" ")).toContain("Whether training rows were copied is not known");
    expect(evaluation.verdict.at(-1)).toBe(noGuarantee);
    expect(evaluation.notes[0]).toContain("There are no training rows");
    expect(tableEvaluationPage(evaluation, "rows")).not.toMatch(/NaN|undefined|Infinity/);
    await expect(evaluateRows({ heldOut: mixedTable(3, "b"), synthetic })).rejects.toThrow(/at least 4 held-out rows/);
  });

  it("holds rows of further generators beside, and ranks plain Flow Matching in words", async () => {
    const rivals = { "flow-wide": mixedTable(700, "rival"), other: mixedTable(500, "other") };
    const synthetic = independentColumns(train).sample(random(9), 700);
    const evaluation = await evaluateRows({ train, heldOut, synthetic, rivals }, options);
    const { quality, c2st } = evaluation.measures;
    expect(Object.keys(quality?.baselines ?? {}).sort()).toEqual(["copula", "flow-wide", "independent", "other"]);
    expect(quality?.baselines["flow-wide"]?.value).toBeGreaterThan(quality?.value ?? 1);
    expect(c2st?.baselines["flow-wide"]?.value).toBeLessThan(c2st?.value ?? 0);
    expect(evaluation.verdict.join(" ")).toMatch(
      /the model is worse than plain Flow Matching on the same budget \(flow-wide/,
    );
  });

  it("has a quality that is 1 less the mean of both distances, and 1 less the shapes of a single column", async () => {
    const both = (await evaluateRows(small)).measures;
    const mean = ((both.columnShapes?.value ?? 0) + (both.pairTrends?.value ?? 0)) / 2;
    expect(both.quality?.value).toBeCloseTo(1 - mean, 12);
    const one = ({ rows, columns }: MeasuredTable) => ({ rows, columns: columns.slice(0, 1) });
    const alone = await evaluateRows({
      train: one(small.train),
      heldOut: one(small.heldOut),
      synthetic: one(small.synthetic),
    });
    expect(alone.measures.quality?.value).toBeCloseTo(1 - (alone.measures.columnShapes?.value ?? 0), 12);
  });

  it("looks for near rows among fewer where there are many columns, says so, and stops in between", async () => {
    const wide = (rows: number, name: string): MeasuredTable => {
      const columns = Array.from({ length: 25 }, (_, k) => mixedTable(rows, `${name} ${k}`).columns[2]!);
      return { rows, columns: columns.map((column, k) => ({ ...column, name: `c${k}` })) };
    };
    const tables = { train: wide(1200, "a"), heldOut: wide(700, "b"), synthetic: wide(700, "c") };
    const few = { rows: 1000, neighbourhoodRows: 200, pairs: 5, boosting: { iterations: 3 } };
    const evaluation = await evaluateRows(tables, few);
    expect(evaluation.notes.join(" ")).toContain("among 500 rows of each table at most: there are 25 columns");
    const controller = new AbortController();
    const stopped = evaluateRows(tables, {
      ...few,
      // Enough work to be interrupted in the middle of, on a fast machine too.
      boosting: { iterations: 500 },
      signal: controller.signal,
      onProgress: () => setTimeout(() => controller.abort(), 0),
    });
    await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
  });

  it("refuses too few rows by the name of their table and with how many it takes", async () => {
    const one = mixedTable(1, "one");
    const refused = async (tables: Partial<EvaluationTables>) => {
      const { heldOut, synthetic } = { ...small, ...tables };
      const found = evaluateRows({ ...small, ...tables, heldOut, synthetic });
      return found.then(
        () => "nothing",
        (error: Error) => error.message,
      );
    };
    expect(await refused({ heldOut: one })).toMatch(
      /^held-out rows: expected at least 2 held-out rows, got 1; give more/,
    );
    expect(await refused({ train: one })).toMatch(
      /^training rows: expected at least 2 training rows, got 1; give more/,
    );
    expect(await refused({ synthetic: one })).toBe("synthetic rows: expected at least 2 rows, got 1; give more rows");
    expect(await refused({ rivals: { "flow-wide": one } })).toBe(
      "flow-wide: expected at least 2 rows, got 1; give more rows",
    );
  });

  it("tells its progress, stops when asked, and refuses tables that do not match", async () => {
    const parts: string[] = [];
    await evaluateRows(small, { onProgress: (done, total, next) => parts.push(`${done}/${total} ${next}`) });
    expect(parts).toEqual([
      "0/4 synthetic rows",
      "1/4 real rows",
      "2/4 independent columns",
      "3/4 Gaussian copula",
      "4/4 done",
    ]);
    await expect(evaluateRows(small, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "interrupted" });
    const other = { ...small, synthetic: { rows: 15, columns: small.synthetic.columns.slice(1) } };
    await expect(evaluateRows(other)).rejects.toThrow(/column "x": expected a column of this name/);
  });
});

it("leaves out what few rows with a known target cannot tell, and says so", async () => {
  const few = mixedTable(9, "few");
  const { measures, notes } = await evaluateRows({ train, heldOut: few, synthetic: mixedTable(30, "drawn") }, options);
  expect(measures.utility).toBeUndefined();
  expect(measures.columnShapes).toBeDefined();
  expect(notes).toContain(
    'Train on synthetic, test on real was left out: it needs 10 rows of each table in which "side" is known.',
  );
});
