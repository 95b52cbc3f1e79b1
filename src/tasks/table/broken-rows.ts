// broken-rows: rows with gaps whose known cells break a constraint by themselves: they stay as they are, which is said in notes.
import type { CellTable } from "../../data/cell-table.ts";
import { type BoundConstraint, bound, constraintPlace, partsOf, type TableConstraint } from "./bound-constraints.ts";
import { outcomesBeforeDraws } from "./conditions.ts";
import { partialTest, seenCodes } from "./constraint-tests.ts";
import type { TableEncoder } from "./encoder.ts";
import { outcomes } from "./linear.ts";
import { factsOf } from "./possible-rows.ts";
import { countedRows, toldRows } from "./told-rows.ts";
import type { RowsAsked } from "./unfillable-rows.ts";

/**
 * A sentence for each part of a constraint that known cells break in some of the rows asked about, with the first of them. `table` has
 * what known cells fix by themselves in its gaps.
 */
export async function brokenNotes(
  constraints: readonly TableConstraint[],
  encoder: TableEncoder,
  table: CellTable,
  { asked, isUnknown, turn }: RowsAsked,
): Promise<readonly string[]> {
  const { schema } = encoder;
  const { place } = factsOf(encoder);
  const brokenIn = (part: BoundConstraint): ((row: number) => boolean) => {
    if (part.kind === "combinations") return brokenCombination(part, table, isUnknown);
    if (part.kind !== "condition") return () => false;
    const known = outcomesBeforeDraws(part.condition, { ...place, where: constraintPlace(part.text) })(table);
    return (row) => known[row] === outcomes.fails;
  };
  const notes: string[] = [];
  for (const part of constraints.flatMap((constraint) => partsOf(bound(constraint, schema), schema))) {
    const rows = Array.from(asked).filter(brokenIn(part));
    if (rows.length > 0)
      notes.push(
        `known cells of ${countedRows(rows.length)} with gaps break the constraint ${part.text} and stay as they are: ${toldRows(table, part.about, rows)}`,
      );
    await turn();
  }
  return notes;
}

/** Whether all cells of a combination are known, and no row of the data has them together. */
function brokenCombination(
  { columns, seen }: Extract<BoundConstraint, { readonly kind: "combinations" }>,
  table: CellTable,
  isUnknown: RowsAsked["isUnknown"],
): (row: number) => boolean {
  const codes = seenCodes(table, columns, seen);
  const isSeen = partialTest(seen, columns.length);
  return (row) => {
    const own = codes.map((read) => read(row));
    const isWhole = own.every((code, n) => code !== gapCode && !isUnknown(columns[n]!.name, row));
    return isWhole && !isSeen(own);
  };
}

const gapCode = -1;
