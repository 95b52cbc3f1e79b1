// evaluate-texts: texts that are written anew are judged beside real ones, and copies among them are told from chance.
import { describe, expect, it } from "vitest";
import { type CellTable, cellTableOf } from "../../../src/data/cell-table.ts";
import { random } from "../../../src/random.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { evaluateTexts } from "../../../src/tasks/table/evaluate-texts.ts";
import { textsSections } from "../../../src/tasks/table/evaluate-texts-page.ts";
import { textSentences } from "../../../src/tasks/table/evaluate-texts-verdict.ts";
import { chanceOfKnown } from "../../../src/tasks/table/regenerate.ts";
import { scattered } from "./table-support.ts";

/** An id of much room, a code of 900 texts that repeats, a comment of few words, and a number. */
function rows(count: number, seed: number) {
  const [a, b] = [scattered(count, 90_000, seed), scattered(count, 900, seed + 50)];
  return Array.from({ length: count }, (_, n) => ({
    key: `ORD-${10_000 + (((a[n] ?? 0) + 7 * n) % 90_000)}-${"abcdefgh"[n % 8]}`,
    code: n % 10 === 0 ? null : `Q${100 + (b[n] ?? 0)}`,
    note: `said ${"so ".repeat((b[n] ?? 0) % 40)}${n % 30}`,
    x: n / 8,
  }));
}

const [train, heldOut] = [cellTableOf(rows(600, 1)), cellTableOf(rows(400, 2))];
const schema = detectSchema(
  train,
  { code: { kind: "text", regenerate: true }, note: { kind: "text", regenerate: "sample" } },
  "regenerate",
);
const encoder = tableEncoder(schema, train);
const d = encoder.dimensions.length;
const drawnRows = (count: number) => encoder.decode(new Float32Array(count * d), count, { key: random(5) });
const turn = async () => {};
const judged = (drawn: CellTable, withTrain = true) =>
  evaluateTexts(schema, { heldOut, drawn, ...(withTrain && { train }) }, { seed: 1, turn });

describe("texts written anew", () => {
  it("are as good as real ones by their shapes, repeat as often, and are training texts as often as chance has it", async () => {
    const { texts, notes } = await judged(drawnRows(400));
    expect(notes).toEqual([]);
    expect(texts.map(({ column, kind, drawn, signs }) => [column, kind, drawn, signs])).toEqual([
      ["key", "id", "shapes", "classes"],
      ["code", "text", "shapes", "classes"],
      ["note", "text", "seen", "classes"],
    ]);
    const [key, code, note] = texts.map(({ measures }) => measures);
    for (const found of [key, code]) {
      expect(found?.knownShapes).toMatchObject({ value: 1, floor: { value: 1 } });
      expect(found?.shapes?.value).toBe(0);
      expect(found?.lengths?.value).toBe(0);
    }
    expect(key?.duplicates?.value).toBe(0);
    expect(code?.duplicates?.value).toBeCloseTo(code?.duplicates?.floor.value ?? 0, 1);
    expect(code?.duplicates?.value).toBeGreaterThan(0.1);
    const seen = new Set(rows(600, 1).flatMap((row) => row.code ?? [])).size;
    expect(code?.identical?.chance).toBeCloseTo(seen / 900, 12);
    expect(code?.identical?.value).toBeCloseTo(seen / 900, 1);
    expect(code?.identical?.floor.value).toBeCloseTo(seen / 900, 1);
    expect(key?.identical?.chance).toBeLessThan(0.01);
    expect(note?.identical).toMatchObject({ value: 1, chance: 1 });
    expect(texts[1]?.gaps.synthetic).toBeCloseTo(0.1, 1);
    expect(texts[1]?.gaps.heldOut).toBe(0.1);
    expect(JSON.parse(JSON.stringify(texts))).toEqual(texts);
  });

  it("are told of in words: copies of training texts first, and none where chance explains them", async () => {
    const { texts } = await judged(drawnRows(400));
    expect(textSentences(texts).join("\n")).toMatch(
      /^Texts of key are written anew: 100\.0 % have a shape of held-out/,
    );
    expect(textSentences(texts).join("\n")).not.toContain("more than chance explains");
    expect(textSentences(texts)[2]).toMatch(
      /note are drawn from its own texts: .*100\.0 % equal .* as was asked for\.$/,
    );
    const copied = await judged(
      cellTableOf(rows(600, 1).map((row, n) => ({ ...row, key: n % 2 ? row.key : `ORD-1-${n}` }))),
    );
    const [first] = textSentences(copied.texts);
    expect(first).toMatch(
      /^Texts of key .*: 5\d\.\d % have a shape .*, more than chance explains \(chance gives 0\.\d %\)\.$/,
    );
    const [section] = textsSections(copied.texts);
    expect(section?.table?.rows).toHaveLength(15);
    expect(textsSections([])).toEqual([]);
  });

  it("are held against a half of the held-out rows where there are no training rows, without copies", async () => {
    const { texts } = await judged(drawnRows(400), false);
    expect(texts[0]?.texts).toEqual({ heldOut: 200, synthetic: 200, floor: 200 });
    expect(texts[0]?.measures.identical).toBeUndefined();
    expect(texts[0]?.measures.knownShapes?.value).toBe(1);
  });

  it("of columns that are missing or nearly empty are not judged, with the reason", async () => {
    const less = cellTableOf(rows(400, 2).map(({ key, x }, n) => ({ key, code: n < 3 ? "Q100" : null, x })));
    const { texts, notes } = await evaluateTexts(
      schema,
      { heldOut: less, drawn: drawnRows(400), train },
      { seed: 1, turn },
    );
    expect(texts.map(({ column }) => column)).toEqual(["key"]);
    expect(notes).toEqual([
      'Texts of column "code" were not judged: there are fewer than 10 texts of it in some of the tables.',
      'Texts of column "note" were not judged: the held-out rows lack it.',
    ]);
  });
});

describe("the chance of a known text", () => {
  it("counts the known texts that a shape has, by how often the shape is drawn", () => {
    const digit = { of: "digit" } as const;
    const shapes = [
      { places: [{ is: "A" }, digit], count: 30 },
      { places: [{ is: "B" }, { is: "-" }, digit, digit], count: 10 },
    ];
    const found = { kind: "shapes", shapes, unique: false, filled: 40, gaps: 0 } as const;
    expect(chanceOfKnown(found, ["A1", "A2", "AB", "C3", "B-07", "B-x7"])).toBeCloseTo(
      (3 / 4) * 0.2 + (1 / 4) * 0.01,
      12,
    );
    expect(chanceOfKnown({ kind: "seen", texts: ["a"], counts: [1], filled: 1, gaps: 0 }, [])).toBe(1);
  });
});
