// png: pictures of every kind as gray levels, and damaged files refused.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { decodeGrayPng } from "../../src/data/png.ts";

const file = (name: string) => readFileSync(fileURLToPath(new URL(`../reference/pictures/${name}`, import.meta.url)));
const expected: Record<string, number[][]> = JSON.parse(file("levels.json").toString("utf8"));

/** A PNG from chunks with right lengths and no right checksums. */
function png(chunks: readonly { readonly type: string; readonly content: Uint8Array }[]): Uint8Array {
  const parts = chunks.map(({ type, content }) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(content.length);
    return Buffer.concat([length, Buffer.from(type, "latin1"), content, Buffer.alloc(4)]);
  });
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), ...parts]);
}

function header(width: number, height: number, depth = 8, colourType = 0, interlace = 0): Uint8Array {
  const content = Buffer.alloc(13);
  content.writeUInt32BE(width, 0);
  content.writeUInt32BE(height, 4);
  content.set([depth, colourType, 0, 0, interlace], 8);
  return content;
}

const end = { type: "IEND", content: new Uint8Array(0) };

describe("gray levels", () => {
  test.each(Object.keys(expected))("%s, as Pillow's convert gives them", (name) => {
    const { width, height, levels } = decodeGrayPng(file(`${name}.png`), name);
    const rows = Array.from({ length: height }, (_, row) =>
      Array.from(levels.subarray(row * width, (row + 1) * width)),
    );
    expect(rows).toEqual(expected[name]);
  });
});

describe("refusals", () => {
  const refused = (bytes: Uint8Array, message: string) =>
    expect(() => decodeGrayPng(bytes, "a.png")).toThrow(
      expect.objectContaining({ name: "LocalFlowError", message: expect.stringContaining(message) }),
    );

  test("what is no PNG, or was cut short", () => {
    refused(Buffer.from("GIF89a"), "a.png: expected a PNG file, got something else");
    refused(file("rgba.png").subarray(0, 200), "one that was cut short");
    refused(png([end]), "one PNG header at the start");
    const once = { type: "IHDR", content: header(2, 2) };
    refused(png([once, once, end]), "expected one PNG header, got two");
    refused(png([{ type: "IHDR", content: new Uint8Array(14) }, end]), "one PNG header at the start");
  });

  test("sizes are checked before anything is allocated", () => {
    refused(
      png([{ type: "IHDR", content: header(2 ** 31 - 1, 2 ** 31 - 1) }, end]),
      "pixels, got 2147483647 x 2147483647",
    );
    refused(png([{ type: "IHDR", content: header(0, 4) }, end]), "got 0 x 4");
  });

  test("kinds that PNG does not have", () => {
    refused(png([{ type: "IHDR", content: header(1, 1, 4, 6) }, end]), "colour type 6 with 4 bits");
    refused(png([{ type: "IHDR", content: header(1, 1, 8, 5) }, end]), "colour type 5");
    refused(png([{ type: "IHDR", content: header(9, 9, 1, 0, 1) }, end]), "1 bits interlaced");
  });

  test("pixels that are more or fewer than the header says, such as a bomb", () => {
    const pixels = (count: number) =>
      png([{ type: "IHDR", content: header(2, 2) }, { type: "IDAT", content: deflateSync(Buffer.alloc(count)) }, end]);
    refused(pixels(5), "expected 6 bytes of pixels, got 5");
    refused(pixels(50_000_000), "expected 6 bytes of pixels, got more");
    refused(png([{ type: "IHDR", content: header(2, 2) }, end]), "damaged");
  });

  test("a checksum that is wrong", () => {
    const bytes = Uint8Array.from(file("gray.png"));
    bytes[bytes.length - 1]! ^= 1;
    refused(bytes, "CRC");
  });
});
