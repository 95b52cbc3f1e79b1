// unfillable-rows: rows whose known cells occur in no combination of the data, found before anything is drawn for their gaps.
import { type CellTable, cellText } from "../../data/cell-table.ts";
import { rowName } from "../../data/table-places.ts";
import type { TableConstraint } from "./bound-constraints.ts";
import { partialTest, seenCodes } from "./constraint-tests.ts";
import type { TableEncoder } from "./encoder.ts";
import { combinationsAmong } from "./given-cells.ts";
import { cellsOf } from "./linear.ts";
import { misfitOf, type WantedCell } from "./possible-combinations.ts";
import { countedRows } from "./told-rows.ts";

export interface UnfillableRows {
  /** Their places among the rows that were asked about. */
  readonly rows: ReadonlySet<number>;
  /** A sentence for each constraint that some of them cannot meet: how many, and of the first what is nearest. */
  readonly notes: readonly string[];
}

export interface RowsAsked {
  readonly asked: ArrayLike<number>;
  /** Cells with texts that the model cannot place, which are not known. */
  readonly isUnknown: (column: string, row: number) => boolean;
  readonly turn: () => Promise<void>;
}

/**
 * Which of some rows have a gap among the columns of a `combinations` constraint and known cells there that no combination has:
 * nothing that is drawn for them could stay.
 */
export async function unfillableRows(
  constraints: readonly TableConstraint[],
  encoder: TableEncoder,
  table: CellTable,
  { asked, isUnknown, turn }: RowsAsked,
): Promise<UnfillableRows> {
  const [rows, notes] = [new Set<number>(), [] as string[]];
  for (const { text, columns, seen } of combinationsAmong(constraints, encoder)) {
    const codes = seenCodes(table, columns, seen);
    const isSeen = partialTest(seen, columns.length);
    const found: number[] = [];
    for (let n = 0; n < asked.length; n++) {
      const row = asked[n]!;
      const own = codes.map((read) => read(row));
      const known = own.map((code, k) => (code === gapCode || isUnknown(columns[k]!.name, row) ? undefined : code));
      if (own.includes(gapCode) && !isSeen(known)) found.push(row);
      if (n % rowsAtOnce === 0) await turn();
    }
    const [first] = found;
    if (first === undefined) continue;
    const wantedOf = (name: string): WantedCell | undefined => {
      const n = columns.findIndex((column) => column.name === name);
      const code = codes[n]?.(first) ?? gapCode;
      if (code === gapCode || isUnknown(name, first)) return undefined;
      return { kind: "cell", text: code < 0 ? cellText(cellsOf(table, name), first) : seen.texts[n]?.[code] };
    };
    const misfit = misfitOf({ columns, seen }, wantedOf);
    notes.push(
      `nothing is drawn for the gaps of ${countedRows(found.length)}: no row of the data has what is known there (constraint ${text}), in ${rowName(first)} ${misfit?.wanted}; nearest: ${misfit?.nearest}`,
    );
    for (const row of found) rows.add(row);
  }
  return { rows, notes };
}

const gapCode = -1;
/** Rows that are looked at between two looks at the signal. */
const rowsAtOnce = 8192;
