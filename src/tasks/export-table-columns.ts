// export-table-columns: the columns of a table from its points, as ONNX operators: what the encoder's `decode` does, in any runtime.
import { normalScore } from "../random.ts";
import { lastBelow, lastBelowIn, type NodeWriter, onnxTypes } from "./export-nodes.ts";
import { amountsOf, type Mirrors, mirrorsOf } from "./table/amounts.ts";
import { type ColumnCode, levelTexts } from "./table/column-code.ts";
import { dateFormat } from "./table/date-format.ts";
import type { TableEncoder } from "./table/encoder.ts";
import { levelsCode } from "./table/levels-code.ts";
import type { ColumnSchema, DateColumn, NumberColumn } from "./table/schema.ts";
import type { Sum } from "./table/sums.ts";

/** A column as a value of the graph, for each row. */
export interface DecodedColumn {
  readonly column: ColumnSchema;
  /** "amount": float64, NaN at a gap; "level": int64, the place in `levels`, -1 at a gap; "row": int64, ids that count rows. */
  readonly kind: "amount" | "level" | "row";
  readonly value: string;
  /** bool: where the column has a gap; absent where it never has. */
  readonly gap?: string;
  readonly levels: readonly string[];
}

/** What all columns are computed from. */
interface Rows {
  readonly write: NodeWriter;
  /** float64 [rows] of a dimension. */
  score(dimension: number): string;
  /** int64 [1], the number of rows. */
  readonly count: string;
}

/** Writes the columns of points, float32 [rows, d] by the name `points`, in the order of the schema. */
export function decodedColumns(write: NodeWriter, points: string, encoder: TableEncoder): readonly DecodedColumn[] {
  const { schema, dimensions } = encoder;
  const { codes, sums = [] } = encoder.toJSON();
  const doubles = write.apply("Cast", [points], { to: onnxTypes.float64 });
  const rows: Rows = {
    write,
    score: (dimension) => write.apply("Gather", [doubles, write.long(dimension)], { axis: 1 }),
    count: write.apply("Shape", [points], { start: 0, end: 1 }),
  };
  const columns = schema.columns.flatMap((column, place): readonly DecodedColumn[] => {
    const code = codes[place];
    if (code === undefined || isLeftOut(column)) return [];
    const at = dimensions.findIndex((dimension) => dimension.column === column.name);
    return [decodedColumn(rows, column, code, at)];
  });
  const computed = new Map(columns.map((column) => [column.column.name, column]));
  for (const sum of sums) {
    const whole = computed.get(sum.column);
    if (whole !== undefined) computed.set(sum.column, summed(rows, sum, whole, computed));
  }
  return [...computed.values()];
}

/** Texts, and ids that do not count: no operator writes them anew. */
export function isLeftOut(column: ColumnSchema): boolean {
  if (column.kind === "id") return column.first === undefined || column.regenerate !== undefined;
  return column.kind === "text";
}

function decodedColumn(rows: Rows, column: ColumnSchema, code: ColumnCode, at: number): DecodedColumn {
  const { write, count } = rows;
  if (column.kind === "id") return { column, kind: "row", value: rowNumbers(rows, column.first ?? 0), levels: [] };
  const hasSwitch = code.gaps > 0 && code.filled > 0;
  const gap = code.filled === 0 ? everywhere(rows) : hasSwitch ? isSecond(rows, code.filled, code.gaps, at) : undefined;
  const first = at + Number(hasSwitch);
  const within = (value: string, other: () => string): Pick<DecodedColumn, "value" | "gap"> =>
    gap === undefined ? { value } : { value: write.apply("Where", [gap, other(), value]), gap };
  if (column.kind === "number" || column.kind === "date") {
    const value = amountValue(rows, column, code, first);
    return { column, kind: "amount", ...within(value, () => write.double(Number.NaN)), levels: [] };
  }
  const levels = column.kind === "constant" ? [column.text] : levelTexts(column);
  const value =
    code.value.kind === "levels" ? levelValue(rows, code, first) : write.apply("Expand", [write.long(0), count]);
  return { column, kind: "level", ...within(value, () => write.long(-1)), levels };
}

function rowNumbers({ write, count }: Rows, first: number): string {
  const end = write.apply("Reshape", [count, write.long([])]);
  const numbers = write.apply("Range", [write.long(0), end, write.long(1)]);
  return write.apply("Add", [numbers, write.long(first)]);
}

function everywhere({ write, count }: Rows): string {
  return write.apply("Equal", [write.apply("Expand", [write.long(0), count]), write.long(0)]);
}

/** bool [rows]: whether a dimension of two cells, of so many training rows each, is in its second. */
function isSecond(rows: Rows, first: number, second: number, at: number): string {
  return rows.write.apply("Equal", [cellNumber(rows, [first, second], 2, at), rows.write.long(1)]);
}

/** int64 [rows]: the place in the schema of the level at dimensions `at`, … */
function levelValue(rows: Rows, { value }: ColumnCode, at: number): string {
  if (value.kind !== "levels") return rows.write.apply("Expand", [rows.write.long(0), rows.count]);
  const { counts, base, order = [...counts.keys()] } = value;
  const cells = order.map((place) => counts[place] ?? 0);
  return rows.write.apply("Gather", [rows.write.long(order), cellNumber(rows, cells, base, at)]);
}

/** int64 [rows]: the number of the cell at dimensions `at`, …: what `levelsCode` decodes, digit by digit. */
function cellNumber(rows: Rows, counts: readonly number[], base: number, at: number): string {
  const { digits, cell } = levelsCode(counts, base);
  let run: string | undefined;
  for (let digit = 0; digit < digits; digit++) {
    const size = base ** (digits - 1 - digit);
    const edges = Float64Array.from({ length: Math.ceil(counts.length / size) }, (_, n) => {
      const { low } = cell(n * size, digit);
      return low === 0 ? Number.NEGATIVE_INFINITY : normalScore(low - 0.5);
    });
    const score = rows.score(at + digit);
    run =
      run === undefined
        ? lastBelow(rows.write, edges, score, rows.count)
        : lastBelowIn(rows.write, edges, base, run, score);
  }
  return run ?? rows.write.apply("Expand", [rows.write.long(0), rows.count]);
}

/** float64 [rows]: numbers, or dates in milliseconds, as they are written: on their grid, in their bounds, rounded. */
function amountValue(rows: Rows, column: NumberColumn | DateColumn, code: ColumnCode, at: number): string {
  const { write, count } = rows;
  const { value } = code;
  const amounts = amountsOf(column);
  if (value.kind === "values") {
    const known = write.double(value.texts.map(amounts.parse));
    return write.apply("Gather", [known, cellNumber(rows, value.counts, Math.max(2, value.counts.length), at)]);
  }
  if (value.kind !== "scale") return write.apply("Expand", [write.double(written(column, amounts.allowed(0))), count]);
  return rounded(write, column, allowed(write, column, unscaledAmount(rows, column, value, at)));
}

function written(column: NumberColumn | DateColumn, value: number): number {
  const { format, parse } = amountsOf(column);
  return parse(format(value));
}

/** A score beyond this is brought back to it, as the encoder does. */
const farthest = 32;

/** The piecewise straight map of scores to values, at[n] + slope[n] (score - scores[n]), mirrored at the ends, with values in cells of their own. */
function unscaledAmount(
  { write, count, score: scoreOf }: Rows,
  column: NumberColumn | DateColumn,
  { at: values, scores, mirrored, piles = [] }: Extract<ColumnCode["value"], { readonly kind: "scale" }>,
  dimension: number,
): string {
  const starts = scores.slice(0, -1);
  const slopes = starts.map((from, n) => {
    const [low = 0, high = 0] = values.slice(n, n + 2);
    return (high - low) / ((scores[n + 1] ?? from) - from);
  });
  const score = write.apply("Clip", [scoreOf(dimension), write.double(-farthest), write.double(farthest)]);
  const piece = lastBelow(write, starts, score, count);
  const of = (list: readonly number[]) => write.apply("Gather", [write.double(list), piece]);
  const beyond = write.apply("Sub", [score, of(starts)]);
  const straight = write.apply("Add", [of(values.slice(0, -1)), write.apply("Mul", [of(slopes), beyond])]);
  const range = (values.at(-1) ?? 0) - (values[0] ?? 0);
  const inside = mirroredValue(write, mirrorsOf(column, range, mirrored), straight);
  if (piles.length === 0) return inside;
  const piled = of(starts.map((_, n) => piles.find((pile) => pile.piece === n)?.value ?? Number.NaN));
  return write.apply("Where", [write.apply("IsNaN", [piled]), inside, piled]);
}

/** The nearest value on the grid and inside the bounds: `allowed` of amounts.ts. */
function allowed(write: NodeWriter, column: NumberColumn | DateColumn, raw: string): string {
  const amounts = amountsOf(column);
  const [least, most] = [amounts.allowed(Number.NEGATIVE_INFINITY), amounts.allowed(Number.POSITIVE_INFINITY)];
  const capped = write.apply("Min", [onGrid(write, column, raw), write.double(most)]);
  return write.apply("Max", [capped, write.double(least)]);
}

/** What stands beyond a mirror as far inside, or as the mirror's place: `mirrored` of amounts.ts. */
function mirroredValue(write: NodeWriter, { low, high, reach }: Mirrors, raw: string): string {
  const beyond = (off: string) =>
    write.apply("Where", [write.apply("LessOrEqual", [off, write.double(reach)]), off, write.double(0)]);
  let inside = raw;
  if (Number.isFinite(low)) {
    const under = write.apply("Sub", [write.double(low), inside]);
    inside = write.apply("Max", [inside, write.apply("Add", [write.double(low), beyond(under)])]);
  }
  if (Number.isFinite(high)) {
    const over = write.apply("Sub", [inside, write.double(high)]);
    inside = write.apply("Min", [inside, write.apply("Sub", [write.double(high), beyond(over)])]);
  }
  return inside;
}

/** The nearest value of the column's grid, if it has one. */
function onGrid(write: NodeWriter, { step, offset = 0 }: NumberColumn | DateColumn, value: string): string {
  if (step === undefined) return value;
  const place = write.apply("Div", [write.apply("Sub", [value, write.double(offset)]), write.double(step)]);
  return write.apply("Add", [write.apply("Mul", [nearest(write, place), write.double(step)]), write.double(offset)]);
}

/** Halves up, as JavaScript rounds. */
function nearest(write: NodeWriter, value: string): string {
  return write.apply("Floor", [write.apply("Add", [value, write.double(0.5)])]);
}

/** To the decimals, the digits or the step of the calendar that the column writes. */
function rounded(write: NodeWriter, column: NumberColumn | DateColumn, value: string): string {
  const toMultiple = (unit: string) => write.apply("Mul", [nearest(write, write.apply("Div", [value, unit])), unit]);
  if (column.kind === "date") return toMultiple(write.double(dateFormat(column.format).step));
  const { format } = column;
  if (format.kind === "decimals") {
    const scale = write.double(10 ** format.most);
    return write.apply("Div", [nearest(write, write.apply("Mul", [value, scale])), scale]);
  }
  const size = write.apply("Max", [write.apply("Abs", [value]), write.double(1e-300)]);
  const decades = write.apply("Div", [write.apply("Log", [size]), write.double(Math.LN10)]);
  const last = write.apply("Sub", [write.apply("Floor", [decades]), write.double(format.digits - 1)]);
  return toMultiple(write.apply("Pow", [write.double(10), last]));
}

/** A sum of other columns on its grid; a gap where it or one of its parts has one. */
function summed(
  rows: Rows,
  { terms, constant }: Sum,
  whole: DecodedColumn,
  columns: ReadonlyMap<string, DecodedColumn>,
): DecodedColumn {
  const { write, count } = rows;
  const { column, gap } = whole;
  if (column.kind !== "number" && column.kind !== "date") return whole;
  const start = write.apply("Expand", [write.double(constant), count]);
  const total = terms.reduce((sum, { column: name, factor }) => {
    const term = columns.get(name);
    if (term === undefined) return sum;
    return write.apply("Add", [sum, write.apply("Mul", [termValue(rows, term), write.double(factor)])]);
  }, start);
  const inUnits = write.apply("Mul", [total, write.double(amountsOf(column).unit)]);
  const value = rounded(write, column, onGrid(write, column, inUnits));
  return { ...whole, value: gap === undefined ? value : write.apply("Where", [gap, write.double(Number.NaN), value]) };
}

/** A part of a sum in its units: numbers as they are, dates in days. */
function termValue({ write, count }: Rows, { column, value, gap, levels }: DecodedColumn): string {
  if (column.kind === "date") return write.apply("Div", [value, write.double(amountsOf(column).unit)]);
  if (column.kind === "number") return value;
  const number = write.apply("Expand", [write.double(Number(levels[0] ?? Number.NaN)), count]);
  return gap === undefined ? number : write.apply("Where", [gap, write.double(Number.NaN), number]);
}
