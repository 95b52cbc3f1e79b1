// npy-array: arrays of any number of axes in .npy files of any length, read in pieces.
import { failure } from "../../errors.ts";
import { elementCount } from "../../tensor/array.ts";
import { readNpyHeader } from "../npy-header.ts";
import type { Bytes } from "../stored-rows.ts";
import type { ArraySource } from "./array-images.ts";

/** Opens the array in C order in a `.npy` file. Throws `data` errors. */
export async function openNpyArray(bytes: Bytes, where: string): Promise<ArraySource> {
  const { type, shape, isFortran, first } = await readNpyHeader(bytes, where, "uint8");
  if (isFortran)
    throw failure("data", {
      where,
      expected: "an array in C order",
      received: "Fortran order",
      remedy: "save numpy.ascontiguousarray of it",
    });
  const needed = elementCount(shape) * type.bytes;
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
