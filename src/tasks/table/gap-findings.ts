// gap-findings: which columns' gaps come together otherwise, whatever became of the columns' own shares of gaps
import { counted } from "../../data/columns.ts";
import { gapCodes } from "../../measure/column-shapes.ts";
import { columnNamed } from "../../measure/columns-rows.ts";
import type { MeasuredTable } from "../../measure/columns-table.ts";
import { type DependenceChange, dependenceSteps } from "../../measure/pair-dependence.ts";
import { inTurns } from "../../measure/steps.ts";
import { percent } from "./evaluate-table-words.ts";
import { isImprobable } from "./pair-findings.ts";

/** Two columns that have gaps, each in either of two tables: whether these come together otherwise, their shares aside. */
export interface GapPair extends DependenceChange {
  readonly columns: readonly [first: string, second: string];
  /** Whether chance does not explain `value`. */
  readonly moved: boolean;
}

/** Of the pairs of columns those of which both have gaps, the most improbable first. */
export async function gapPairs(
  pairs: readonly { readonly columns: readonly [first: string, second: string] }[],
  { real, other }: { readonly real: MeasuredTable; readonly other: MeasuredTable },
  turn: () => Promise<void>,
): Promise<readonly GapPair[]> {
  const gapped = real.columns
    .map(({ name }) => name)
    .filter((name) => [real, other].some((table) => gapCodes(columnNamed(table, name)).includes(1)));
  const isGapped = new Set(gapped);
  const names = pairs.map(({ columns }) => columns).filter((both) => both.every((name) => isGapped.has(name)));
  const [before, after] = [gapTable(real, gapped), gapTable(other, gapped)];
  const changes = await inTurns(dependenceSteps(before, after, names), turn);
  return changes
    .map((change, k) => ({ columns: names[k]!, ...change, moved: isImprobable(change.pValue, names.length) }))
    .toSorted((a, b) => a.pValue - b.pValue || b.value - a.value);
}

/** What of gap patterns that are off, or not, is off beyond the columns' own shares of gaps, behind a semicolon. */
export function gapPairWords(pairs: readonly GapPair[], isOff: boolean): string {
  const moved = pairs.filter((pair) => pair.moved);
  const [worst] = moved;
  if (worst === undefined) return isOff ? "; the columns' own shares of gaps explain that" : "";
  const size = `${percent(worst)}, chance gives ${percent({ value: worst.chance })}`;
  const [by, verb] = moved.length === 1 ? ["itself", "is"] : ["themselves", "are"];
  return `; by ${by} ${moved.length} of ${counted(pairs.length, "pair")} ${verb} off by more than the columns' own shares of gaps explain, most of all ${worst.columns.join(" and ")} (${size})`;
}

/** Which cells of the columns are gaps. */
function gapTable(table: MeasuredTable, names: readonly string[]): MeasuredTable {
  const columns = names.map((name) => {
    const codes = gapCodes(columnNamed(table, name));
    return { name, kind: "category" as const, codes, levels: ["known", "gap"] };
  });
  return { rows: table.rows, columns };
}
