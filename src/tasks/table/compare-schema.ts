// compare-schema: what the columns of two tables are that are to be compared, and what their types alone give away.
import type { CellTable } from "../../data/cell-table.ts";
import { listNames, shorten } from "../../data/columns.ts";
import { failure } from "../../errors.ts";
import { detectSchema } from "./detect.ts";
import { checkColumnNames } from "./evaluate-table.ts";
import { unreadCells } from "./measured.ts";
import type { ColumnSchema, Schema } from "./schema.ts";

/** What two tables are called in errors, notes and sentences, such as the paths of their files. */
export interface TableNames {
  readonly before: string;
  readonly after: string;
}

export interface SharedSchema {
  readonly schema: Schema;
  /** What is left out, and what cannot be read, in sentences. */
  readonly notes: readonly string[];
  /** Numbers and dates of `before` of which no cell of `after` can be read, each with a sentence. */
  readonly changed: ReadonlyMap<string, string>;
}

/**
 * The types of the columns by the cells of `before`, by those of `after` where that has no value. Throws "data" when `after`
 * lacks a column, or when there is nothing but text and ids.
 */
export function sharedSchema(before: CellTable, after: CellTable, called: TableNames): SharedSchema {
  const names = before.columns.map(({ name }) => name);
  checkColumnNames(after, names, called.after);
  const [old, fresh] = [detectSchema(before), detectSchema(after)];
  const later = new Map(fresh.columns.map((column) => [column.name, column]));
  const columns = old.columns.map((column) => (isEmpty(column) ? (later.get(column.name) ?? column) : column));
  const left = columns.filter(isLeftOut);
  if (left.length === columns.length)
    throw failure("data", {
      where: called.before,
      expected: "a column of numbers, dates or categories",
      received: "texts and ids alone",
    });
  const known = new Set(names);
  const more = fresh.columns.filter(({ name }) => !known.has(name)).map(({ name }) => name);
  const unread = {
    before: unreadCells(before, { columns }, called.before),
    after: unreadCells(after, { columns }, called.after),
  };
  const odd = new Set(unread.before.map(({ column }) => column));
  const lost = unread.after.filter(({ column, read }) => read === 0 && !odd.has(column));
  const kinds = new Map(columns.map(({ name, kind }) => [name, kind]));
  return {
    schema: { columns },
    changed: new Map(
      lost.map(({ column, note }) => [
        column,
        `${column} moved: it is a ${kinds.get(column)} in ${called.before} and none in ${called.after}. ${note}`,
      ]),
    ),
    notes: [
      ...(more.length > 0 ? [`Columns of ${called.after} alone are left out: ${listNames(more)}.`] : []),
      ...left.map(({ name, kind, reason }) => `Column "${shorten(name)}" is left out as ${kind}: ${reason}.`),
      ...columns.flatMap((column) => changedKind(column, later.get(column.name), called)),
      ...[...unread.before, ...unread.after].map(({ note }) => note),
    ],
  };
}

function isEmpty(column: ColumnSchema): boolean {
  return column.kind === "constant" && column.text === "";
}

function isLeftOut({ kind }: ColumnSchema): boolean {
  return kind === "text" || kind === "id";
}

/** What kinds of columns are alike in: categories, ordinals and booleans are all levels. */
const sorts: Readonly<Record<ColumnSchema["kind"], string>> = {
  number: "number",
  date: "date",
  category: "levels",
  ordinal: "levels",
  boolean: "levels",
  constant: "constant",
  text: "text",
  id: "id",
};

/** A column that was one sort of thing and is another; constants are too few values to say. */
function changedKind(
  old: ColumnSchema,
  fresh: ColumnSchema | undefined,
  { before, after }: TableNames,
): readonly string[] {
  const isTold = fresh !== undefined && old.kind !== "constant" && fresh.kind !== "constant" && !isLeftOut(old);
  if (!isTold || sorts[old.kind] === sorts[fresh.kind]) return [];
  return [
    `Column "${shorten(old.name)}" is taken for ${old.kind}, as in ${before}, but by ${after} alone it would be ${fresh.kind}.`,
  ];
}
