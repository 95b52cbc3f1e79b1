// nearest-combinations: points read together are combinations that the data had, the nearest ones, and known cells stay.
import { describe, expect, it } from "vitest";
import { type CellTable, cellTableOf, cellText } from "../../../src/data/cell-table.ts";
import { fillNormal, random } from "../../../src/random.ts";
import { findConstraints } from "../../../src/tasks/table/constraints.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { type TableEncoder, tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { combinationReader } from "../../../src/tasks/table/nearest-combinations.ts";
import { orders } from "../../support/orders-table.ts";

function prepared(table: CellTable, text: string) {
  const schema = detectSchema(table);
  const { constraints, reports } = findConstraints([text], table, schema);
  const encoder = tableEncoder(schema, table);
  return { encoder, reports, read: combinationReader(constraints, encoder) };
}

const noise = (encoder: TableEncoder, rows: number) => {
  const points = new Float32Array(rows * encoder.dimensions.length);
  fillNormal(random("noise"), points);
  return points;
};
const keysOf = (table: CellTable, names: readonly string[]) =>
  Array.from({ length: table.rows }, (_, row) =>
    names.map((name) => cellText(table.columns.find((column) => column.name === name)!, row) ?? "").join(" "),
  );

describe("points read as combinations", () => {
  const table = cellTableOf(orders(600));
  const { encoder, read, reports } = prepared(table, "combinations(city, country)");
  const points = noise(encoder, 500);
  const plain = encoder.decode(points, 500);
  const seen = new Set(keysOf(table, ["city", "country"]));
  const known = keysOf(plain, ["city", "country"]).map((key) => seen.has(key));

  it("are ones that were seen, whatever the point, and unchanged where they were seen anyway", () => {
    expect(reports[0]).toMatchObject({ enforced: "nearest", violations: 0 });
    const keys = keysOf(encoder.decode(points, 500, { combined: read }), ["city", "country"]);
    expect(known.filter((isSeen) => !isSeen).length).toBeGreaterThan(200);
    keys.forEach((key, row) => {
      expect(seen.has(key)).toBe(true);
      if (known[row]) expect(key).toBe(keysOf(plain, ["city", "country"])[row]);
    });
    expect(keysOf(encoder.decode(points, 500, { combined: read }), ["low", "start"])).toEqual(
      keysOf(plain, ["low", "start"]),
    );
  });

  it("keep cells that are fixed, and are left alone where nothing seen has them", () => {
    const fixed = (name: string) => name === "city";
    const cities = encoder.decode(points, 500, { combined: (part, at) => read(part, at, fixed) });
    expect(keysOf(cities, ["city"])).toEqual(keysOf(plain, ["city"]));
    for (const key of keysOf(cities, ["city", "country"])) expect(seen.has(key)).toBe(true);
    const all = encoder.decode(points, 500, { combined: (part, at) => read(part, at, () => true) });
    expect(keysOf(all, ["city", "country"])).toEqual(keysOf(plain, ["city", "country"]));
  });

  it("are the nearest: a point beside the edge of a cell falls over it", () => {
    const pairs = Array.from({ length: 90 }, (_, n) => ({ a: `a${n % 3}`, b: `b${n % 3}`, x: n / 7 }));
    const small = prepared(cellTableOf(pairs), "combinations(a, b)");
    const { dimensions } = small.encoder;
    const [a, b] = ["a", "b"].map((name) => dimensions.findIndex(({ column }) => column === name)) as [number, number];
    // The cells of three equal levels end at -0.43 and 0.43.
    const row = (first: number, second: number) => {
      const scores = new Float32Array(dimensions.length);
      scores[a] = first;
      scores[b] = second;
      return scores;
    };
    const keyAt = (first: number, second: number) =>
      keysOf(small.encoder.decode(row(first, second), 1, { combined: small.read }), ["a", "b"])[0];
    const orderOf = (at: number, name: string) =>
      [-1, 0, 1].map((score) => keysOf(small.encoder.decode(at === a ? row(score, 0) : row(0, score), 1), [name])[0]);
    const [firsts, seconds] = [orderOf(a, "a"), orderOf(b, "b")];
    const partner = (level: string | undefined) => level?.replace("a", "b");
    for (const [place, score] of [-1, 0, 1].entries()) {
      const own = [-1, 0, 1][seconds.indexOf(partner(firsts[place]))]!;
      // Barely outside the partner's cell, deep inside the first one.
      const beside = own === 0 ? 0.45 : own === -1 ? -0.41 : 0.41;
      expect(keyAt(3 * score, beside)).toBe(`${firsts[place]} ${partner(firsts[place])}`);
    }
  });

  it("have gaps where the seen ones do", () => {
    const rows = Array.from({ length: 200 }, (_, n) => ({
      kind: n % 2 === 0 ? "car" : "bike",
      plate: n % 2 === 0 ? `p${n % 5}` : null,
      x: n / 3,
    }));
    const vehicles = prepared(cellTableOf(rows), "combinations(kind, plate)");
    const drawn = vehicles.encoder.decode(noise(vehicles.encoder, 300), 300, { combined: vehicles.read });
    for (const key of keysOf(drawn, ["kind", "plate"])) expect(key).toMatch(/^(bike |car p\d)$/);
  });
});
