// cell-parquet-writer: tables of mixed columns come back from Parquet with their types, their gaps and their values.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readCellParquet } from "../../src/data/cell-parquet.ts";
import { encodeCellParquet } from "../../src/data/cell-parquet-writer.ts";
import { type CellTable, cellTableOf } from "../../src/data/cell-table.ts";
import { describe as describedColumns, fileTable, withDuckDb } from "../../src/data/parquet.ts";
import { detectSchema } from "../../src/tasks/table/detect.ts";
import { parquetKinds } from "../../src/tasks/table/parquet-kinds.ts";
import { csvTable, textsOf } from "../tasks/table/table-support.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-parquet-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function stored(table: CellTable, kinds = parquetKinds(table, detectSchema(table))) {
  const pieces: Uint8Array[] = [];
  for await (const piece of encodeCellParquet(table, kinds)) pieces.push(piece);
  const path = join(folder, "t.parquet");
  writeFileSync(path, Buffer.concat(pieces));
  const types = await withDuckDb(path, (connection) => describedColumns(connection, fileTable(path)));
  return { types: Object.fromEntries(types), texts: textsOf(await readCellParquet(path, {})) };
}

const text = `whole,size,sold,day,moment,cut,mark,big,named "x"
-5,1.5,true,2024-02-29,2024-02-29 12:30:01,Ideal,1;5,12345678901234567890,a
17,,false,1969-12-31,1969-12-31 23:59:59,"Very ""Good"", and",2;5,2,é
,0.1,true,,,,,3,
8,1e-7,false,2024-03-01,2024-03-01 00:00:00,Fair,3;5,4,a
`;

describe("Parquet files of mixed columns", () => {
  it("keep whole numbers, numbers, truths, days, moments and texts, and gaps", async () => {
    const { types, texts } = await stored(await csvTable(text));
    expect(types).toEqual({
      whole: "BIGINT",
      size: "DOUBLE",
      sold: "BOOLEAN",
      day: "DATE",
      moment: "TIMESTAMP",
      cut: "VARCHAR",
      mark: "VARCHAR",
      big: "VARCHAR",
      'named "x"': "VARCHAR",
    });
    expect(texts["whole"]).toEqual(["-5", "17", undefined, "8"]);
    expect(texts["size"]?.map((cell) => (cell === undefined ? undefined : Number(cell)))).toEqual([
      1.5,
      undefined,
      0.1,
      1e-7,
    ]);
    expect(texts["sold"]).toEqual(["true", "false", "true", "false"]);
    expect(texts["day"]).toEqual(["2024-02-29", "1969-12-31", undefined, "2024-03-01"]);
    expect(texts["moment"]).toEqual(["2024-02-29 12:30:01", "1969-12-31 23:59:59", undefined, "2024-03-01 00:00:00"]);
    expect(texts["cut"]).toEqual(["Ideal", 'Very "Good", and', undefined, "Fair"]);
    expect(texts["big"]?.[0]).toBe("12345678901234567890");
    expect(texts['named "x"']).toEqual(["a", "é", undefined, "a"]);
  });

  it("hold columns without a schema as their source has them, and more rows than one piece", async () => {
    const rows = Array.from({ length: 5000 }, (_, n) => ({
      draw: n,
      score: n / 8,
      ok: n % 2 === 0,
      name: `n${n % 3}`,
    }));
    const { types, texts } = await stored(cellTableOf(rows), new Map());
    expect(types).toEqual({ draw: "BIGINT", score: "DOUBLE", ok: "BOOLEAN", name: "VARCHAR" });
    expect(texts["draw"]?.map(Number)).toEqual(rows.map(({ draw }) => draw));
    expect(texts["score"]?.map(Number)).toEqual(rows.map(({ score }) => score));
    expect(texts["name"]?.at(-1)).toBe("n1");
  });

  it("hold a column as text where a cell is no value of its kind", async () => {
    const schema = detectSchema(await csvTable("a,b\n1,2020-01-01\n2,2020-01-02\n4,2020-02-01\n"));
    const other = await csvTable("a,b\n1,2020-01-01\n2.5,soon\n");
    const { types, texts } = await stored(other, parquetKinds(other, schema));
    expect(types).toEqual({ a: "VARCHAR", b: "VARCHAR" });
    expect(texts["a"]).toEqual(["1", "2.5"]);
  });
});
