// json-writer: rows as JSON records, in one array or one per line, in pieces; float32 survives exactly.
import type { FloatArray } from "../tensor/array.ts";
import { longestFloat32, writeFloat32 } from "./decimal.ts";

export interface JsonWriter {
  /** Records of an [n, d] array in pieces of about a megabyte. A value that is not finite, which JSON lacks, is null. */
  rows(array: FloatArray): Generator<Uint8Array>;
  /** What closes the file. */
  end(): Uint8Array;
}

const [openList, closeObject] = [91, 125];

/** Writes `[{…},…]` or lines `{…}` with the names of `columns`. */
export function jsonWriter(columns: readonly string[], form: "array" | "lines"): JsonWriter {
  const encoder = new TextEncoder();
  const isArray = form === "array";
  const labels = columns.map((name, n) => encoder.encode(`${n === 0 ? "{" : ","}${JSON.stringify(name)}:`));
  const nothing = encoder.encode("null");
  const between = encoder.encode(isArray ? ",\n" : "\n");
  const rowBytes = labels.reduce((sum, label) => sum + label.length + longestFloat32, 4);
  let isFirst = true;
  return {
    *rows({ data }) {
      const width = columns.length;
      const buffer = new Uint8Array(Math.max(rowBytes, Math.min(2 ** 20, (data.length / width) * rowBytes)));
      let used = 0;
      const put = (bytes: Uint8Array) => {
        buffer.set(bytes, used);
        used += bytes.length;
      };
      for (let at = 0; at < data.length; at += width) {
        if (used + rowBytes > buffer.length) {
          yield buffer.slice(0, used);
          used = 0;
        }
        if (!isFirst) put(between);
        else if (isArray) buffer[used++] = openList;
        isFirst = false;
        for (let column = 0; column < width; column++) {
          const value = data[at + column]!;
          put(labels[column]!);
          if (Number.isFinite(value)) used = writeFloat32(value, buffer, used);
          else put(nothing);
        }
        buffer[used++] = closeObject;
      }
      if (used > 0) yield buffer.slice(0, used);
    },
    end: () => encoder.encode(`${isArray ? (isFirst ? "[]" : "]") : ""}${isFirst && !isArray ? "" : "\n"}`),
  };
}
