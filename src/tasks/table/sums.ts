// sums: columns that are sums of others: left out of the model, computed when rows are written, solved when gaps are filled.
import * as z from "zod";
import { joinedTexts } from "../../data/cell-rows.ts";
import { type CellColumn, type CellTable, cellText } from "../../data/cell-table.ts";
import { shorten } from "../../data/columns.ts";
import { listedTexts, textPool } from "../../data/text-pool.ts";
import { failure } from "../../errors.ts";
import { amountsOf, onGrid } from "./amounts.ts";
import type { Condition, LinearComparison, Term } from "./condition-text.ts";
import { columnsByName, conjuncts } from "./conditions.ts";
import { cellsOf } from "./linear.ts";
import { type ColumnSchema, mostColumns, type Schema } from "./schema.ts";

/** `column = sum of terms + constant`, numbers as they are and dates in days. */
export interface Sum {
  readonly column: string;
  readonly terms: readonly Term[];
  readonly constant: number;
}

/** Sums as JSON. */
export const sumsJson = z
  .array(
    z.strictObject({
      column: z.string(),
      terms: z.array(z.strictObject({ column: z.string(), factor: z.number() })).max(mostColumns),
      constant: z.number(),
    }),
  )
  .max(1000);

/** The sum that an equality with a column alone on its side is; undefined for other conditions. */
export function sumOf(condition: Condition): Sum | undefined {
  if (condition.kind !== "linear" || condition.operator !== "==" || condition.alone === undefined) return undefined;
  return solvedFor(condition, condition.alone);
}

/** Those of some sums that are parts of a condition. */
export function sumsFrom(condition: Condition, sums: readonly Sum[]): readonly Sum[] {
  const own = conjuncts(condition).map((part) => JSON.stringify(sumOf(part)));
  return sums.filter((sum) => own.includes(JSON.stringify(sum)));
}

function solvedFor({ terms, constant }: LinearComparison, column: string): Sum | undefined {
  const own = terms.find((term) => term.column === column)?.factor;
  if (own === undefined) return undefined;
  const others = terms.filter((term) => term.column !== column);
  const divided = (value: number) => -value / own + 0;
  return {
    column,
    terms: others.map((term) => ({ column: term.column, factor: divided(term.factor) })),
    constant: divided(constant),
  };
}

/** The sums among conditions, each after those it needs. Throws `option` for columns that depend on each other in a circle. */
export function sumsIn(conditions: readonly Condition[], { columns }: Schema): readonly Sum[] {
  const byName = columnsByName(columns);
  const isAmount = ({ column }: Sum) => byName.get(column)?.kind === "number" || byName.get(column)?.kind === "date";
  const found = conditions.flatMap(conjuncts).flatMap((condition) => sumOf(condition) ?? []);
  return inOrder(
    found.filter((sum, n) => isAmount(sum) && found.findIndex(({ column }) => column === sum.column) === n),
  );
}

function inOrder(sums: readonly Sum[]): readonly Sum[] {
  const open = new Map(sums.map((sum) => [sum.column, sum]));
  const sorted: Sum[] = [];
  while (open.size > 0) {
    const next = [...open.values()].find(({ terms }) => !terms.some(({ column }) => open.has(column)));
    if (next === undefined)
      throw failure("option", {
        where: "constraints",
        expected: "sums that can be computed one after the other",
        received: `${[...open.keys()].join(", ")}, which depend on each other`,
        remedy: "leave one of the sums out",
      });
    open.delete(next.column);
    sorted.push(next);
  }
  return sorted;
}

/** Throws a `model` error for sums of a file that the columns do not allow. */
export function checkSums(sums: readonly Sum[], { columns }: Schema, where: string): void {
  const byName = columnsByName(columns);
  const known = new Set<string>();
  const isLater = new Set(sums.map(({ column }) => column));
  for (const { column, terms } of sums) {
    isLater.delete(column);
    const kind = byName.get(column)?.kind;
    const isSound = (kind === "number" || kind === "date") && !known.has(column);
    const areParts = terms.every((term) => {
      const part = byName.get(term.column);
      return part !== undefined && amountReader(part) !== undefined && !isLater.has(term.column);
    });
    known.add(column);
    if (isSound && areParts && !terms.some((term) => term.column === column)) continue;
    throw failure("model", {
      where: `${where} sums`,
      expected: "sums of columns of numbers and dates, one after the other",
      received: `one for "${shorten(column)}"`,
    });
  }
}

/** Value of a text in the units of sums, for columns that have one. */
function amountReader(column: ColumnSchema): ((text: string) => number) | undefined {
  if (column.kind === "number" || column.kind === "date") {
    const { parse, unit } = amountsOf(column);
    return (text) => (column.gaps.includes(text) ? Number.NaN : parse(text) / unit);
  }
  return column.kind === "constant" ? Number : undefined;
}

/** The table with every sum computed from its row, on its grid; a gap where it or one of its parts has one. */
export function withSums(table: CellTable, sums: readonly Sum[], schema: Schema): CellTable {
  return solvedSums(table, sums, schema, ([whole], row) => (whole && whole.codes[row]! >= 0 ? 0 : undefined));
}

/**
 * The table with sums solved in their rows for the member (0: the sum itself, 1, …: its terms) that `choose` names, if any. What
 * is solved from a gap is a gap.
 */
export function solvedSums(
  table: CellTable,
  sums: readonly Sum[],
  schema: Schema,
  choose: (members: readonly CellColumn[], row: number) => number | undefined,
): CellTable {
  if (sums.length === 0) return table;
  const byName = columnsByName(schema.columns);
  const cells = new Map(table.columns.map((column) => [column.name, column]));
  for (const { column: whole, terms, constant } of sums) {
    const members: readonly Term[] = [{ column: whole, factor: -1 }, ...terms];
    const before = members.map(({ column }) => cellsOf(table, column));
    const columns = members.map(({ column }, n) => cells.get(column) ?? before[n]!);
    const solvers = members.map(({ column }) => solverOf(byName.get(column)));
    const written = columns.map(rewriter);
    for (let row = 0; row < table.rows; row++) {
      const place = choose(before, row);
      if (place === undefined) continue;
      let total = constant;
      members.forEach(({ factor }, n) => {
        if (n === place) return;
        const text = cellText(columns[n]!, row);
        total += factor * (text === undefined ? Number.NaN : solvers[n]!.read(text));
      });
      written[place]!.set(row, solvers[place]!.write(total / -members[place]!.factor));
    }
    for (const rewritten of written) {
      const column = rewritten.column();
      if (column !== undefined) cells.set(column.name, column);
    }
  }
  return { ...table, columns: table.columns.map((column) => cells.get(column.name) ?? column) };
}

interface Solver {
  read(text: string): number;
  /** The text of a value on the column's grid; undefined for none. */
  write(value: number): string | undefined;
}

function solverOf(column: ColumnSchema | undefined): Solver {
  const read = (column && amountReader(column)) ?? (() => Number.NaN);
  if (column?.kind !== "number" && column?.kind !== "date") return { read, write: () => undefined };
  const { format, unit } = amountsOf(column);
  return { read, write: (value) => (Number.isFinite(value) ? format(onGrid(column, value * unit)) : undefined) };
}

/** A column some of whose cells are written anew. */
function rewriter(column: CellColumn) {
  const pool = textPool(`column "${shorten(column.name)}"`);
  let codes: Int32Array | undefined;
  const known = column.texts.size;
  return {
    set(row: number, text: string | undefined): void {
      codes ??= column.codes.slice();
      codes[row] = text === undefined ? -1 : known + pool.addText(text);
    },
    column(): CellColumn | undefined {
      if (codes === undefined) return undefined;
      const added = pool.size === 0 ? listedTexts([]) : pool.sealed();
      return { ...column, codes, texts: joinedTexts(column.texts, added) };
    },
  };
}
