// value-table: collects parsed values, row by row, as float32 numbers; every refusal names place and column.
import { failure, type LocalFlowError } from "../errors.ts";
import type { ColumnChoice } from "./columns.ts";
import {
  allocated,
  cellError,
  filledTable,
  grown,
  largestFloat32,
  missing,
  type NumericTable,
  type NumericTableOptions,
  textColumnsError,
} from "./numeric-table.ts";
import { inColumn } from "./table-places.ts";

export interface ValueTableOptions extends NumericTableOptions {
  /** Name of the source in error messages. */
  readonly where: string;
}

export interface ValueTable {
  /** The number of columns of the source. */
  readonly width: number;
  /** Adds the row at `placeOf()`, which ends `bytesRead` bytes into the source; `valueAt` gives its value in a column. */
  add(valueAt: (place: number) => unknown, placeOf: () => string, bytesRead: number): void;
  /** The table, after the last row. */
  table(): NumericTable;
}

/** An empty table of the chosen columns of a source with `sourceWidth` columns. Booleans are 0 and 1. */
export function valueTable(
  { columns, places, ignored }: ColumnChoice,
  sourceWidth: number,
  options: ValueTableOptions,
): ValueTable {
  const { where } = options;
  const width = columns.length;
  let data = allocated(Math.max(1, Math.floor(2 ** 14 / width)) * width, where);
  let used = 0;
  return {
    width: sourceWidth,
    add(valueAt: (place: number) => unknown, placeOf: () => string, bytesRead: number): void {
      if (used === data.length) data = grown(data, { where, width, bytesRead, options });
      for (let slot = 0; slot < width; slot++) {
        const value = valueAt(places[slot]!);
        const number = typeof value === "boolean" ? Number(value) : value;
        if (typeof number !== "number" || !(Math.abs(number) <= largestFloat32)) {
          throw valueError({ where: placeOf(), columns, slot, isFirst: used === 0 }, (other) =>
            valueAt(places[other]!),
          );
        }
        data[used + slot] = number;
      }
      used += width;
    },
    table(): NumericTable {
      if (used === 0) throw failure("data", { where, expected: "rows of numbers", received: "none" });
      return filledTable({ columns, ignored }, data, used, options);
    },
  };
}

interface ValuePlace {
  readonly where: string;
  readonly columns: readonly string[];
  readonly slot: number;
  readonly isFirst: boolean;
}

/** A first row with text is told from a stray text further down: it is a text column. */
function valueError({ where, columns, slot, isFirst }: ValuePlace, valueAt: (slot: number) => unknown): LocalFlowError {
  const value = valueAt(slot);
  const place = inColumn(where, columns[slot]!);
  const isText = (other: unknown) =>
    (typeof other === "string" && !missing.test(other)) || (typeof other === "object" && other !== null);
  if (isFirst && isText(value)) {
    const texts = columns.map((name, at) => [name, valueAt(at)] as const).filter(([, other]) => isText(other));
    return textColumnsError(where, columns, new Map(texts.map(([name, other]) => [name, spoken(other)])));
  }
  if (value === undefined) return failure("data", { where: place, expected: "a number", received: "nothing" });
  if (typeof value === "string") return cellError(place, value, Number.NaN);
  if (typeof value === "number" || value === null) return cellError(place, String(value), value ?? Number.NaN);
  return failure("data", { where: place, expected: "a number", received: spoken(value) });
}

/** A value in a word or two; a text as it is. */
export function spoken(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
