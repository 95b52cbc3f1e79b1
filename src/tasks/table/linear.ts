// linear: comparisons of sums of columns, row by row: numbers, dates as days, and two columns of levels.
import { type CellColumn, type CellTable, isGapText } from "../../data/cell-table.ts";
import { listNames, shorten } from "../../data/columns.ts";
import { failure } from "../../errors.ts";
import { amountsOf } from "./amounts.ts";
import { levelTexts } from "./column-code.ts";
import { type ConditionPlace, compare, drawnColumn, noOrder, placeOf } from "./comparisons.ts";
import type { LinearComparison } from "./condition-text.ts";
import { gapIsNull, wrong } from "./condition-tokens.ts";
import type { ColumnSchema } from "./schema.ts";

/** What a row is by a comparison: it does not hold, it holds, or a gap leaves it open. */
export const outcomes = { fails: 0, holds: 1, open: 2 } as const;

/** The outcome of each row of a table. */
export type RowOutcomes = (table: CellTable) => Uint8Array;

/** Sums that differ by rounding alone, as a share of their parts. */
export const rounding = 1e-9;

/**
 * The comparison made ready. An equality with a column that stands alone holds where they agree on that column's grid. Throws
 * `option` for columns that cannot be added, or compared with each other.
 */
export function linearOutcomes(leaf: LinearComparison, place: ConditionPlace): RowOutcomes {
  const columns = leaf.terms.map(({ column }) => comparedColumn(column, place));
  const values = valueReaders(leaf, columns, place);
  const half = leaf.operator === "==" || leaf.operator === "!=" ? halfStep(leaf, place) : 0;
  const slackOf = (size: number) => Math.max(rounding * size, half);
  return (table) => {
    const found = leaf.terms.map(({ column }, n) => columnValues(cellsOf(table, column), values[n] ?? nothing));
    return Uint8Array.from({ length: table.rows }, (_, row) => {
      let [total, size] = [leaf.constant, Math.abs(leaf.constant)];
      leaf.terms.forEach(({ factor }, n) => {
        const value = factor * (found[n]?.[row] ?? Number.NaN);
        total += value;
        size += Math.abs(value);
      });
      if (Number.isNaN(total)) return outcomes.open;
      const settled = Math.abs(total) <= slackOf(size) ? 0 : total;
      return compare(settled, leaf.operator) ? outcomes.holds : outcomes.fails;
    });
  };
}

/** A name that is no column may be a gap in another language's spelling. */
function comparedColumn(name: string, place: ConditionPlace): ColumnSchema {
  if (!place.columns.has(name) && (isGapText(name) || name === "None"))
    throw wrong(place.where, gapIsNull, JSON.stringify(shorten(name)));
  return drawnColumn(name, place);
}

type ValueReader = (text: string) => number;
const nothing: ValueReader = () => Number.NaN;

/** Half the step of the grid of a column that stands alone is how far it may be from the others; numbers of any size have none. */
export function halfStep({ alone }: LinearComparison, { columns }: ConditionPlace): number {
  const column = alone === undefined ? undefined : columns.get(alone);
  if (column?.kind !== "number" && column?.kind !== "date") return 0;
  return (0.5 * (1 + 1e-6) * (column.step ?? 0)) / amountsOf(column).unit;
}

/** Days since 1970 mean nothing to people: as many dates are taken away as are added, so that days between them are left. */
function checkDates({ terms }: LinearComparison, columns: readonly ColumnSchema[], { where }: ConditionPlace): void {
  const date = columns.find(({ kind }) => kind === "date");
  const isOpen = columns.some(({ kind }) => kind === "constant");
  const sum = terms.reduce((total, { factor }, n) => total + (columns[n]?.kind === "date" ? factor : 0), 0);
  if (date === undefined || isOpen || sum === 0) return;
  throw failure("option", {
    where: placeOf(where, date),
    expected: "a date beside dates, or days between two of them",
    received: "numbers beside a date",
    remedy: 'write dates as "2024-01-31", and days between them as end - start',
  });
}

function valueReaders(
  leaf: LinearComparison,
  columns: readonly ColumnSchema[],
  place: ConditionPlace,
): readonly ValueReader[] {
  const amounts = columns.map(amountReader);
  if (amounts.every((reader) => reader !== undefined)) {
    checkDates(leaf, columns, place);
    return amounts;
  }
  const [first, second] = columns;
  const isPair =
    columns.length === 2 && leaf.constant === 0 && leaf.terms.every(({ factor }) => Math.abs(factor) === 1);
  const isDifference = isPair && leaf.terms[0]?.factor !== leaf.terms[1]?.factor;
  const wrong = columns[amounts.indexOf(undefined)];
  if (first === undefined || second === undefined || !isDifference || !(hasLevels(first) && hasLevels(second)))
    throw failure("option", {
      where: wrong === undefined ? place.where : placeOf(place.where, wrong),
      expected: "numbers or dates, or two columns of levels",
      received: wrong === undefined ? "others" : `a column of kind ${wrong.kind}`,
      remedy: "say what the column is in the schema; texts to compare with stand in quotes",
    });
  const isEquality = leaf.operator === "==" || leaf.operator === "!=";
  const [texts, others] = [levelsOf(first), levelsOf(second)];
  const isSameOrder = first.kind === "ordinal" && second.kind === "ordinal" && texts.join("\n") === others.join("\n");
  if (!isEquality && !isSameOrder) throw noOrder(place.where, first, second.name);
  const numbers = new Map([...new Set([...texts, ...others])].map((text, level) => [text, level]));
  const reader: ValueReader = (text) => numbers.get(text) ?? Number.NaN;
  return [reader, reader];
}

/** The value of a text in the units of sums, NaN for a gap; undefined for a column without. */
export function amountReader(column: ColumnSchema): ValueReader | undefined {
  const gaps = new Set(column.gaps);
  if (column.kind === "number" || column.kind === "date") {
    const { parse, unit } = amountsOf(column);
    return (text) => (gaps.has(text) ? Number.NaN : parse(text) / unit);
  }
  // A column without any value is all gaps: its text is empty, and no cell is read.
  return column.kind === "constant" && Number.isFinite(Number(column.text)) ? Number : undefined;
}

function hasLevels(column: ColumnSchema): boolean {
  return column.kind === "constant" || levelTexts(column).length > 0;
}

function levelsOf(column: ColumnSchema): readonly string[] {
  return column.kind === "constant" ? [column.text] : levelTexts(column);
}

/** The values of cells, every distinct text looked at once; NaN for gaps. */
export function columnValues({ codes, texts }: CellColumn, reader: ValueReader): Float64Array {
  const known = new Map<number, number>([[-1, Number.NaN]]);
  return Float64Array.from(codes, (code) => {
    const found = known.get(code) ?? reader(texts.at(code));
    known.set(code, found);
    return found;
  });
}

/** The column of a name. Throws `data` where the table lacks it. */
export function cellsOf({ columns }: CellTable, name: string): CellColumn {
  const found = columns.find((column) => column.name === name);
  if (found !== undefined) return found;
  const names = listNames(columns.map((column) => column.name));
  throw failure("data", { where: "table", expected: `a column "${name}"`, received: names });
}
