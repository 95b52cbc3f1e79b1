// pile-notices: values that many rows share and that are no classes of their own, in a sentence for each column that has some.
import type { CellTable } from "../../data/cell-table.ts";
import { listNames, shorten } from "../../data/columns.ts";
import { amountsOf, isWritten, valuesIn } from "./amounts.ts";
import { columnsByName } from "./conditions.ts";
import { pilesIn, smallPilesIn } from "./piles.ts";
import type { DateColumn, NumberColumn, Schema } from "./schema.ts";
import type { SchemaOverrides } from "./schema-file.ts";

/**
 * Says which values have too few rows to be found as classes of their own, though far more than the values around them, and, where a
 * user names such classes, which ones that would be found he leaves out; a user who says that there are none is believed.
 */
export function pileNotices(schema: Schema, table: CellTable, overrides: SchemaOverrides = {}): readonly string[] {
  const described = columnsByName(schema.columns);
  return table.columns.flatMap((cells) => {
    const column = described.get(cells.name);
    if ((column?.kind !== "number" && column?.kind !== "date") || column.values === "observed") return [];
    const override = Object.hasOwn(overrides, cells.name) ? overrides[cells.name] : undefined;
    const given = override !== undefined && "apart" in override ? override.apart : undefined;
    if (given?.length === 0) return [];
    const { apart = [], step } = column;
    const found = valuesIn(cells, column);
    const piles = given === undefined ? smallPilesIn(found, step) : pilesIn(found, step);
    const lost = piles.filter((value) => !apart.includes(value) && isWritten(column, value));
    if (lost.length === 0) return [];
    const rows = listNames(lost.map((value) => countedAt(value, found.counts[found.values.indexOf(value)]!, column)));
    const why = given === undefined ? "too few to be found as" : 'which "apart" in the schema does not name as';
    const classes = lost.length === 1 ? "a class of its own" : "classes of their own";
    const them = lost.length === 1 ? "it" : "them";
    return [
      `column "${shorten(cells.name)}" has ${rows}, ${why} ${classes}: drawn rows may have ${them} far too rarely; "apart": ${apartJson([...apart, ...lost], column)} in a schema keeps ${them}`,
    ];
  });
}

function countedAt(value: number, rows: number, column: NumberColumn | DateColumn): string {
  return `${rows} rows at ${amountsOf(column).format(value)}`;
}

/** Values as a schema file has them. */
function apartJson(values: readonly number[], column: NumberColumn | DateColumn): string {
  const ascending = values.toSorted((a, b) => a - b);
  const items = column.kind === "date" ? ascending.map(amountsOf(column).format) : ascending;
  return `[${items.map((item) => JSON.stringify(item)).join(", ")}]`;
}
