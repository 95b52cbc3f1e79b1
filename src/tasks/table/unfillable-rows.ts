// unfillable-rows: rows whose known cells occur in no combination of the data, found before anything is drawn for their gaps.
import { type CellTable, cellText } from "../../data/cell-table.ts";
import type { TableConstraint } from "./bound-constraints.ts";
import { type SeenCombinations, seenCodes } from "./constraint-tests.ts";
import type { TableEncoder } from "./encoder.ts";
import { combinationsAmong } from "./given-cells.ts";
import { cellsOf } from "./linear.ts";
import { misfitOf, type WantedCell } from "./possible-combinations.ts";

export interface UnfillableRows {
  /** Their places among the rows that were asked about. */
  readonly rows: ReadonlySet<number>;
  /** A sentence for each constraint that some of them cannot meet: how many, and of the first what is nearest. */
  readonly notes: readonly string[];
}

/**
 * Which of some rows have a gap among the columns of a `combinations` constraint and known cells there that no combination has:
 * nothing that is drawn for them could stay.
 */
export async function unfillableRows(
  constraints: readonly TableConstraint[],
  encoder: TableEncoder,
  table: CellTable,
  { asked, turn }: { readonly asked: ArrayLike<number>; readonly turn: () => Promise<void> },
): Promise<UnfillableRows> {
  const [rows, notes] = [new Set<number>(), [] as string[]];
  for (const { text, columns, seen } of combinationsAmong(constraints, encoder)) {
    const codes = seenCodes(table, columns, seen);
    const isSeen = partialTest(seen, columns.length);
    const found: number[] = [];
    for (let n = 0; n < asked.length; n++) {
      const known = codes.map((read) => read(asked[n]!));
      if (known.includes(gapCode) && !isSeen(known)) found.push(asked[n]!);
      if (n % rowsAtOnce === 0) await turn();
    }
    const [first] = found;
    if (first === undefined) continue;
    const wantedOf = (name: string): WantedCell | undefined => {
      const n = columns.findIndex((column) => column.name === name);
      const code = codes[n]?.(first) ?? gapCode;
      if (code === gapCode) return undefined;
      return { kind: "cell", text: code < 0 ? cellText(cellsOf(table, name), first) : seen.texts[n]?.[code] };
    };
    const misfit = misfitOf({ columns, seen }, wantedOf);
    const count = found.length === 1 ? "1 row keeps its gaps" : `${found.length} rows keep their gaps`;
    notes.push(
      `${count}: no row of the data has what is known there (constraint ${text}), in row ${first + 1} ${misfit?.wanted}; nearest: ${misfit?.nearest}`,
    );
    for (const row of found) rows.add(row);
  }
  return { rows, notes };
}

const gapCode = -1;
/** Rows that are looked at between two looks at the signal. */
const rowsAtOnce = 8192;

/** Whether some combination has the known ones among codes; each choice of known columns is looked up in a set of its own. */
function partialTest({ rows }: SeenCombinations, width: number): (codes: readonly number[]) => boolean {
  const sets = new Map<string, ReadonlySet<string>>();
  const keyOf = (codes: readonly number[], places: readonly number[]) => places.map((n) => codes[n]).join(" ");
  const projected = (places: readonly number[]) => {
    const keys = new Set<string>();
    for (let at = 0; at < rows.length; at += width) keys.add(keyOf(rows.slice(at, at + width), places));
    return keys;
  };
  return (codes) => {
    const places = [...codes.keys()].filter((n) => codes[n] !== gapCode);
    const name = places.join(" ");
    const keys = sets.get(name) ?? projected(places);
    sets.set(name, keys);
    return keys.has(keyOf(codes, places));
  };
}
