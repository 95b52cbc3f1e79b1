// pandas-columns: the columns of a pickled pandas frame in double precision, for preparations that compute in it.
import { failure } from "../../errors.ts";
import type { ByteSource } from "./bytes.ts";
import { frameOf } from "./pandas.ts";
import { pandasNames } from "./pandas-names.ts";
import { readPickle } from "./pickle.ts";
import { eachRun } from "./runs.ts";
import { spokenValue } from "./values.ts";

/** A column of a data frame. */
export interface DoubleColumn {
  readonly name: string;
  readonly values: Float64Array;
}

const expected = "a pandas frame of numbers with named columns";

/** All columns of the frame in a pickle. Throws `data` for anything else, and for columns that are not numbers. */
export function frameColumns(source: ByteSource, where: string): readonly DoubleColumn[] {
  const { value } = readPickle(source, { where, allowed: pandasNames, expected });
  const frame = frameOf(value, where);
  if (frame?.names === undefined) throw failure("data", { where, expected, received: spokenValue(value) });
  const { names, rows, columns } = frame;
  columns.forEach((column, place) => {
    if (column.kind !== "other") return;
    throw failure("data", { where: `${where} column "${names[place]}"`, expected: "numbers", received: column.type });
  });
  const doubles = names.map((name) => ({ name, values: new Float64Array(rows) }));
  eachRun(columns, rows, ({ column, first, count, values, from, stride }) => {
    const target = doubles[column]!.values;
    for (let row = 0; row < count; row++) target[first + row] = values[from + row * stride]!;
  });
  return doubles;
}
