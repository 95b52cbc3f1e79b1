// drift: what changed between two files of the same columns, column by column and as whole rows, in plain sentences
import { type ColumnShape, columnShapes, sameColumn, sharedCodes } from "./column-shapes.ts";
import type { MeasuredColumn, MeasuredTable } from "./columns-table.ts";
import type { Estimate } from "./estimate.ts";
import { finished, type Steps } from "./steps.ts";
import { type TwoSampleClassification, type TwoSampleOptions, twoSampleSteps } from "./two-sample-classifier.ts";

export interface DriftOptions extends TwoSampleOptions {
  /** How a number of a column is written in sentences, for instance a date; default: four significant digits. */
  readonly written?: (value: number, column: string) => string;
}

export interface ColumnDrift extends ColumnShape {
  /** Whether values or gaps changed by more than chance explains: the rule is in `tableDrift`. */
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

/** Standard errors beyond chance that values must move, and gaps, to count as moved: each happens once in about 300 by chance. */
const [shapeErrors, gapErrors] = [2, 3];

/**
 * Compares two tables by the measures of `columnShapes` and `classifierTwoSample`. A column has moved when its error is more
 * than 2 standard errors above what chance gives, or its share of gaps changed by more than 3. Throws "data" for fewer than 2
 * rows, or when `after` lacks a column of `before` or has it of another kind.
 */
export function tableDrift(before: MeasuredTable, after: MeasuredTable, options: DriftOptions = {}): TableDrift {
  return finished(driftSteps(before, after, options));
}

/** `tableDrift` in steps. */
export function* driftSteps(
  before: MeasuredTable,
  after: MeasuredTable,
  options: DriftOptions = {},
): Steps<TableDrift> {
  const { written = (value: number) => String(Number(value.toPrecision(4))), ...classifierOptions } = options;
  const shapes = columnShapes(before, after);
  const columns = shapes.columns.map((shape, k): ColumnDrift => {
    const column = before.columns[k]!;
    const beyond = { values: valuesMoved(shape), gaps: gapsMoved(shape) };
    const sentence = columnSentence(shape, beyond, column, sameColumn(column, after), written);
    return { ...shape, moved: beyond.values || beyond.gaps, sentence };
  });
  const isLarge = Math.min(before.rows, after.rows, options.rows ?? before.rows) >= fewestClassifierRows;
  const classifier = isLarge ? yield* twoSampleSteps(before, after, classifierOptions) : undefined;
  const excess = ({ error, chance, gaps }: ColumnDrift) => Math.max(error.value - chance, gaps.difference.value);
  return {
    rows: { before: before.rows, after: after.rows },
    columns: columns.toSorted((a, b) => Number(b.moved) - Number(a.moved) || excess(b) - excess(a)),
    shapes: shapes.mean,
    gaps: shapes.gaps,
    ...(classifier && { classifier }),
    sentence: tableSentence(columns, classifier),
  };
}

function valuesMoved({ error, chance }: ColumnShape): boolean {
  return error.value - chance > shapeErrors * error.standardError;
}

function gapsMoved({ gaps: { difference } }: ColumnShape): boolean {
  return difference.value > gapErrors * difference.standardError;
}

function tableSentence(columns: readonly ColumnDrift[], classifier: TwoSampleClassification | undefined): string {
  const moved = columns.filter(({ moved }) => moved).length;
  const alone = `${moved} of ${columns.length} columns moved by more than chance explains.`;
  if (classifier === undefined) return `${alone} There are too few rows to compare whole rows.`;
  const { value, standardError } = classifier.auc;
  const scale = `AUC ${value.toFixed(3)} ± ${standardError.toFixed(3)}, 0.5 is no difference and 1 a complete one`;
  if (0.5 - value > 3 * standardError)
    return `${alone} Whole rows cannot be compared: an area this far below 0.5 means that rows stand in both tables (${scale}); leave out those that they share.`;
  if (value - 0.5 <= 2 * standardError) return `${alone} Whole rows cannot be told apart (${scale}).`;
  const names = classifier.columns.filter(({ share }) => share >= 0.1).slice(0, 3);
  const by = names.length > 0 ? `, most by ${names.map(({ column }) => column).join(", ")}` : "";
  const how = value < 0.6 ? "barely" : value < 0.75 ? "partly" : value < 0.9 ? "mostly" : "almost always";
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
  const values = beyond.values
    ? `${column} moved (${size}): ${change(before, after, (value) => written(value, column))}.`
    : `${column} did not move more than chance explains (${size}).`;
  if (!beyond.gaps) return values;
  const shares = `from ${percent(gaps.real)} to ${percent(gaps.other)} ± ${percent(gaps.difference.standardError)}`;
  return `${values} Its share of gaps went ${shares}.`;
}

function change(before: MeasuredColumn, after: MeasuredColumn, written: (value: number) => string): string {
  if (before.kind === "category") return levelChange(before, after);
  const [a, b] = [quartiles(before), quartiles(after)];
  if (a === undefined || b === undefined) return "one of the files has no value of it";
  const middle = ({ low, high }: Quartiles) => `${written(low)} to ${written(high)}`;
  return `median ${written(a.middle)} → ${written(b.middle)}, middle half ${middle(a)} → ${middle(b)}`;
}

interface Quartiles {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

function quartiles(column: MeasuredColumn): Quartiles | undefined {
  const values = column.kind === "numeric" ? column.values.filter((value) => !Number.isNaN(value)).sort() : [];
  const at = (share: number) => values[Math.floor(share * (values.length - 1))] ?? Number.NaN;
  return values.length === 0 ? undefined : { low: at(0.25), middle: at(0.5), high: at(0.75) };
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
