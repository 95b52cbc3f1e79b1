// constraint-tests: uniqueness, combinations that were seen, and the bounds of sums, tested in the rows of tables.
import { type CellTable, cellText } from "../../data/cell-table.ts";
import { failure } from "../../errors.ts";
import { amountsOf } from "./amounts.ts";
import { isGap } from "./comparisons.ts";
import { cellsOf, outcomes, type RowOutcomes } from "./linear.ts";
import type { ColumnSchema, Schema } from "./schema.ts";

/** The distinct texts of each column, and their places in the combinations that were seen, row by row; -1 for a gap. */
export interface SeenCombinations {
  readonly texts: readonly (readonly string[])[];
  readonly rows: readonly number[];
}

/** The most combinations that a model keeps. */
export const mostCombinations = 65_536;

/** A test that remembers from table to table; once `limit` rows hold, it looks no further and leaves the rest open. */
export type UniqueTest = (table: CellTable, candidates?: Uint8Array, limit?: number) => Uint8Array;

/**
 * Fails in rows that agree with an earlier one, which did not fail, in all columns of one of the lists. A list of which a row
 * has a gap does not count there; rows that are no candidates (0) are open and not remembered.
 */
export function uniqueTest(lists: readonly (readonly ColumnSchema[])[]): UniqueTest {
  const known = lists.map(() => new Set<string>());
  return (table, candidates, limit = Number.POSITIVE_INFINITY) => {
    const readers = lists.map((columns) => columns.map((column) => cellReader(table, column)));
    let held = 0;
    return Uint8Array.from({ length: table.rows }, (_, row) => {
      if (candidates?.[row] === 0 || held >= limit) return outcomes.open;
      const keys = readers.map((list) => list.map((read) => read(row)));
      // A list without columns is one with an id that counts the rows: never twice.
      const names = keys.map((texts) =>
        texts.length === 0 || texts.includes(undefined) ? undefined : JSON.stringify(texts),
      );
      if (names.every((name) => name === undefined)) return outcomes.open;
      if (names.some((name, n) => name !== undefined && known[n]!.has(name))) return outcomes.fails;
      names.forEach((name, n) => {
        if (name !== undefined) known[n]!.add(name);
      });
      held++;
      return outcomes.holds;
    });
  };
}

/** The distinct combinations of cells in a table. Throws `option` where there are too many. */
export function combinationsIn(table: CellTable, columns: readonly ColumnSchema[], where: string): SeenCombinations {
  const readers = columns.map((column) => cellReader(table, column));
  const codes = columns.map(() => new Map<string, number>());
  const known = new Set<string>();
  const rows: number[] = [];
  for (let row = 0; row < table.rows; row++) {
    const combination = readers.map((read, n) => {
      const text = read(row);
      if (text === undefined) return -1;
      const places = codes[n]!;
      if (!places.has(text)) places.set(text, places.size);
      return places.get(text)!;
    });
    const key = combination.join(" ");
    if (known.has(key)) continue;
    known.add(key);
    rows.push(...combination);
    if (known.size > mostCombinations)
      throw failure("option", {
        where,
        expected: `at most ${mostCombinations} different combinations`,
        received: "more",
        remedy: "name columns of fewer values",
      });
  }
  return { texts: codes.map((places) => [...places.keys()]), rows };
}

/** Holds in rows whose combination of cells is one that was seen. */
export function combinationTest(columns: readonly ColumnSchema[], seen: SeenCombinations): RowOutcomes {
  const { rows } = seen;
  const known = new Set<string>();
  for (let at = 0; at < rows.length; at += columns.length) known.add(rows.slice(at, at + columns.length).join(" "));
  return (table) => {
    const readers = seenCodes(table, columns, seen);
    return Uint8Array.from({ length: table.rows }, (_, row) =>
      known.has(readers.map((read) => read(row)).join(" ")) ? outcomes.holds : outcomes.fails,
    );
  };
}

/**
 * Whether some combination has the codes of `seenCodes` that are known, those of the others being undefined. Each choice of known
 * columns is looked up in a set of its own.
 */
export function partialTest(
  { rows }: SeenCombinations,
  width: number,
): (codes: readonly (number | undefined)[]) => boolean {
  const sets = new Map<string, ReadonlySet<string>>();
  const keyOf = (codes: readonly (number | undefined)[], places: readonly number[]) =>
    places.map((n) => codes[n]).join(" ");
  const projected = (places: readonly number[]) => {
    const keys = new Set<string>();
    for (let at = 0; at < rows.length; at += width) keys.add(keyOf(rows.slice(at, at + width), places));
    return keys;
  };
  return (codes) => {
    const places = [...codes.keys()].filter((n) => codes[n] !== undefined);
    const name = places.join(" ");
    const keys = sets.get(name) ?? projected(places);
    sets.set(name, keys);
    return keys.has(keyOf(codes, places));
  };
}

/** For each column the place of a row's cell among the texts that were seen: -1 for a gap, -2 for others. */
export function seenCodes(
  table: CellTable,
  columns: readonly ColumnSchema[],
  { texts }: SeenCombinations,
): readonly ((row: number) => number)[] {
  return columns.map((column, n) => {
    const read = cellReader(table, column);
    const places = new Map((texts[n] ?? []).map((text, code) => [text, code]));
    return (row) => {
      const text = read(row);
      return text === undefined ? -1 : (places.get(text) ?? -2);
    };
  });
}

/** Fails where the value of a column is beyond its bounds, which a sum may be. */
export function boundsTest(name: string, { columns }: Schema): RowOutcomes {
  const column = columns.find((each) => each.name === name);
  if (column?.kind !== "number" && column?.kind !== "date")
    return (table) => new Uint8Array(table.rows).fill(outcomes.holds);
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY, step = 0 } = column;
  const { parse } = amountsOf(column);
  return (table) => {
    const read = cellReader(table, column);
    return Uint8Array.from({ length: table.rows }, (_, row) => {
      const value = parse(read(row) ?? "");
      const isOutside = value < minimum - step / 2 || value > maximum + step / 2;
      return isOutside ? outcomes.fails : outcomes.holds;
    });
  };
}

/** The cell of a row as the column would write it, undefined for a gap; every distinct text is looked at once. */
function cellReader(table: CellTable, column: ColumnSchema): (row: number) => string | undefined {
  const cells = cellsOf(table, column.name);
  const spell = spelling(column);
  const known = new Map<number, string | undefined>();
  return (row) => {
    const code = cells.codes[row]!;
    if (code < 0) return undefined;
    if (known.has(code)) return known.get(code);
    const text = cellText(cells, row);
    const spelled = text === undefined || isGap(column, text) ? undefined : spell(text);
    known.set(code, spelled);
    return spelled;
  };
}

function spelling(column: ColumnSchema): (text: string) => string {
  if (column.kind !== "number" && column.kind !== "date") return (text) => text;
  const { parse, format } = amountsOf(column);
  return (text) => {
    const value = parse(text);
    return Number.isNaN(value) ? text : format(value);
  };
}
