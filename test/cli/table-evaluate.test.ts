// table-evaluate: whole command lines of `localflow evaluate` on a table's model, and on two tables.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/cli/program.ts";
import { missed, thresholds, worstTexts } from "../../src/cli/thresholds.ts";
import { privacyMetricNames, tableMetricNames } from "../../src/tasks/table/evaluate-table-metrics.ts";
import type { EvaluatedText } from "../../src/tasks/table/evaluate-texts.ts";
import { localflow } from "../support/command-line.ts";
import { smallRows } from "../support/small-table.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-table-evaluate-"));
const at = (name: string) => join(folder, name);
const [model, train, test, other] = [at("table.safetensors"), at("train.csv"), at("test.csv"), at("other.csv")];
const tiny = "--steps 0.3,free --hidden 24x1 --iterations 60 --batch-size 64 --threads 1".split(" ");

type Rows = ReturnType<typeof smallRows>;

function put(path: string, rows: Rows, cells = ({ side, x, count, vip }: Rows[number]) => [side, x ?? "", count, vip]) {
  writeFileSync(path, `side,x,count,vip\n${rows.map((row) => cells(row).join(",")).join("\n")}\n`);
}

const evaluate = (...args: readonly string[]) => localflow("evaluate", ...args, "--seed", "1", "--threads", "1");

async function json(...args: readonly string[]) {
  const { status, out, err } = await evaluate(...args, "--json", "--quiet");
  expect({ status, err }).toEqual({ status: 0, err: "" });
  return JSON.parse(out);
}

beforeAll(async () => {
  put(train, smallRows(300));
  put(test, smallRows(160, 2));
  put(other, smallRows(200, 3), ({ side, x, count, vip }) => [side, x ?? "", count + 8, vip]);
  expect(await localflow("fit", train, "-o", model, "--seed", "3", ...tiny)).toMatchObject({ status: 0 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("evaluate, of a table's model", () => {
  it("gives every measure with its floor and baselines, plain Flow Matching among them, as JSON and as a page", async () => {
    const args = ["--train", train, "--target", "side", "--plain", "-n", "200", "--report", at("r.html")];
    const result = await json(model, test, ...args);
    const oneWithGaps = tableMetricNames.filter((name) => name !== "gapPatterns");
    expect(Object.keys(result.measures)).toEqual(oneWithGaps);
    const estimate = { value: expect.any(Number), standardError: expect.toSatisfy((e) => e === null || e >= 0) };
    for (const measure of Object.values(result.measures))
      expect(measure).toMatchObject({
        ...estimate,
        floor: estimate,
        baselines: { independent: estimate, copula: estimate, "flow-wide": estimate },
      });
    expect(result).toMatchObject({
      task: "table",
      seed: 1,
      rows: { train: 300, heldOut: 160, synthetic: 200, compared: 200 },
      gradientSteps: 120,
      baselines: { "flow-wide": { gradientSteps: 120 } },
    });
    expect(result.baselines["flow-wide"].parameters / result.parameters).toBeCloseTo(1, 1);
    expect(result.verdict.at(-1)).toContain("no differential privacy guarantee");
    const page = readFileSync(at("r.html"), "utf8");
    expect(page).toContain("plain Flow Matching (wide)");
    expect(page).not.toMatch(/<script src|<link|url\(/);
    const twin = page.match(/<script type="application\/json" id="localflow">([\s\S]*?)<\/script>/)?.[1] ?? "";
    expect(JSON.parse(twin).measures).toEqual(result.measures);
  });

  it("shows a table, the verdict and what it leaves out without training rows", async () => {
    const { status, out, err } = await evaluate(model, test);
    expect(status).toBe(0);
    expect(out).toMatch(/^quality +higher +0\.\d+ ± /m);
    expect(out).toMatch(/^c2st +lower +0\.\d+ ± .*\*/m);
    for (const name of privacyMetricNames) expect(out).not.toContain(name);
    expect(out).toContain("note: There are no training rows: the measures of privacy are left out");
    expect(out).toContain("no differential privacy guarantee");
    expect(err).toContain("localflow: drawing rows …\n");
    expect(err).toContain("localflow: measuring Gaussian copula, 4 of 4 …\n");
  });

  it("says so when the held-out rows are training rows", async () => {
    const { out } = await evaluate(model, train, "--train", train, "-n", "100");
    expect(out).toContain("note: More than half of the held-out rows equal a training row");
  });

  it("is stopped by Ctrl-C while it measures", async () => {
    const controller = new AbortController();
    const lines: string[] = [];
    const status = await run(["evaluate", model, test, "--seed", "1", "--threads", "1"], {
      out: async () => {},
      err: (text) => {
        lines.push(text);
        if (text.includes("measuring real rows")) controller.abort();
      },
      interactive: false,
      color: false,
      width: () => 80,
      signal: controller.signal,
    });
    expect(status).toBe(130);
    expect(lines.join("")).not.toContain("independent columns");
  });

  it("refuses what it cannot do, each with its sentence", async () => {
    put(at("one.csv"), smallRows(1, 4));
    writeFileSync(at("less.csv"), "side,x,count\nleft,1,2\nright,2,3\n");
    writeFileSync(at("misspelt.csv"), "side,x,cuont,vip\nleft,1,2,yes\nright,2,3,no\n");
    const cases: readonly (readonly [args: readonly string[], status: number, message: RegExp])[] = [
      [[at("less.csv")], 1, /less\.csv: expected the columns side, x, count, vip, got a table without vip/],
      [[at("one.csv")], 1, /at least 4 held-out rows where there are no training rows, got 1/],
      [
        [at("misspelt.csv")],
        1,
        /misspelt\.csv: .* without count; did you mean "count" by "cuont"\? Rename the columns/,
      ],
      [[test, "--target", "sid"], 2, /--target: expected one of side, x, count, vip, got "sid"; did you mean "side"\?/],
      [[test, "--plain"], 2, /--plain: expected --train FILE beside it/],
      [[test, "--train", train, "--baselines", "kernel"], 2, /--baselines: expected flow-wide or flow-long/],
      [[test, "--fail-under", "nll=3"], 2, /--fail-under: expected a measure of the model of a table, got nll/],
      [[test, "--fail-under", "membership=0.6"], 2, /--fail-under membership: expected --train FILE beside it/],
      [
        [test, "--fail-under", "gapPatterns=0.1"],
        2,
        /--fail-under gapPatterns: expected at least 2 columns with gaps, got 1; leave gapPatterns out of --fail-under/,
      ],
      [
        [test, "-n", "20", "--fail-under", "c2st=0.7"],
        2,
        /--fail-under c2st: expected at least 30 rows of each table, got 20/,
      ],
      [[test, "--fail-under", "utility=0.6"], 2, /--fail-under utility: expected --target COLUMN beside it/],
      [[test, "--fail-under", "qualty=0.6"], 2, /--fail-under: expected one of nll, .*; did you mean "quality"\?/],
      [
        [test, "--fail-under", "c2st=2"],
        2,
        /--fail-under c2st: expected a bound of at least 0 and at most 1, as that is where the measure lies, got 2/,
      ],
      [[test, "--fail-under", "shapes=0.1"], 2, /--fail-under shapes: expected a model that writes texts or ids anew/],
    ];
    for (const [args, status, message] of cases) {
      const outcome = await evaluate(model, ...args);
      expect({ status: outcome.status, out: outcome.out }, message.source).toEqual({ status, out: "" });
      expect(outcome.err).toMatch(message);
    }
  });

  it("names the file with too few rows and how many it takes, before it draws any", async () => {
    const [one, three] = [at("one.csv"), at("three.csv")];
    put(one, smallRows(1));
    put(three, smallRows(3));
    const refused = async (...args: readonly string[]) => (await evaluate(model, ...args, "--quiet")).err;
    expect(await refused(one, "--train", train)).toBe(
      `localflow: ${one}: expected at least 2 held-out rows, got 1; give more held-out rows\n`,
    );
    expect(await refused(test, "--train", one)).toContain(`${one}: expected at least 2 training rows, got 1; `);
    expect(await refused(three)).toContain(`${three}: expected at least 4 held-out rows where there are no training`);
    expect(await refused(test, "-n", "1")).toContain("-n, --rows: expected at least 2 rows, got 1; draw more rows");
  });

  it("says of files that gzip packed how to unpack them, whatever they are called", async () => {
    const packed = gzipSync(readFileSync(test));
    for (const name of ["packed.csv.gz", "packed.csv"]) writeFileSync(at(name), packed);
    for (const args of [
      [model, at("packed.csv.gz")],
      [at("packed.csv.gz"), test],
      [test, at("packed.csv.gz")],
    ])
      expect((await evaluate(...args)).err).toMatch(
        /packed\.csv\.gz: expected a table ending in .*, got \.gz; unpack it/,
      );
    expect((await evaluate(model, at("packed.csv"))).err).toMatch(
      /packed\.csv .*; the file is gzipped: unpack it first/,
    );
    expect((await localflow("fit", at("packed.csv.gz"), "-o", at("x.safetensors"))).err).toContain("; unpack it first");
  });

  it("reads cells that are no numbers as gaps, and says so", async () => {
    put(at("junk.csv"), smallRows(60, 5), ({ side, x, vip }) => [side, x ?? "", "lots", vip]);
    const { notes, measures } = await json(model, at("junk.csv"));
    expect(notes[0]).toMatch(/60 of 60 cells of column "count" of the held-out rows are no number, such as "lots"/);
    expect(measures.quality.value).toEqual(expect.any(Number));
  });

  it("judges texts that are written anew, in words, as JSON and on the page", async () => {
    const [texts, few, fitted] = [at("texts.csv"), at("few.csv"), at("texts.safetensors")];
    const write = (path: string, rows: number, first: number) =>
      writeFileSync(
        path,
        `ticket,x\n${Array.from({ length: rows }, (_, n) => `T-${1000 + ((n * 37 + first) % 9000)}-q,${n % 50}`).join("\n")}\n`,
      );
    write(texts, 200, 0);
    write(few, 100, 11);
    const schema = at("texts.json");
    writeFileSync(schema, '{"x": {"kind": "number"}}');
    const line = ["fit", texts, "-o", fitted, "--schema", schema, "--text", "regenerate", "--seed", "3", ...tiny];
    expect(await localflow(...line)).toMatchObject({ status: 0 });
    const args = [fitted, few, "--train", texts, "-n", "120"];
    const { out } = await evaluate(...args, "--report", at("texts.html"));
    expect(out).toMatch(/^texts written anew +better +this model +floor +chance$/m);
    expect(out).toMatch(/^ticket +knownShapes +higher +1\.0000 ± 0\.0000 +1\.0000 ± 0\.0000/m);
    expect(out).toMatch(/^ticket +identical +lower +0\.0\d+ ± \S+ +0\.0\S+ ± \S+ +0\.0222$/m);
    expect(out).toContain("Texts of ticket are written anew: 100.0 % have a shape of held-out texts");
    const { texts: judged, verdict } = await json(...args);
    expect(judged).toMatchObject([
      {
        column: "ticket",
        kind: "id",
        drawn: "shapes",
        signs: "classes",
        texts: { heldOut: 100, synthetic: 120, floor: 120 },
      },
    ]);
    expect(verdict.at(-1)).toContain("no differential privacy guarantee");
    const under = (bound: string, heldOut = few, ...more: readonly string[]) =>
      evaluate(fitted, heldOut, "-n", "120", ...more, "--fail-under", bound, "--quiet");
    expect((await under("knownShapes=1,duplicates=0")).status).toBe(0);
    const others = at("others.csv");
    writeFileSync(others, readFileSync(few, "utf8").replaceAll("-q", "-77"));
    const failed = await under("knownShapes=1,identical=1", others, "--train", texts);
    expect({ status: failed.status, err: failed.err }).toEqual({
      status: 1,
      err: 'localflow: --fail-under: expected knownShapes of at least 1, got 0 (column "ticket")\n',
    });
    const untrained = await under("identical=0.1");
    expect(untrained.status).toBe(2);
    expect(untrained.err).toContain("--fail-under identical: expected --train FILE beside it");
    const page = readFileSync(at("texts.html"), "utf8");
    expect(page).toContain("Texts written anew");
    const twin = page.match(/<script type="application\/json" id="localflow">([\s\S]*?)<\/script>/)?.[1] ?? "";
    expect(JSON.parse(twin).texts).toEqual(judged);
  });

  it("refuses a table's options for a model of numbers", async () => {
    const numbers = at("numbers.csv");
    writeFileSync(numbers, `a,b\n${Array.from({ length: 40 }, (_, n) => `${n},${n % 7}`).join("\n")}\n`);
    const density = at("density.safetensors");
    expect(await localflow("fit", numbers, "-o", density, "--seed", "1", ...tiny)).toMatchObject({ status: 0 });
    expect((await evaluate(density, numbers, "--target", "a")).err).toMatch(/--target: expected the model of a table/);
    expect((await evaluate(density, numbers, "--fail-under", "quality=1")).status).toBe(2);
  });
});

describe("evaluate, of two tables", () => {
  it("reports what changed, in words, as JSON and as a page", async () => {
    const { status, out } = await evaluate(test, other, "--report", at("drift.html"));
    expect(status).toBe(0);
    expect(out).toMatch(/^count +0\.\d+ ± .* moved$/m);
    expect(out).toContain("1 of 4 columns moved by more than chance explains");
    expect(readFileSync(at("drift.html"), "utf8")).toContain("From test.csv to other.csv");
    const result = await json(test, other);
    expect(Object.keys(result.measures)).toEqual(["quality", "columnShapes", "gapRates", "pairTrends", "c2st"]);
    expect(result).toMatchObject({
      task: "drift",
      rows: { before: 160, after: 200 },
      columns: [{ column: "count" }, {}, {}, {}],
    });
    expect((await evaluate(test, other, "--report", at("drift.html"))).err).toContain("--force");
  });

  it("fails under thresholds with a sentence about each, given together or one by one", async () => {
    const passed = await evaluate(test, other, "--fail-under", "quality=0.1", "--fail-under", "c2st=1", "--quiet");
    expect(passed).toMatchObject({ status: 0, err: "" });
    const failed = await evaluate(test, other, "--fail-under", "quality=0.999", "--fail-under", "c2st=0.6", "--quiet");
    expect(failed.status).toBe(1);
    expect(failed.err).toMatch(
      /--fail-under: expected quality of at least 0\.999 and c2st of at most 0\.6, got 0\.\d+ and 0\.\d+/,
    );
    const twice = await evaluate(test, other, "--fail-under", "c2st=1", "--fail-under", "c2st=0.6");
    expect(twice).toMatchObject({ status: 2, out: "" });
  });

  it("says by its path which file an error or a note is about", async () => {
    const [one, words, odd] = [at("single.csv"), at("words.csv"), at("odd.csv")];
    writeFileSync(one, "side,x,count,vip\nleft,1,2,true\n");
    writeFileSync(words, `a\n${Array.from({ length: 40 }, (_, n) => `no ${n} is like ${n * n}`).join("\n")}\n`);
    put(odd, smallRows(160, 5), ({ side, x, count, vip }) => [side, x ?? "", count % 2 === 0 ? "even" : count, vip]);
    const few = "expected at least 2 rows, got 1; give more rows";
    expect((await evaluate(test, one)).err).toContain(`${one}: ${few}`);
    expect((await evaluate(one, test)).err).toContain(`${one}: ${few}`);
    expect((await evaluate(words, words)).err).toContain(`${words}: expected a column of numbers, dates or categories`);
    const notes = [...(await json(test, odd)).notes, ...(await json(odd, test)).notes].join("\n");
    expect(notes).toMatch(/cells of column "count" of \S*odd\.csv are no number, such as "even"/);
    expect(notes).toMatch(
      /"count" is taken for category, as in \S*odd\.csv, but by \S*test\.csv alone it would be number/,
    );
    expect(notes).not.toMatch(/(first|second) file/);
  });

  it("refuses files without rows or columns, and the options of models", async () => {
    writeFileSync(at("empty.csv"), "side,x,count,vip\n");
    writeFileSync(at("less.csv"), "side,x,count\nleft,1,2\nright,2,3\n");
    expect((await evaluate(test, at("empty.csv"))).err).toMatch(/expected rows, got a header without rows/);
    expect((await evaluate(test, at("less.csv"))).err).toContain(`${at("less.csv")}: expected the columns side, x, `);
    expect(await evaluate(test, other, "--train", train)).toMatchObject({ status: 2 });
    expect(await evaluate(test, other, "--fail-under", "nll=1")).toMatchObject({ status: 2 });
    const gaps = await evaluate(test, other, "--fail-under", "gapPatterns=0.1");
    expect(gaps).toMatchObject({ status: 2, out: "" });
    expect(gaps.err).toMatch(
      /--fail-under gapPatterns: expected at least 2 columns with gaps, got 1; leave gapPatterns/,
    );
    expect(gaps.err).not.toContain("measuring");
  });
});

describe("thresholds", () => {
  it("know of each measure which way is better", () => {
    const list = thresholds("quality=0.85,c2st=0.6", "--fail-under");
    const found = (quality: number, c2st: number) =>
      missed(list, { quality: { value: quality, better: "higher" }, c2st: { value: c2st, better: "lower" } });
    expect(found(0.85, 0.6)).toBeUndefined();
    expect(found(0.84, 0.5)?.message).toBe("--fail-under: expected quality of at least 0.85, got 0.84");
    expect(found(0.9, 0.7)?.message).toBe("--fail-under: expected c2st of at most 0.6, got 0.7");
    expect(found(Number.NaN, 0)?.message).toContain("got NaN");
  });

  it("are refused beyond what a measure can be, and taken at its ends", () => {
    const told = (bound: string) => () => thresholds(bound, "--fail-under");
    expect(told("shapes=-1")).toThrow(/^--fail-under shapes: expected .*, got -1$/);
    expect(told("shapes=2")).toThrow(/^--fail-under shapes: expected .*, got 2$/);
    expect(told("nll=2,recall=1.5")).toThrow(/^--fail-under recall: expected .*, got 1\.5$/);
    expect(told("quality=-0.1")).toThrow(/^--fail-under quality: expected .*, got -0\.1$/);
    expect(told("utility=2")).toThrow(/a bound of at most 1, as .*, got 2$/);
    expect(told("density=-1")).toThrow(/a bound of at least 0, as .*, got -1$/);
    expect(thresholds("shapes=0,knownShapes=1,utility=-3,mmdSquared=-0.1,nll=-9,density=4", "")).toHaveLength(6);
  });

  it("hold the worst of several columns of texts, higher or lower, against the bound", () => {
    const text = (column: string, knownShapes: number, duplicates: number): EvaluatedText => {
      const measure = (value: number) => ({ value, standardError: null, floor: { value: 0, standardError: null } });
      const counts = { heldOut: 20, synthetic: 20, floor: 20 };
      const measures = { knownShapes: measure(knownShapes), duplicates: measure(duplicates) };
      const gaps = { heldOut: 0, synthetic: 0 };
      return { column, kind: "text", drawn: "shapes", signs: "classes", texts: counts, gaps, measures };
    };
    const found = worstTexts([text("a", 0.9, 0.1), text("b", 0.7, 0.3), text("c", 0.8, 0.2)]);
    const told = (bound: string) => missed(thresholds(bound, "--fail-under"), found)?.message;
    expect(told("knownShapes=0.7,duplicates=0.3")).toBeUndefined();
    expect(told("knownShapes=0.75,duplicates=0.25")).toMatch(/, got 0\.7 \(column "b"\) and 0\.3 \(column "b"\)$/);
    expect(told("lengths=1")).toContain("got no such measure");
    expect(missed(thresholds("gapPatterns=1", ""), {}, { gapPatterns: "two columns" })?.message).toMatch(
      /^--fail-under: expected gapPatterns of at most 1, got none, as that takes two columns$/,
    );
  });
});
