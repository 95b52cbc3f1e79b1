// compare-levels: levels that one of two tables has and the other has not, in a sentence for each column
import { shorten } from "../../data/columns.ts";
import { sameColumn, sharedCodes } from "../../measure/column-shapes.ts";
import type { MeasuredTable } from "../../measure/columns-table.ts";
import type { TableNames } from "./compare-schema.ts";
import { countedRows } from "./told-rows.ts";

/** Rows of a level that are said to be new or gone: of rarer ones the other table may have none by chance. */
const fewestRows = 5;
/** Levels and columns that are named. */
const [mostLevels, mostColumns] = [3, 10];

/** Which levels came and went, whether or not chance explains it. */
export function levelNotes(before: MeasuredTable, after: MeasuredTable, names: TableNames): readonly string[] {
  const notes = before.columns.flatMap((column) => {
    const other = sameColumn(column, after);
    if (column.kind !== "category" || other.kind !== "category") return [];
    const { levels, real, others } = sharedCodes(column, other);
    const [old, fresh] = [countsOf(real, levels.length), countsOf(others, levels.length)];
    const alone = (own: Float64Array, their: Float64Array) =>
      [...levels.keys()]
        .filter((level) => own[level]! >= fewestRows && their[level] === 0)
        .toSorted((a, b) => own[b]! - own[a]!)
        .map((level) => `${JSON.stringify(shorten(levels[level]!))} (${countedRows(own[level]!)})`);
    const parts = [
      ...said(alone(fresh, old), `in ${names.after} alone`),
      ...said(alone(old, fresh), `in ${names.before} alone`),
    ];
    return parts.length === 0 ? [] : [`Levels of "${shorten(column.name)}": ${parts.join("; ")}.`];
  });
  const rest = notes.length - mostColumns;
  const more = rest > 0 ? [`Levels of ${rest} more columns are in one of both alone.`] : [];
  return [...notes.slice(0, mostColumns), ...more];
}

function said(levels: readonly string[], where: string): readonly string[] {
  if (levels.length === 0) return [];
  const rest = levels.length - mostLevels;
  return [`${where} ${levels.slice(0, mostLevels).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`];
}

function countsOf(codes: Int32Array, levels: number): Float64Array {
  const counts = new Float64Array(levels);
  for (const code of codes) if (code >= 0) counts[code]!++;
  return counts;
}
