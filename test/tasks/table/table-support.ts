// table-support: tables made in tests, there and back through the encoder.

import { readCellCsv } from "../../../src/data/cell-csv.ts";
import { type CellTable, cellText } from "../../../src/data/cell-table.ts";
import { random } from "../../../src/random.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { encoderFrom, tableEncoder } from "../../../src/tasks/table/encoder.ts";
import type { SchemaOverrides } from "../../../src/tasks/table/schema-file.ts";

export function csvTable(text: string, missing: readonly string[] = []): Promise<CellTable> {
  return readCellCsv([new TextEncoder().encode(text)], { where: "t.csv", missing });
}

/** A table of one column, or of several under their names. */
export function columnsTable(columns: Readonly<Record<string, readonly string[]>>): Promise<CellTable> {
  const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
  const names = Object.keys(columns);
  const rows = columns[names[0]!]!.map((_, row) => names.map((name) => quoted(columns[name]![row]!)).join(","));
  return csvTable(`${names.map(quoted).join(",")}\n${rows.join("\n")}\n`);
}

export function textsOf(table: CellTable): Record<string, (string | undefined)[]> {
  return Object.fromEntries(
    table.columns.map((column) => [column.name, Array.from({ length: table.rows }, (_, row) => cellText(column, row))]),
  );
}

/** Detects, encodes, takes the encoder through JSON, decodes with it. */
export function thereAndBack(table: CellTable, overrides: SchemaOverrides = {}, seed = 7) {
  const schema = detectSchema(table, overrides);
  const encoder = tableEncoder(schema, table);
  const encoded = encoder.encode(table, { key: random(seed) });
  const read = encoderFrom(JSON.parse(JSON.stringify(encoder)), "model");
  return { schema, encoder, encoded, back: read.decode(encoded.values, table.rows) };
}

/** Whole numbers that look random, the same in every run. */
export function scattered(count: number, below: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  });
}
