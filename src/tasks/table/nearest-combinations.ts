// nearest-combinations: points read as the nearest combination of cells that the data had, where they lie in none.
import { joinedTexts } from "../../data/cell-rows.ts";
import type { CellColumn, CellTable } from "../../data/cell-table.ts";
import { listedTexts } from "../../data/text-pool.ts";
import { normalScore } from "../../random.ts";
import { constraintPlace, type TableConstraint } from "./bound-constraints.ts";
import { columnCoder, type Place } from "./column-coder.ts";
import { parseConstraint } from "./condition-text.ts";
import { columnsByName } from "./conditions.ts";
import { combinationTest, type SeenCombinations, seenCodes } from "./constraint-tests.ts";
import type { TableEncoder } from "./encoder.ts";
import { outcomes } from "./linear.ts";

/** Whether a cell is known and has to stay, or is one of which nothing is known. */
export type CellQuestion = (column: string, row: number) => boolean;

/**
 * Gives rows whose combination of cells was never seen the nearest one that was; the points are those the table was read from.
 * Cells that are not known count for nothing.
 */
export type CombinationReader = (
  table: CellTable,
  points: Float32Array,
  isFixed?: CellQuestion,
  isUnknown?: CellQuestion,
) => CellTable;

/**
 * The reader for the `combinations` among constraints. A combination is a box of cells in the dimensions of its columns, and its
 * distance the Euclidean one of a point to that box; fixed cells keep what they are, and a row for which no combination has them
 * stays as it is. One constraint comes after the other: columns that two have in common may still break the first.
 */
export function combinationReader(constraints: readonly TableConstraint[], encoder: TableEncoder): CombinationReader {
  const readers = constraints.flatMap(({ text, seen }) => {
    const parsed = parseConstraint(text, constraintPlace(text));
    return parsed.kind === "combinations" && seen ? [readerOf(parsed.columns, seen, encoder)] : [];
  });
  return (table, points, isFixed = () => false, isUnknown = () => false) =>
    readers.reduce((read, reader) => reader(read, points, isFixed, isUnknown), table);
}

/** A column of a combination: where it lies, and the boxes of its texts and, last, of a gap. */
interface Member {
  readonly name: string;
  readonly at: number;
  readonly parts: number;
  /** [texts + 1, parts, 2]: the lower and upper scores. */
  readonly boxes: Float64Array;
}

function readerOf(names: readonly string[], seen: SeenCombinations, encoder: TableEncoder) {
  const columns = columnsByName(encoder.schema.columns);
  const described = names.flatMap((name) => columns.get(name) ?? []);
  const members = names.map((name, n) => memberOf(name, seen.texts[n] ?? [], encoder));
  const test = combinationTest(described, seen);
  const width = encoder.dimensions.length;
  return (table: CellTable, points: Float32Array, isFixed: CellQuestion, isUnknown: CellQuestion): CellTable => {
    const judged = test(table);
    const unseen = [...judged.keys()].filter((row) => judged[row] === outcomes.fails);
    if (unseen.length === 0) return table;
    const codes = seenCodes(table, described, seen);
    const chosen = new Map<number, readonly number[]>();
    for (const row of unseen) {
      const fixed = names.map((name) => isFixed(name, row));
      const nearest = nearestTo(members, seen, {
        points,
        from: row * width,
        fixed,
        unknown: names.map((name) => isUnknown(name, row)),
        own: codes.map((read) => read(row)),
      });
      if (nearest !== undefined) chosen.set(row, nearest);
    }
    return rewritten(table, names, seen, chosen);
  };
}

function memberOf(name: string, texts: readonly string[], encoder: TableEncoder): Member {
  const place = encoder.schema.columns.findIndex((column) => column.name === name);
  const column = encoder.schema.columns[place];
  const code = encoder.toJSON().codes[place];
  const coder = column && code && columnCoder(column, code);
  const at = encoder.dimensions.findIndex((dimension) => dimension.column === name);
  const parts = at < 0 ? 0 : (coder?.parts.length ?? 0);
  const boxes = new Float64Array((texts.length + 1) * parts * 2);
  [...texts, undefined].forEach((text, n) => {
    coder?.places(text).forEach((where, part) => {
      if (part < parts) boxes.set(boxOf(where), 2 * (n * parts + part));
    });
  });
  return { name, at, parts, boxes };
}

function boxOf({ kind, low, high }: Place): readonly [low: number, high: number] {
  if (kind === "absent") return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (kind === "even") return [low, high];
  const score = (p: number) =>
    p <= 0 ? Number.NEGATIVE_INFINITY : p >= 1 ? Number.POSITIVE_INFINITY : normalScore(p - 0.5);
  return [score(low), score(high)];
}

interface RowAsked {
  readonly points: Float32Array;
  readonly from: number;
  readonly fixed: readonly boolean[];
  readonly unknown: readonly boolean[];
  /** The row's own places among the texts that were seen. */
  readonly own: readonly number[];
}

/** The places among each column's texts of the nearest combination; undefined where none has the fixed cells. */
function nearestTo(
  members: readonly Member[],
  { texts, rows }: SeenCombinations,
  { points, from, fixed, unknown, own }: RowAsked,
): readonly number[] | undefined {
  const count = members.length;
  const distances = members.map((member, n) => distancesOf(member, texts[n]?.length ?? 0, points, from));
  let [best, least] = [-1, Number.POSITIVE_INFINITY];
  for (let at = 0; at < rows.length; at += count) {
    let total = 0;
    for (let n = 0; n < count && total < least; n++) {
      const code = rows[at + n]!;
      if (unknown[n]) continue;
      if (fixed[n]) total += code === own[n] ? 0 : Number.POSITIVE_INFINITY;
      else total += distances[n]![code < 0 ? distances[n]!.length - 1 : code]!;
    }
    if (total < least) [best, least] = [at, total];
  }
  return best < 0 ? undefined : rows.slice(best, best + count);
}

/** Squared distances of a point to the box of each text and, last, of a gap. */
function distancesOf({ at, parts, boxes }: Member, texts: number, points: Float32Array, from: number): Float64Array {
  return Float64Array.from({ length: texts + 1 }, (_, code) => {
    let sum = 0;
    for (let part = 0; part < parts; part++) {
      const score = points[from + at + part]!;
      const place = 2 * (code * parts + part);
      const outside = Math.max(boxes[place]! - score, score - boxes[place + 1]!, 0);
      sum += outside * outside;
    }
    return sum;
  });
}

/** The table with the chosen combinations in their rows. */
function rewritten(
  table: CellTable,
  names: readonly string[],
  seen: SeenCombinations,
  chosen: ReadonlyMap<number, readonly number[]>,
): CellTable {
  const columns = table.columns.map((column): CellColumn => {
    const n = names.indexOf(column.name);
    if (n < 0) return column;
    const codes = column.codes.slice();
    for (const [row, combination] of chosen) {
      const code = combination[n] ?? -1;
      codes[row] = code < 0 ? -1 : column.texts.size + code;
    }
    return { ...column, codes, texts: joinedTexts(column.texts, listedTexts(seen.texts[n] ?? [])) };
  });
  return { ...table, columns };
}
