// regenerate: new texts have the shapes of the old ones and are none of them; nothing that few rows share is told.
import { describe, expect, it } from "vitest";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import { random } from "../../../src/random.ts";
import { detectSchema, schemaNotices } from "../../../src/tasks/table/detect.ts";
import { encoderFrom, tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { profileOf } from "../../../src/tasks/table/profile.ts";
import { type Regeneration, regenerator, shapesOf, spokenShape } from "../../../src/tasks/table/regenerate.ts";
import { parseOverrides, type SchemaOverrides } from "../../../src/tasks/table/schema-file.ts";

const columnOf = (values: readonly (string | null)[]) => cellTableOf(values.map((v) => ({ v }))).columns[0]!;
const shapes = (values: readonly (string | null)[]) => {
  const found = shapesOf(profileOf(columnOf(values)));
  return found?.kind === "shapes" ? found : undefined;
};
const written = (found: Regeneration, count: number, seed = 1) => {
  const textOf = regenerator(found, random(seed));
  return Array.from({ length: count }, (_, row) => textOf(row));
};
/** Different numbers that are not one after the other. */
const spread = (n: number) => 1000 + ((n * 7919) % 9000);
const orders = Array.from({ length: 300 }, (_, n) => `ORD-${spread(n)}-${"abcdef"[n % 6]}${n % 2 === 0 ? "X" : "Z"}`);

describe("the shapes of texts", () => {
  it("are what all share, and sets of characters elsewhere", () => {
    expect(shapes(orders)?.shapes.map(spokenShape)).toEqual(["ORD-9999-aA"]);
    const phones = Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? `+49 ${spread(n)}` : `0${spread(n)}`));
    expect(shapes(phones)?.shapes.map(spokenShape).sort()).toEqual(["+49 9999", "09999"]);
  });

  it("are none for prose, for few texts, and for shapes that ten texts do not have", () => {
    const words = ["red", "a", "very", "long", "green", "I", "tree", "sunny"];
    const prose = Array.from({ length: 200 }, (_, n) =>
      Array.from({ length: 3 + (n % 7) }, (_, k) => words[(n * 31 + k * k * 7) % 8]).join(" "),
    );
    expect(shapes(prose)).toBeUndefined();
    expect(shapes(orders.slice(0, 9))).toBeUndefined();
    const rare = shapes([...orders, "SECRET", "another-one"]);
    expect(rare?.shapes.map(spokenShape)).toEqual(["ORD-9999-aA"]);
    expect(JSON.stringify(rare)).not.toMatch(/SECRET|another/);
  });
});

describe("texts written anew", () => {
  it("have the shape, never come twice where none did, and differ from seed to seed alone", () => {
    const found = shapes(orders)!;
    const texts = written(found, 5000);
    for (const text of texts) expect(text).toMatch(/^ORD-[1-9]\d{3}-[a-z][A-Z]$/);
    expect(new Set(texts).size).toBe(5000);
    expect(written(found, 5000)).toEqual(texts);
    expect(written(found, 50, 2)).not.toEqual(texts.slice(0, 50));
    const all = written(shapes(Array.from({ length: 90 }, (_, n) => `k${10 + n}`))!, 90);
    expect(new Set(all)).toEqual(new Set(Array.from({ length: 90 }, (_, n) => `k${10 + n}`)));
  });

  it("stay different with several shapes and with more room than numbers hold", () => {
    const uuids = Array.from({ length: 50 }, (_, n) => {
      const hex = Array.from({ length: 32 }, (_, k) =>
        ((Math.imul(n + 3, 2654435761 + 977 * k) >>> 9) % 16).toString(16),
      ).join("");
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12)}`;
    });
    const mixed = [...uuids, ...Array.from({ length: 50 }, (_, n) => `u${100 + n}`)];
    const texts = written(shapes(mixed)!, 2000);
    expect(new Set(texts).size).toBe(2000);
    expect(texts.filter((text) => text?.includes("-")).length).toBeGreaterThan(900);
  });

  it("repeat and have gaps as often as the old ones", () => {
    const codes = Array.from({ length: 400 }, (_, n) =>
      n % 4 === 0 ? null : `R${n % 60 < 10 ? `0${n % 60}` : n % 60}`,
    );
    const found = shapes(codes)!;
    expect(found.unique).toBe(false);
    const texts = written(found, 4000);
    expect(texts.filter((text) => text === undefined).length / 4000).toBeCloseTo(0.25, 1);
    expect(new Set(texts).size).toBeLessThan(102);
  });
});

describe("columns of texts", () => {
  const rows = Array.from({ length: 60 }, (_, n) => ({
    key: orders[n],
    note: `${"nothing to say ".repeat(1 + (n % 9))}${n}${"!".repeat(n % 7)}`,
    x: n / 8,
  }));
  const table = cellTableOf(rows);
  const kinds = (overrides: SchemaOverrides, texts?: "regenerate" | "sample") =>
    detectSchema(table, overrides, texts).columns.map((column) =>
      "regenerate" in column ? column.regenerate?.kind : "out",
    );

  it("are left out unless it is asked for, ids never drawn from their own texts", () => {
    expect(kinds({})).toEqual(["out", "out", "out"]);
    expect(kinds({}, "regenerate")).toEqual(["shapes", "out", "out"]);
    expect(kinds({}, "sample")).toEqual(["shapes", "seen", "out"]);
    expect(kinds(parseOverrides({ key: { kind: "id", regenerate: false } }, "s"), "sample")[0]).toBe("out");
    expect(kinds(parseOverrides({ note: { kind: "text", regenerate: "sample" } }, "s"))).toEqual([
      "out",
      "seen",
      "out",
    ]);
    expect(() => parseOverrides({ key: { kind: "id", regenerate: "sample" } }, "s")).toThrow(
      /s column "key", field "regenerate"/,
    );
    expect(() => kinds(parseOverrides({ note: { kind: "text", regenerate: true } }, "s"))).toThrow(
      /schema column "note": expected texts of a few shapes/,
    );
  });

  it("come back from points without a dimension of their own, from files too, and are spoken of in a notice", () => {
    const schema = detectSchema(table, {}, "sample");
    const encoder = tableEncoder(schema, table);
    expect(new Set(encoder.dimensions.map(({ column }) => column))).toEqual(new Set(["x"]));
    const again = encoderFrom(JSON.parse(JSON.stringify(encoder)), "model");
    const drawn = again.decode(new Float32Array(30), 30, { key: random(4) });
    const texts = drawn.columns.map(({ codes, texts }) => Array.from(codes, (code) => texts.at(code)));
    expect(drawn.columns.map(({ name }) => name)).toEqual(["key", "note", "x"]);
    for (const text of texts[0]!) expect(text).toMatch(/^ORD-\d{4}-[a-z][A-Z]$/);
    const seen = new Set(rows.map(({ note }) => note));
    for (const text of texts[1]!) expect(seen.has(text)).toBe(true);
    const later = again.decode(new Float32Array(10), 10, { key: random(4), firstRow: 20 });
    expect(Array.from(later.columns[0]!.codes, (code) => later.columns[0]!.texts.at(code))).toEqual(
      texts[0]!.slice(20),
    );
    expect(schemaNotices(schema)).toEqual([
      expect.stringMatching(/"key" is written anew in the shape "ORD-9999-aA"/),
      expect.stringMatching(/"note" is drawn from its own texts: the model file holds all 60 of them/),
    ]);
  });
});
