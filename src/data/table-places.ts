// table-places: how messages name places in tables. A text file has lines as an editor counts them, the header being line 1; a table has rows, the header being none.
import { shorten } from "./columns.ts";

/** `t.csv line 3`. */
export function atLine(where: string, line: number): string {
  return `${where} line ${line}`;
}

/** `t.parquet row 3` for the row at place 2. */
export function atRow(where: string, place: number): string {
  return `${where} ${rowName(place)}`;
}

/** `row 3` for the row at place 2. */
export function rowName(place: number): string {
  return listedRows([place + 1]);
}

/** `row 3, 8, …` for the row numbers 3 and 8 of `count` rows. */
export function listedRows(numbers: readonly number[], count = numbers.length): string {
  return `row ${numbers.join(", ")}${count > numbers.length ? ", …" : ""}`;
}

/** `t.csv line 3 column "b"`. */
export function inColumn(where: string, name: string): string {
  return `${where} column "${shorten(name)}"`;
}

/** `t.csv line 3 field 2` for the field at place 1. */
export function inField(where: string, place: number): string {
  return `${where} field ${place + 1}`;
}
