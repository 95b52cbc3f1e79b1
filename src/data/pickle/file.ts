// file (Node only): tables from pickle files of any size, read by position.
import { closeSync, openSync, readSync } from "node:fs";
import { failure } from "../../errors.ts";
import type { NumericTable } from "../numeric-table.ts";
import type { ByteSource } from "./bytes.ts";
import { type PickleTableOptions, readPickleTable } from "./table.ts";

/** Opens a file of `size` bytes as a source, for as long as `use` runs. */
export function withFileSource<T>(path: string, size: number, use: (source: ByteSource) => T): T {
  const file = openSync(path, "r");
  try {
    return use({
      size,
      read(at, into) {
        for (let done = 0; done < into.length; ) {
          const count = readSync(file, into, done, into.length - done, at + done);
          if (count === 0)
            throw failure("file", { where: path, expected: `${size} bytes`, received: "fewer: it was cut meanwhile" });
          done += count;
        }
      },
    });
  } finally {
    closeSync(file);
  }
}

/** Reads the table in a pickle file of `size` bytes, as `readPickleTable` does. */
export function readPickleFile(path: string, size: number, options: PickleTableOptions): NumericTable {
  return withFileSource(path, size, (source) => readPickleTable(source, options));
}
