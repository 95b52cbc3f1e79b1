// points: the rows of a table as points of a model, which of their dimensions are known, and which belong to which column.
import type { CellColumn, CellTable } from "../../data/cell-table.ts";
import { type DimensionGroup, dimensionStates, type Presence } from "../../flow/masked.ts";
import { normalScore } from "../../random.ts";
import type { EncodedRows, EncodeOptions, TableEncoder } from "./encoder.ts";
import { levelsCode } from "./levels-code.ts";
import type { ColumnSchema } from "./schema.ts";

/** The dimensions [start, end) of a column; the first of them is "gap or not" where `hasGap`. */
export interface ColumnSpan {
  readonly column: ColumnSchema;
  readonly start: number;
  readonly end: number;
  readonly hasGap: boolean;
  /** Training rows with a value and with a gap. */
  readonly filled: number;
  readonly gaps: number;
}

/** What a cell is for the model: a value it knows, a gap, or a text that it has never seen and cannot place. */
export const cellKinds = { known: 0, gap: 1, unknown: 2 } as const;

/** Points [rows · d] of which some dimensions are given: `dimensionStates`. */
export interface KnownPoints {
  readonly values: Float32Array;
  readonly states: Uint8Array;
}

export interface TablePoints extends EncodedRows {
  /** [rows · d]: 0 free, 2 absent: nothing is known there, and the model does not know gaps of that column either. */
  readonly states: Uint8Array;
  /** For each span, the `cellKinds` of its cells. */
  readonly cells: readonly Uint8Array[];
  /** Number of unknown cells. */
  readonly unknown: number;
}

const { free, absent } = dimensionStates;

/** The columns that have dimensions, in order. */
export function spansOf({ schema, dimensions, toJSON }: TableEncoder): readonly ColumnSpan[] {
  const { codes } = toJSON();
  return schema.columns.flatMap((column, place) => {
    const start = dimensions.findIndex((dimension) => dimension.column === column.name);
    if (start < 0) return [];
    const count = dimensions.filter((dimension) => dimension.column === column.name).length;
    const { filled = 0, gaps = 0 } = codes[place] ?? {};
    return [{ column, start, end: start + count, hasGap: dimensions[start]?.part === "gap", filled, gaps }];
  });
}

/** What is given or left out together in training: the dimensions of a column's value, and "gap or not" by itself. */
export function maskGroups(spans: readonly ColumnSpan[]): readonly DimensionGroup[] {
  return spans.flatMap(({ start, end, hasGap }) => {
    const value = start + Number(hasGap);
    return [...(hasGap ? [{ start, end: value }] : []), ...(end > value ? [{ start: value, end }] : [])];
  });
}

/** The points of a table's rows. */
export function pointsOf(encoder: TableEncoder, table: CellTable, options: EncodeOptions): TablePoints {
  const encoded = encoder.encode(table, options);
  const [spans, d] = [spansOf(encoder), encoder.dimensions.length];
  const states = new Uint8Array(encoded.values.length);
  const byName = new Map(table.columns.map((column) => [column.name, column]));
  let unknown = 0;
  const cells = spans.map((span) => {
    const isGap = gapTest(span.column, byName.get(span.column.name));
    const first = span.start + Number(span.hasGap);
    return Uint8Array.from({ length: table.rows }, (_, row) => {
      if (isGap(row)) {
        if (!span.hasGap) states.fill(absent, row * d + span.start, row * d + span.end);
        return cellKinds.gap;
      }
      if (first === span.end || encoded.absent[row * d + first] === 0) return cellKinds.known;
      unknown++;
      states.fill(absent, row * d + first, row * d + span.end);
      return cellKinds.unknown;
    });
  });
  return { ...encoded, states, cells, unknown };
}

/** Values with NaN where they are absent, as models with masks are trained on. */
export function withGaps({ values, states }: TablePoints): Float32Array {
  return values.map((value, k) => (states[k] === free ? value : Number.NaN));
}

/** Sums of an array [rows · d] over the free dimensions of each row. */
export function freeSums(values: Float32Array, states: Uint8Array, rows: number): Float64Array {
  const d = values.length / Math.max(1, rows);
  const sums = new Float64Array(rows);
  for (let k = 0; k < values.length; k++) if (states[k] === free) sums[Math.floor(k / d)]! += values[k]!;
  return sums;
}

/** The score of "not a gap": the middle of its cell of N(0, 1). */
export function filledScore(span: ColumnSpan): number {
  const { low, high } = filledCell(span);
  return normalScore((low + high) / 2 - 0.5);
}

/** What the dimensions "gap or not" say of those of values. */
export function presences(spans: readonly ColumnSpan[]): readonly Presence[] {
  return spans.flatMap((span) => {
    if (!span.hasGap) return [];
    const { low, high } = filledCell(span);
    return [{ at: span.start, low: scoreAt(low), high: scoreAt(high), start: span.start + 1, end: span.end }];
  });
}

/** How many of the rows have a gap, were gaps of different columns independent. */
export function shareWithGaps(spans: readonly ColumnSpan[]): number {
  return (
    1 - spans.reduce((whole, { hasGap, filled, gaps }) => (hasGap ? (whole * filled) / (filled + gaps) : whole), 1)
  );
}

/** Beyond every score. */
const farthest = 1e30;

function scoreAt(share: number): number {
  if (share <= 0) return -farthest;
  return share >= 1 ? farthest : normalScore(share - 0.5);
}

function filledCell({ filled, gaps }: ColumnSpan): { readonly low: number; readonly high: number } {
  return levelsCode([filled, gaps], 2).cell(0, 0);
}

/** Whether a row of the column's cells is a gap. */
export function gapTest(column: ColumnSchema, cells: CellColumn | undefined): (row: number) => boolean {
  if (cells === undefined) return () => true;
  const { codes, texts } = cells;
  if (column.gaps.length === 0) return (row) => codes[row]! < 0;
  const gaps = new Set(column.gaps);
  const known = Uint8Array.from({ length: texts.size }, (_, code) => Number(gaps.has(texts.at(code))));
  return (row) => codes[row]! < 0 || known[codes[row]!] === 1;
}

/** Rows of an array [n · d] copied into another, one after the other. */
export function gathered<T extends Float32Array | Uint8Array>(from: T, into: T, rows: ArrayLike<number>, d: number): T {
  for (let n = 0; n < rows.length; n++) {
    const row = rows[n]!;
    into.set(from.subarray(row * d, (row + 1) * d), n * d);
  }
  return into;
}
