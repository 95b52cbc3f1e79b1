// conditions: the language of conditions says what it says, refuses what has no meaning, and never runs anything.
import { describe, expect, it } from "vitest";
import { parseCondition } from "../../../src/tasks/table/condition-text.ts";
import { bindCondition } from "../../../src/tasks/table/conditions.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { csvTable } from "./table-support.ts";

const text = `cut,price,sold,day,the size,note
Ideal,100,yes,2020-01-01,S,only one of its kind
Fair,200,no,2020-01-02,M,another of a kind
Good,,yes,2020-01-03,L,a third that is alone
Ideal,300,no,2020-01-04,S,and so is this
Good,400,yes,,M,nobody repeats it
Fair,500,no,2020-01-06,L,nor that one
`;
const table = await csvTable(text.repeat(1));
const schema = detectSchema(table, {
  "the size": { kind: "ordinal", levels: ["S", "M", "L"] },
  note: { kind: "text" },
  price: { kind: "number", minimum: 0, maximum: 1000, step: 100, values: "any" },
});
const encoder = tableEncoder(schema, table);
const rowsOf = (where: string): readonly number[] => {
  const held = bindCondition(where, encoder).holds(table);
  return [...held.keys()].filter((row) => held[row] === 1).map((row) => row + 1);
};

describe("the rows of a condition", () => {
  it.each<[string, readonly number[]]>([
    ['cut == "Ideal"', [1, 4]],
    ["cut = 'Ideal' and price > 100", [4]],
    ['cut != "Ideal" && price >= 200', [2, 5, 6]],
    ['cut in ("Fair", "Good")', [2, 3, 5, 6]],
    ["price < 300", [1, 2]],
    ["price <= 300 && !(cut == 'Fair')", [1, 4]],
    ["price == null", [3]],
    ["price != null && sold == true", [1, 5]],
    ["sold == 'no'", [2, 4, 6]],
    ['day > "2020-01-03"', [4, 6]],
    ["day > 2020-01-03", [4, 6]],
    ["day in (2020-01-02, 2020-01-06)", [2, 6]],
    ["price > 2020-02-1800", [4, 5, 6]],
    ["price > 600 - 400", [4, 5, 6]],
    ["day == '2020-01-03T00:00'", [3]],
    ["day == '2020-01-03 05:30+05:30'", [3]],
    ["`the size` >= 'M'", [2, 3, 5, 6]],
    ["cut == 'Fair' || price == 400", [2, 5, 6]],
    ["(cut == 'Fair' or cut == 'Good') and not price > 200", [2, 3]],
    ["price in (1e2, 500)", [1, 6]],
    ["price + price > 500", [4, 5, 6]],
    ["price - 100 == 200 - price + 100", [2]],
    ["price >= 400 - price", [2, 4, 5, 6]],
    ["!(price + price <= 200)", [2, 3, 4, 5, 6]],
  ])("%s", (where, expected) => {
    expect(rowsOf(where)).toEqual(expected);
  });
});

it("times without a zone are the same everywhere", () => {
  const { TZ } = process.env;
  try {
    process.env["TZ"] = "America/New_York";
    expect(new Date(2020, 0, 3).getUTCHours()).toBe(5);
    expect(rowsOf("day == '2020-01-03T00:00'")).toEqual([3]);
  } finally {
    if (TZ === undefined) delete process.env["TZ"];
    else process.env["TZ"] = TZ;
  }
});

describe("what a condition gives exactly", () => {
  it("are equalities that always hold; the rest is tested", () => {
    const bound = bindCondition("cut == 'Ideal' && price == 300 && sold != 'no' && day < '2020-01-04'", encoder);
    expect([...bound.given]).toEqual([
      ["cut", "Ideal"],
      ["price", "300"],
    ]);
    expect([...bound.tests.keys()]).toEqual(["sold", "day"]);
    expect(bound.mixed).toBe(false);
    expect(bound.tests.get("sold")?.("yes")).toBe(true);
    expect(bound.tests.get("sold")?.("no")).toBe(false);
  });

  it("is nothing where a choice is left, and what joins columns is mixed", () => {
    const bound = bindCondition("cut == 'Ideal' || price == 300", encoder);
    expect(bound.given.size).toBe(0);
    expect(bound.mixed).toBe(true);
  });
});

describe("conditions that are refused", () => {
  it.each<[string, RegExp]>([
    ["", /expected a comparison, got an empty text; write conditions such as/],
    ["cut", /expected == != < <= > >= or in, got the end/],
    ["cut == Ideal", /expected columns among cut, .*, got "Ideal"; a text stands in quotes/],
    ["cut == 'Ideal' price < 3", /expected &&, \|\| or the end, got "price"/],
    ["cut == 'Ideal", /expected a closing '/],
    ["(cut == 'Ideal'", /expected "\)", got the end/],
    ["process.exit()", /expected == != < <= > >= or in, got "\("/],
    ["cut == `Ideal`", /expected columns among cut, .*, got "Ideal"/],
    ["cut == ;", /expected columns, comparisons and values, got ";"/],
    ["price == 100 +", /expected a column, a number, or a text in quotes such as "Ideal", got the end/],
    ["price == price", /a comparison that depends on a column, got columns that cancel out, which holds wherever/],
    ["price != price", /got columns that cancel out, which never holds/],
    ["price + 5 < price - 2", /got columns that cancel out, which never holds/],
    [
      "cut == price",
      /column "cut": expected numbers or dates, or two columns of levels, got a column of kind category/,
    ],
    ["price > null", /expected == null or != null, as a gap is neither more nor less than a value, got > null/],
    ["cut < sold", /expected == or !=, as its values have no order/],
    ["5 < price", /expected the name of a column/],
    ["cut; price", /expected columns, comparisons and values, got "; price"/],
    ["!".repeat(200), /at most 100 levels/],
    [`cut == '${"x".repeat(10_001)}'`, /at most 10000 characters/],
    ["price == NULL", /expected null for a gap, as in income == null or income != null, got "NULL"/],
    ["price == NaN", /expected null for a gap, .*, got "NaN"/],
    ["price != None", /expected null for a gap, .*, got "None"/],
    ['price == ""', /expected null for a gap, .*, got "" at character/],
    ["cut == 'NULL'", /expected null for a gap, .*, got "NULL" at character/],
    ["cut in ('Ideal', '')", /expected null for a gap, .*, got ""/],
    ["price is null", /expected null for a gap, .*, got "is" at character/],
    ["colour == 'E'", /expected columns among cut, price, .*got "colour"; a text stands in quotes$/],
    ["cut == 'Idael'", /column "cut": expected one of .*Ideal.*got "Idael"; did you mean "Ideal"/],
    ["cut != 'Idael'", /did you mean "Ideal"/],
    ["cut < 'Ideal'", /expected == or !=, as its values have no order/],
    ["price == 250", /expected a value of the column, on its grid of 100, got 250; the nearest is/],
    ["price == 2000", /the nearest is 1000/],
    ["price > 1000", /column "price": expected values up to 1000, got > 1000/],
    ["price == 'cheap'", /expected a number, got "cheap"/],
    ["price > 2020-01-03", /column "price": expected a number, got "2020-01-03"/],
    ["day > 2020", /expected a date such as "2020-01-01", got "2020"/],
    ["day > 2020-1-3", /column "day": expected a date such as "2020-01-01", got "2020-1-3"/],
    ["day > 2020-13-01", /expected a date such as "2020-01-01", got "2020-13-01"/],
    ["day > 2020-01", /expected a date such as "2020-01-01", got "2020-01"/],
    ["day > 2020 - 1 + 3", /expected a date such as "2020-01-01", got "2020-1\+3"/],
    ["day == 2020-02-30", /expected a date such as "2020-01-01", got "2020-02-30"/],
    ["day > '2020-02-30'", /expected a date such as "2020-01-01", got "2020-02-30"/],
    ["day > '2020-01-03T25:00'", /expected a date such as "2020-01-01", got "2020-01-03T25:00"/],
    ["day + 5 > 2020", /column "day": expected a date beside dates, or days between two of them/],
    ["price > day", /column "day": expected a date beside dates, or days between two of them/],
    ["day == 'soon'", /expected a date such as "2020-01-01", got "soon"/],
    ["sold == null", /expected a column with gaps/],
    ["note == 'x'", /expected a column that the model draws, got text/],
    ["cut == 'Fair' && cut == 'Good'", /column "cut": expected a condition that a row can meet/],
    ["price == 100 && price > 200", /column "price": expected a condition that a row can meet/],
  ])("%s", (where, message) => {
    expect(() => bindCondition(where, encoder)).toThrow(message);
  });
});

it("names in backticks and texts in quotes may hold anything, with a backslash before their own quote", () => {
  const name = 'a `b` && "c"';
  const condition = parseCondition(`\`a \\\`b\\\` && "c"\` == "x\\"y'z"`, "where");
  expect(condition).toEqual({
    kind: "compare",
    column: name,
    operator: "==",
    value: { kind: "text", text: "x\"y'z" },
  });
});
