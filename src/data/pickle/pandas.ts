// pandas: frames and series of pandas inside a pickle, as pandas 0.13 to 3 write them, as columns of numbers.
import { failure, type LocalFlowError } from "../../errors.ts";
import { shorten } from "../columns.ts";
import { arrayOf, numberOf, numberReader, type PickledArray, type PickledNumbers } from "./arrays.ts";
import { entryOf, isKind, itemsOf, type PickleValue, shortName, textOf, textsOf, wholeOf } from "./values.ts";

/** A column of numbers is line `line` of a block [lines, rows]. */
export type PickledColumn =
  | { readonly kind: "numbers"; readonly block: PickledNumbers; readonly line: number }
  | { readonly kind: "other"; readonly type: string };

export interface PickledFrame {
  /** Absent where the columns are only counted. */
  readonly names: readonly string[] | undefined;
  readonly rows: number;
  readonly columns: readonly PickledColumn[];
}

/** More columns than this are a mistake or an attack. */
const mostColumns = 2 ** 20;

/** The frame or series that a value makes, undefined for another value. Throws `data` for one that is damaged. */
export function frameOf(value: PickleValue | undefined, where: string): PickledFrame | undefined {
  if (!isKind(value, "object")) return undefined;
  const name = shortName(value);
  if (name !== "DataFrame" && name !== "Series") return undefined;
  const held = entryOf(value.state, "_mgr") ?? entryOf(value.state, "_data") ?? value.state;
  const { axes, blocks } = managerOf(held, where);
  if (name === "DataFrame") return frameOfBlocks(axes[0], blocks, where);
  const [column] = columnsOf(blocks[0]?.values, where);
  if (column === undefined) throw damaged(where, "the values of a series");
  const label = labelOf(entryOf(value.state, "_name") ?? entryOf(value.state, "name"), where);
  return { names: label === undefined ? undefined : [label], rows: rowsOf([column], where), columns: [column] };
}

interface Block {
  readonly values: PickleValue | undefined;
  /** The columns it holds, as slice, places or (in old pandas) labels; of a series all. */
  readonly places: PickleValue | undefined;
}

interface Manager {
  readonly axes: readonly PickleValue[];
  readonly blocks: readonly Block[];
}

/**
 * pandas 1.3 and later call BlockManager(blocks, axes) with blocks `_unpickle_block(values, placement, ndim)`; before,
 * the state was (axes, values, labels), from 0.14.1 on with a dict of axes and blocks {values, mgr_locs} behind it.
 */
function managerOf(value: PickleValue | undefined, where: string): Manager {
  if (!isKind(value, "object") || !shortName(value).endsWith("BlockManager"))
    throw damaged(where, "the blocks of a frame");
  const [first, axes] = value.args;
  if (first !== undefined) {
    const blocks = isKind(first, "object") ? [first] : (itemsOf(first) ?? []);
    return {
      axes: itemsOf(axes) ?? (axes === undefined ? [] : [axes]),
      blocks: blocks.map((each) => blockOf(each, where)),
    };
  }
  const [oldAxes, values, labels, extra] = itemsOf(value.state) ?? [];
  const stored = entryOf(extra, "0.14.1");
  if (stored !== undefined)
    return {
      axes: itemsOf(entryOf(stored, "axes")) ?? [],
      blocks: (itemsOf(entryOf(stored, "blocks")) ?? []).map((block) => ({
        values: entryOf(block, "values"),
        places: entryOf(block, "mgr_locs"),
      })),
    };
  const places = itemsOf(labels) ?? [];
  return {
    axes: itemsOf(oldAxes) ?? [],
    blocks: (itemsOf(values) ?? []).map((each, block) => ({ values: each, places: places[block] })),
  };
}

function blockOf(value: PickleValue, where: string): Block {
  if (!isKind(value, "object") || shortName(value) !== "_unpickle_block") throw damaged(where, "a block of a frame");
  return { values: value.args[0], places: value.args[1] };
}

function frameOfBlocks(axis: PickleValue | undefined, blocks: readonly Block[], where: string): PickledFrame {
  let width = 0;
  const parts = blocks.map(({ values, places }) => {
    const columns = columnsOf(values, where);
    width += columns.length;
    if (width > mostColumns) throw damaged(where, `at most ${mostColumns} columns`);
    return { columns, places };
  });
  const names = labelsOf(axis, width, where);
  const columns = new Array<PickledColumn | undefined>(width).fill(undefined);
  const placeOf = new Map(names.map((name, place) => [name, place]));
  for (const part of parts) {
    const places = placesOf(part.places, part.columns.length, placeOf, where);
    part.columns.forEach((column, i) => {
      const place = places[i]!;
      if (place >= width || columns[place] !== undefined) throw damaged(where, "blocks with different columns");
      columns[place] = column;
    });
  }
  const whole = columns.filter((column) => column !== undefined);
  const counted = names.every((name, place) => name === String(place));
  return { names: counted ? undefined : names, rows: rowsOf(whole, where), columns: whole };
}

/** The lines of a block [lines, rows]; blocks of extension types hold one column. */
function columnsOf(values: PickleValue | undefined, where: string): readonly PickledColumn[] {
  const array = arrayOf(values, where);
  if (array === undefined)
    return [
      { kind: "other", type: isKind(values, "object") ? extensionName(values.name, values.args[0]) : "no array" },
    ];
  if (array.kind === "other") return [{ kind: "other", type: array.type }];
  const lines = array.shape.length === 1 ? 1 : (array.shape[0] ?? 0);
  if (lines > mostColumns || array.shape.length > 2 || array.shape.length === 0)
    throw damaged(where, "blocks of two axes");
  return Array.from({ length: lines }, (_, line) =>
    array.kind === "numbers"
      ? { kind: "numbers", block: array, line }
      : { kind: "other", type: "objects, such as texts" },
  );
}

function extensionName(name: string, made: PickleValue | undefined): string {
  return isKind(made, "name") ? shortName(made) : name.slice(name.lastIndexOf(".") + 1);
}

/** The number of rows, which all columns of numbers share; no two blocks share their numbers. */
function rowsOf(columns: readonly PickledColumn[], where: string): number {
  const blocks = new Set(columns.flatMap((column) => (column.kind === "numbers" ? [column.block] : [])));
  const [rows = 0, ...others] = new Set([...blocks].map(({ shape }) => shape.at(-1) ?? 0));
  if (others.length > 0) throw damaged(where, "columns of one length");
  if (new Set([...blocks].map(({ data }) => data)).size < blocks.size) throw damaged(where, "blocks of their own");
  return rows;
}

/** Where the `count` columns of a block stand in the frame: a slice, places, or labels that `placeOf` knows. */
function placesOf(
  value: PickleValue | undefined,
  count: number,
  placeOf: ReadonlyMap<string, number>,
  where: string,
): readonly number[] {
  const held = isKind(value, "object") && shortName(value) === "BlockPlacement" ? value.args[0] : value;
  const array = isIndex(held) ? undefined : arrayOf(held, where);
  let places: readonly number[];
  if (isKind(held, "object") && held.name === "builtins.slice") {
    const [start, , step] = held.args.map((each) => (each === null ? undefined : numberOf(each, where)));
    places = Array.from({ length: count }, (_, i) => (start ?? 0) + i * (step ?? 1));
  } else if (array?.kind === "numbers" && array.shape.length === 1 && array.shape[0] === count)
    places = Array.from(allNumbers(array));
  else places = labelsOf(held, count, where).map((name) => placeOf.get(name) ?? -1);
  if (places.every((place) => Number.isSafeInteger(place) && place >= 0)) return places;
  throw damaged(where, "a place for every column");
}

/** Whether an array is an index of labels: in pandas before 0.15 indexes are arrays themselves. */
function isIndex(value: PickleValue | undefined): boolean {
  if (!isKind(value, "object")) return false;
  const [made] = value.args;
  return shortName(value) === "_new_Index" || (isKind(made, "name") && shortName(made).endsWith("Index"));
}

/** The labels of an axis, of which there must be `count`. */
function labelsOf(axis: PickleValue | undefined, count: number, where: string): readonly string[] {
  const made = isKind(axis, "object") && shortName(axis) === "_new_Index";
  const [of, parts] = made ? axis.args : [];
  const array = textArrayOf(made ? entryOf(parts, "data") : axis, where);
  let labels: readonly string[] | undefined;
  if (made && isKind(of, "name") && shortName(of) === "RangeIndex") labels = rangeLabels(parts, count);
  else if (array?.kind === "objects" && array.items.length === count)
    labels = textsOf(array.items).map((text, place) => text ?? labelOf(array.items[place], where) ?? "None");
  else if (array?.kind === "numbers" && array.shape.length === 1 && array.shape[0] === count)
    labels = Array.from(allNumbers(array), String);
  if (labels !== undefined) return labels;
  throw failure("data", {
    where,
    expected: `${count} columns with one name each`,
    received: isKind(axis, "object") ? `${shortName(isKind(of, "name") ? of : axis)} as names` : "no names",
    remedy: "give the frame plain column names and write it anew",
  });
}

/** An array, or that in an array of texts of pandas 3: a state (type, array). */
function textArrayOf(value: PickleValue | undefined, where: string): PickledArray | undefined {
  if (!isKind(value, "object")) return undefined;
  const [of] = value.args;
  const isTexts = isKind(of, "name") && shortName(of) === "StringArray";
  if (!isTexts) return arrayOf(value, where);
  return itemsOf(value.state)?.flatMap((part) => arrayOf(part, where) ?? [])[0];
}

function rangeLabels(parts: PickleValue | undefined, count: number): readonly string[] | undefined {
  const start = wholeOf(entryOf(parts, "start")) ?? 0;
  const step = wholeOf(entryOf(parts, "step")) ?? 1;
  const stop = wholeOf(entryOf(parts, "stop")) ?? 0;
  if (Math.max(0, Math.ceil((stop - start) / step)) !== count) return undefined;
  return Array.from({ length: count }, (_, i) => String(start + i * step));
}

/** A label as text; undefined for None. */
function labelOf(value: PickleValue | undefined, where: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  const label = textOf(value) ?? numberOf(value, where)?.toString();
  if (label !== undefined) return label;
  throw failure("data", {
    where,
    expected: "columns with one name each",
    received: "names of several parts or of another type",
    remedy: "give the frame plain column names and write it anew",
  });
}

function allNumbers(array: PickledNumbers): ArrayLike<number> {
  const count = array.shape.reduce((a, b) => a * b, 1);
  return numberReader(array, count)(0, count);
}

function damaged(where: string, expected: string): LocalFlowError {
  const remedy = "write the frame anew, or as CSV";
  return failure("data", { where: shorten(where), expected, received: "something else", remedy });
}
