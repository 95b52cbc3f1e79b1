// png-pixels (Node only): PNG files as gray or coloured pixels. Nothing as large as the picture is allocated before its header is checked.
import { inflateSync } from "node:zlib";
import { type DecodedPng, decode } from "fast-png";
import { failure, type LocalFlowError } from "../../errors.ts";
import type { PixelPicture } from "./pixels.ts";

const signature = [137, 80, 78, 71, 13, 10, 26, 10];
/** Samples of a pixel, and the bits one may have, by colour type: gray, RGB, palette, gray with alpha, RGB with alpha. */
const colourTypes: Readonly<
  Record<number, { readonly channels: PixelPicture["channels"]; readonly depths: readonly number[] }>
> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};

/** The width, height and kind of pixels of a PNG file. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  /** Samples of a pixel, one for a palette. */
  readonly channels: PixelPicture["channels"];
  readonly interlaced: boolean;
}

/** The start of a PNG file that `readPngHeader` needs. */
export const pngHeaderBytes = 33;

/** Reads the header in the first `pngHeaderBytes` of a file. Throws `data` for other files and over `mostPixels`. */
export function readPngHeader(bytes: Uint8Array, mostPixels: number, where: string): PngHeader {
  if (
    bytes.length < pngHeaderBytes ||
    !signature.every((byte, at) => bytes[at] === byte) ||
    typeAt(bytes, 12) !== "IHDR"
  )
    throw invalid(where, "a PNG file", bytes.length < pngHeaderBytes ? "one that was cut short" : "something else");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth = 0, colourType = 0, compression, filter, interlace = 2] = bytes.subarray(24, 29);
  if (width === 0 || height === 0 || width * height > mostPixels)
    throw invalid(where, `1 to ${mostPixels} pixels`, `${width} x ${height}`);
  const colour = colourTypes[colourType];
  if (colour === undefined || !colour.depths.includes(depth) || compression !== 0 || filter !== 0 || interlace > 1)
    throw invalid(where, "a PNG of a known kind", `colour type ${colourType} with ${depth} bits`);
  if (interlace === 1 && depth < 8)
    throw invalid(where, "a PNG with 8 bits or without interlacing", `${depth} bits interlaced`);
  return { width, height, depth, colourType, channels: colour.channels, interlaced: interlace === 1 };
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
}

function typeAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

/** The chunks that pixels are made of; others, which may hold anything, are passed over. */
function neededChunks(bytes: Uint8Array, where: string): readonly Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks: Chunk[] = [];
  for (let at = signature.length; chunks.at(-1)?.type !== "IEND"; ) {
    const end = at + 12 + (at + 12 <= bytes.length ? view.getUint32(at) : 0);
    if (end > bytes.length) throw invalid(where, "a whole PNG file", "one that was cut short");
    const type = typeAt(bytes, at + 4);
    if (type === "IHDR" && chunks.length > 0) throw invalid(where, "one PNG header", "two");
    if (["IHDR", "PLTE", "tRNS", "IDAT", "IEND"].includes(type)) chunks.push({ type, bytes: bytes.subarray(at, end) });
    at = end;
  }
  return chunks;
}

/** The pixels must inflate to as many bytes as the header says, and are never allowed to become more. */
function checkPixels(chunks: readonly Chunk[], header: PngHeader, where: string): void {
  const expected = pixelBytes(header);
  const packed = chunks.flatMap(({ type, bytes }) => (type === "IDAT" ? [bytes.subarray(8, -4)] : []));
  let length: number;
  try {
    length = inflateSync(Buffer.concat(packed), { maxOutputLength: expected }).length;
  } catch (cause) {
    const isLonger = cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";
    const received = isLonger ? "more" : "damaged ones";
    throw failure("data", { where, expected: `${expected} bytes of compressed pixels`, received }, cause);
  }
  if (length !== expected) throw invalid(where, `${expected} bytes of pixels`, String(length));
}

/** Columns and rows where each pass of Adam7 starts, and its steps. */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Bytes of all rows, each with its filter byte; Adam7 sends seven smaller pictures. */
function pixelBytes({ width, height, depth, channels, interlaced }: PngHeader): number {
  const rows = (w: number, h: number) => (w === 0 ? 0 : h * (1 + Math.ceil((w * depth * channels) / 8)));
  if (!interlaced) return rows(width, height);
  return passes.reduce(
    (sum, [x, y, dx, dy]) => sum + rows(Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)),
    0,
  );
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
      if (colour === undefined) throw invalid(where, "colours of its palette", `number ${number} of ${palette.length}`);
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

function invalid(where: string, expected: string, received: string): LocalFlowError {
  return failure("data", { where, expected, received });
}
