// cell-rows: tables of mixed columns made of others: some of the rows, more columns, more texts.
import { lastUpTo } from "./ascending.ts";
import type { CellColumn, CellOrigin, CellTable } from "./cell-table.ts";
import { checkDistinct, chooseColumns } from "./columns.ts";
import { listedTexts, type Texts } from "./text-pool.ts";

/** The rows at `places`, in that order; texts are shared with the table. */
export function takenCells({ columns }: CellTable, places: ArrayLike<number>): CellTable {
  return {
    rows: places.length,
    columns: columns.map((column) => ({
      ...column,
      codes: Int32Array.from(places, (place) => column.codes[place] ?? -1),
    })),
  };
}

/** The table's rows `times` over, one whole table after the other. */
export function repeatedCells({ rows, columns }: CellTable, times: number): CellTable {
  const repeated = (codes: Int32Array): Int32Array => {
    const out = new Int32Array(times * rows);
    for (let n = 0; n < times; n++) out.set(codes, n * rows);
    return out;
  };
  return { rows: times * rows, columns: columns.map((column) => ({ ...column, codes: repeated(column.codes) })) };
}

/** The rows of tables with the same columns, one table after the other; texts are shared with them. */
export function stackedCells(tables: readonly CellTable[]): CellTable {
  const [first] = tables;
  if (first === undefined || tables.length === 1) return first ?? { rows: 0, columns: [] };
  const rows = tables.reduce((total, table) => total + table.rows, 0);
  const columns = first.columns.map((column, place): CellColumn => {
    const parts = tables.map((table) => table.columns[place]!);
    const codes = new Int32Array(rows);
    let [row, start] = [0, 0];
    for (const part of parts) {
      for (const code of part.codes) codes[row++] = code < 0 ? -1 : start + code;
      start += part.texts.size;
    }
    return { ...column, codes, texts: chainedTexts(parts.map(({ texts }) => texts)) };
  });
  return { rows, columns };
}

/** The table with further columns at its end. Throws a `data` error for a name that is there. */
export function withCells(table: CellTable, added: readonly CellColumn[], where: string): CellTable {
  const columns = [...table.columns, ...added];
  checkDistinct(
    columns.map(({ name }) => name),
    where,
  );
  return { rows: table.rows, columns };
}

/** The named columns of a table in the order of the names. */
export function chosenCells(table: CellTable, names: readonly string[] | undefined, where: string): CellTable {
  const all = table.columns.map(({ name }) => name);
  const { places } = chooseColumns(all, names, where);
  return { rows: table.rows, columns: places.map((place) => table.columns[place]!) };
}

/** A column of numbers, NaN being a gap, as texts of at most `digits` significant digits. */
export function numberCells(name: string, values: ArrayLike<number>, digits: number): CellColumn {
  const texts: string[] = [];
  const codes = Int32Array.from(values, (value) => {
    if (Number.isNaN(value)) return -1;
    texts.push(String(Number(value.toPrecision(digits))));
    return texts.length - 1;
  });
  return { name, origin: "number", codes, texts: listedTexts(texts), gap: "" };
}

/** A column that has the same text, or a gap, in every row. */
export function sameCells(name: string, text: string | undefined, rows: number): CellColumn {
  const origin: CellOrigin = "untyped";
  const texts = listedTexts(text === undefined ? [] : [text]);
  return { name, origin, codes: new Int32Array(rows).fill(text === undefined ? -1 : 0), texts, gap: "" };
}

/** The texts of `first`, then those of `second`. */
export function joinedTexts(first: Texts, second: Texts): Texts {
  const { size } = first;
  return { size: size + second.size, at: (code) => (code < size ? first.at(code) : second.at(code - size)) };
}

/** The texts of lists, one list after the other. */
function chainedTexts(lists: readonly Texts[]): Texts {
  const starts: number[] = [];
  let size = 0;
  for (const list of lists) {
    starts.push(size);
    size += list.size;
  }
  return {
    size,
    at(code) {
      const list = lastUpTo(starts, code);
      return lists[list]!.at(code - starts[list]!);
    },
  };
}
