// unsolved-gaps: gaps that no sum can be solved for, since another cell of it is no number: counted once the others are filled.
import { type CellTable, cellText } from "../../data/cell-table.ts";
import { isGap } from "./comparisons.ts";
import { columnsByName } from "./conditions.ts";
import { amountReader, cellsOf } from "./linear.ts";
import type { Schema } from "./schema.ts";
import type { Sum } from "./sums.ts";

/** Gaps of columns that a model fills but for what their sums lack. */
export interface UnsolvedGaps {
  /** Beside a text that cannot be read, or what such a text leaves unsolved. */
  readonly unknown: number;
  /** Beside a gap in a column that the model does not fill. */
  readonly unheld: number;
}

const reasons = { none: 0, unknown: 1, unheld: 2 } as const;

/** Counts them in a table whose gaps were filled; the sums stand in the order in which they are solved. */
export function unsolvedGaps(
  table: CellTable,
  {
    sums,
    schema,
    held,
  }: { readonly sums: readonly Sum[]; readonly schema: Schema; readonly held: ReadonlySet<string> },
): UnsolvedGaps {
  const described = columnsByName(schema.columns);
  const found = new Map<string, Uint8Array>();
  for (const { column: whole, terms } of sums) {
    const members = [whole, ...terms.map(({ column }) => column)].flatMap((name) => {
      const column = described.get(name);
      const read = column && amountReader(column);
      return column === undefined || read === undefined ? [] : [{ name, column, read, cells: cellsOf(table, name) }];
    });
    for (let row = 0; row < table.rows; row++) {
      const texts = members.map(({ cells }) => cellText(cells, row));
      const isOpen = members.map(({ column }, n) => isGap(column, texts[n]));
      const solved = members[isOpen[0] ? 0 : isOpen.lastIndexOf(true)];
      if (solved === undefined || !held.has(solved.name)) continue;
      const each = members.map(({ name, read }, n): number => {
        if (!isOpen[n]) return Number.isNaN(read(texts[n] ?? "")) ? reasons.unknown : reasons.none;
        return held.has(name) ? (found.get(name)?.[row] ?? reasons.none) : reasons.unheld;
      });
      const reason = [reasons.unknown, reasons.unheld].find((one) => each.includes(one));
      if (reason === undefined) continue;
      const marks = found.get(solved.name) ?? new Uint8Array(table.rows);
      marks[row] = reason;
      found.set(solved.name, marks);
    }
  }
  const count = (reason: number) =>
    [...found.values()].reduce((total, marks) => total + marks.filter((mark) => mark === reason).length, 0);
  return { unknown: count(reasons.unknown), unheld: count(reasons.unheld) };
}
