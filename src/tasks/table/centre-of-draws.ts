// centre-of-draws: the one value that stands for draws of a gap: the mean of numbers, the most frequent level or class of its own.
import { type CellColumn, cellText } from "../../data/cell-table.ts";
import { shorten } from "../../data/columns.ts";
import { listedTexts, textPool } from "../../data/text-pool.ts";
import { amountsOf } from "./amounts.ts";
import type { ColumnCode } from "./column-code.ts";
import type { ColumnSchema, DateColumn, NumberColumn } from "./schema.ts";

/**
 * For some rows of a table the centre of a column's draws, which stand in `cells` one table after the other: for numbers and dates the
 * mean, on the grid, inside the bounds and among the values that the column has. Where a column has classes of their own it is the one
 * that has more draws than all that are none, or the median of these: a few draws lie between a class and the others, however far it is
 * from them. A row without draws stays a gap.
 */
export function centreOfDraws(
  column: ColumnSchema,
  code: ColumnCode,
  { cells, draws }: { readonly cells: CellColumn; readonly draws: number },
  rows: Uint32Array,
): CellColumn {
  const pool = textPool(`column "${shorten(column.name)}"`);
  const all = cells.codes.length / draws;
  const centre = column.kind === "number" || column.kind === "date" ? amountCentre(column, code) : commonest;
  const codes = Int32Array.from(rows, (row) => {
    const texts = Array.from({ length: draws }, (_, draw) => cellText(cells, draw * all + row) ?? []).flat();
    return texts.length === 0 ? -1 : pool.addText(centre(texts));
  });
  return { ...cells, codes, texts: pool.size === 0 ? listedTexts([]) : pool.sealed() };
}

function amountCentre(column: NumberColumn | DateColumn, { value }: ColumnCode) {
  const { parse, format, allowed } = amountsOf(column);
  const seen = value.kind === "values" ? value.texts.map(parse) : [];
  const classes = new Set((column.apart ?? []).map(format));
  return (texts: readonly string[]): string => {
    if (classes.size > 0) return classOrMedian(texts, classes, parse);
    const mean = texts.reduce((total, text) => total + parse(text), 0) / texts.length;
    if (seen.length === 0) return format(allowed(mean));
    return format(seen.reduce((best, next) => (Math.abs(next - mean) < Math.abs(best - mean) ? next : best)));
  };
}

/** The class that has more draws than all that are none, or the median of these. */
function classOrMedian(
  texts: readonly string[],
  classes: ReadonlySet<string>,
  parse: (text: string) => number,
): string {
  const plain = texts.filter((text) => !classes.has(text)).sort((a, b) => parse(a) - parse(b));
  const middle = plain[Math.floor(plain.length / 2)];
  const apart = texts.filter((text) => classes.has(text));
  const likeliest = apart.length > 0 ? commonest(apart) : middle;
  const isCommoner = apart.filter((text) => text === likeliest).length > plain.length;
  return (isCommoner ? likeliest : middle) ?? commonest(texts);
}

function commonest(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].reduce((most, next) => (next[1] > most[1] ? next : most))[0];
}
