// table-data: tables are written in pieces, and a signal in between leaves no file.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { writeTableFile } from "../../src/cli/table-data.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import { numberCells } from "../../src/data/cell-rows.ts";
import { detectSchema } from "../../src/tasks/table/detect.ts";
import { columnsTable } from "../tasks/table/table-support.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-cli-table-data-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const table = (rows: number) => ({
  rows,
  columns: [
    numberCells(
      "n",
      Float64Array.from({ length: rows }, (_, n) => n / 7),
      9,
    ),
  ],
});
const terminal = (signal: AbortSignal): Terminal => ({
  out: async () => undefined,
  err: () => undefined,
  interactive: false,
  color: false,
  width: () => 80,
  signal,
});

describe("writing a table", () => {
  it.each([".csv", ".json", ".ndjson", ".jsonl"])("as %s keeps every row", async (ending) => {
    const path = join(folder, `whole${ending}`);
    await writeTableFile(path, table(20_000), { columns: [] }, {}, terminal(new AbortController().signal));
    const text = readFileSync(path, "utf8");
    if (ending === ".json") expect(JSON.parse(text)).toHaveLength(20_000);
    else expect(text.trimEnd().split("\n")).toHaveLength(ending === ".csv" ? 20_001 : 20_000);
  });

  it.each([".csv", ".json", ".parquet"])("as %s stops at a signal and leaves nothing behind", async (ending) => {
    const before = readdirSync(folder);
    const path = join(folder, `stopped${ending}`);
    const writing = writeTableFile(path, table(50_000), { columns: [] }, {}, terminal(AbortSignal.abort()));
    await expect(writing).rejects.toMatchObject({ code: "interrupted" });
    expect(readdirSync(folder)).toEqual(before);
  });
});

it("numbers whose thousands are grouped stay texts in JSON, never null", async () => {
  const source = await columnsTable({ a: ["73,807", "188", "32,099"] });
  const path = join(folder, "grouped.ndjson");
  await writeTableFile(path, source, detectSchema(source), {}, terminal(new AbortController().signal));
  expect(readFileSync(path, "utf8").split("\n")[0]).toBe('{"a":"73,807"}');
});
