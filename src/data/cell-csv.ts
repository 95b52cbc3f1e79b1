// cell-csv: reading tables of mixed columns from CSV.
import { cellSink } from "./cell-sink.ts";
import { type CellTable, type CellTableOptions, tableRules } from "./cell-table.ts";
import { csvScanner, type Separator, separators } from "./csv-scanner.ts";
import { checkRequest, checkValue, choice, number, type Rule, type Rules, required, text } from "./requests.ts";

/** The bytes of a file, piece by piece. */
export type CellSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface CellSourceOptions extends CellTableOptions {
  /** Name of the source in error messages. */
  readonly where: string;
  /** Length of the whole source in bytes where it is known. */
  readonly bytes?: number;
}

const rules: Rules<CellSourceOptions & { readonly separator?: Separator }> = {
  ...tableRules,
  where: required(text),
  bytes: number({ atLeast: 0 }),
  separator: choice(separators),
};
const pieces: Rule = {
  expected: "the bytes of a file, piece by piece",
  holds: (value) =>
    typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value),
  remedy: "such as createReadStream(path) or [bytes]",
  code: "data",
};

const piece: Rule = {
  expected: "bytes (Uint8Array)",
  holds: (value) => value instanceof Uint8Array,
  remedy: "open a stream of a file without an encoding, and give texts as new TextEncoder().encode(text)",
  code: "data",
};

/**
 * Reads a table of mixed columns from the bytes of a CSV: the dialect of `csvScanner`, a header unless the first line holds only numbers;
 * blanks around cells go. Throws "data" errors that name the place.
 */
export async function readCellCsv(
  source: CellSource,
  options: CellSourceOptions & { readonly separator?: Separator },
): Promise<CellTable> {
  checkRequest(options, rules, "readCellCsv");
  checkValue(source, pieces, "source");
  const sink = cellSink(options.where, options);
  const scanner = csvScanner(options.where, sink, options.separator);
  for await (const chunk of source) {
    checkValue(chunk, piece, "source");
    scanner.push(chunk);
  }
  scanner.finish();
  return sink.table();
}
