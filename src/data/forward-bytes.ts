// forward-bytes: packed content as bytes at any place: unpacked forwards, and from its start again for a place further back.
import { type Bytes, checkInside } from "./stored-rows.ts";

/** Deflate cannot shrink more than this, so a larger promise is a lie told to make readers allocate. */
export const largestRatio = 1032;

export interface PackedContent {
  /** Bytes of the content, as is promised of it. */
  readonly size: number;
  readonly where: string;
  /** Unpacks the content from its start, piece by piece. */
  unpack(): AsyncGenerator<Uint8Array, undefined, undefined>;
  /** What is thrown where the pieces end too soon, or, with `endsThere`, do not end with the last byte. */
  damaged(): Error;
  readonly endsThere?: boolean;
}

/** The content as bytes. Throws `data` errors for places outside of it, and what unpacking it throws. */
export function forwardBytes({ size, where, unpack, damaged, endsThere = false }: PackedContent): Bytes {
  let pieces = unpack();
  let ready: Uint8Array = new Uint8Array(0);
  let position = 0;

  async function startOver(): Promise<void> {
    await pieces.return(undefined);
    pieces = unpack();
    ready = new Uint8Array(0);
    position = 0;
  }

  async function next(): Promise<void> {
    const found = await pieces.next();
    if (found.done) throw damaged();
    ready = found.value;
  }

  async function finish(): Promise<void> {
    if (ready.length > 0 || !(await pieces.next()).done) throw damaged();
  }

  return {
    size,
    isForward: true,
    async read(at, length) {
      checkInside(at, length, size, where);
      if (at < position) await startOver();
      const out = new Uint8Array(length);
      while (position < at + length) {
        if (ready.length === 0) await next();
        const wanted = position < at ? at - position : at + length - position;
        const piece = ready.subarray(0, wanted);
        if (position >= at) out.set(piece, position - at);
        ready = ready.subarray(piece.length);
        position += piece.length;
      }
      if (endsThere && position === size) await finish();
      return out;
    },
  };
}
