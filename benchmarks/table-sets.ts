// table-sets: small labelled tables of the literature, read from where Debian's packages and public archives put them.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { readCellTable } from "../src/data/cell-files.ts";
import { chosenCells } from "../src/data/cell-rows.ts";
import { type CellTable, cellTableOf, cellText } from "../src/data/cell-table.ts";

/** A table with the class of every row beside it, or without classes (all ""). */
export interface LabelledTable {
  readonly name: string;
  readonly table: CellTable;
  readonly labels: readonly string[];
}

/** Where files are looked for: Shuttle.csv and ionosphere.arff in `data`, breast_cancer.csv and others in `sklearn`. */
export interface SetFolders {
  readonly data: string;
  readonly sklearn: string;
}

export const sklearnFolder = "/usr/lib/python3/dist-packages/sklearn/datasets/data";

interface Source {
  readonly file: (folders: SetFolders) => string;
  readonly read: (path: string) => Promise<Omit<LabelledTable, "name">>;
  /** Where the file comes from, for those who lack it. */
  readonly from: string;
}

const fromSklearn = "Debian's python3-sklearn (--sklearn DIR names the folder of its CSV files)";
const sklearn = (file: string): Source => ({
  file: ({ sklearn: folder }) => join(folder, file),
  read: readCounted,
  from: fromSklearn,
});

const sources: Readonly<Record<string, Source>> = {
  iris: sklearn("iris.csv"),
  wine: sklearn("wine_data.csv"),
  "breast cancer": sklearn("breast_cancer.csv"),
  digits: sklearn("digits.csv.gz"),
  ionosphere: {
    file: ({ data }) => join(data, "ionosphere.arff"),
    read: readArff,
    from: "Debian's weka package, /usr/share/doc/weka/examples/ionosphere.arff, into --data DIR",
  },
  shuttle: {
    file: ({ data }) => join(data, "Shuttle.csv"),
    read: async (path) => labelled(await readCellTable(path), "Class"),
    from: "the R package mlbench, data(Shuttle) written as CSV, into --data DIR",
  },
  diamonds: {
    file: () => fileURLToPath(new URL("../demo/diamonds.csv", import.meta.url)),
    read: async (path) => {
      const table = await readCellTable(path);
      return { table, labels: Array.from({ length: table.rows }, () => "") };
    },
    from: "this repository",
  },
};

export const setNames: readonly string[] = Object.keys(sources);

/** Reads a set, or tells in one line why it is left out. */
export async function readSet(name: string, folders: SetFolders): Promise<LabelledTable | string> {
  const source = sources[name];
  if (source === undefined) return `${name}: no such set (there are ${setNames.join(", ")})`;
  const path = source.file(folders);
  if (!existsSync(path)) return `${name}: left out, there is no ${path}; it comes from ${source.from}`;
  return { name, ...(await source.read(path)) };
}

/** scikit-learn's files: a line of counts, then numbers with the class last. */
async function readCounted(path: string): Promise<Omit<LabelledTable, "name">> {
  const bytes = await readFile(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return ofRows(lines.slice(path.endsWith(".gz") ? 0 : 1));
}

/** Weka's files: declarations, `@data`, then values with the class last. */
async function readArff(path: string): Promise<Omit<LabelledTable, "name">> {
  const lines = (await readFile(path, "utf8")).split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("%"));
  return ofRows(lines.slice(1 + lines.findIndex((line) => /^@data/i.test(line))));
}

/** Rows of numbers whose last value is the class. */
function ofRows(lines: readonly string[]): Omit<LabelledTable, "name"> {
  const rows = lines.map((line) => line.split(",").map((text) => text.trim()));
  const records = rows.map((row) => Object.fromEntries(row.map((text, k) => [`c${k + 1}`, text])));
  return labelled(cellTableOf(records), `c${rows[0]?.length ?? 0}`);
}

function labelled(table: CellTable, label: string): Omit<LabelledTable, "name"> {
  const column = table.columns.find(({ name }) => name === label)!;
  const others = table.columns.flatMap(({ name }) => (name === label ? [] : [name]));
  return {
    table: chosenCells(table, others, "set"),
    labels: Array.from({ length: table.rows }, (_, row) => cellText(column, row) ?? ""),
  };
}
