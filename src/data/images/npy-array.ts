// npy-array: arrays of any number of axes in .npy files of any length, read in pieces; files of levels written.
import { failure } from "../../errors.ts";
import type { NumberType } from "../numbers.ts";
import type { Bytes } from "../stored-rows.ts";
import type { ArraySource } from "./array-images.ts";

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const longestHeader = 2 ** 16;
const kinds = { b: "boolean", i: "signed", u: "unsigned", f: "float" } as const;

/** Opens the array in C order in a `.npy` file, versions 1 to 3. Throws `data` errors. */
export async function openNpyArray(bytes: Bytes, where: string): Promise<ArraySource> {
  const prefix = await bytes.read(0, Math.min(12, bytes.size));
  if (prefix.length < 12 || !magic.every((byte, place) => prefix[place] === byte))
    throw failure("data", { where, expected: "a .npy file", received: "something else" });
  const version = prefix[6]!;
  const start = version === 1 ? 10 : 12;
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.length);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (version < 1 || version > 3 || length > Math.min(longestHeader, bytes.size - start))
    throw failure("data", { where, expected: "a header of .npy version 1, 2 or 3", received: "a damaged one" });
  const header = new TextDecoder("latin1").decode(await bytes.read(start, length));
  const type = typeOf(header, where);
  const shape = shapeOf(header, where);
  const first = start + length;
  const needed = shape.reduce((a, b) => a * b, type.bytes);
  if (needed !== bytes.size - first)
    throw failure("data", {
      where,
      expected: `${needed} bytes for shape [${shape.join(", ")}]`,
      received: String(bytes.size - first),
      remedy: "the file was cut short or is damaged: copy it again",
    });
  return {
    where,
    type,
    shape,
    ...(bytes.isForward === true && { isForward: true }),
    read: (at, count) => bytes.read(first + at, count),
  };
}

/** The bytes in front of levels of this shape, in C order. */
export function npyHeaderOfLevels(shape: readonly number[]): Uint8Array {
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  const start = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(start);
  bytes.set([...magic, 1, 0, (start - 10) & 0xff, (start - 10) >> 8]);
  bytes.set(new TextEncoder().encode(`${text.padEnd(start - 11)}\n`), 10);
  return bytes;
}

function typeOf(header: string, where: string): NumberType {
  const [, description = ""] = /["']descr["']\s*:\s*["']([^"']*)["']/.exec(header) ?? [];
  const [, order, letter = "", size] = /^([<>|=])([biuf])([1248])$/.exec(description) ?? [];
  const bytes = Number(size);
  const kind = letter === "b" || letter === "i" || letter === "u" || letter === "f" ? kinds[letter] : undefined;
  if (kind !== undefined && (bytes === 1 || bytes === 2 || bytes === 4 || bytes === 8))
    if (kind === "float" ? bytes > 1 : kind !== "boolean" || bytes === 1)
      return { kind, bytes, littleEndian: order !== ">" };
  throw failure("data", {
    where,
    expected: "numbers",
    received: description === "" ? "structured or unnamed fields" : `type "${description.slice(0, 40)}"`,
    remedy: "save it with .astype('uint8')",
  });
}

function shapeOf(header: string, where: string): readonly number[] {
  const [, list] = /["']shape["']\s*:\s*\(([\d\s,L]*)\)/.exec(header) ?? [];
  const sizes = (list ?? "x")
    .split(",")
    .map((size) => size.trim().replace(/L$/, ""))
    .filter((size, place, all) => size !== "" || place < all.length - 1)
    .map((size) => (/^\d+$/.test(size) ? Number(size) : Number.NaN));
  if (sizes.length > 8 || !Number.isSafeInteger(8 * sizes.reduce((a, b) => a * b, 1)))
    throw failure("data", { where, expected: "a shape of whole numbers", received: `(${(list ?? "").slice(0, 60)})` });
  if (sizes.length > 1 && /["']fortran_order["']\s*:\s*True\b/.test(header))
    throw failure("data", {
      where,
      expected: "an array in C order",
      received: "Fortran order",
      remedy: "save numpy.ascontiguousarray of it",
    });
  return sizes;
}
