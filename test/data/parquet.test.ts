// parquet: tables in Parquet files, written by DuckDB's own SQL and by us.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readTable, writeFileAtomically } from "../../src/data/files.ts";
import { encodeParquet, parquetNumericColumns } from "../../src/data/parquet.ts";
import { LocalFlowError } from "../../src/errors.ts";
import { type FloatArray, floats } from "../../src/tensor/array.ts";
import { refusedFor } from "../support/refused.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "localflow-parquet-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The result of a query as a Parquet file. */
async function put(name: string, query: string): Promise<string> {
  const path = join(folder, name);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(`copy (${query}) to '${path}' (format parquet)`);
  connection.closeSync();
  instance.closeSync();
  return path;
}

describe("reading", () => {
  test("every numeric type, in the order of the rows, over many chunks", async () => {
    const path = await put(
      "types.parquet",
      "select i::double a, i::float b, i::bigint c, (i % 2 = 0) d, (i / 4)::decimal(18,2) e, (i % 100)::utinyint f, 'x' s from range(100000) t(i)",
    );
    expect(await parquetNumericColumns(path)).toEqual(["a", "b", "c", "d", "e", "f"]);
    const { columns, rows, ignored } = await readTable(path, { columns: ["a", "c", "d", "e", "f"] });
    expect([columns, rows.shape, ignored]).toEqual([
      ["a", "c", "d", "e", "f"],
      [100_000, 5],
      ["b", "s"],
    ]);
    for (const i of [0, 1, 2047, 2048, 54_321, 99_999])
      expect(Array.from(rows.data.subarray(5 * i, 5 * i + 5))).toEqual([i, i, i % 2 === 0 ? 1 : 0, i / 4, i % 100]);
  });

  test("names that SQL and file patterns would read otherwise", async () => {
    const path = await put(
      "year=1 [ab]*'' x.parquet".replaceAll("''", ""),
      `select 1.5::double as "se""lect", 2 as "x y"`,
    );
    expect(await readTable(path)).toEqual({ columns: ['se"lect', "x y"], rows: floats([1.5, 2], [1, 2]), ignored: [] });
  });
});

describe("refusals", () => {
  test("text and dates, by column, with the columns that would do", async () => {
    const path = await put("text.parquet", "select 1 a, date '2020-01-01' d, timestamp '2020-01-01' t, 'x' s, [1] l");
    await refusedFor(
      readTable(path),
      `${path} column "d": expected numbers, got dates or times (DATE); convert it to a number first, or choose the numeric columns with --columns (a)`,
    );
    await refusedFor(readTable(path, { columns: ["t"] }), "dates or times (TIMESTAMP)");
    await refusedFor(readTable(path, { columns: ["s"] }), 'column "s": expected numbers, got VARCHAR; choose');
    await refusedFor(readTable(path, { columns: ["l"] }), 'column "l": expected numbers, got INTEGER[]');
    await refusedFor(readTable(path, { columns: ["aa"] }), 'expected names among a, d, t, s, l, got "aa"');
  });

  test("missing, infinite and inexact values, by row and column", async () => {
    const at = (value: string) => `select case when i = 3000 then ${value} else 0 end a, 1 b from range(5000) t(i)`;
    const where = 'row 3001 column "a": expected ';
    await refusedFor(readTable(await put("null.parquet", at("null"))), `${where}a finite number, got "null"`);
    await refusedFor(readTable(await put("nan.parquet", at("'nan'::double"))), `${where}a finite number, got "NaN"`);
    await refusedFor(
      readTable(await put("inf.parquet", at("'-inf'::double"))),
      `${where}a finite number, got "-Infinity"`,
    );
    await refusedFor(readTable(await put("big.parquet", at("1e39::double"))), `${where}a number of at most 3.4e38`);
    await refusedFor(
      readTable(await put("int.parquet", at("9007199254740993"))),
      `${where}a number that float64 holds exactly`,
    );
    await refusedFor(
      readTable(await put("decimal.parquet", at("12345678901234567.89::decimal(38,2)"))),
      `${where}a number that float64 holds exactly`,
    );
  });

  test("files that are no Parquet, empty tables, tables over the budget", async () => {
    const path = join(folder, "broken.parquet");
    await writeFile(path, "PAR1 and nothing else that would matter");
    await refusedFor(
      readTable(path),
      `${path}: expected a Parquet file that DuckDB can read, got No magic bytes found at end of the file; write the file anew`,
    );
    await refusedFor(readTable(join(folder, "absent.parquet")), "got nothing of this name");
    await refusedFor(
      readTable(await put("none.parquet", "select 1 a where false")),
      "expected rows of numbers, got none",
    );
    const large = await put("large.parquet", "select i a from range(100000) t(i)");
    await refusedFor(readTable(large, { memory: 300_000 }), "within 293 KiB, got one that needs 390.6 KiB");
    expect((await readTable(large, { memory: 400_000 })).rows.shape).toEqual([100_000, 1]);
  });

  test("damaged files are refused or read, never more", async () => {
    const good = await readFile(await put("good.parquet", "select i a, i * 2.5 b from range(50) t(i)"));
    for (let n = 0; n < 60; n++) {
      const bytes = Uint8Array.from(good);
      bytes[(n * 97) % bytes.length]! ^= 1 << (n % 8);
      const path = join(folder, `damaged${n}.parquet`);
      await writeFile(path, bytes);
      await readTable(path, { memory: 2 ** 20 }).catch((error) => {
        if (!(error instanceof LocalFlowError)) throw error;
      });
    }
  });

  test("without the package, one sentence", async () => {
    vi.resetModules();
    vi.doMock("@duckdb/node-api", () => {
      throw new Error("Cannot find package");
    });
    const { readParquetTable } = await import("../../src/data/parquet.ts");
    await expect(readParquetTable("t.parquet")).rejects.toThrow(
      "t.parquet: expected the optional package @duckdb/node-api, which reads and writes Parquet, got none that loads; npm install @duckdb/node-api",
    );
    vi.doUnmock("@duckdb/node-api");
  });
});

test("what is written reads back as the same float32, and nothing temporary is left", async () => {
  const temporary = await mkdtemp(join(folder, "temporary-"));
  vi.stubEnv("TMPDIR", temporary);
  const data = Float32Array.from({ length: 2 * 5000 }, (_, i) => Math.fround(i / 3));
  async function* chunks(): AsyncGenerator<FloatArray> {
    yield floats(data.subarray(0, 6000), [3000, 2]);
    yield floats(data.subarray(6000), [2000, 2]);
  }
  const path = join(folder, "written.parquet");
  await writeFileAtomically(path, encodeParquet(["a", 'b"'], chunks()));
  expect(await readTable(path)).toEqual({ columns: ["a", 'b"'], rows: floats(data, [5000, 2]), ignored: [] });
  expect(await readdir(temporary)).toEqual([]);
  vi.unstubAllEnvs();
});
