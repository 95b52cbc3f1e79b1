// file-bytes (Node only): bytes at random places of a file, for the readers of arrays.
import { open } from "node:fs/promises";
import { failure } from "../errors.ts";
import { type Bytes, checkInside } from "./stored-rows.ts";

/** Opens a file of any length, lends its bytes to `use` and closes it however `use` ends. */
export async function withFileBytes<T>(path: string, use: (bytes: Bytes) => Promise<T>): Promise<T> {
  const file = await open(path, "r");
  try {
    const found = await file.stat();
    if (!found.isFile())
      throw failure("file", {
        where: path,
        expected: "a file that can be read at any place",
        received: "a pipe or a device",
        remedy: "write it to a file first",
      });
    const { size } = found;
    return await use({
      size,
      async read(at, length) {
        checkInside(at, length, size, path);
        const bytes = new Uint8Array(length);
        for (let filled = 0; filled < length; ) {
          const { bytesRead } = await file.read(bytes, filled, length - filled, at + filled);
          if (bytesRead === 0) checkInside(at, length, at + filled, path);
          filled += bytesRead;
        }
        return bytes;
      },
    });
  } finally {
    await file.close();
  }
}
