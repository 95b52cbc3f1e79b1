// table-endings: the endings by which tables are known: all that are read, and which of them are written or hold mixed columns.

/** Tables of mixed columns, which are read and written. */
export const cellTableEndings = [".csv", ".tsv", ".json", ".ndjson", ".jsonl", ".parquet"] as const;

/** Tables of numbers that are written. */
export const rowEndings = [...cellTableEndings, ".npy", ".npz"] as const;

/** Tables of numbers that are read. */
export const tableEndings = [...rowEndings, ".pickle", ".pkl", ".hdf5", ".h5"] as const;

/** Whether a file of this ending holds a record or an array per line. */
export function isJsonLines(ending: string): boolean {
  return ending === ".ndjson" || ending === ".jsonl";
}

/** The ending among these that a text is. */
export function endingAmong<T extends string>(endings: readonly T[], ending: string): T | undefined {
  return endings.find((each) => each === ending);
}
