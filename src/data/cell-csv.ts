// cell-csv: reading tables of mixed columns from CSV.
import { cellSink } from "./cell-sink.ts";
import type { CellTable, CellTableOptions } from "./cell-table.ts";
import { csvScanner, type Separator } from "./csv-scanner.ts";

/** The bytes of a file, piece by piece. */
export type CellSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface CellSourceOptions extends CellTableOptions {
  /** Name of the source in error messages. */
  readonly where: string;
  /** Length of the whole source in bytes where it is known. */
  readonly bytes?: number;
}

/**
 * Reads a table of mixed columns from the bytes of a CSV: the dialect of `csvScanner`, a header unless the first line holds only numbers;
 * blanks around cells go. Throws "data" errors that name the place.
 */
export async function readCellCsv(
  source: CellSource,
  options: CellSourceOptions & { readonly separator?: Separator },
): Promise<CellTable> {
  const sink = cellSink(options.where, options);
  const scanner = csvScanner(options.where, sink, options.separator);
  for await (const chunk of source) scanner.push(chunk);
  scanner.finish();
  return sink.table();
}
