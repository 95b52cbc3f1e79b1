// condition-reach: parts of a condition that leave no value of a column are refused at once, others never.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import { bindCondition } from "../../../src/tasks/table/conditions.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { columnsTable, scattered } from "./table-support.ts";

const rows = 300;
const table = await columnsTable({
  price: scattered(rows, 9000).map(String),
  size: scattered(rows, 9000, 2).map((n) => `${n / 7}e0`),
  stars: scattered(rows, 5, 3).map((n) => String(n + 1)),
  cut: scattered(rows, 3, 4).map((n) => ["Fair", "Good", "Ideal"][n]!),
  sold: scattered(rows, 2, 5).map((n) => (n === 0 ? "yes" : "no")),
  day: scattered(rows, 400, 6).map((n) => new Date(Date.UTC(2024, 0, 1 + n)).toISOString().slice(0, 10)),
  gone: scattered(rows, 4, 7).map((n) => (n === 0 ? "" : String(1000 + 37 * n))),
});
const schema = detectSchema(table, { cut: { kind: "ordinal", levels: ["Fair", "Good", "Ideal"] } });
const encoder = tableEncoder(schema, table);

describe("parts that exclude each other", () => {
  it.each<[string, string]>([
    ["price > 5000 && price < 4000", "price"],
    ["price < 4000 && stars == 3 && (cut == 'Fair' && price >= 4000)", "price"],
    ["price > 5000 && price < 5001", "price"],
    ["price != 700 && price in (700)", "price"],
    ["!(price > 100) && !(price <= 100)", "price"],
    ["(price < 100 || price > 8000) && (price > 200 && price < 7000)", "price"],
    ["size > 12.5 && size < 12.25", "size"],
    ["stars > 2 && stars < 3", "stars"],
    ["cut > 'Good' && cut < 'Ideal'", "cut"],
    ["cut != 'Fair' && cut != 'Good' && cut != 'Ideal'", "cut"],
    ["sold != 'yes' && sold != 'no'", "sold"],
    ["day > '2024-03-01' && day < '2024-03-02'", "day"],
    ["gone > 1050 && gone < 1060", "gone"],
  ])("%s", (where, column) => {
    const expected = `where, column "${column}": expected a condition that a row can meet, got parts that exclude each other`;
    expect(() => bindCondition(where, encoder)).toThrow(expected);
    expect(() => bindCondition(where, encoder)).toThrow(expect.objectContaining({ code: "option" }));
  });
});

describe("parts that leave something", () => {
  it.each<string>([
    "price > 5000 && price < 5002",
    "price >= 5000 && price <= 5000",
    "(price < 100 || price > 8000) && price > 200",
    "size > 12.25 && size < 12.5",
    "stars > 2 && stars < 4",
    "cut > 'Fair' && cut < 'Ideal'",
    "sold != 'yes'",
    "day > '2024-03-01' && day < '2024-03-03'",
    "gone == null || (gone > 1050 && gone < 1060)",
    "(price > 5000 || cut == 'Fair') && price < 4000",
  ])("%s", (where) => {
    expect(bindCondition(where, encoder).tests.size).toBeGreaterThan(0);
  });
});

describe("a comparison out of a column's reach", () => {
  it("is false where another one may hold in its place, and what is always true holds", () => {
    const rowsOf = (where: string) => [...bindCondition(where, encoder).holds(table)].join("");
    for (const [where, same] of [
      ["price >= 4000 || price < -999", "price >= 4000"],
      ["stars == 3 || price > 99999 || price == -5", "stars == 3"],
      ["stars == 3 || stars == null", "stars == 3"],
      ["day < '2024-03-01' || day > '2099-01-01'", "day < '2024-03-01'"],
      ["stars == 3 && !(price < -999)", "stars == 3"],
      ["(price < -5 || cut == 'Fair') && !(stars in (9, 12))", "cut == 'Fair'"],
    ] as const)
      expect(rowsOf(where), where).toBe(rowsOf(same));
  });

  it.each<[string, RegExp]>([
    ["price < -999", /column "price": expected values down to \d+, got < -999/],
    ["price < -999 && stars == 3", /column "price": expected values down to/],
    ["price < -999 || price > 99999", /column "price": expected values down to \d+, got < -999/],
    ["stars == null || stars > 5", /column "stars": expected a column with gaps/],
    ["!(price > -999)", /column "price": expected a condition that a row can meet, got one that no value of it meets/],
    ["price == 9999999", /column "price": expected a value of the column/],
    ["price > 5 || stars == 2.5", /column "stars": expected a value of the column, on its grid of 1, got 2\.5/],
    ["price > 5 || cut == 'Fiar'", /expected one of Fair, Good, Ideal, got "Fiar"; did you mean "Fair"/],
  ])("is refused where nothing may hold in its place, and so are mistakes anywhere: %s", (where, message) => {
    expect(() => bindCondition(where, encoder)).toThrow(message);
  });

  it("has no condition refused that some row meets", () => {
    const some = [0, 1, 2, 3];
    const number = { kind: "number", minimum: 0, maximum: 3, step: 1, values: "any" } as const;
    const all = cellTableOf([
      ...some.flatMap((a) => some.map((b) => ({ a, b, c: 0 }))),
      ...some.map((a) => ({ a, b: null, c: 0 })),
      { a: 0, b: 0, c: 1 },
    ]);
    const own = tableEncoder(detectSchema(all, { a: number, b: number, c: number }), all);
    const sign = fc.constantFrom("<", "<=", ">", ">=", "==", "!=");
    const leaf = fc.oneof(
      fc.tuple(fc.constantFrom("a", "b"), sign, fc.integer({ min: -2, max: 5 })).map((words) => words.join(" ")),
      fc.constantFrom("a == null", "b == null", "a != null", "a == b"),
    );
    const { any } = fc.letrec<{ any: string }>((tie) => ({
      any: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        leaf,
        fc.tuple(tie("any"), fc.constantFrom("&&", "||"), tie("any")).map(([a, word, b]) => `(${a} ${word} ${b})`),
        tie("any").map((inner) => `!(${inner})`),
      ),
    }));
    let [refused, impossible] = [0, 0];
    fc.assert(
      fc.property(any, (where) => {
        // The other alternative, met by the last row alone, keeps any condition from being refused.
        const held = bindCondition(`${where} || c == 1`, own).holds(all);
        const isMet = held.subarray(0, -1).includes(1);
        const isRefused = isThrown(() => bindCondition(where, own));
        if (!isMet) impossible++;
        if (isRefused) refused++;
        expect(isRefused && isMet, where).toBe(false);
      }),
      { numRuns: 1000, seed: 1 },
    );
    expect(impossible).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(0.5 * impossible);
  });
});

function isThrown(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch {
    return true;
  }
}
