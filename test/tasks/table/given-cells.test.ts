// given-cells: cells that cannot stand in one row under the constraints are found without a draw, and nothing else is refused.
import { describe, expect, it } from "vitest";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import { bindCondition } from "../../../src/tasks/table/conditions.ts";
import { findConstraints } from "../../../src/tasks/table/constraints.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { givenCellsJudge } from "../../../src/tasks/table/given-cells.ts";
import { misfitOf } from "../../../src/tasks/table/possible-combinations.ts";
import { unfillableRows } from "../../../src/tasks/table/unfillable-rows.ts";
import { orderConstraints, orders } from "../../support/orders-table.ts";

const combination = "combinations(city, country)";
const table = cellTableOf(orders(400));
const schema = detectSchema(table, {});
const { constraints, sums } = findConstraints([...orderConstraints, "low >= 5 || net <= 9"], table, schema);
const encoder = tableEncoder(schema, table, { sums });
const judge = givenCellsJudge(constraints, encoder);
const judged = (where: string) => judge(bindCondition(where, encoder), "where")?.message;

describe("given cells", () => {
  it("that no combination has are named, with the combinations that keep most of them, one for each choice first", () => {
    expect(judged('city == "Rome" && country == "NO"')).toBe(
      `where: expected city and country as some row of the data has them (constraint ${combination}), ` +
        'got city "Rome", country "NO"; nearest: city "Oslo", country "NO" or city "Rome", country "IT"',
    );
    expect(judged('city == "Rome" && country == "FR"')).toMatch(
      /nearest: city "(Rome|Paris|Lyon)", .* or city "\w+", country "\w+" or city "(Paris|Lyon)", country "FR"$/,
    );
  });

  it("are held beside what the condition leaves of other columns, too", () => {
    expect(judged('city == "Rome" && country in ("NO", "DE")')).toMatch(
      /got city "Rome", country as in the condition; /,
    );
    expect(judged('city in ("Paris", "Bonn") && country != "FR" && country != "DE"')).toMatch(
      /expected city and country/,
    );
  });

  it("that break an inequality or a sum by themselves are refused with what would do", () => {
    expect(judged("low == 30 && high == 12")).toBe(
      'where: expected cells that meet the constraint low <= high, got low "30", high "12"; change one of them',
    );
    expect(judged("net == 3 && tax == 1 && total == 5")).toMatch(
      /constraint total == net \+ tax, got total "5.*", net "3.*", tax "1.*"; the sum is total "4/,
    );
    expect(judged("start == '2024-03-01' && end == '2024-02-01'")).toMatch(/the constraint start <= end, got start/);
    expect(judged("low == 3 && net == 9.5")).toMatch(/low >= 5 \|\| net <= 9/);
  });

  it("whose sum leaves its bounds, or breaks another part of the condition, are refused", () => {
    const { maximum = 0 } = Object.assign(
      { maximum: 0 },
      schema.columns.find(({ name }) => name === "total"),
    );
    const [net, tax] = ["net", "tax"].map((name) => schema.columns.find((column) => column.name === name));
    const most = [net, tax].map((column) => (column?.kind === "number" ? (column.maximum ?? 0) : 0));
    expect((most[0] ?? 0) + (most[1] ?? 0)).toBeGreaterThan(maximum);
    expect(judged(`net == ${most[0]} && tax == ${most[1]}`)).toMatch(
      /expected a sum within the bounds of total \(from/,
    );
    expect(judged("net == 3 && tax == 1 && total > 5")).toMatch(/got total "4.*", which one of its parts excludes/);
    expect(judged("low == 30 && high == 40 && low > high")).toMatch(/got low "30", high "40", which one of its parts/);
  });

  it("that some row may have are let through, gaps and cells of a constraint that are not all given among them", () => {
    for (const where of [
      'city == "Rome" && country == "IT"',
      'city == "Rome" && country != "NO"',
      'city == "Rome" || country == "NO"',
      "low == null && high == 12",
      "low == 30 && high == 30",
      "low == 90",
      "net == 3 && tax == 1 && total == 4",
      "total == 5 && net == 3",
      "low == 3",
    ])
      expect(judged(where), where).toBeUndefined();
  });
});

describe("combinations of numbers", () => {
  const sizes = cellTableOf(
    Array.from({ length: 200 }, (_, n) => ({
      brand: "AB"[n % 2],
      size: n % 2 === 0 ? 10 + (n % 20) : 50 + (n % 20),
      x: n,
    })),
  );
  const described = detectSchema(sizes, {});
  const found = findConstraints(["combinations(brand, size)"], sizes, described);
  it("are near by their values", () => {
    const own = tableEncoder(described, sizes);
    const message = givenCellsJudge(found.constraints, own)(bindCondition('brand == "B" && size == 28', own), "where");
    expect(message?.message).toMatch(/got brand "B", size "28"; nearest: brand "(A|B)", size/);
    expect(message?.message).toContain('brand "B", size "51"');
    expect(message?.message).toContain('brand "A", size "28"');
  });
});

describe("several constraints", () => {
  const places = cellTableOf(
    Array.from({ length: 240 }, (_, n) => {
      const city = n % 12;
      const country = city % 4;
      return { city: `c${city}`, country: `k${country}`, money: `m${country % 2}`, bank: n % 2 ? "b1" : "b0", x: n };
    }),
  );
  const own = detectSchema(places, {});
  const texts = ["combinations(money, bank)", "combinations(city, country)", "combinations(country, money)"];
  const coder = tableEncoder(own, places);
  const chained = givenCellsJudge(findConstraints(texts, places, own).constraints, coder);
  const judgedAll = (where: string) => chained(bindCondition(where, coder), "where")?.message;

  it("that share columns are looked at together", () => {
    expect(judgedAll('city == "c1" && money == "m0"')).toMatch(
      /constraint combinations\(country, money\)\), got country as combinations\(city, country\) leaves it, money "m0"; nearest: /,
    );
    expect(judgedAll('city == "c1" && bank == "b0"')).toMatch(
      /constraint combinations\((country, money|city, country)\)/,
    );
    for (const where of ['city == "c1" && money == "m1"', 'city == "c6" && bank == "b0"', 'money == "m1"'])
      expect(judgedAll(where), where).toBeUndefined();
  });
});

describe("nearest combinations", () => {
  it.each([
    [4, /, or 1 other$/],
    [5, /, or one of 2 others$/],
  ])("beyond three of %i are counted", (count, ending) => {
    const four = cellTableOf(Array.from({ length: 40 }, (_, n) => ({ a: `a${n % count}`, b: `b${n % count}`, x: n })));
    const own = detectSchema(four, {});
    const seen = findConstraints(["combinations(a, b)"], four, own).constraints[0]?.seen ?? { texts: [], rows: [] };
    const misfit = misfitOf({ columns: own.columns.slice(0, 2), seen }, () => ({ kind: "cell", text: "none" }));
    expect(misfit?.nearest).toMatch(ending);
  });
});

describe("rows with gaps", () => {
  const turn = async () => {};
  const cells = [
    { city: "Rome", country: "IT" },
    { city: "Rome", country: null },
    { city: "Atlantis", country: null },
    { city: null, country: "NO" },
    { city: "Rome", country: "NO" },
    { city: null, country: null },
    { city: null, country: "ZZ" },
  ];
  it("whose known cells occur in no combination are found with a sentence, whole rows and others are not", async () => {
    const { rows, notes } = await unfillableRows(constraints, encoder, cellTableOf(cells), {
      asked: [...cells.keys()],
      isUnknown: () => false,
      turn,
    });
    expect([...rows]).toEqual([2, 6]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(
      /^nothing is drawn for the gaps of 2 rows: .* \(constraint combinations\(city, country\)\), in row 3 city "Atlantis"; nearest: /,
    );
  });

  it("are looked at by what is known of three columns, too", async () => {
    const triples = cellTableOf(
      Array.from({ length: 60 }, (_, n) => ({ a: `a${n % 2}`, b: `b${n % 2}`, c: `c${n % 6}`, x: n })),
    );
    const own = detectSchema(triples, {});
    const one = findConstraints(["combinations(a, b, c)"], triples, own);
    const partial = cellTableOf([
      { a: "a0", b: "b1", c: null },
      { a: "a0", b: null, c: "c4" },
      { a: "a0", b: null, c: "c3" },
    ]);
    const { rows, notes } = await unfillableRows(one.constraints, tableEncoder(own, triples), partial, {
      asked: [0, 1, 2],
      isUnknown: () => false,
      turn,
    });
    expect([...rows]).toEqual([0, 2]);
    expect(notes[0]).toContain('in row 1 a "a0", b "b1"; nearest: a "a0", b "b0" or a "a1", b "b1"');
    const unknown = await unfillableRows(one.constraints, tableEncoder(own, triples), partial, {
      asked: [0, 1, 2],
      isUnknown: (column) => column === "a",
      turn,
    });
    expect([...unknown.rows]).toEqual([]);
  });
});
