// export-table-cells: the points of a table's columns, as ONNX operators: what the encoder's `encode` does, in any runtime.
import { lastBelow, type NodeWriter, onnxTypes } from "./export-nodes.ts";
import { normalScores } from "./export-normal-score.ts";
import { amountsOf } from "./table/amounts.ts";
import { farthestScore, gridMargin, leastProbability, probabilityMargin } from "./table/cell-margins.ts";
import { type ColumnCode, levelTexts } from "./table/column-code.ts";
import { columnCoder, type Place } from "./table/column-coder.ts";
import type { TableEncoder } from "./table/encoder.ts";
import { type LevelsCode, levelsCode } from "./table/levels-code.ts";
import { pileCells } from "./table/piles.ts";
import { type ColumnSpan, spansOf } from "./table/points.ts";
import { type Knots, quantileKnots } from "./table/scale.ts";
import type { DateColumn, NumberColumn } from "./table/schema.ts";

/** The input of a column. */
export interface CellInput {
  readonly span: ColumnSpan;
  readonly code: ColumnCode;
  /**
   * "amount": float64, NaN a gap, dates in milliseconds; "text": the cells as texts; "level": int64, the place in `levels`, -1 a
   * gap. Columns of which only gaps are in the model, such as sums, are as their kind.
   */
  readonly kind: "amount" | "text" | "level";
  readonly levels: readonly string[];
}

/** The columns that have dimensions, and how they go in. */
export function cellInputs(encoder: TableEncoder, texts: boolean): readonly CellInput[] {
  const { codes, schema } = encoder.toJSON();
  return spansOf(encoder).flatMap((span): readonly CellInput[] => {
    const { column } = span;
    const code = codes[schema.columns.findIndex(({ name }) => name === column.name)];
    if (code === undefined) return [];
    if (column.kind === "number" || column.kind === "date") return [{ span, code, kind: "amount", levels: [] }];
    const levels = column.kind === "constant" ? [column.text] : levelTexts(column);
    return [{ span, code, kind: texts ? "text" : "level", levels }];
  });
}

/** Names of values of the graph. */
export interface EncodedCells {
  /** float32 [rows, d]. */
  readonly values: string;
  /** float32 [rows, d], 1 but where a cell says nothing that the model knows: those dimensions are left out. */
  readonly free: string;
  /** float64 [rows]: what the log-density of a row's point is to be increased by for the units of the columns. */
  readonly volumes: string;
  /** bool [rows]: something was left out. */
  readonly partial: string;
}

/** Where cells lie in some dimensions: float64 [rows, dimensions] each; the last two are 0 or 1. */
interface Places {
  readonly low: string;
  readonly high: string;
  readonly volume: string;
  readonly even: string;
  readonly hidden: string;
}

/** Writes the points of columns; `names` are those of the inputs, `shares` (float32 [rows, d]) says where in its cell a value lies. */
export function encodedCells(
  write: NodeWriter,
  inputs: readonly CellInput[],
  names: readonly string[],
  shares: string,
): EncodedCells {
  const parts = inputs.flatMap((input, n) =>
    input.kind === "amount" ? amountPlaces(write, input, names[n] ?? "") : [levelPlaces(write, input, names[n] ?? "")],
  );
  const all = (pick: keyof Places) =>
    write.apply(
      "Concat",
      parts.map((places) => places[pick]),
      { axis: 1 },
    );
  const [low, high, volume, hidden] = [all("low"), all("high"), all("volume"), all("hidden")];
  const isEven = write.apply("Greater", [all("even"), write.double(0.5)]);
  const share = write.apply("Cast", [shares], { to: onnxTypes.float64 });
  const even = write.apply("Add", [low, write.apply("Mul", [share, write.apply("Sub", [high, low])])]);
  const score = write.apply("Where", [isEven, even, normalScores(write, insideCell(write, low, high, share))]);
  const values = write.apply("Cast", [score], { to: onnxTypes.float32 });
  const rounded = write.apply("Cast", [values], { to: onnxTypes.float64 });
  const squares = write.apply("Mul", [write.apply("Mul", [rounded, rounded]), write.double(0.5)]);
  const surprise = write.apply("Add", [squares, write.double(0.5 * Math.log(2 * Math.PI))]);
  const ownVolume = write.apply("Where", [isEven, volume, write.apply("Add", [volume, surprise])]);
  const free = write.apply("Sub", [write.double(1), hidden]);
  const mostHidden = write.apply("ReduceMax", [hidden], { axes: [1], keepdims: 0 });
  return {
    values,
    free: write.apply("Cast", [free], { to: onnxTypes.float32 }),
    volumes: write.apply("ReduceSum", [write.apply("Mul", [ownVolume, free]), write.long([1])], { keepdims: 0 }),
    partial: write.apply("Greater", [mostHidden, write.double(0.5)]),
  };
}

/** The probability, less 1/2, at a share of a cell of N(0, 1). */
function insideCell(write: NodeWriter, low: string, high: string, share: string): string {
  const width = write.apply("Sub", [high, low]);
  const margin = write.apply("Min", [write.apply("Div", [width, write.double(4)]), write.double(probabilityMargin)]);
  const isFirst = write.apply("Equal", [low, write.double(0)]);
  const isLast = write.apply("Equal", [high, write.double(1)]);
  const from = write.apply("Where", [isFirst, low, write.apply("Add", [low, margin])]);
  const to = write.apply("Where", [isLast, high, write.apply("Sub", [high, margin])]);
  const inside = write.apply("Add", [from, write.apply("Mul", [share, write.apply("Sub", [to, from])])]);
  const bounds = [write.double(leastProbability), write.double(1 - leastProbability)];
  return write.apply("Sub", [write.apply("Clip", [inside, ...bounds]), write.double(0.5)]);
}

/** A place of one dimension in a list of cells. */
interface Cell extends Pick<Place, "low" | "high" | "volume"> {
  readonly even?: boolean;
  readonly hidden?: boolean;
}

const nothing: Cell = { low: 0, high: 1, volume: 0 };

/** Places by number: `cells` has the dimensions of each; `index` int64 [rows] chooses. */
function listed(write: NodeWriter, cells: readonly (readonly Cell[])[], index: string): Places {
  const width = cells[0]?.length ?? 0;
  const table = (of: (cell: Cell) => number) =>
    write.apply("Gather", [write.double(cells.flat().map(of), [cells.length, width]), index], { axis: 0 });
  return {
    low: table(({ low }) => low),
    high: table(({ high }) => high),
    volume: table(({ volume }) => volume),
    even: table(({ even = false }) => Number(even)),
    hidden: table(({ hidden = false }) => Number(hidden)),
  };
}

function cellOf(levels: LevelsCode, level: number, logUnit = 0): Cell {
  const { low, high } = levels.cell(level, 0);
  return { low, high, volume: Math.log(high - low) - logUnit };
}

/** Levels: each has its places, then a gap and what is unknown. */
function levelPlaces(write: NodeWriter, { span, code, kind, levels }: CellInput, input: string): Places {
  const { column, hasGap, start, end } = span;
  const coder = columnCoder(column, code);
  const count = end - start;
  const placed = (text: string | undefined): readonly Cell[] => coder?.places(text) ?? [];
  const gap = hasGap ? placed(undefined) : Array.from({ length: count }, () => ({ ...nothing, hidden: true }));
  const filled = hasGap ? placed(levels[0] ?? "").slice(0, 1) : [];
  const unknown = Array.from({ length: count }, (_, part) => filled[part] ?? { ...nothing, hidden: true });
  const place = kind === "text" ? placeOfText(write, levels, [column.gap, ...column.gaps], input) : input;
  const isGap = write.apply("Equal", [place, write.long(-1)]);
  const isLevel = write.apply("And", [
    write.apply("GreaterOrEqual", [place, write.long(0)]),
    write.apply("Less", [place, write.long(levels.length)]),
  ]);
  const other = write.apply("Where", [isGap, write.long(levels.length), write.long(levels.length + 1)]);
  const index = write.apply("Where", [isLevel, place, other]);
  return listed(write, [...levels.map(placed), gap, unknown], index);
}

/** int64 [rows]: the place of texts among levels, -1 of an empty text and of spellings of a gap, -2 of all others. */
function placeOfText(write: NodeWriter, levels: readonly string[], gaps: readonly string[], input: string): string {
  const spellings = [...new Set(["", ...gaps])].filter((text) => !levels.includes(text));
  const known = [...levels, ...spellings];
  const counts = write.apply("TfIdfVectorizer", [write.apply("Unsqueeze", [input, write.long([1])])], {
    mode: "TF",
    min_gram_length: 1,
    max_gram_length: 1,
    max_skip_count: 0,
    ngram_counts: [0],
    ngram_indexes: known.map((_, n) => n),
    pool_strings: known,
  });
  const found = write.apply("ArgMax", [counts], { axis: 1, keepdims: 0 });
  const most = write.apply("Cast", [write.apply("ReduceMax", [counts], { axes: [1], keepdims: 0 })], {
    to: onnxTypes.float64,
  });
  const places = write.long(known.map((_, n) => (n < levels.length ? n : -1)));
  const isKnown = write.apply("Greater", [most, write.double(0.5)]);
  return write.apply("Where", [isKnown, write.apply("Gather", [places, found]), write.long(-2)]);
}

/** Numbers and dates: whether there is one, and where it lies. */
function amountPlaces(write: NodeWriter, { span, code }: CellInput, input: string): readonly Places[] {
  const { column, hasGap, filled, gaps } = span;
  if (column.kind !== "number" && column.kind !== "date") return [];
  const isGap = write.apply("IsNaN", [input]);
  const number = (isTrue: string) => write.apply("Cast", [isTrue], { to: onnxTypes.int64 });
  const gapCell: Cell = { ...nothing, hidden: !hasGap };
  const places: Places[] = [];
  if (hasGap) {
    const present = levelsCode([filled, gaps], 2);
    places.push(listed(write, [[cellOf(present, 0)], [cellOf(present, 1)]], number(isGap)));
  }
  if (code.value.kind === "none") return places;
  const own = valuePlaces(write, column, code, input, isGap);
  const empty = listed(write, [[nothing], [gapCell]], number(isGap));
  const chosen = (pick: keyof Places) =>
    write.apply("Where", [write.apply("Unsqueeze", [isGap, write.long([1])]), empty[pick], own[pick]]);
  const [low, high, volume] = [chosen("low"), chosen("high"), chosen("volume")];
  return [...places, { low, high, volume, even: chosen("even"), hidden: chosen("hidden") }];
}

/** Where values lie, [rows, 1]; `isGap` marks rows without one. */
function valuePlaces(
  write: NodeWriter,
  column: NumberColumn | DateColumn,
  { value }: ColumnCode,
  input: string,
  isGap: string,
): Places {
  const amounts = amountsOf(column);
  const logUnit = Math.log(amounts.unit);
  const column1 = (name: string) => write.apply("Unsqueeze", [name, write.long([1])]);
  if (value.kind === "scale") {
    const given = write.apply("Where", [isGap, write.double(value.at[0] ?? 0), input]);
    const others = column1Places(write, scalePlaces(write, value, column.step, logUnit, given), column1);
    const piles = pileCells(value);
    const cells = piles.map(({ low, high }): readonly Cell[] => [{ low, high, volume: Math.log(high - low) }]);
    return piles.length === 0
      ? others
      : withKnown(write, { known: piles.map(({ value }) => value), cells, given, others });
  }
  if (value.kind !== "values") return listed(write, [[nothing]], write.apply("Cast", [isGap], { to: onnxTypes.int64 }));
  const known = value.texts.map(amounts.parse);
  const given = write.apply("Where", [isGap, write.double(known[0] ?? 0), input]);
  const levels = levelsCode(value.counts, Math.max(2, known.length));
  const logStep = Math.log((column.step ?? 1) / amounts.unit);
  const cells = known.map((_, level) => [cellOf(levels, level, logStep)]);
  const knots = quantileKnots(
    { values: Float64Array.from(known), counts: Float64Array.from(value.counts), texts: value.texts },
    true,
  );
  const others = column1Places(write, scalePlaces(write, knots, undefined, logUnit, given), column1);
  return withKnown(write, { known, cells, given, others });
}

interface KnownValues {
  /** Ascending. */
  readonly known: readonly number[];
  readonly cells: readonly (readonly Cell[])[];
  /** float64 [rows]. */
  readonly given: string;
  readonly others: Places;
}

/** The cells of known values; where `given` is none of them, the place among the others. */
function withKnown(write: NodeWriter, { known, cells, given, others }: KnownValues): Places {
  const place = lastBelow(write, known, given, write.apply("Shape", [given], {}));
  const own = listed(write, cells, place);
  const isEqual = write.apply("Equal", [write.apply("Gather", [write.double(known), place]), given]);
  const isKnown = write.apply("Unsqueeze", [isEqual, write.long([1])]);
  const chosen = (pick: keyof Places) => write.apply("Where", [isKnown, own[pick], others[pick]]);
  const [low, high, volume] = [chosen("low"), chosen("high"), chosen("volume")];
  return { low, high, volume, even: chosen("even"), hidden: chosen("hidden") };
}

type RowPlaces = Pick<Places, "low" | "high" | "volume">;

function column1Places(write: NodeWriter, { low, high, volume }: RowPlaces, column1: (name: string) => string): Places {
  const zeros = write.apply("Mul", [column1(low), write.double(0)]);
  const even = write.apply("Add", [zeros, write.double(1)]);
  return { low: column1(low), high: column1(high), volume: column1(volume), even, hidden: zeros };
}

/** Between two scores, [rows] each: the cell of the column's grid, or the score alone where it has none or the cell is too narrow. */
function scalePlaces(
  write: NodeWriter,
  knots: Knots,
  step: number | undefined,
  logUnit: number,
  amount: string,
): RowPlaces {
  const { score: point, slope } = scored(write, knots, amount);
  const clamped = write.apply("Clip", [point, write.double(-farthestScore), write.double(farthestScore)]);
  const alone = write.apply("Add", [write.apply("Log", [slope]), write.double(logUnit)]);
  if (step === undefined) return { low: clamped, high: clamped, volume: alone };
  const beside = (offset: number) => scored(write, knots, write.apply("Add", [amount, write.double(offset)])).score;
  const [low, high] = [beside(-step / 2), beside(step / 2)];
  const width = write.apply("Sub", [high, low]);
  const distance = write.apply("Abs", [point]);
  const rounding = write.apply("Mul", [
    write.apply("Max", [distance, write.double(1)]),
    write.double(gridMargin.rounding),
  ]);
  const margin = write.apply("Add", [write.apply("Mul", [width, write.double(gridMargin.share)]), rounding]);
  const isNarrow = write.apply("LessOrEqual", [width, write.apply("Mul", [margin, write.double(4)])]);
  const isAlone = write.apply("Or", [isNarrow, write.apply("Greater", [distance, write.double(farthestScore)])]);
  const left = write.apply("Sub", [width, write.apply("Mul", [margin, write.double(2)])]);
  const safe = write.apply("Where", [isAlone, write.double(1), left]);
  const inCell = write.apply("Add", [write.apply("Log", [safe]), write.double(logUnit - Math.log(step))]);
  return {
    low: write.apply("Where", [isAlone, clamped, write.apply("Add", [low, margin])]),
    high: write.apply("Where", [isAlone, clamped, write.apply("Sub", [high, margin])]),
    volume: write.apply("Where", [isAlone, alone, inCell]),
  };
}

/** The piecewise straight map of values to scores, and its slope there. */
function scored(
  write: NodeWriter,
  { at, scores }: Knots,
  amount: string,
): { readonly score: string; readonly slope: string } {
  const starts = at.slice(0, -1);
  const slopes = starts.map((from, n) => ((scores[n + 1] ?? 0) - (scores[n] ?? 0)) / ((at[n + 1] ?? from) - from));
  const piece = lastBelow(write, starts, amount, write.apply("Shape", [amount], {}));
  const of = (list: readonly number[]) => write.apply("Gather", [write.double(list), piece]);
  const slope = of(slopes);
  const beyond = write.apply("Sub", [amount, of(starts)]);
  return { score: write.apply("Add", [of(scores.slice(0, -1)), write.apply("Mul", [slope, beyond])]), slope };
}
