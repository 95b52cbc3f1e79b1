// png-pixels (Node only): PNG files as gray or coloured pixels. Nothing as large as the picture is allocated before its header is checked.
import { inflateSync } from "node:zlib";
import { type DecodedPng, decode } from "fast-png";
import { failure } from "../../errors.ts";
import { invalidPng, type PngHeader, pngHeader, pngPixelBytes } from "../png-header.ts";
import type { PixelPicture } from "./pixels.ts";

const signature: readonly number[] = [137, 80, 78, 71, 13, 10, 26, 10];

/** The start of a PNG file that `readPngHeader` needs. */
export const pngHeaderBytes = signature.length + 12 + 13;

/** Reads the header in the first `pngHeaderBytes` of a file. Throws `data` for other files and over `mostPixels`. */
export function readPngHeader(bytes: Uint8Array, mostPixels: number, where: string): PngHeader {
  const [first] = chunksOf(bytes, where);
  if (first?.type !== "IHDR" || first.content.length !== 13)
    throw invalidPng(where, "one PNG header at the start", "another order");
  return pngHeader(first.content, mostPixels, where);
}

/**
 * Decodes a PNG of any colour type: smaller samples are stretched to 0 … 255, of 16 bits the high byte counts, palettes are
 * looked up and transparent colours become alpha. Throws `data` errors.
 */
export function decodePng(bytes: Uint8Array, mostPixels: number, where: string): PixelPicture {
  const header = readPngHeader(bytes, mostPixels, where);
  const chunks = neededChunks(bytes, where);
  checkPixels(chunks, header, where);
  const picture = unpacked(Buffer.concat([Uint8Array.from(signature), ...chunks.map((chunk) => chunk.bytes)]), where);
  if (header.colourType === 3) return coloured(picture, header, where);
  return withTransparency(picture, header);
}

interface Chunk {
  readonly type: string;
  /** Length, type, content and checksum. */
  readonly bytes: Uint8Array;
  readonly content: Uint8Array;
}

/** The chunks one by one, up to the last. Throws `data` for what is no PNG, and where one would reach beyond the end of the file. */
function* chunksOf(bytes: Uint8Array, where: string): Generator<Chunk, void> {
  if (!signature.every((byte, at) => bytes[at] === byte)) throw invalidPng(where, "a PNG file", "something else");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let type = "";
  for (let at = signature.length; type !== "IEND"; ) {
    const end = at + 12 + (at + 12 <= bytes.length ? view.getUint32(at) : 0);
    if (end > bytes.length) throw invalidPng(where, "a whole PNG file", "one that was cut short");
    type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    yield { type, bytes: bytes.subarray(at, end), content: bytes.subarray(at + 8, end - 4) };
    at = end;
  }
}

/** The chunks that pixels are made of; others, which may hold anything, are passed over. */
function neededChunks(bytes: Uint8Array, where: string): readonly Chunk[] {
  const chunks: Chunk[] = [];
  for (const chunk of chunksOf(bytes, where)) {
    if (chunk.type === "IHDR" && chunks.length > 0) throw invalidPng(where, "one PNG header", "two");
    if (["IHDR", "PLTE", "tRNS", "IDAT", "IEND"].includes(chunk.type)) chunks.push(chunk);
  }
  return chunks;
}

/** The pixels must inflate to as many bytes as the header says, and are never allowed to become more. */
function checkPixels(chunks: readonly Chunk[], header: PngHeader, where: string): void {
  const expected = pngPixelBytes(header);
  const packed = chunks.flatMap(({ type, content }) => (type === "IDAT" ? [content] : []));
  let length: number;
  try {
    length = inflateSync(Buffer.concat(packed), { maxOutputLength: expected }).length;
  } catch (cause) {
    const isLonger = cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";
    if (isLonger) throw invalidPng(where, `${expected} bytes of pixels`, "more");
    throw failure("data", { where, expected: "compressed pixels", received: "damaged ones" }, cause);
  }
  if (length !== expected) throw invalidPng(where, `${expected} bytes of pixels`, String(length));
}

function unpacked(bytes: Uint8Array, where: string): DecodedPng {
  try {
    return decode(bytes, { checkCrc: true });
  } catch (cause) {
    throw failure(
      "data",
      { where, expected: "a PNG file", received: cause instanceof Error ? cause.message : "a damaged one" },
      cause,
    );
  }
}

/** The samples of a row, packed into bytes where they have fewer than 8 bits. */
function sampleReader(data: ArrayLike<number>, { width, channels, depth }: PngHeader) {
  const rowBytes = Math.ceil((width * depth) / 8);
  return (row: number, place: number): number => {
    if (depth >= 8) return data[row * width * channels + place]!;
    const bit = place * depth;
    return (data[row * rowBytes + (bit >> 3)]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
  };
}

function coloured({ data, palette = [] }: DecodedPng, header: PngHeader, where: string): PixelPicture {
  const { width, height } = header;
  const hasAlpha = palette.some((colour) => (colour[3] ?? 255) < 255);
  const channels = hasAlpha ? 4 : 3;
  const out = new Uint8Array(width * height * channels);
  const sample = sampleReader(data, header);
  for (let row = 0, to = 0; row < height; row++)
    for (let column = 0; column < width; column++, to += channels) {
      const number = sample(row, column);
      const colour = palette[number];
      if (colour === undefined)
        throw invalidPng(where, "colours of its palette", `number ${number} of ${palette.length}`);
      for (let channel = 0; channel < channels; channel++) out[to + channel] = colour[channel] ?? 255;
    }
  return { width, height, channels, data: out };
}

/** Samples as 8 bits, with alpha behind them where one colour stands for transparent pixels. */
function withTransparency({ data, transparency }: DecodedPng, header: PngHeader): PixelPicture {
  const { width, height, depth, channels } = header;
  const [clear] = transparency !== undefined && transparency.length >= channels ? [transparency] : [];
  const withAlpha = channels === 1 ? 2 : 4;
  const outChannels = clear === undefined ? channels : withAlpha;
  const out = new Uint8Array(width * height * outChannels);
  const sample = sampleReader(data, header);
  const stretch = depth < 8 ? 255 / (2 ** depth - 1) : 1;
  for (let row = 0, to = 0; row < height; row++)
    for (let column = 0; column < width; column++, to += outChannels) {
      let isClear = clear !== undefined;
      for (let channel = 0; channel < channels; channel++) {
        const value = sample(row, column * channels + channel);
        isClear &&= value === clear?.[channel];
        out[to + channel] = depth === 16 ? value >> 8 : value * stretch;
      }
      if (outChannels > channels) out[to + channels] = isClear ? 0 : 255;
    }
  return { width, height, channels: outChannels, data: out };
}
