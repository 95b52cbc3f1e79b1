// table: whole command lines on a table of mixed columns with gaps: fit, sample, impute, score, inspect.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localflow, localflowJson } from "../support/command-line.ts";
import { smallRows } from "../support/small-table.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-cli-table-"));
const at = (name: string) => join(folder, name);
const model = at("table.safetensors");
const tiny = "--steps 0.3,free --hidden 24x1 --iterations 60 --batch-size 64 --threads 1".split(" ");

function put(name: string, content: string): string {
  writeFileSync(at(name), content);
  return at(name);
}

function csvOf(rows: ReturnType<typeof smallRows>): string {
  const lines = rows.map(({ side, x, count, vip }) => `${side},${x === null ? "NA" : x},${count},${vip ? "Y" : "N"}`);
  return `side,x,count,vip\n${lines.join("\n")}\n`;
}

const json = (...args: readonly string[]) => localflowJson(...args, "--threads", "1");

const linesOf = (path: string) => readFileSync(path, "utf8").trimEnd().split("\n");

let fitted = { status: 1, out: "", err: "" };
beforeAll(async () => {
  put("train.csv", csvOf(smallRows(400)));
  fitted = await localflow("fit", at("train.csv"), "-o", model, "--seed", "3", ...tiny);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("fit", () => {
  it("takes texts and gaps for a table, and says in a line what the columns became", () => {
    expect(fitted.status).toBe(0);
    expect(fitted.err.split("\n")[0]).toBe(
      "localflow: a table of 4 columns: 2 numbers (x, count), 1 category (side: 2 levels), 1 boolean (vip)",
    );
    expect(fitted.out).toMatch(/held-out nll +-?\d+\.\d+ ± .*\(40 rows\)/);
  });

  it("keeps rows of numbers without gaps a density, unless it is told otherwise", async () => {
    const numbers = put("numbers.csv", `a,b\n${Array.from({ length: 30 }, (_, n) => `${n},${n % 5}`).join("\n")}\n`);
    const plain = await json("fit", numbers, "-o", at("plain.safetensors"), "--seed", "1", ...tiny.slice(0, -2));
    expect(plain).toMatchObject({ task: "density" });
    const table = await json(
      "fit",
      numbers,
      "-o",
      at("t.safetensors"),
      "--task",
      "table",
      "--seed",
      "1",
      ...tiny.slice(0, -2),
    );
    expect(table).toMatchObject({ task: "table", rows: 27, schema: { columns: [{ name: "a" }, { name: "b" }] } });
  });

  it("keeps the error of a text among numbers, and names the way out", async () => {
    const path = put("stray.csv", "a,b\n1,2\n3,x\n4,5\n");
    const outcome = await localflow("fit", path, "-o", at("s.safetensors"), ...tiny);
    expect(outcome).toMatchObject({ status: 1, out: "" });
    expect(outcome.err).toMatch(
      /line 3 column "b": expected a number, got "x"; learn texts and gaps too with --task table/,
    );
  });

  it("looks at the chosen columns alone", async () => {
    const result = await json(
      "fit",
      at("train.csv"),
      "-o",
      at("one.safetensors"),
      "--columns",
      "count",
      ...tiny.slice(0, -2),
    );
    expect(result).toMatchObject({ task: "density" });
  });

  it("takes a schema for what a column is, and refuses one that does not fit", async () => {
    const schema = put("schema.json", '{"count": {"kind": "category"}, "vip": {"kind": "text"}}');
    const result = await json(
      "fit",
      at("train.csv"),
      "-o",
      at("s.safetensors"),
      "--schema",
      schema,
      ...tiny.slice(0, -2),
    );
    expect(result).toMatchObject({ schema: { columns: [{}, {}, { kind: "category" }, { kind: "text" }] } });
    for (const [text, message] of [
      ['{"size": {"kind": "category"}}', 'schema.json: expected a column among side, x, count, vip, got "size"'],
      ['{"cuont": {"kind": "category"}}', 'got "cuont"; did you mean "count"?'],
      ['{"count": {"kind": "colour"}}', 'schema.json column "count", field "kind": expected one of number, date, '],
      ["{", "schema.json line 1, column 2: expected a name in double quotes or }, got the end; close the { of line 1"],
      [
        '{"x": {"kind": "number"},\n "count": {kind: "text"}}',
        'schema.json line 2, column 12: expected a name in double quotes or }, got "kind"; write "kind"',
      ],
      ['{"x": {"kind": "number", "apart": [77]}}', 'schema.json column "x", field "apart": expected values that rows'],
      ['{"count": {"kind": "ordinal", "levels": ["1"]}}', 'schema.json column "count": expected one of 1, got a cell'],
      [
        '{"label": "sied"}',
        'schema.json "label": expected a column among side, x, count, vip, got "sied"; did you mean',
      ],
      ['{"label": "x"}', 'schema.json "label": expected a column of 2 to 100 classes, got "x", of kind number'],
      [
        '{"constraints": ["count >= 0", "count < 0"]}',
        'schema.json "constraints", item 2 (count < 0): expected a constraint that most rows of the data meet',
      ],
      [
        '{"constraints": ["count >= 0", "cuont < 0"]}',
        'schema.json "constraints", item 2 (cuont < 0): expected columns among',
      ],
      ['{"x": {"kind": "text"}, "x": {"kind": "number"}}', 'schema.json: expected every name once, got "x" twice'],
    ] as const) {
      const outcome = await localflow(
        "fit",
        at("train.csv"),
        "-o",
        at("n.safetensors"),
        "--schema",
        put("schema.json", text),
      );
      expect(outcome.status).toBe(2);
      expect(outcome.err).toContain(message);
    }
  });

  it("writes ids anew in their shape where --text regenerate asks for it, and leaves them out otherwise", async () => {
    const rows = smallRows(80).map(
      ({ side, count }, n) => `T-${((n * 37) % 900) + 100}/${n % 2 === 0 ? "a" : "b"},${side},${count}`,
    );
    const path = put("tickets.csv", `ticket,side,count\n${rows.join("\n")}\n`);
    const quick = [
      "--steps",
      "free",
      "--hidden",
      "8x1",
      "--iterations",
      "5",
      "--batch-size",
      "20",
      "--threads",
      "1",
      "--force",
    ];
    const fitted = await localflow(
      "fit",
      path,
      "-o",
      at("tickets.safetensors"),
      "--text",
      "regenerate",
      "--seed",
      "1",
      ...quick,
    );
    expect(fitted.err).toMatch(/1 id \(ticket, written anew\)/);
    expect(fitted.err).toMatch(/"ticket" is written anew in the shape "T-999\/a"/);
    await json("sample", at("tickets.safetensors"), "-n", "60", "-o", at("tickets-out.csv"), "--seed", "2");
    const [header, ...lines] = linesOf(at("tickets-out.csv"));
    expect(header).toBe("ticket,side,count");
    expect(new Set(lines.map((line) => line.split(",")[0])).size).toBe(60);
    for (const line of lines) expect(line).toMatch(/^T-[1-9]\d\d\/[a-z],(left|right),\d+$/);
    const plain = await localflow("inspect", path);
    expect(plain.out).toMatch(/ticket, left out/);
    const numbers = await localflow("fit", path, "-o", at("no.safetensors"), "--task", "density", "--text", "sample");
    expect(numbers).toMatchObject({
      status: 2,
      err: expect.stringMatching(/--text: expected a table, got --task density/),
    });
  });

  it("reads JSON lines and JSON with gaps as tables too", async () => {
    const rows = smallRows(40);
    const lines = rows.map((row) => JSON.stringify(row)).join("\n");
    for (const [name, text] of [
      ["t.ndjson", lines],
      ["t.jsonl", lines],
      ["t.json", JSON.stringify(rows)],
    ] as const) {
      const result = await json("fit", put(name, text), "-o", at("j.safetensors"), "--force", ...tiny.slice(0, -2));
      expect(result).toMatchObject({ task: "table", rows: 36 });
    }
  });

  it("refuses what has no meaning for a table", async () => {
    const drawn = await localflow("fit", at("train.csv"), "-o", at("n.safetensors"), "--rows", "5");
    expect(drawn.err).toContain("leave out --rows");
  });
});

describe("sample", () => {
  it("writes the columns of the table in its spelling, the same for the same seed", async () => {
    const result = await json("sample", model, "-n", "200", "--seed", "5", "-o", at("s.csv"));
    expect(result).toMatchObject({ rows: 200, seed: 5 });
    const [header, ...lines] = linesOf(at("s.csv"));
    expect(header).toBe("side,x,count,vip");
    expect(lines).toHaveLength(200);
    for (const line of lines) expect(line).toMatch(/^(left|right),(NA|\d+(\.\d{1,3})?),\d+,[YN]$/);
    const piped = await localflow("sample", model, "-n", "200", "--seed", "5", "--threads", "1");
    expect(piped.out).toBe(readFileSync(at("s.csv"), "utf8"));
  });

  it("writes numbers as numbers in JSON, and log-densities on request", async () => {
    await json("sample", model, "-n", "20", "--seed", "5", "--log-density", "-o", at("s.json"));
    const records = JSON.parse(readFileSync(at("s.json"), "utf8"));
    expect(records).toHaveLength(20);
    for (const { side, x, count, vip, log_density } of records) {
      expect(["left", "right"]).toContain(side);
      expect(x === null || typeof x === "number").toBe(true);
      expect(Number.isInteger(count)).toBe(true);
      expect(["Y", "N"]).toContain(vip);
      expect(Number.isFinite(log_density)).toBe(true);
    }
  });

  it("meets conditions in every row, and says how", async () => {
    const where = "side == 'left' && count < 22";
    const result = await json("sample", model, "-n", "60", "--seed", "5", "--where", where, "-o", at("w.csv"));
    expect(result).toMatchObject({ rows: 60, condition: { method: "rejection", draws: expect.any(Number) } });
    const rows = linesOf(at("w.csv")).slice(1);
    expect(rows).toHaveLength(60);
    for (const row of rows) {
      const [side, , count] = row.split(",");
      expect(side).toBe("left");
      expect(Number(count)).toBeLessThan(22);
    }
  });

  it.each<[string, string]>([
    ["side == 'up'", 'column "side": expected one of right, left, got "up"'],
    ["size > 3", "expected columns among side, x, count, vip"],
    ["count <", 'where: expected a column, a number, or a text in quotes such as "Ideal", got the end'],
  ])("refuses the condition %s", async (where, message) => {
    const outcome = await localflow("sample", model, "-n", "5", "--where", where);
    expect(outcome).toMatchObject({ status: 2, out: "" });
    expect(outcome.err).toContain(message);
  });

  it("refuses a condition of a density, and formats that hold numbers alone", async () => {
    const outcome = await localflow("sample", "moons", "-n", "5", "--where", "x > 0");
    expect(outcome).toMatchObject({ status: 2, out: "" });
    expect((await localflow("sample", model, "-n", "5", "-o", at("s.npy"))).err).toContain("a name ending in .csv");
  });
});

describe("impute", () => {
  it("fills the gaps and nothing else", async () => {
    const rows = smallRows(50, 7);
    const gaps = rows.filter(({ x }) => x === null).length;
    put("holes.csv", csvOf(rows));
    const result = await json("impute", model, at("holes.csv"), "-o", at("filled.csv"), "--seed", "1");
    expect(result).toMatchObject({ rows: 50, cells: gaps, left: 0, draws: 1, seconds: expect.any(Number), seed: 1 });
    const [before, after] = [linesOf(at("holes.csv")), linesOf(at("filled.csv"))];
    expect(after).toHaveLength(51);
    before.forEach((line, n) => {
      if (line.includes("NA")) expect(after[n]).toMatch(/^(left|right),\d+(\.\d{1,3})?,\d+,[YN]$/);
      else expect(after[n]).toBe(line);
    });
    await json("impute", model, at("holes.csv"), "-o", at("many.csv"), "--seed", "1", "--draws", "2");
    expect(linesOf(at("many.csv"))).toHaveLength(101);
    expect(linesOf(at("many.csv"))[0]).toBe("side,x,count,vip,draw");
    const guessed = await json("impute", model, at("holes.csv"), "-o", at("best.csv"), "--seed", "1", "--best");
    expect(guessed).toMatchObject({ rows: 50, gaps, cells: gaps, left: 0, draws: 50, candidates: 128, best: true });
    expect(linesOf(at("best.csv"))).toHaveLength(51);
  });

  it("notes how few candidates draws are chosen from where gaps are many and nothing was said of them", async () => {
    const rows = smallRows(15_000, 7).map((row) => ({ ...row, x: null }));
    const line = ["impute", model, put("many-holes.csv", csvOf(rows)), "-o", at("drawn.csv"), "--seed", "1", "--force"];
    const { status, out, err } = await localflow(...line, "--json");
    const note = expect.stringMatching(/^draws are kept as they come, 1 candidate for each row: .* --candidates C /);
    expect({ status, ...JSON.parse(out) }).toMatchObject({ status: 0, candidates: 1, cells: 15_000, notes: [note] });
    expect(err).toMatch(/^localflow: note: draws are kept as they come, 1 candidate for each row: /m);
    expect((await localflow(...line, "--candidates", "1")).err).not.toContain("note");
  });

  it("needs the model of a table, and a table with its columns", async () => {
    await json("fit", "moons", "--rows", "50", "-o", at("moons.safetensors"), ...tiny.slice(0, -2));
    const other = await localflow("impute", at("moons.safetensors"), at("train.csv"), "-o", at("i.csv"));
    expect(other.err).toContain("expected the model of a table, got a model of rows of numbers without gaps");
    const columns = await localflow("impute", model, put("few.csv", "side,x\nleft,NA\n"), "-o", at("i.csv"));
    expect(columns.err).toContain(`${at("few.csv")}: expected columns count, vip beside the others, got side, x; give`);
    const scores = await localflow("score", model, put("one.csv", "side,x,vip\nleft,1,Y\n"));
    expect(scores.err).toContain(`${at("one.csv")}: expected a column "count", got side, x, vip; give`);
    const drawn = put("draw.csv", "side,x,count,vip,draw\nleft,NA,1,Y,1\n");
    expect((await localflow("impute", model, drawn, "-o", at("i.csv"), "--draws", "2")).err).toContain(
      `${drawn}: expected no column "draw" beside those of several draws`,
    );
    for (const command of ["impute", "score"]) {
      const args = [put("misspelt.csv", "side,x,cuont,vipp\nleft,1,2,Y\n"), "-o", at("i.csv")];
      expect((await localflow(command, model, ...args)).err).toContain(
        'got side, x, cuont, vipp; did you mean "count" by "cuont" and "vip" by "vipp"? Rename the columns',
      );
    }
    const classes = await localflow("score", model, at("train.csv"), "--classify", "sid", "-o", at("i.csv"));
    expect(classes).toMatchObject({ status: 2, err: expect.stringMatching(/--classify: .*; did you mean "side"\?$/m) });
    const many = await localflow("impute", model, drawn, "-o", at("i.csv"), "--candidates", "1001");
    expect(many.err).toContain("--candidates: expected a whole number at least 1 and at most 1000");
  });
});

describe("score and inspect", () => {
  it("score rows with percentiles and the part of each column", async () => {
    const args = [
      "score",
      model,
      at("holes.csv"),
      "-o",
      at("scores.csv"),
      "--percentile",
      "--smoothed",
      "--contributions",
    ];
    const result = await json(...args);
    expect(result).toMatchObject({
      rows: 50,
      nll: expect.any(Number),
      smoothedNll: expect.any(Number),
      smoothing: expect.closeTo(Math.sqrt(Math.expm1(0.6)), 6),
      unknownCells: 0,
      seed: 0,
    });
    const parts = (result["contributions"] as { column: string }[]).map(({ column }) => column);
    expect(parts).toEqual(["side", "x", "count", "vip"]);
    const [header, ...lines] = linesOf(at("scores.csv"));
    expect(header).toBe(
      "log_density,smoothed_log_density,percentile,log_density of side,log_density of x,log_density of count,log_density of vip",
    );
    expect(lines).toHaveLength(50);
    for (const line of lines) for (const cell of line.split(",")) expect(Number.isFinite(Number(cell))).toBe(true);
  });

  it("score takes as much noise as it is told", async () => {
    const args = ["score", model, at("holes.csv"), "--smoothing"];
    expect(await json(...args, "1.5")).toMatchObject({ smoothing: 1.5, smoothedNll: expect.any(Number) });
    const { out } = await localflow(...args, "0.8");
    expect(out).toMatch(/^smoothed \S+ nats per row, of rows and noise of 0\.8 deviations together$/m);
    const none = await localflow(...args, "0");
    expect(none).toMatchObject({ status: 2, err: expect.stringContaining("--smoothing: expected a number above 0") });
  });

  it("score knows no standard error of a single row", async () => {
    const row = put("single.csv", csvOf(smallRows(1, 8)));
    expect(await json("score", model, row)).toMatchObject({ rows: 1, standardError: null });
    expect((await localflow("score", model, row)).out).toMatch(/^nll {5}-?\d+\.\d{4} nats per row \(1 row\)$/m);
  });

  it("score says where it knows none of the cells of a column", async () => {
    const rows = put("strange.csv", csvOf(smallRows(3, 8)).replaceAll(/left|right/g, "middle"));
    const { out } = await localflow("score", model, rows, "--contributions");
    expect(out).toMatch(/^side +no cell that the model knows$/m);
    expect(out).not.toContain("NaN");
    const result = await json("score", model, rows, "--contributions");
    expect(result["contributions"]).toContainEqual({ column: "side", mean: null });
  });

  it("score says the classes of rows and how probable they are", async () => {
    const rows = put("classes.csv", csvOf(smallRows(60, 5)));
    const args = ["score", model, rows, "-o", at("classes-out.csv"), "--classify", "side", "--seed", "1"];
    const { classes } = await json(...args);
    expect(classes).toMatchObject({ column: "side", judged: { rows: 60 } });
    const [header, ...lines] = linesOf(at("classes-out.csv"));
    expect(header).toMatch(/^log_density,predicted side,probability of (left|right),probability of (left|right)$/);
    for (const line of lines) {
      const [, predicted = "", first, second] = line.split(",");
      expect(["left", "right"]).toContain(predicted);
      expect(Number(first) + Number(second)).toBeCloseTo(1, 5);
    }
    const others = csvOf(smallRows(60, 5)).replaceAll(/^[^,\n]*,/gm, "");
    const blind = await json("score", model, put("unclassed.csv", others), "--classify", "side", "--seed", "1");
    expect(blind).toMatchObject({ partialRows: 60, classes: { column: "side" } });
    expect(blind["classes"]).not.toHaveProperty("judged");
    const spoken = await localflow("score", model, rows, "--classify", "side", "--seed", "1", "--threads", "1");
    expect(spoken.out).toMatch(/classes right in \d+\.\d % of 60 rows that say side/);
    const unlabelled = await localflow("score", model, rows, "--classify", "--threads", "1");
    expect(unlabelled).toMatchObject({ status: 2 });
    expect(unlabelled.err).toMatch(/--classify: expected the name of a column, for a model without a label/);
  });

  it("score leaves the percentile of rows empty that have gaps where training rows had none", async () => {
    put("gaps.csv", "side,x,count,vip\nright,11,25,N\n,11,25,N\n");
    const result = await json("score", model, at("gaps.csv"), "-o", at("part.csv"), "--percentile");
    expect(result).toMatchObject({ rows: 2, partialRows: 1, percentiles: { mean: expect.any(Number), rows: 1 } });
    const told = await localflow("score", model, at("gaps.csv"), "--percentile");
    expect(told.out).toMatch(/^rare {4}\S+ % of the 1 row with one below percentile 1,/m);
    expect(linesOf(at("part.csv"))[2]).toMatch(/^-?\d[\d.]*,$/);
    put("empty.csv", "side,x,count,vip\n,11,25,N\n");
    const outcome = await localflow("score", model, at("empty.csv"), "-o", at("part.ndjson"), "--percentile");
    expect(outcome.out).toContain("partial 1 row with gaps or texts that no training row has");
    expect(linesOf(at("part.ndjson"))[0]).toMatch(/"percentile":null/);
  });

  it("score tells rows that have another value where all training rows have one, and scores them as if they had that", async () => {
    const unitOf = (name: string, units: readonly string[]) => {
      const [header, ...lines] = csvOf(smallRows(40)).trimEnd().split("\n");
      return put(name, [`${header},unit`, ...lines.map((line, n) => `${line},${units[n] ?? "kg"}`), ""].join("\n"));
    };
    const constant = at("constant.safetensors");
    await json("fit", unitOf("kg.csv", []), "-o", constant, "--seed", "3", ...tiny);
    const usual = await json("score", constant, at("kg.csv"), "-o", at("kg-scores.csv"));
    expect(usual).not.toHaveProperty("strayRows");
    const stray = await json("score", constant, unitOf("lb.csv", ["lb", "kg", "lb"]), "-o", at("lb-scores.csv"));
    expect(stray).toMatchObject({ strayRows: 2, strayColumns: ["unit"], partialRows: 0 });
    expect(linesOf(at("lb-scores.csv"))).toEqual(linesOf(at("kg-scores.csv")));
    const { out } = await localflow("score", constant, at("lb.csv"), "-o", at("told.csv"));
    expect(out).toContain(
      "stray   2 rows with another value of unit than all training rows: scored as if they had that one\n",
    );
  });

  it("inspect shows what columns are and why, of data and of models", async () => {
    const data = await localflow("inspect", at("train.csv"));
    expect(data.out).toMatch(/x +number +\d+ +.*steps of 0\.001/);
    expect(data.out).toMatch(/side +category +0 +(left, right|right, left)/);
    expect(await json("inspect", model)).toMatchObject({ kind: "model", task: "table", dimensions: 5 });
  });

  it("commands that need rows of numbers refuse the model of a table", async () => {
    for (const args of [["picture", model, "-o", at("p.svg"), "--kind", "samples"]]) {
      const outcome = await localflow(...args);
      expect(outcome.status).toBe(1);
      expect(outcome.err).toContain("expected a model of rows of numbers, got the model of a table");
    }
  });
});
