// utf8: bytes that are no UTF-8 are refused by their place, and letters cut in two by chunks are none of them.
import { describe, expect, it } from "vitest";
import { readCellCsv } from "../../src/data/cell-csv.ts";
import { readCellJson, readCellNdjson } from "../../src/data/cell-files.ts";
import { cellText } from "../../src/data/cell-table.ts";
import { csvReader, readNumericCsv } from "../../src/data/csv.ts";
import { readJsonTable, readNdjsonTable } from "../../src/data/json-table.ts";
import { wholeText } from "../../src/data/utf8.ts";

/** Bytes of Latin-1 text, in pieces of a size. */
function latin(text: string, size = 1 << 16): readonly Uint8Array[] {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  return pieces(bytes, size);
}

function pieces(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
}

const where = "t";
const utf8 = (text: string, size: number) => pieces(new TextEncoder().encode(text), size);

describe("bytes that are no UTF-8", () => {
  const remedy = /expected UTF-8 text, got other bytes in ".*\ufffd.*"; convert the file first, such as: iconv/;
  it.each<[string, () => Promise<unknown>, RegExp]>([
    ["a name of a numeric column", () => readNumericCsv(latin("a,caf\xe9\n1,2\n"), { where }), /^t line 1 field 2: /],
    ["a cell among numbers", () => readNumericCsv(latin("a,b\n1,2\n3,\xe9\n"), { where }), /^t line 3 column "b": /],
    [
      "a quoted cell of a table",
      () => readCellCsv(latin('a,b\n1,"caf\xe9 ""x"""\n'), { where }),
      /^t line 2 field 2: /,
    ],
    ["a cell of a table", () => readCellCsv(latin("a,b\n1,x\n2,caf\xe9\n"), { where }), /^t line 3 column "b": /],
    ["a name of a table", () => readCellCsv(latin("a,caf\xe9\n1,x\n"), { where }), /^t line 1 field 2: /],
    ["a line of JSON", () => readNdjsonTable(latin('{"a":1}\n{"\xe9":1}\n'), { where }), /^t line 2: /],
    ["a line of a table", () => readCellNdjson(latin('{"a":1}\n{"a":"\xe9"}\n'), { where }), /^t line 2: /],
    ["an element of JSON", () => readJsonTable(latin('[{"a":1},{"\xe9":1}]'), { where }), /^t row 2: /],
    ["an object of columns", () => readJsonTable(latin('{\n"a":[1],\n"\xe9":[2]}', 7), { where }), /^t line 3: /],
    ["an object of a table", () => readCellJson(latin('{\n"a":[1],\n"b":["\xe9"]}'), { where }), /^t line 3: /],
  ])("%s is refused with its place", async (_, read, place) => {
    await expect(read()).rejects.toThrow(place);
    await expect(read()).rejects.toThrow(remedy);
  });

  it("are refused row by row too", () => {
    const reader = csvReader({ where });
    expect(() => reader.push(latin("a,b\n1,\xff\xfe\n")[0]!)).toThrow(/^t line 2 field 2: expected UTF-8 text/);
  });

  it("do not matter in columns of text that nobody asked for", async () => {
    const { rows } = await readNumericCsv(latin("a,b\n1,\xe9\n2,\xe9\n"), { where, columns: ["a"] });
    expect([...rows.data]).toEqual([1, 2]);
  });
});

describe("letters of several bytes", () => {
  const text = '{"größe":["ä€😀","x"]}';
  it.each([1, 2, 3, 1000])("are whole in pieces of %i bytes", async (size) => {
    expect(await wholeText(utf8(`\ufeff${text}`, size), where)).toBe(text);
    const table = await readCellCsv(utf8("größe\nä€😀\n", size), { where });
    expect(cellText(table.columns[0]!, 0)).toBe("ä€😀");
  });

  it("are refused when the last one is not whole, by its line", async () => {
    const cut = new TextEncoder().encode("a\nb€").subarray(0, 5);
    await expect(wholeText(pieces(cut, 2), where)).rejects.toThrow(/^t line 2: expected UTF-8 text/);
  });
});
