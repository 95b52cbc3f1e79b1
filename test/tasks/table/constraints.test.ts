// constraints: what rows have to meet is read, counted in data, judged in drawn rows, and refused where a file tells nonsense.
import { describe, expect, it } from "vitest";
import { parseConstraint } from "../../../src/tasks/table/condition-text.ts";
import { fillJudge, rowJudge } from "../../../src/tasks/table/constraint-judges.ts";
import { constraintNotices, constraintsFrom, findConstraints } from "../../../src/tasks/table/constraints.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { encoderFrom, tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { parseSchemaFile, type SchemaOverrides } from "../../../src/tasks/table/schema-file.ts";
import { withSums } from "../../../src/tasks/table/sums.ts";
import { csvTable, textsOf } from "./table-support.ts";

const text = `city,country,low,high,a,b,total,start,end,days,code
Rome,IT,1,2,0.10,0.20,0.30,2020-01-01,2020-01-05,4,k1
Bonn,DE,5,5,1.25,0.5,1.75,2020-02-27,2020-03-01,3,k2
Rome,IT,7,3,0.7,0.1,0.80,2020-01-02,2020-01-09,7,k3
Berlin,DE,,4,2,2,4.00,2020-01-03,2020-01-03,0,k1
Bonn,,2,9,3,3.5,6.50,2020-05-01,2020-05-11,10,
`;
const table = await csvTable(text);
const overrides: SchemaOverrides = { code: { kind: "category" }, total: { kind: "number", maximum: 8 } };
const schema = detectSchema(table, overrides);
const found = (...texts: string[]) => findConstraints(texts, table, schema);
const held = async (constraint: string, rows: string): Promise<number[]> => {
  const drawn = await csvTable(`${text.split("\n", 1)[0]}\n${rows}`);
  const candidates = new Uint8Array(drawn.rows).fill(1);
  rowJudge(found(constraint).constraints, schema).judge(drawn, candidates, Number.POSITIVE_INFINITY);
  return [...candidates];
};

describe("constraints of data", () => {
  it.each<[string, number, readonly number[], "computed" | "nearest" | "rejection"]>([
    ["low <= high", 1, [3], "rejection"],
    ["low < high", 2, [2, 3], "rejection"],
    ["low >= 2 || country == 'IT'", 0, [], "rejection"],
    ["total == a + b", 0, [], "computed"],
    ["total = b + a - 0 && low < 9", 0, [], "rejection"],
    ["days == end - start", 0, [], "computed"],
    ["end <= start + 7", 1, [5], "rejection"],
    ["combinations(city, country)", 0, [], "nearest"],
    ["unique(code)", 1, [4], "rejection"],
    ["unique(city, code)", 0, [], "rejection"],
  ])("%s: %i rows break it", (constraint, violations, rows, enforced) => {
    expect(found(constraint).reports).toEqual([{ constraint, violations, rows, enforced }]);
  });

  it("are told with the rows that break them", () => {
    expect(constraintNotices(found("low < high", "total == a + b").reports)).toEqual([
      "2 rows of the data do not meet the constraint low < high: row 2, 3; drawn rows will",
    ]);
  });

  it.each<[string, RegExp]>([
    [
      "low > high",
      /constraint low > high: expected a constraint that most rows .* got 3 of 4 rows that do not, such as/,
    ],
    ["low <= heigth", /constraint low <= heigth: expected columns among .*did you mean "high"/],
    ["combinations(city)", /expected at least two columns/],
    ["unique(code, code)", /expected different columns/],
    ["unique()", /expected the name of a column, got "\)"/],
    ["combinations(city, country) && low < high", /expected the end, got "&&"/],
    ["total == city + b", /column "city": expected numbers or dates/],
    ["require('fs')", /expected == != < <= > >= or in, got "\("/],
  ])("%s is refused", (constraint, message) => {
    expect(() => found(constraint)).toThrow(message);
  });

  it("that define columns by each other in a circle are refused", () => {
    expect(() => found("total == a + b", "a == total - b")).toThrow(/total, a, which depend on each other/);
  });

  it("may stand in a schema file beside columns, even beside columns of their names", () => {
    const file = { constraints: ["low <= high"], label: "city", city: { kind: "category" } };
    expect(parseSchemaFile(file, "s.json")).toEqual({
      columns: { city: { kind: "category" } },
      constraints: ["low <= high"],
      label: "city",
    });
    const columns = { constraints: { kind: "text" }, label: { kind: "id" } };
    expect(parseSchemaFile(columns, "s.json")).toEqual({ columns });
  });

  it("read names in backticks, and columns called unique or combinations", () => {
    expect(parseConstraint("unique(`a b`, c)", "c")).toEqual({ kind: "unique", columns: ["a b", "c"] });
    expect(parseConstraint("unique == 3", "c")).toMatchObject({ kind: "condition", condition: { column: "unique" } });
    expect(parseConstraint("total == a - b + 2", "c")).toEqual({
      kind: "condition",
      condition: {
        kind: "linear",
        operator: "==",
        alone: "total",
        constant: -2,
        terms: [
          { column: "total", factor: 1 },
          { column: "a", factor: -1 },
          { column: "b", factor: 1 },
        ],
      },
    });
  });
});

describe("columns of levels", () => {
  it("are compared by their texts, and by their order where both have the same", async () => {
    const cells = await csvTable("a,b,c\nS,M,x\nL,L,y\nM,S,x\n,S,y\nS,L,x\n");
    const order = { kind: "ordinal" as const, levels: ["S", "M", "L"] };
    const sizes = detectSchema(cells, { a: order, b: order });
    const violations = (constraint: string) => findConstraints([constraint], cells, sizes).reports[0]?.rows;
    expect(violations("a <= b")).toEqual([3]);
    expect(violations("a != b")).toEqual([2]);
    expect(violations("b != c")).toEqual([]);
    expect(() => findConstraints(["b <= c"], cells, sizes)).toThrow("expected == or !=, as its values have no order");
    expect(() => findConstraints(["a == b + 1"], cells, sizes)).toThrow("expected numbers or dates");
  });
});

describe("drawn rows", () => {
  it("of combinations that were never seen go, however their numbers are spelled", async () => {
    const rows = "Rome,IT,1,2,0,0,0,,,,\nRome,DE,1,2,0,0,0,,,,\nOslo,NO,1,2,0,0,0,,,,\nBonn,,1,2,0,0,0,,,,\n";
    expect(await held("combinations(city, country)", rows)).toEqual([1, 0, 0, 1]);
    expect(await held("combinations(a, city)", "Rome,,,,0.1,,,,,,\nBonn,,,,0.10,,,,,,\n")).toEqual([1, 0]);
  });

  it("that repeat go, also over several tables, and only those that stayed count", async () => {
    const { constraints } = found("unique(city, code)", "low <= high");
    const judge = rowJudge(constraints, schema);
    const drawn = await csvTable("city,code,low,high\nA,k1,2,1\nA,k1,1,2\nA,k1,1,2\nA,k2,1,2\nB,,1,2\nB,,1,2\n");
    const first = new Uint8Array(6).fill(1);
    judge.judge(drawn, first, 1);
    expect([...first]).toEqual([0, 1, 1, 1, 1, 1]);
    const second = new Uint8Array(6).fill(1);
    judge.judge(drawn, second, 10);
    expect([...second]).toEqual([0, 0, 0, 1, 1, 1]);
    expect(judge.worst()).toEqual({ constraint: "low <= high", broken: 2 });
  });

  it("whose sum leaves the bounds of its column go", async () => {
    const rows = ",,,,1,2,3,,,,\n,,,,5,4,9,,,,\n";
    expect(await held("total == a + b", rows)).toEqual([1, 0]);
  });

  it("that are filled are judged by the cells that were gaps alone", async () => {
    const before = await csvTable("low,high,code\n9,1,k1\n9,,k2\n,1,\n");
    const filled = await csvTable("low,high,code\n9,1,k1\n9,3,k2\n0,1,k1\n");
    const judge = fillJudge(found("low <= high", "unique(code)").constraints, schema, {
      before,
      copies: 1,
      isUnknown: () => false,
    });
    expect([...judge(filled, Uint32Array.from([0, 1, 2]))]).toEqual([1, 0, 0]);
  });
});

describe("filled combinations", () => {
  it("are judged by what is known of them", async () => {
    const before = await csvTable("city,country\nAtlantis,\nAtlantis,\nRome,\n");
    const filled = await csvTable("city,country\nAtlantis,DE\nAtlantis,ZZ\nRome,DE\n");
    const judge = fillJudge(found("combinations(city, country)").constraints, schema, {
      before,
      copies: 1,
      isUnknown: (column, row) => column === "city" && row < 2,
    });
    expect([...judge(filled, Uint32Array.from([0, 1, 2]))]).toEqual([1, 0, 0]);
  });
});

describe("sums", () => {
  const { sums } = found("days == end - start", "total == a + b");
  it("are computed on the grid of their column, and are gaps where a part is one", async () => {
    const drawn = await csvTable(
      "a,b,total,start,end,days\n0.1,0.2,9,2020-01-30,2020-02-02,1\n,2,3,2020-01-01,2021-01-01,1\n1,1,,2020-01-01,,\n",
    );
    const texts = textsOf(withSums(drawn, sums, schema));
    expect(texts["total"]).toEqual(["0.30", undefined, undefined]);
    expect(texts["days"]).toEqual(["3", "366", undefined]);
  });

  it("leave the model: their column has no dimension, and comes back from those of its parts", () => {
    const encoder = tableEncoder(schema, table, { sums });
    expect(encoder.dimensions.map(({ column }) => column)).not.toContain("total");
    const read = encoderFrom(JSON.parse(JSON.stringify(encoder)), "m");
    const d = encoder.dimensions.length;
    const texts = textsOf(read.decode(new Float32Array(2 * d).fill(0.3), 2));
    expect(Number(texts["total"]?.[0])).toBeCloseTo(Number(texts["a"]?.[0]) + Number(texts["b"]?.[0]), 9);
  });

  it.each<[string, unknown]>([
    ["of themselves", [{ column: "total", terms: [{ column: "total", factor: 1 }], constant: 0 }]],
    ["of columns that are not there", [{ column: "total", terms: [{ column: "__proto__", factor: 1 }], constant: 0 }]],
    ["of texts", [{ column: "total", terms: [{ column: "city", factor: 1 }], constant: 0 }]],
    ["for levels", [{ column: "city", terms: [], constant: 0 }]],
    [
      "before their parts",
      [
        { column: "total", terms: [{ column: "a", factor: 1 }], constant: 0 },
        { column: "a", terms: [{ column: "b", factor: 1 }], constant: 0 },
      ],
    ],
    ["without a factor", [{ column: "total", terms: [{ column: "a" }], constant: 0 }]],
  ])("%s in a file are refused", (_, wrong) => {
    const json = { ...tableEncoder(schema, table).toJSON(), sums: wrong };
    expect(() => encoderFrom(json, "m")).toThrow(/^m sums/);
  });
});

describe("constraints in a model file", () => {
  const good = found("low <= high", "combinations(city, country)", "unique(code)").constraints;
  it("come back as they were", () => {
    expect(constraintsFrom(JSON.parse(JSON.stringify(good)), schema, "m")).toEqual(good);
  });

  it.each<[string, unknown]>([
    ["no list", { text: "low <= high" }],
    ["a program", [{ text: "process.exit(1)", violations: 0 }]],
    ["a column that is not there", [{ text: "constructor <= high", violations: 0 }]],
    ["endless parentheses", [{ text: `${"(".repeat(5000)}low < high`, violations: 0 }]],
    ["too much text", [{ text: `low <= ${"1".repeat(20_000)}`, violations: 0 }]],
    ["combinations without those seen", [{ text: "combinations(city, country)", violations: 0 }]],
    [
      "combinations beyond their texts",
      [{ text: "combinations(city, country)", violations: 0, seen: { texts: [["Rome"], ["IT"]], rows: [0, 1] } }],
    ],
    [
      "combinations of another width",
      [{ text: "combinations(city, country)", violations: 0, seen: { texts: [["Rome"]], rows: [0] } }],
    ],
    ["more than there may be", Array.from({ length: 1001 }, () => ({ text: "low <= high", violations: 0 }))],
    ["something beside", [{ text: "low <= high", violations: 0, run: "x" }]],
  ])("that are %s are refused", (_, json) => {
    expect(() => constraintsFrom(json, schema, "m")).toThrow(/^m/);
  });
});

describe("a counting id", () => {
  it("is unique whatever it stands beside, and drawn rows are not held back for it", async () => {
    const counted = await csvTable(`id,a\n${Array.from({ length: 30 }, (_, n) => `${n + 1},${n % 3}`).join("\n")}\n`);
    const own = detectSchema(counted);
    expect(own.columns.find(({ name }) => name === "id")).toMatchObject({ kind: "id", first: 1 });
    const { reports, constraints } = findConstraints(["unique(id)", "unique(id, a)"], counted, own);
    expect(reports.map(({ violations }) => violations)).toEqual([0, 0]);
    const candidates = new Uint8Array(counted.rows).fill(1);
    rowJudge(constraints, own).judge(counted, candidates, Number.POSITIVE_INFINITY);
    expect([...candidates].every((kept) => kept === 1)).toBe(true);
  });
});
