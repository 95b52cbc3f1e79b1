// condition-reach: whether some value of a column passes a test of it, found by trying the values between which nothing changes.
import { amountsOf } from "./amounts.ts";
import { type ColumnCode, levelTexts } from "./column-code.ts";
import type { CellTest } from "./comparisons.ts";
import type { ColumnSchema, DateColumn, NumberColumn } from "./schema.ts";

/** A test of one column, made of comparisons with the values `bounds` (of numbers and dates). */
export interface ReachTest {
  readonly test: CellTest;
  readonly bounds: readonly number[];
}

/** Whether a value that the column's code can give passes. */
export function canPass(column: ColumnSchema, code: ColumnCode | undefined, { test, bounds }: ReachTest): boolean {
  switch (column.kind) {
    case "number":
    case "date":
      return amountTexts(column, code, bounds).some(test);
    case "category":
    case "ordinal":
    case "boolean":
      return levelTexts(column).some(test);
    case "constant":
      return test(column.text);
    default:
      return true;
  }
}

/** Texts of a value in every stretch that the bounds part, as the column writes them. */
function amountTexts(
  column: NumberColumn | DateColumn,
  code: ColumnCode | undefined,
  bounds: readonly number[],
): readonly string[] {
  const { format, allowed } = amountsOf(column);
  if (code?.value.kind === "values") return code.value.texts;
  const far = (value: number) => 1 + Math.abs(value) + (column.step ?? 0);
  const inner = bounds.toSorted((a, b) => a - b);
  const { minimum = least(inner, far), maximum = most(inner, far) } = column;
  const ends = [minimum, ...inner.filter((bound) => bound > minimum && bound < maximum), maximum];
  const middles = ends.slice(1).map((end, n) => end / 2 + (ends[n] ?? end) / 2);
  return [...ends, ...middles].map((value) => format(allowed(value)));
}

function least([first = 0]: readonly number[], far: (value: number) => number): number {
  return first - far(first);
}

function most(ascending: readonly number[], far: (value: number) => number): number {
  const last = ascending.at(-1) ?? 0;
  return last + far(last);
}
