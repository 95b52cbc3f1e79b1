// pixel-store (Node only): levels by place, in memory or, where they need more than it allows, in a temporary file.
import { constants } from "node:buffer";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileFailure } from "../files.ts";
import { checkInside } from "../stored-rows.ts";
import type { PixelBlock, PixelShape } from "./image-set.ts";

/** Images one behind the other, each of the same number of bytes. */
export interface PixelStore {
  /** Puts images behind those that are there. */
  append(levels: Uint8Array): void;
  /** Copies the image at `place` into `out` at byte `at`. */
  copy(place: number, out: Uint8Array, at: number): void;
  close(): void;
}

/** A store for at most `most` images of `size` bytes, in memory where `memory` bytes are enough. Throws `file` errors. */
export function pixelStore(size: number, most: number, memory: number): PixelStore {
  return fitsMemory(size * most, memory) ? storeInMemory(size, most) : storeOnDisk(size);
}

/** Whether levels may be held in memory: in one array, which Node allows up to a length of its own. */
export function fitsMemory(bytes: number, memory: number): boolean {
  return bytes <= Math.min(memory, constants.MAX_LENGTH);
}

/** The images at `places` of a store. */
export function copied(
  store: PixelStore,
  places: ArrayLike<number>,
  { channels, height, width }: PixelShape,
): PixelBlock {
  const size = channels * height * width;
  const levels = new Uint8Array(places.length * size);
  for (let i = 0; i < places.length; i++) store.copy(places[i]!, levels, i * size);
  return { count: places.length, channels, height, width, levels };
}

function storeInMemory(size: number, most: number): PixelStore {
  const levels = new Uint8Array(size * most);
  let used = 0;
  return {
    append(more) {
      levels.set(more, used);
      used += more.length;
    },
    copy: (place, out, at) => out.set(levels.subarray(place * size, (place + 1) * size), at),
    close: () => undefined,
  };
}

function storeOnDisk(size: number): PixelStore {
  const folder = explainedAt(tmpdir(), () => mkdtempSync(join(tmpdir(), "localflow-images-")));
  const path = join(folder, "levels");
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.on("exit", remove);
  const file = explainedAt(path, () => openSync(path, "wx+", 0o600));
  let used = 0;
  let isOpen = true;
  return {
    append(more) {
      explainedAt(path, () => {
        for (let done = 0; done < more.length; ) done += writeSync(file, more, done, more.length - done, used + done);
      });
      used += more.length;
    },
    copy(place, out, at) {
      for (let done = 0; done < size; ) {
        const count = readSync(file, out, at + done, size - done, place * size + done);
        if (count === 0) checkInside(place * size, size, place * size + done, path);
        done += count;
      }
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      closeSync(file);
      remove();
      process.off("exit", remove);
    },
  };
}

function explainedAt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw fileFailure(path, error);
  }
}
