// table-controls: constraints, labels, orders, balance, Parquet and the choice of a tolerance, as whole command lines on a table.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCellTable } from "../../src/data/cell-files.ts";
import { localflow, localflowJson } from "../support/command-line.ts";
import { broken, type Order, orderConstraints, orderOf, orders } from "../support/orders-table.ts";
import { textsOf } from "../tasks/table/table-support.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-cli-controls-"));
const at = (name: string) => join(folder, name);
const model = at("orders.safetensors");
const tiny = "--steps 0.3,free --hidden 48x2 --iterations 300 --batch-size 128".split(" ");
const rules = orderConstraints.flatMap((text) => ["--constraint", text]);

function put(name: string, content: string): string {
  writeFileSync(at(name), content);
  return at(name);
}

const columns = ["city", "country", "low", "high", "net", "tax", "total", "start", "end", "rank"] as const;
function csvOf(rows: readonly Readonly<Partial<Record<keyof Order, unknown>>>[]): string {
  const lines = rows.map((row) => columns.map((name) => row[name] ?? "").join(","));
  return `${columns.join(",")}\n${lines.join("\n")}\n`;
}

const json = (...args: readonly string[]) => localflowJson(...args, "--threads", "1");

async function rowsIn(path: string): Promise<readonly Order[]> {
  const texts = textsOf(await readCellTable(path));
  return (texts["city"] ?? []).map((_, row) =>
    orderOf(Object.fromEntries(columns.map((name) => [name, texts[name]?.[row]]))),
  );
}

let fitted = { status: 1, out: "", err: "" };
beforeAll(async () => {
  const rows = orders(600).map((row, n) => (n === 7 ? { ...row, low: 90, high: 0 } : row));
  put("orders.csv", csvOf(rows));
  const wishes = ["--label", "rank", "--ordinal", "country=NO<DE<FR<IT", "--seed", "3", "--threads", "1"];
  fitted = await localflow("fit", at("orders.csv"), "-o", model, ...wishes, ...rules, ...tiny);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("fit", () => {
  it("says how constraints are met, and which rows of the data break them", () => {
    expect(fitted.status).toBe(0);
    expect(fitted.err).toContain("1 row of the data does not meet the constraint low <= high: row 8; drawn rows will");
    expect(fitted.out).toMatch(/constraints +low <= high \(by rejection; broken by 1 of the rows\)/);
    expect(fitted.out).toMatch(/ total == net \+ tax \(computed; met by all rows\)/);
    expect(fitted.out).toMatch(/label +rank/);
  });

  it("takes a schema file or a configuration for them as well", async () => {
    const schema = put(
      "schema.json",
      JSON.stringify({ constraints: ["low <= high"], label: "rank", city: { kind: "category" } }),
    );
    const short = [...tiny.slice(0, 2), "--hidden", "8x1", "--iterations", "5", "--force", "--seed", "1"];
    const bySchema = await json("fit", at("orders.csv"), "-o", at("a.safetensors"), "--schema", schema, ...short);
    expect(bySchema).toMatchObject({
      label: "rank",
      constraints: [{ constraint: "low <= high", violations: 1, rows: [8] }],
    });
    const config = put(
      "fit.yaml",
      "constraint:\n  - low <= high\n  - unique(net, start)\nordinal: country=NO<DE<FR<IT\n",
    );
    const byConfig = await json("fit", at("orders.csv"), "-o", at("a.safetensors"), "--config", config, ...short);
    expect((byConfig["constraints"] as { constraint: string }[]).map(({ constraint }) => constraint)).toEqual([
      "low <= high",
      "unique(net, start)",
    ]);
    expect(JSON.stringify(byConfig["schema"])).toContain('"kind":"ordinal"');
  });

  it.each<[readonly string[], string]>([
    [["--constraint", "low > high"], "constraint low > high: expected a constraint that most rows of the data meet"],
    [["--constraint", "low <= hihg"], 'did you mean "high"'],
    [["--label", "net"], "label: expected a column of 2 to 100 classes"],
    [["--ordinal", "country"], "--ordinal: expected a column and its levels in order, such as size=S<M<L"],
    [["--label", "rank", "--label", "city"], '--label: expected one column, got "rank" and "city"'],
    [
      ["--ordinal", "rank=1<2<3", "--ordinal", "rank=3<2<1"],
      '--ordinal: expected one order of a column, got "rank=1<2<3" and "rank=3<2<1"',
    ],
    [["--ordinal", "contry=NO<DE"], "--ordinal: expected a column among city, country"],
    [["--ordinal", "country=NO<DE"], '--ordinal column "country": expected one of NO, DE, got a cell'],
    [["--task", "density", "--label", "rank"], "--label: expected a table, got --task density"],
  ])("refuses %j", async (wish, message) => {
    const outcome = await localflow("fit", at("orders.csv"), "-o", at("n.safetensors"), ...wish);
    expect(outcome).toMatchObject({ status: 2, out: "" });
    expect(outcome.err).toContain(message);
  });
});

describe("sample", () => {
  it("writes rows that meet the constraints, and says how many draws did", async () => {
    const result = await json("sample", model, "-n", "150", "--seed", "5", "-o", at("s.csv"));
    expect(result).toMatchObject({
      rows: 150,
      constraints: { draws: expect.any(Number), acceptance: expect.any(Number) },
    });
    const rows = await rowsIn(at("s.csv"));
    expect(rows).toHaveLength(150);
    expect(broken(rows)).toEqual([0, 0, 0, 0]);
  });

  it("refuses a condition in the words of its option, column and all, before it draws", async () => {
    for (const [where, message] of [
      ["net < -999", '--where, column "net": expected values down to '],
      [
        "city == country",
        "--where: expected a condition that a row can meet, got one that takes equal cells of city and",
      ],
      [
        "net != net",
        "--where: expected a comparison that depends on a column, got columns that cancel out, which never",
      ],
    ] as const) {
      const outcome = await localflow("sample", model, "-n", "5", "--where", where);
      expect(outcome).toMatchObject({ status: 2, out: "" });
      expect(outcome.err).toContain(message);
    }
    const line = ["sample", model, "-n", "5", "--where", "net >= 0 || net < -999", "-o", at("w.csv")];
    expect(await json(...line)).toMatchObject({ rows: 5, condition: { acceptance: 1 } });
  });

  it("balances the label, or a column that is named, and refuses one that is none", async () => {
    const result = await json("sample", model, "-n", "31", "--balance", "--seed", "5", "-o", at("b.csv"));
    expect(result).toMatchObject({ balance: { column: "rank", rows: { 1: 11, 2: 10, 3: 10 } } });
    expect((await rowsIn(at("b.csv"))).filter(({ rank }) => rank === 3)).toHaveLength(10);
    const named = await json("sample", model, "-n", "20", "--balance", "country", "--seed", "5", "-o", at("c.csv"));
    expect(named).toMatchObject({ balance: { rows: { NO: 5, DE: 5, FR: 5, IT: 5 } } });
    const said = await localflow("sample", model, "-n", "2", "--balance", "-o", at("d.csv"), "--threads", "1");
    expect(said.out).toContain("; 0 or 1 row for each of 3 levels of rank: ");
    const more = await localflow("sample", model, "-n", "7", "--balance", "-o", at("e.csv"), "--threads", "1");
    expect(more.out).toContain("; 2 or 3 rows for each of 3 levels of rank: ");
    const outcome = await localflow("sample", model, "-n", "5", "--balance", "contry");
    expect(outcome).toMatchObject({ status: 2, out: "" });
    expect(outcome.err).toMatch(/--balance: expected a category: .*, got "contry"; did you mean "country"\?$/m);
    const density = await localflow("sample", "moons", "-n", "5", "--balance");
    expect(density.err).toContain("--balance: expected another model than a built-in density");
  });

  it("writes Parquet that holds what the CSV does, in its types", async () => {
    await json("sample", model, "-n", "40", "--seed", "5", "-o", at("s.parquet"));
    await json("sample", model, "-n", "40", "--seed", "5", "-o", at("t.csv"));
    expect(await rowsIn(at("s.parquet"))).toEqual(await rowsIn(at("t.csv")));
    const table = await readCellTable(at("s.parquet"));
    expect(table.columns.find(({ name }) => name === "net")?.origin).toBe("number");
  });

  it("chooses a tolerance, and so does fit", async () => {
    const result = await json("sample", model, "-n", "10", "--seed", "5", "--tolerance", "auto", "-o", at("u.csv"));
    expect(result["tolerance"]).toBeLessThanOrEqual(1e-2);
    const short = ["--steps", "free", "--hidden", "8x1", "--iterations", "20", "--seed", "1"];
    const chosen = await json(
      "fit",
      at("orders.csv"),
      "-o",
      at("v.safetensors"),
      "--task",
      "table",
      "--tolerance",
      "auto",
      ...short,
    );
    const inspected = await json("inspect", at("v.safetensors"));
    expect(inspected).toMatchObject({ configuration: { integration: { rtol: chosen["tolerance"] } } });
    for (const command of ["score", "evaluate"]) {
      const found = await json(command, at("v.safetensors"), at("orders.csv"), "--tolerance", "auto", "--seed", "1");
      expect(found["tolerance"]).toBeLessThanOrEqual(1e-2);
    }
  });
});

describe("impute and inspect", () => {
  it("fills rows so that they meet the constraints, also into Parquet", async () => {
    const holes = orders(80, 9).map((row, n) =>
      n % 2 === 0 ? { ...row, country: "", high: "" } : { ...row, tax: "" },
    );
    put("holes.csv", csvOf(holes));
    const result = await json("impute", model, at("holes.csv"), "-o", at("filled.parquet"), "--seed", "1");
    expect(result).toMatchObject({ rows: 80, unmet: 0 });
    expect(broken(await rowsIn(at("filled.parquet")))).toEqual([0, 0, 0, 0]);
  });

  it("says of rows that keep their gaps why, and of columns that the model does not hold", async () => {
    const [first, second] = orders(2, 9);
    const rows = [
      { ...first, low: 5000, high: "" },
      { ...second, rank: "" },
    ];
    put("hopeless.csv", csvOf(rows));
    const line = [
      "impute",
      model,
      at("hopeless.csv"),
      "-o",
      at("kept.csv"),
      "--seed",
      "1",
      "--threads",
      "1",
      "--force",
    ];
    const { out, err } = await localflow(...line, "--best", "--draws", "5", "--quiet");
    expect(out).toMatch(
      /^1 of 2 gaps in 2 rows filled .*, 1 left in 1 row in which nothing meets the constraints, seed 1: /,
    );
    expect(err).toBe("");
    const loud = await localflow(...line);
    expect(loud.err).toContain("note: nothing is drawn for the gaps of 1 row: beside what is known there, no value");
    const drawn = await localflow(...line, "--draws", "3", "--quiet");
    expect(drawn.out).toMatch(
      /^3 of 6 gaps in 3 draws of 2 rows filled in .*, 3 left in 3 rows of all draws in which nothing meets the constraints, seed 1: /,
    );
    const counts = async (...more: readonly string[]) => await json(...line.slice(0, -3), "--force", ...more);
    const once = { rows: 2, gaps: 2, cells: 1, left: 1, unheld: 0, unmet: 1 };
    expect(await counts()).toMatchObject(once);
    expect(await counts("--best", "--draws", "3")).toMatchObject({ ...once, draws: 3, best: true });
    expect(await counts("--draws", "3")).toMatchObject({ rows: 2, gaps: 2, cells: 3, left: 3, unheld: 0, unmet: 3 });
  });

  it("shows the constraints and the label of a model, and what data would make of them", async () => {
    const shown = await localflow("inspect", model);
    expect(shown.out).toContain("constraint  low <= high (1 row of the data breaks it)");
    expect(shown.out).toContain("constraint  combinations(city, country) (met by all rows of the data)");
    expect(shown.out).toContain("label       rank");
    expect(await json("inspect", model)).toMatchObject({
      label: "rank",
      constraints: [{ text: "low <= high" }, {}, {}, {}],
    });
    const data = await localflow("inspect", at("orders.csv"), ...rules, "--label", "rank");
    expect(data.out).toContain("constraint  low <= high (1 row of the data breaks it: row 8)");
    expect(data.out).toMatch(/rank +category/);
    expect(readFileSync(at("orders.csv"), "utf8")).toContain("city");
  });
});
