// export-table-names: what the columns of a table are called in a file, and their units.

export const dateUnit = "milliseconds since 1970-01-01T00:00 of the wall clock, without a time zone";

/** ONNX takes no empty names and C none with zeros; lone halves of a character have no UTF-8; JavaScript loses `__proto__`. */
export function freeName(wanted: string, taken: Set<string>): string {
  const clean = wanted.replace(/\0|\p{Surrogate}/gu, "_");
  let name = clean === "" || clean === "__proto__" ? `column_${taken.size + 1}` : clean;
  while (taken.has(name)) name += "_";
  taken.add(name);
  return name;
}
