// png: pictures as gray levels. The file is checked chunk by chunk before anything as large as the picture is allocated.
import { decode } from "fast-png";
import { Unzlib } from "fflate";
import { failure, type LocalFlowError } from "../errors.ts";

/** 8-bit gray levels, 0 black, row-major from the top left. */
export interface GrayPicture {
  readonly width: number;
  readonly height: number;
  readonly levels: Uint8Array;
}

/** At 8 bits a sum of all levels then stays below 2^32. */
const mostPixels = 2 ** 24;
const signature = [137, 80, 78, 71, 13, 10, 26, 10];
/** Samples of a pixel, and the sizes of one, by colour type: gray, RGB, palette, gray with alpha, RGB with alpha. */
const colourTypes: Readonly<Record<number, { readonly channels: number; readonly depths: readonly number[] }>> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  readonly channels: number;
  readonly interlaced: boolean;
}

interface Chunk {
  readonly type: string;
  /** Length, type, content and checksum. */
  readonly bytes: Uint8Array;
  readonly content: Uint8Array;
}

/**
 * Reads a PNG of any colour type as gray levels the way Pillow's `convert("L")` does: alpha is left out, colours become
 * (19595 R + 38470 G + 7471 B + 2^15) / 2^16, smaller samples are stretched to 0 … 255; of 16-bit samples the high byte
 * counts. Throws `data` errors.
 */
export function decodeGrayPng(bytes: Uint8Array, where: string): GrayPicture {
  const chunks = readChunks(bytes, where);
  const header = readHeader(chunks, where);
  checkPixels(chunks, header, where);
  const needed = chunks.filter(({ type }) => ["IHDR", "PLTE", "IDAT", "IEND"].includes(type));
  const { data, palette } = unpacked(
    joined([Uint8Array.from(signature), ...needed.map((chunk) => chunk.bytes)]),
    where,
  );
  const { width, height } = header;
  const levels = new Uint8Array(width * height);
  const stretch = header.depth < 8 && header.colourType === 0 ? 255 / (2 ** header.depth - 1) : 1;
  const sample = sampleReader(data, header);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const value = sample(row, column, 0);
      if (header.colourType === 3) {
        const [red, green, blue] = palette?.[value] ?? [];
        if (red === undefined || green === undefined || blue === undefined)
          throw invalid(where, "colours of its palette", `number ${value} of ${palette?.length ?? 0}`);
        levels[row * width + column] = luma(red, green, blue);
      } else if (header.channels > 2)
        levels[row * width + column] = luma(value, sample(row, column, 1), sample(row, column, 2));
      else levels[row * width + column] = value * stretch;
    }
  return { width, height, levels };
}

function luma(red: number, green: number, blue: number): number {
  return (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;
}

/** A sample of a pixel in 8 bits, or as it is when it has fewer. */
function sampleReader(data: ArrayLike<number>, { width, channels, depth }: Header) {
  const rowBytes = Math.ceil((width * depth) / 8);
  return (row: number, column: number, channel: number): number => {
    if (depth >= 8) return data[(row * width + column) * channels + channel]! >> (depth - 8);
    const bit = column * depth;
    return (data[row * rowBytes + (bit >> 3)]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
  };
}

function readChunks(bytes: Uint8Array, where: string): readonly Chunk[] {
  if (!signature.every((byte, at) => bytes[at] === byte)) throw invalid(where, "a PNG file", "something else");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks: Chunk[] = [];
  for (let at = signature.length; chunks.at(-1)?.type !== "IEND"; ) {
    const end = at + 12 + (at + 12 <= bytes.length ? view.getUint32(at) : 0);
    if (end > bytes.length) throw invalid(where, "a whole PNG file", "one that was cut short");
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    chunks.push({ type, bytes: bytes.subarray(at, end), content: bytes.subarray(at + 8, end - 4) });
    at = end;
  }
  return chunks;
}

function readHeader(chunks: readonly Chunk[], where: string): Header {
  const [first] = chunks;
  if (first?.type !== "IHDR" || first.content.length !== 13 || chunks.filter(({ type }) => type === "IHDR").length > 1)
    throw invalid(where, "one PNG header at the start", "another order");
  const view = new DataView(first.content.buffer, first.content.byteOffset, 13);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth = 0, colourType = 0, compression, filter, interlace = 2] = first.content.subarray(8);
  if (width === 0 || height === 0 || width * height > mostPixels)
    throw invalid(where, `1 to ${mostPixels} pixels`, `${width} x ${height}`);
  const colour = colourTypes[colourType];
  if (colour === undefined || !colour.depths.includes(depth) || compression !== 0 || filter !== 0 || interlace > 1)
    throw invalid(where, "a PNG of a known kind", `colour type ${colourType} with ${depth} bits`);
  if (interlace === 1 && depth < 8)
    throw invalid(where, "a PNG with 8 bits or without interlacing", `${depth} bits interlaced`);
  return { width, height, depth, colourType, channels: colour.channels, interlaced: interlace === 1 };
}

/** Inflates without keeping: the pixels must be as many bytes as the header says. */
function checkPixels(chunks: readonly Chunk[], header: Header, where: string): void {
  const expected = pixelBytes(header);
  let length = 0;
  const inflator = new Unzlib((part) => {
    length += part.length;
    if (length > expected) throw invalid(where, `${expected} bytes of pixels`, "more");
  });
  try {
    for (const { type, content } of chunks) if (type === "IDAT" && content.length > 0) inflator.push(content.slice());
    inflator.push(new Uint8Array(0), true);
  } catch (cause) {
    if (length > expected) throw cause;
    throw failure("data", { where, expected: "compressed pixels", received: "damaged ones" }, cause);
  }
  if (length !== expected) throw invalid(where, `${expected} bytes of pixels`, String(length));
}

/** Bytes of all rows, each with its filter byte; Adam7 sends seven smaller pictures. */
function pixelBytes({ width, height, depth, channels, interlaced }: Header): number {
  const rows = (w: number, h: number) => (w === 0 ? 0 : h * (1 + Math.ceil((w * depth * channels) / 8)));
  if (!interlaced) return rows(width, height);
  const passes = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ];
  return passes.reduce(
    (sum, [x = 0, y = 0, dx = 1, dy = 1]) => sum + rows(Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)),
    0,
  );
}

function unpacked(bytes: Uint8Array, where: string) {
  try {
    return decode(bytes, { checkCrc: true });
  } catch (cause) {
    const received = cause instanceof Error ? cause.message : "a damaged one";
    throw failure("data", { where, expected: "a PNG file", received }, cause);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function invalid(where: string, expected: string, received: string): LocalFlowError {
  return failure("data", { where, expected, received });
}
