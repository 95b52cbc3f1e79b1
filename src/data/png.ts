// png: pictures as gray levels. The file is checked chunk by chunk before anything as large as the picture is allocated.
import { decode } from "fast-png";
import { Unzlib } from "fflate";
import { failure } from "../errors.ts";
import { invalidPng, type PngHeader, pngHeader, pngPixelBytes, pngSignature } from "./png-header.ts";

/** 8-bit gray levels, 0 black, row-major from the top left. */
export interface GrayPicture {
  readonly width: number;
  readonly height: number;
  readonly levels: Uint8Array;
}

/** At 8 bits a sum of all levels then stays below 2^32. */
const mostPixels = 2 ** 24;

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
    joined([Uint8Array.from(pngSignature), ...needed.map((chunk) => chunk.bytes)]),
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
          throw invalidPng(where, "colours of its palette", `number ${value} of ${palette?.length ?? 0}`);
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
function sampleReader(data: ArrayLike<number>, { width, channels, depth }: PngHeader) {
  const rowBytes = Math.ceil((width * depth) / 8);
  return (row: number, column: number, channel: number): number => {
    if (depth >= 8) return data[(row * width + column) * channels + channel]! >> (depth - 8);
    const bit = column * depth;
    return (data[row * rowBytes + (bit >> 3)]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
  };
}

function readChunks(bytes: Uint8Array, where: string): readonly Chunk[] {
  if (!pngSignature.every((byte, at) => bytes[at] === byte)) throw invalidPng(where, "a PNG file", "something else");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks: Chunk[] = [];
  for (let at = pngSignature.length; chunks.at(-1)?.type !== "IEND"; ) {
    const end = at + 12 + (at + 12 <= bytes.length ? view.getUint32(at) : 0);
    if (end > bytes.length) throw invalidPng(where, "a whole PNG file", "one that was cut short");
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    chunks.push({ type, bytes: bytes.subarray(at, end), content: bytes.subarray(at + 8, end - 4) });
    at = end;
  }
  return chunks;
}

function readHeader(chunks: readonly Chunk[], where: string): PngHeader {
  const [first] = chunks;
  if (first?.type !== "IHDR" || first.content.length !== 13 || chunks.filter(({ type }) => type === "IHDR").length > 1)
    throw invalidPng(where, "one PNG header at the start", "another order");
  return pngHeader(first.content, mostPixels, where);
}

/** Inflates without keeping: the pixels must be as many bytes as the header says. */
function checkPixels(chunks: readonly Chunk[], header: PngHeader, where: string): void {
  const expected = pngPixelBytes(header);
  let length = 0;
  const inflator = new Unzlib((part) => {
    length += part.length;
    if (length > expected) throw invalidPng(where, `${expected} bytes of pixels`, "more");
  });
  try {
    for (const { type, content } of chunks) if (type === "IDAT" && content.length > 0) inflator.push(content.slice());
    inflator.push(new Uint8Array(0), true);
  } catch (cause) {
    if (length > expected) throw cause;
    throw failure("data", { where, expected: "compressed pixels", received: "damaged ones" }, cause);
  }
  if (length !== expected) throw invalidPng(where, `${expected} bytes of pixels`, String(length));
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
