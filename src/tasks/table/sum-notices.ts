// sum-notices: computed columns that drawn rows lack more often than the rows of a table, in a sentence for each.
import { type CellTable, cellText } from "../../data/cell-table.ts";
import { listNames, shorten } from "../../data/columns.ts";
import { isGap } from "./comparisons.ts";
import { columnsByName } from "./conditions.ts";
import { cellsOf } from "./linear.ts";
import type { Schema } from "./schema.ts";
import type { Sum } from "./sums.ts";
import { countedRows } from "./told-rows.ts";

/** Says which share of the rows has a gap in a part of a sum, where rows have the sum all the same: drawn ones will not. */
export function sumNotices(sums: readonly Sum[], schema: Schema, table: CellTable): readonly string[] {
  const described = columnsByName(schema.columns);
  const gapsOf = new Map<string, Uint8Array>();
  const gapsIn = (name: string): Uint8Array => {
    const known = gapsOf.get(name);
    if (known) return known;
    const [cells, column] = [cellsOf(table, name), described.get(name)];
    const gaps = Uint8Array.from({ length: table.rows }, (_, row) =>
      Number(column === undefined || isGap(column, cellText(cells, row))),
    );
    gapsOf.set(name, gaps);
    return gaps;
  };
  return sums.flatMap(({ column, terms }) => {
    const own = gapsIn(column);
    const parts = terms.map((term) => gapsIn(term.column));
    const drawn = own.map((gap, row) => Math.max(gap, ...parts.map((gaps) => gaps[row]!)));
    gapsOf.set(column, drawn);
    const [before, after] = [own, drawn].map((gaps) => gaps.reduce((total, gap) => total + gap, 0));
    if (before === undefined || after === undefined || before === after) return [];
    const names = [...new Set(terms.map((term) => term.column))];
    const share = (rows: number) => `${Number(((100 * rows) / table.rows).toPrecision(2))} %`;
    return [
      `column "${shorten(column)}" is computed from ${listNames(names)}, of which ${countedRows(after - before)} that have it lack one: about ${share(after)} of drawn rows will have a gap there instead of ${share(before)}; without that constraint it is learnt as it is`,
    ];
  });
}
