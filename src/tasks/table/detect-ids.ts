// detect-ids: whole numbers that are all different and count the rows, or that are called an id.
import { cellText } from "../../data/cell-table.ts";
import { shorten } from "../../data/columns.ts";
import type { Profile, Values } from "./profile.ts";
import type { ColumnBase, ColumnSchema } from "./schema.ts";

/** With fewer rows than this, numbers that differ may well be amounts, and amounts may well follow each other. */
const fewRows = 20;
/** Names of ids, of what else counts rows, and those that pandas gives to an index without a name, written once and again. */
const idNames = [/(^|[^a-z])id$/i, /[a-z](Id|ID)$/];
const counterNames = [/(^|[^a-z])(key|index|idx|row|nr|no|number)$/i, /[a-z]Key$/];
const indexName = /^unnamed: 0(\.\d+)*$/i;

/**
 * The id that a column is: numbers that count the rows from 0 or 1, or that are called an id. Of few rows those alone that are called
 * an id or the index of a table, which has holes where rows were left out, or whose name is one of a counter and which count the rows
 * in their order.
 */
export function idOf(
  { values, texts }: Values,
  profile: Profile,
  base: Omit<ColumnBase, "reason">,
): ColumnSchema | undefined {
  const { filled, rows } = profile;
  if (values.length !== filled || filled !== rows || !texts.every((text) => /^-?\d+$/.test(text))) return undefined;
  const [first, last] = [values[0]!, values.at(-1)!];
  const { name } = base;
  const isId = idNames.some((pattern) => pattern.test(name));
  const isIndex = first >= 0 && (profile.column.unnamed === true || indexName.test(name));
  const isNamed = isId || isIndex || counterNames.some((pattern) => pattern.test(name));
  const isFromStart = first === 0 || first === 1;
  const isCounting = last - first === rows - 1 && (isFromStart || isNamed);
  const counts = `counts the rows from ${first} to ${last}`;
  const called = profile.column.unnamed ? "it comes first without a name" : `it is called "${shorten(name)}"`;
  const numbered = (reason: string): ColumnSchema => ({ ...base, kind: "id", first, reason });
  const leftOut = { ...base, kind: "id", reason: `${called} and no number comes twice in ${rows} rows` } as const;
  if (rows >= fewRows) return isCounting ? numbered(`it ${counts}`) : isNamed ? leftOut : undefined;
  if (isCounting && isFromStart && isNamed && isInOrder(profile, first)) return numbered(`${called} and ${counts}`);
  return isId || isIndex ? leftOut : undefined;
}

function isInOrder({ column, rows }: Profile, first: number): boolean {
  return Array.from({ length: rows }, (_, row) => Number(cellText(column, row))).every(
    (value, row) => value === first + row,
  );
}
