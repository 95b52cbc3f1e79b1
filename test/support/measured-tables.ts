// measured-tables: small tables of columns for tests of the measures.
import type { MeasuredColumn, MeasuredTable } from "../../src/measure/columns-table.ts";
import { normals } from "./repetition.ts";

export function numeric(name: string, values: ArrayLike<number>): MeasuredColumn {
  return { name, kind: "numeric", values: Float64Array.from(values) };
}

/** A category column; null marks a gap, `levels` may be given in any order. */
export function category(name: string, values: readonly (string | null)[], levels?: readonly string[]): MeasuredColumn {
  const known = levels ?? [...new Set(values.filter((value) => value !== null))];
  return {
    name,
    kind: "category",
    codes: Int32Array.from(values, (value) => known.indexOf(value ?? "")),
    levels: known,
  };
}

export function tableOf(...columns: readonly MeasuredColumn[]): MeasuredTable {
  const [first] = columns;
  const rows = first === undefined ? 0 : first.kind === "numeric" ? first.values.length : first.codes.length;
  return { rows, columns };
}

/**
 * Two dependent numbers, one with gaps, and a category that goes with the sign of the first; `shift` moves the first number.
 */
export function mixedTable(rows: number, name: string | number, shift = 0): MeasuredTable {
  const [x, noise, z] = ["x", "noise", "z"].map((part) => normals(rows, name, part));
  const side = Array.from({ length: rows }, (_, i) => ((x?.[i] ?? 0) + 0.3 * (z?.[i] ?? 0) > 0 ? "right" : "left"));
  const y = Float64Array.from(
    { length: rows },
    (_, i) => 2 * (x?.[i] ?? 0) + (noise?.[i] ?? 0) + (side[i] === "left" ? 1 : 0),
  );
  return tableOf(
    numeric(
      "x",
      (x ?? normals(0)).map((value) => value + shift),
    ),
    numeric(
      "y",
      y.map((value, i) => (i % 10 === 0 ? Number.NaN : value)),
    ),
    category("side", side),
  );
}
