// cell-parquet (Node only): tables of mixed columns from Parquet files; DuckDB says what the columns are.

import { failure } from "../errors.ts";
import {
  builtTable,
  bytesOf,
  type CellOrigin,
  type CellTable,
  type CellTableOptions,
  cellColumnBuilder,
} from "./cell-table.ts";
import { checkDistinct, shorten } from "./columns.ts";
import { checkMemory } from "./numeric-table.ts";
import { chunksOf, describe, fileTable, quoted, withDuckDb } from "./parquet.ts";

/** Reads every column as text in DuckDB's spelling; whole numbers and decimals of any size stay exact. */
export function readCellParquet(path: string, { missing, memory }: CellTableOptions): Promise<CellTable> {
  return withDuckDb(path, async (connection) => {
    const table = fileTable(path);
    const described = await describe(connection, table);
    const names = [...described.keys()];
    checkDistinct(names, path);
    const origins = [...described].map(([name, type]) => originOf(type, `${path} column "${shorten(name)}"`));
    const builders = names.map((name) => cellColumnBuilder(name, path, missing));
    const cells = names.map((name) => `cast(${quoted(name)} as varchar)`);
    const result = await connection.stream(`select ${cells.join(", ")} from ${table}`);
    let rows = 0;
    for await (const chunk of chunksOf(result)) {
      builders.forEach((builder, place) => {
        const vector = chunk.getColumnVector(place);
        for (let row = 0; row < chunk.rowCount; row++) {
          const cell = vector.getItem(row);
          if (cell === null) builder.addGap("");
          else builder.addText(String(cell), origins[place]!);
        }
      });
      rows += chunk.rowCount;
      checkMemory(bytesOf(builders, rows), "more than ", path, memory);
    }
    return builtTable(builders, path, memory);
  });
}

function originOf(type: string, where: string): CellOrigin {
  if (/^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|DECIMAL\(.*\)|FLOAT|DOUBLE)$/.test(type)) return "number";
  if (type === "BOOLEAN") return "boolean";
  if (/^(VARCHAR|UUID|ENUM\(.*|DATE|TIME|TIMESTAMP.*)$/.test(type)) return "text";
  throw failure("data", {
    where,
    expected: "numbers, texts, booleans, dates or times",
    received: shorten(type),
    remedy: "leave the column out, or give every part a column of its own",
  });
}
