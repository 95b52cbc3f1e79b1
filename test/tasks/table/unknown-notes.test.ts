// unknown-notes: texts that a model cannot place are counted by column, with the first of them and its row; gaps are none of them.
import { beforeAll, expect, it } from "vitest";
import type { CellTable } from "../../../src/data/cell-table.ts";
import { random } from "../../../src/random.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { type TableEncoder, tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { pointsOf, spansOf } from "../../../src/tasks/table/points.ts";
import { unknownNotes } from "../../../src/tasks/table/unknown-notes.ts";
import { columnsTable, scattered } from "./table-support.ts";

const fate = "not known to the model, so counted for nothing; where a gap is meant, leave the cell empty";

let encoder: TableEncoder;
beforeAll(async () => {
  const table = await columnsTable({
    size: scattered(60, 3).map((n) => ["S", "M", "L"][n]!),
    x: scattered(60, 900, 2).map((n) => (n % 5 === 0 ? "" : String(n))),
    day: scattered(60, 300, 3).map((n) => new Date(Date.UTC(2024, 0, 1 + n)).toISOString().slice(0, 10)),
    vip: scattered(60, 2, 4).map((n) => ["yes", "no"][n]!),
  });
  encoder = tableEncoder(detectSchema(table), table);
});

const cellsOf = (table: CellTable) => pointsOf(encoder, table, { key: random(1) }).cells;
const notesOf = (table: CellTable) => unknownNotes(spansOf(encoder), { cells: cellsOf(table) }, table);

const usual = { size: ["S", "M"], x: ["1", ""], day: ["2024-01-05", "2024-01-06"], vip: ["yes", "no"] };

it("texts that the model knows, numbers beyond its own, and gaps are no matter for a note", async () => {
  expect(notesOf(await columnsTable(usual))).toEqual([]);
  const gaps = { ...usual, size: ["", "S"], x: ["99999", "NA"], vip: ["", "NaN"] };
  expect(notesOf(await columnsTable(gaps))).toEqual([]);
});

it("each column says how many there are, why, and which is the first, in the columns' order", async () => {
  const table = await columnsTable({
    vip: ["yes", "no", "no", "perhaps"],
    day: ["2024-01-05", "soon", "", "2024-13-01"],
    x: ["1", "2", "twelve", "3"],
    size: ["S", "", "XL", "XXL"],
  });
  expect(notesOf(table)).toEqual([
    `column "size" has 2 cells with texts that the model has never seen, such as "XL" in row 3: ${fate}`,
    `column "x" has 1 cell with a text that cannot be read as numbers, such as "twelve" in row 3: ${fate}`,
    `column "day" has 2 cells with texts that cannot be read as dates of the form YYYY-MM-DD, such as "soon" in row 2: ${fate}`,
    `column "vip" has 1 cell with a text that the model has never seen, such as "perhaps" in row 4: ${fate}`,
  ]);
});

it("of a table that is looked at once for every draw, its own cells are counted once", async () => {
  const table = await columnsTable({ ...usual, size: ["S", "XL"] });
  const cells = cellsOf(table).map((kinds) => Uint8Array.of(...kinds, ...kinds, ...kinds));
  expect(unknownNotes(spansOf(encoder), { cells }, table)).toEqual(notesOf(table));
  expect(notesOf(table)[0]).toContain("has 1 cell with a text that the model has never seen");
});

it("a long text is cut, and quotes and breaks in it are escaped", async () => {
  const [long] = notesOf(await columnsTable({ ...usual, size: ["S", "L".repeat(500)] }));
  expect(long).toContain(`such as "${"L".repeat(57)}…" in row 2: `);
  const [odd] = notesOf(await columnsTable({ ...usual, size: ['a "b"\nc', "S"] }));
  expect(odd).toContain('such as "a \\"b\\"\\nc" in row 1: ');
});
