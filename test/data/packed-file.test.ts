// packed-file: tables and models that are packed as a whole are refused with how to unpack them.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { readScoringModel } from "../../src/cli/model.ts";
import { readCellTable } from "../../src/data/cell-files.ts";
import { readTable } from "../../src/data/files.ts";
import { parquetColumnKinds } from "../../src/data/parquet.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-packed-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string) => Buffer.from(text, "latin1");
const packed = [
  [gzipSync("a,b\n1,2\n"), /; the file is gzipped: unpack it first, such as: gunzip </],
  [bytes("PK\u0003\u0004\u0014\0\0\0\b\0\u0099\u00f3"), /; the file is a zip archive: .* unzip -p /],
  [bytes("BZh91AY&SY\u00f3\u0099\0\0"), /; the file is packed by bzip2: .* bunzip2 </],
] as const;

function put(name: string, content: Uint8Array | string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

describe("a file that is packed as a whole", () => {
  it.each(["csv", "json", "ndjson", "jsonl", "parquet", "npy"])(
    "is no table, whatever packs it: .%s",
    async (ending) => {
      for (const [content, advice] of packed) {
        const path = put(`t.${ending}`, content);
        await expect(readTable(path)).rejects.toThrow(advice);
        if (ending !== "npy") await expect(readCellTable(path)).rejects.toThrow(advice);
        if (ending === "parquet") await expect(parquetColumnKinds(path)).rejects.toThrow(advice);
      }
    },
  );

  it("is no model", async () => {
    for (const [content, advice] of packed)
      await expect(readScoringModel(put("m.safetensors", content))).rejects.toThrow(advice);
  });

  it("is refused by its ending too", async () => {
    for (const [ending, advice] of [
      ["gz", /unpack it first: gunzip --keep FILE$/],
      ["zip", /unpack it first: unzip FILE$/],
      ["bz2", /unpack it first: bunzip2 --keep FILE$/],
    ] as const)
      await expect(readTable(put(`t.csv.${ending}`, ""))).rejects.toThrow(advice);
  });
});

it("files that are not packed keep their own advice", async () => {
  await expect(readTable(put("latin.csv", bytes("a,b\n1,\u00e9\n")))).rejects.toThrow(/; convert the file first/);
  await expect(readTable(put("word.npy", "BZh, a word"))).rejects.toThrow(/a \.npy file, got something else$/);
  await expect(readTable(put("other.npz", packed[1][0]))).rejects.not.toThrow(/unzip/);
});
