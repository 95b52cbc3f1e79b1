// reproduce-text: the tables of a reproduction's page as text for the terminal.
import type { ReportCell, ReportTable } from "../tasks/report.ts";
import { alignedTable, short } from "./output.ts";

/** A table of a report as text, its first columns. */
export function tableText({ caption, columns, rows }: ReportTable, most = columns.length): string {
  const header = columns.slice(0, most).map(({ name, unit }) => (unit ? `${name} [${unit}]` : name));
  const lines = rows.map((row) => row.slice(0, most).map(cellText));
  return [alignedTable(header, lines), ...(caption ? [caption] : [])].join("\n");
}

function cellText(cell: ReportCell): string {
  if (typeof cell === "string") return cell;
  if (typeof cell === "number") return short(cell, 5);
  return `${cell.value.toFixed(4)} ± ${cell.standardError.toFixed(4)}`;
}
