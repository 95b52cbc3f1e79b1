// table: tables of numbers from pickled frames, arrays and lists, or from one of several in a dict or list.
import { failure, type LocalFlowError } from "../../errors.ts";
import { floats } from "../../tensor/array.ts";
import {
  type ColumnOptions,
  checkDistinct,
  chooseColumns,
  chooseUnnamed,
  didYouMean,
  listNames,
  shorten,
} from "../columns.ts";
import {
  allocated,
  cellError,
  checkMemory,
  largestFloat32,
  type NumericTable,
  spokenNumber,
} from "../numeric-table.ts";
import { atRow, inColumn } from "../table-places.ts";
import { arrayOf, numbersInMemory, type PickledNumbers } from "./arrays.ts";
import type { ByteSource } from "./bytes.ts";
import { defaultMemory } from "./machine.ts";
import { frameOf, type PickledFrame } from "./pandas.ts";
import { pandasNames } from "./pandas-names.ts";
import { readPickle } from "./pickle.ts";
import { eachRun, runBytes } from "./runs.ts";
import { isKind, itemsOf, type PickleValue, shortName, spokenValue, textsOf } from "./values.ts";

export interface PickleTableOptions extends ColumnOptions {
  /** Name of the source in error messages. */
  readonly where: string;
  /** Which value of a dict or list; without it there must be only one that is a table. */
  readonly name?: string;
  /** Most bytes the table, and what is needed to read it, may take. */
  readonly memory?: number;
}

const expected = "a pandas frame of numbers";

/**
 * Reads a pickled pandas frame or series, a NumPy array [rows] or [rows, columns], or a list of numbers as float32, a
 * slice of rows at a time: the source is never in memory as a whole. Columns without names, or numbered from 0 by pandas,
 * are c1, c2, … Throws `data` errors that name row and column, `option` for an unknown name.
 */
export function readPickleTable(source: ByteSource, options: PickleTableOptions): NumericTable {
  const { where, memory } = options;
  const pickle = readPickle(source, {
    where,
    allowed: pandasNames,
    expected,
    ...(memory !== undefined && { memory }),
  });
  const frame = chosen(pickle.value, { ...options, room: (memory ?? defaultMemory) - pickle.memory });
  if (frame.names !== undefined) checkDistinct(frame.names, where);
  const { columns, places, ignored } =
    frame.names === undefined
      ? chooseUnnamed(frame.columns.length, options, where)
      : chooseColumns(frame.names, options.columns, where);
  checkNumeric(frame, places, columns, where);
  if (frame.rows === 0) throw failure("data", { where, expected: "rows of numbers", received: "none" });
  const width = places.length;
  checkMemory(pickle.memory + runBytes + 4 * width * frame.rows, "", where, memory);
  const data = allocated(frame.rows * width, where);
  const taken = places.map((place) => frame.columns[place]!);
  eachRun(taken, frame.rows, ({ column, first, count, values, from, stride }) => {
    for (let row = 0; row < count; row++) {
      const value = values[from + row * stride]!;
      if (!(Math.abs(value) <= largestFloat32)) {
        const place = inColumn(atRow(where, first + row), columns[column]!);
        throw cellError(place, spokenNumber(value), value);
      }
      data[(first + row) * width + column] = value;
    }
  });
  return { columns, rows: floats(data, [frame.rows, width]), ignored };
}

interface Choice {
  readonly where: string;
  readonly name?: string;
  /** Bytes left for numbers that are not in the source as such. */
  readonly room: number;
}

/** The value itself as a frame, or the one that is asked for. */
function chosen(value: PickleValue, { name, ...choice }: Choice): PickledFrame {
  const { where } = choice;
  const whole = name === undefined ? tabular(value, choice) : undefined;
  if (whole !== undefined) return whole;
  const entries = entriesOf(value);
  if (name !== undefined) {
    const place = entries.names.lastIndexOf(name);
    if (place < 0) throw unknownName(`${where}:${shorten(name)}`, name, entries.names);
    const entry = tabular(entries.values[place]!, { ...choice, where: `${where}:${name}` });
    if (entry === undefined) throw noTable(`${where}:${name}`, spokenValue(entries.values[place]));
    return entry;
  }
  const tables = entries.names.filter((_, place) => mayBeTable(entries.values[place]!));
  if (tables.length === 0) throw noTable(where, spokenValue(value));
  if (tables.length === 1) return chosen(value, { ...choice, name: tables[0]! });
  throw failure("option", {
    where,
    expected: "one frame or array",
    received: `${tables.length} (${listNames(tables)})`,
    remedy: `choose one, such as ${where}:${shorten(tables[0]!)}`,
  });
}

/** What a dict holds by its keys of text or whole numbers, a list by its places from 0. */
function entriesOf(value: PickleValue): { readonly names: readonly string[]; readonly values: readonly PickleValue[] } {
  if (isKind(value, "dict")) {
    const texts = textsOf(value.keys);
    const names = value.keys.map((key, place) => texts[place] ?? (typeof key === "number" ? String(key) : ""));
    return { names, values: value.values };
  }
  const items = (!isKind(value, "set") && itemsOf(value)) || [];
  return { names: items.map((_, place) => String(place)), values: items };
}

function mayBeTable(value: PickleValue): boolean {
  if (isKind(value, "object")) return shortName(value) !== "scalar";
  return !isKind(value, "set") && (itemsOf(value)?.length ?? 0) > 0;
}

/** A frame, an array of one or two axes or a list of numbers as a frame; undefined for other values. */
function tabular(value: PickleValue, { where, room }: Choice): PickledFrame | undefined {
  const frame = frameOf(value, where);
  if (frame !== undefined) return frame;
  const array = arrayOf(value, where) ?? listOfNumbers(value, where, room);
  if (array === undefined) return undefined;
  if (array.kind !== "numbers") throw noTable(where, array.kind === "other" ? array.type : "an array of objects");
  const { shape } = array;
  const [rows = 0, width = 1] = shape;
  if (shape.length < 1 || shape.length > 2 || rows === 0 || width === 0)
    throw failure("data", {
      where,
      expected: "an array [rows] or [rows, columns], not empty",
      received: `shape [${shape.join(", ")}]`,
    });
  const block = shape.length === 1 ? array : { ...array, shape: [width, rows], fortran: !array.fortran };
  const columns = Array.from({ length: width }, (_, line) => ({ kind: "numbers", block, line }) as const);
  return { names: undefined, rows, columns };
}

/** Python's own lists of numbers, or of lists of equal length. */
function listOfNumbers(value: PickleValue, where: string, room: number): PickledNumbers | undefined {
  const rows = isKind(value, "set") ? undefined : itemsOf(value);
  const [first] = rows ?? [];
  const width = itemsOf(first)?.length ?? 1;
  if (rows === undefined || rows.length === 0 || width === 0) return undefined;
  const isNested = itemsOf(first) !== undefined;
  if (isNested && !rows.every((row) => itemsOf(row)?.length === width)) return undefined;
  checkMemory(8 * width * rows.length, "more than ", where, room);
  if (!rows.every((row) => (isNested ? itemsOf(row)!.every(isNumber) : isNumber(row)))) return undefined;
  const values = new Float64Array(width * rows.length);
  rows.forEach((row, at) => values.set((itemsOf(row) ?? [row]).map(Number), at * width));
  return numbersInMemory(values, isNested ? [rows.length, width] : [rows.length]);
}

function isNumber(value: PickleValue): boolean {
  return typeof value === "number" || typeof value === "boolean" || typeof value === "bigint";
}

function checkNumeric(
  { names, columns }: PickledFrame,
  places: readonly number[],
  chosenNames: readonly string[],
  where: string,
): void {
  const at = places.findIndex((place) => columns[place]!.kind === "other");
  const wrong = at < 0 ? undefined : columns[places[at]!]!;
  if (wrong?.kind !== "other") return;
  const numeric = columns.flatMap(({ kind }, place) => (kind === "numbers" ? [names?.[place] ?? `c${place + 1}`] : []));
  throw failure("data", {
    where: `${where} column "${shorten(chosenNames[at]!)}"`,
    expected: "numbers",
    received: shorten(wrong.type),
    remedy:
      numeric.length === 0
        ? "a table needs columns of numbers"
        : `choose the numeric columns with --columns (${listNames(numeric)})`,
  });
}

function noTable(where: string, received: string): LocalFlowError {
  const remedy = "write a pandas frame, a NumPy array, or a dict or list of these";
  return failure("data", { where, expected, received, remedy });
}

function unknownName(where: string, name: string, names: readonly string[]): LocalFlowError {
  return failure("option", {
    where,
    expected: names.length === 0 ? "a pickle of a dict or list" : `a value among ${listNames(names)}`,
    received: `"${shorten(name)}"`,
    ...didYouMean(name, names),
  });
}
