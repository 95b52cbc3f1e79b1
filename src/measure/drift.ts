// drift: what changed between two files of the same columns, column by column and as whole rows, in plain sentences
import { counted } from "../data/columns.ts";
import { random, split } from "../random.ts";
import { hardlyTold, largestArea, mostMissed } from "./area-under-curve.ts";
import { type ColumnShape, columnShapes, gapCodes, sameColumn, sharedCodes } from "./column-shapes.ts";
import type { MeasuredColumn, MeasuredTable } from "./columns-table.ts";
import type { Estimate } from "./estimate.ts";
import { type CellPair, holmAdjusted, sameLawChance } from "./same-law.ts";
import type { Steps } from "./steps.ts";
import { type TwoSampleClassification, type TwoSampleOptions, twoSampleSteps } from "./two-sample-classifier.ts";

export interface DriftOptions extends TwoSampleOptions {
  /** How a number of a column is written in sentences, for instance a date; default: four significant digits. */
  readonly written?: (value: number, column: string) => string;
  /** Columns that hold something else in `after` whatever the counts say, each with the sentence that says so. */
  readonly changed?: ReadonlyMap<string, string>;
}

export interface ColumnDrift extends ColumnShape {
  /**
   * How probable it is that chance alone moves any column's values or gaps as far as this one's: the smaller of both, by Holm's
   * method for all columns; 1 where there is nothing to compare.
   */
  readonly pValue: number;
  /** Whether `pValue` is at most `movedBelow`, or the column is a `changed` one. */
  readonly moved: boolean;
  /** What happened to the column, in plain words. */
  readonly sentence: string;
}

export interface TableDrift {
  readonly rows: { readonly before: number; readonly after: number };
  /** The columns, those that moved most beyond chance first. */
  readonly columns: readonly ColumnDrift[];
  /** Mean of the columns' errors, and of the changes of their shares of gaps. */
  readonly shapes: Estimate;
  readonly gaps: Estimate;
  /** Whether whole rows can be told apart; absent for fewer than 30 rows. */
  readonly classifier?: TwoSampleClassification;
  /** What happened on the whole, in plain words. */
  readonly sentence: string;
}

/** Fewest rows of each table for the classifier two-sample test. */
export const fewestClassifierRows = 30;

/** How often chance may call columns of tables of one law moved: in so many of all pairs of tables, any one column of them. */
export const movedBelow = 0.05;

/**
 * Compares two tables by the measures of `columnShapes` and `twoSampleSteps`. A column has moved when its values, or its
 * shares of gaps, are further apart than chance explains: by `sameLawChance`, with Holm's correction for all columns of the
 * tables. Throws "data" for fewer than 2 rows, or when `after` lacks a column of `before` or has it of another kind.
 */
export function* driftSteps(
  before: MeasuredTable,
  after: MeasuredTable,
  options: DriftOptions = {},
): Steps<TableDrift> {
  const { written = fourDigits, changed = new Map<string, string>(), ...classifierOptions } = options;
  const shapes = columnShapes(before, after);
  const chances = yield* columnChances(before, after, options.seed ?? 0);
  const columns = shapes.columns.map((shape, k): ColumnDrift => {
    const column = before.columns[k]!;
    const { values, gaps } = chances[k]!;
    const beyond = { values: values <= movedBelow, gaps: gaps <= movedBelow };
    const sentence =
      changed.get(column.name) ?? columnSentence(shape, beyond, column, sameColumn(column, after), written);
    const isMoved = beyond.values || beyond.gaps || changed.has(column.name);
    return { ...shape, pValue: Math.min(values, gaps), moved: isMoved, sentence };
  });
  const isLarge = Math.min(before.rows, after.rows, options.rows ?? before.rows) >= fewestClassifierRows;
  const classifier = isLarge
    ? yield* twoSampleSteps(before, after, { ...classifierOptions, hasColumns: true })
    : undefined;
  const excess = ({ error, chance, gaps }: ColumnDrift) => Math.max(error.value - chance, gaps.difference.value);
  return {
    rows: { before: before.rows, after: after.rows },
    columns: columns.toSorted((a, b) => Number(b.moved) - Number(a.moved) || excess(b) - excess(a)),
    shapes: shapes.mean,
    gaps: shapes.gaps,
    ...(classifier && { classifier }),
    sentence: tableSentence(columns, Math.min(before.rows, after.rows), classifier),
  };
}

function fourDigits(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Probabilities of each column's values and gaps under one law, for all of them together; 1 where there is nothing to compare. */
function* columnChances(before: MeasuredTable, after: MeasuredTable, seed: number | string) {
  const found: number[] = [];
  for (const [k, column] of before.columns.entries()) {
    const other = sameColumn(column, after);
    const key = split(random(seed), "drift", k);
    found.push(sameLawChance(valueCells(column, other), split(key, "values")));
    const gaps = { kind: "unordered", real: gapCodes(column), other: gapCodes(other), cells: 2 } as const;
    found.push(sameLawChance(gaps, split(key, "gaps")));
    yield;
  }
  const adjusted = holmAdjusted(found).map((chance) => (Number.isNaN(chance) ? 1 : chance));
  return before.columns.map((_, k) => ({ values: adjusted[2 * k]!, gaps: adjusted[2 * k + 1]! }));
}

/** Numbers as their ranks, equal ones together, and levels as their codes. */
function valueCells(column: MeasuredColumn, other: MeasuredColumn): CellPair {
  if (column.kind === "category" || other.kind === "category") {
    const { levels, real, others } = sharedCodes(column, other);
    return { kind: "unordered", real, other: others, cells: levels.length };
  }
  const all = new Float64Array(column.values.length + other.values.length);
  all.set(column.values);
  all.set(other.values, column.values.length);
  const sorted = all.filter((value) => !Number.isNaN(value)).sort();
  const values = sorted.filter((value, n) => n === 0 || value !== sorted[n - 1]);
  const places = new Map(Array.from(values, (value, place) => [value, place]));
  const codes = (from: Float64Array) => Int32Array.from(from, (value) => places.get(value) ?? -1);
  return { kind: "ordered", real: codes(column.values), other: codes(other.values), cells: values.length };
}

/** Of fewer rows of each table no order is improbable enough by chance. */
const fewestRowsToMove = 4;

function tableSentence(
  columns: readonly ColumnDrift[],
  rows: number,
  classifier: TwoSampleClassification | undefined,
): string {
  const moved = columns.filter(({ moved }) => moved).length;
  if (moved === 0 && rows < fewestRowsToMove)
    return "There are too few rows to say whether columns moved, and to compare whole rows.";
  const alone = `${moved} of ${counted(columns.length, "column")} moved by more than chance explains.`;
  if (classifier === undefined) return `${alone} There are too few rows to compare whole rows.`;
  const { value, standardError } = classifier.auc;
  const scale = `AUC ${value.toFixed(3)} ± ${standardError.toFixed(3)}, 0.5 is no difference and 1 a complete one`;
  if (0.5 - value > 3 * standardError)
    return `${alone} Whole rows cannot be compared: an area this far below 0.5 means that rows stand in both tables (${scale}); leave out those that they share.`;
  if (value - 0.5 <= 2 * standardError) {
    const open = largestArea(classifier.auc, classifier.rows.test);
    if (open < hardlyTold) return `${alone} Boosted trees cannot tell whole rows apart (${scale}).`;
    if (open < mostMissed)
      return `${alone} Boosted trees did not tell whole rows apart, but with ${classifier.rows.test} rows of each to test on, an AUC up to ${open.toFixed(2)} is possible (${scale}).`;
    return `${alone} There are too few rows to say whether whole rows can be told apart: an AUC up to ${open.toFixed(2)} is possible (${scale}).`;
  }
  const names = classifier.columns.filter(({ share }) => share >= 0.1).slice(0, 3);
  const by = names.length > 0 ? `, most by ${names.map(({ column }) => column).join(", ")}` : "";
  const how = value < hardlyTold ? "barely" : value < 0.75 ? "partly" : value < 0.9 ? "mostly" : "almost always";
  return `${alone} Whole rows can ${how} be told apart${by} (${scale}).`;
}

interface Beyond {
  readonly values: boolean;
  readonly gaps: boolean;
}

function columnSentence(
  { column, error, chance, gaps }: ColumnShape,
  beyond: Beyond,
  before: MeasuredColumn,
  after: MeasuredColumn,
  written: (value: number, column: string) => string,
): string {
  const size = `${percent(error.value)} ± ${percent(error.standardError)}, chance gives ${percent(chance)}`;
  const shares = `from ${percent(gaps.real)} to ${percent(gaps.other)} ± ${percent(gaps.difference.standardError)}`;
  const isEmpty = [gaps.real, gaps.other].map((share) => share === 1);
  if (isEmpty.includes(true)) {
    if (isEmpty[0] === isEmpty[1]) return `${column} has no value in either file.`;
    const where = isEmpty[0] ? "first" : "second";
    const verb = beyond.gaps ? "moved: it has no value" : "has no value";
    return `${column} ${verb} in the ${where} file; its share of gaps went ${shares}.`;
  }
  const still = `did not move more than chance explains (${size})`;
  if (!beyond.values && !beyond.gaps) return `${column} ${still}.`;
  if (!beyond.values) return `${column} moved by its gaps, whose share went ${shares}; its values ${still}.`;
  const values = `${column} moved (${size}): ${change(before, after, (value) => written(value, column))}.`;
  return beyond.gaps ? `${values} Its share of gaps went ${shares}.` : values;
}

function change(before: MeasuredColumn, after: MeasuredColumn, written: (value: number) => string): string {
  if (before.kind === "category") return levelChange(before, after);
  const [a, b] = [quartiles(before), quartiles(after)];
  const middle = ({ low, high }: Quartiles) => `${written(low)} to ${written(high)}`;
  return `median ${written(a.middle)} → ${written(b.middle)}, middle half ${middle(a)} → ${middle(b)}`;
}

interface Quartiles {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

/** By straight lines between the values in their order; NaN without values. */
function quartiles(column: MeasuredColumn): Quartiles {
  const values = column.kind === "numeric" ? column.values.filter((value) => !Number.isNaN(value)).sort() : [];
  const at = (share: number) => {
    const place = share * (values.length - 1);
    const [low, high] = [values[Math.floor(place)] ?? Number.NaN, values[Math.ceil(place)] ?? Number.NaN];
    return low + (place % 1) * (high - low);
  };
  return { low: at(0.25), middle: at(0.5), high: at(0.75) };
}

/** The level whose share changed most, and levels that are new or gone. */
function levelChange(before: MeasuredColumn, after: MeasuredColumn): string {
  const { levels, real, others } = sharedCodes(before, after);
  const [p, q] = [levelShares(real, levels.length), levelShares(others, levels.length)];
  const most = [...levels.keys()].reduce((a, b) => (Math.abs(q[b]! - p[b]!) > Math.abs(q[a]! - p[a]!) ? b : a), 0);
  const named = (test: (code: number) => boolean, word: string) => {
    const found = levels.filter((_, code) => test(code)).map((level) => JSON.stringify(level));
    const rest = found.length > 3 ? ` and ${found.length - 3} more` : "";
    return found.length === 0 ? "" : `; ${word}: ${found.slice(0, 3).join(", ")}${rest}`;
  };
  const news = named((code) => p[code] === 0 && q[code]! > 0, "new");
  const gone = named((code) => p[code]! > 0 && q[code] === 0, "gone");
  return `${JSON.stringify(levels[most])} ${percent(p[most]!)} → ${percent(q[most]!)}${news}${gone}`;
}

function levelShares(codes: Int32Array, levels: number): Float64Array {
  const shares = new Float64Array(levels);
  let known = 0;
  for (const code of codes) {
    if (code < 0) continue;
    shares[code]!++;
    known++;
  }
  return shares.map((count) => count / Math.max(1, known));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
