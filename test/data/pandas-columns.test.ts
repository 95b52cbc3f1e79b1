// pandas-columns: the columns of a pickled frame keep their names and double precision.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { memorySource } from "../../src/data/pickle/bytes.ts";
import { frameColumns } from "../../src/data/pickle/pandas-columns.ts";
import { readPickleTable } from "../../src/data/pickle/table.ts";

const source = (name: string) =>
  memorySource(readFileSync(new URL(`../fixtures/pickle/${name}.pickle`, import.meta.url)));

test.each(["1", "2", "3"])(
  "a series of pandas %s is a column under its name, with the numbers of the float32 reader",
  (version) => {
    const name = `series-pandas${version}`;
    const [column, ...more] = frameColumns(source(name), "f");
    const table = readPickleTable(source(name), { where: "f" });
    expect(more).toHaveLength(0);
    expect(column?.name).toBe(table.columns[0]);
    expect(Float32Array.from(column?.values ?? [])).toEqual(table.rows.data);
  },
);

test("a double that float32 does not hold comes through", () => {
  const bytes = readFileSync(new URL("../fixtures/pickle/series-pandas2.pickle", import.meta.url));
  const [column] = frameColumns(memorySource(bytes), "f");
  const second = column?.values[1] ?? Number.NaN;
  bytes.writeDoubleLE(0.1, bytes.indexOf(new Uint8Array(Float64Array.of(second).buffer)));
  expect(frameColumns(memorySource(bytes), "f")[0]?.values[1]).toBe(0.1);
});

test("columns of text, frames without names and other values are refused", () => {
  expect(() => frameColumns(source("mixed-pandas2-protocol4"), "f")).toThrow(/^f column ".+": expected numbers, got /);
  expect(() => frameColumns(source("counted-pandas2"), "f")).toThrow(
    "expected a pandas frame of numbers with named columns",
  );
  expect(() => frameColumns(source("arrays-numpy2-protocol4"), "f")).toThrow("expected a pandas frame of numbers");
});
