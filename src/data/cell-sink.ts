// cell-sink: collects the fields of a CSV as cells of mixed columns; a cell without blanks around it is never decoded.
import { failure } from "../errors.ts";
import {
  builtTable,
  bytesOf,
  type CellColumnBuilder,
  type CellTable,
  type CellTableOptions,
  cellColumnBuilder,
  isGapText,
} from "./cell-table.ts";
import { checkDistinct } from "./columns.ts";
import type { FieldSink } from "./csv-scanner.ts";
import { isBlank } from "./decimal.ts";
import { checkMemory } from "./numeric-table.ts";
import { atLine, inField } from "./table-places.ts";
import { utf8Text } from "./utf8.ts";

export interface CellSink extends FieldSink {
  /** The table, after the last row. */
  table(): CellTable;
}

const quote = 34;
const rowsBetweenChecks = 8192;

/** Collects fields into a table; `bytes` is the length of the whole file where it is known. */
export function cellSink(where: string, options: CellTableOptions & { readonly bytes?: number }): CellSink {
  const { missing, memory, bytes: fileBytes } = options;
  const first: string[] = [];
  let builders: readonly CellColumnBuilder[] | undefined;
  let hasIndex = false;
  let rows = 0;

  function begin(line: number): void {
    const hasHeader = !holdsNumbers(first);
    const names = first.map((name, place) => (hasHeader && name.trim()) || `c${place + 1}`);
    checkDistinct(names, atLine(where, line));
    hasIndex = hasHeader && first.every((name, place) => (name.trim() === "") === (place === 0));
    builders = names.map((name) => cellColumnBuilder(name, where, missing));
    if (hasHeader) return;
    first.forEach((cell, place) => {
      builders?.[place]?.addText(cell.trim(), "untyped");
    });
    rows++;
  }

  function checkBudget(bytesRead: number): void {
    if (memory === undefined || builders === undefined) return;
    const foretold = fileBytes === undefined ? rows : Math.round((rows * fileBytes) / bytesRead);
    checkMemory(bytesOf(builders, foretold), "more than ", where, memory);
  }

  return {
    field(bytes, start, end, doubled, place, line) {
      const builder = builders?.[place];
      if (builder === undefined || doubled) {
        const text = utf8Text(bytes, start, end, () => inField(atLine(where, line), place));
        const cell = doubled ? text.replaceAll('""', '"') : text;
        if (builder === undefined) first.push(cell);
        else builder.addText(cell, "untyped");
        return;
      }
      let [from, to] = [start, end];
      if (bytes[start - 1] !== quote) {
        while (from < to && isBlank(bytes[from]!)) from++;
        while (to > from && isBlank(bytes[to - 1]!)) to--;
      }
      builder.add(bytes, from, to, line);
    },
    row(line, bytesRead) {
      if (builders === undefined) return begin(line);
      rows++;
      if (rows % rowsBetweenChecks === 0) checkBudget(bytesRead);
    },
    table() {
      if (builders === undefined) throw failure("data", { where, expected: "a table", received: "an empty file" });
      if (rows === 0) throw failure("data", { where, expected: "rows", received: "a header without rows" });
      const table = builtTable(builders, where, memory);
      const [index, ...others] = table.columns;
      return hasIndex && index ? { ...table, columns: [{ ...index, unnamed: true }, ...others] } : table;
    },
  };
}

/** A first line is data when every cell is a number or a gap, and one at least is a number. */
function holdsNumbers(cells: readonly string[]): boolean {
  const isNumber = (cell: string) => /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(cell);
  return cells.some(isNumber) && cells.every((cell) => isNumber(cell) || isGapText(cell.trim()));
}
