// bsds300: the table BSDS300 (patches of natural images) as it is distributed, BSDS300/BSDS300.hdf5.
import { failure } from "../../errors.ts";
import { type FloatArray, floats, type NDArray } from "../../tensor/array.ts";
import { numberedColumns } from "../columns.ts";
import { atRow } from "../table-places.ts";
import { comparedWith, type DensityTable } from "./table.ts";

/** The three data sets of the file. */
export interface PatchFile {
  readonly train: Numbers;
  readonly validation: Numbers;
  readonly test: Numbers;
}
type Numbers = NDArray<"float32"> | NDArray<"float64">;

/** 8 x 8 pixels without one. */
const width = 63;
const publishedRows = 1_300_000;
const where = "BSDS300/BSDS300.hdf5";

/** The file's own three parts, unchanged but for float32. */
export function bsds300Table(file: PatchFile): DensityTable {
  const train = asRows(file.train, "train");
  const validation = asRows(file.validation, "validation");
  const test = asRows(file.test, "test");
  const rows = [train, validation, test].reduce((total, { shape }) => total + (shape[0] ?? 0), 0);
  return {
    name: "BSDS300",
    columns: numberedColumns(width),
    train,
    validation,
    test,
    ...comparedWith(rows, publishedRows),
    notes: ["The file's own parts, neither shuffled nor scaled."],
  };
}

function asRows(array: Numbers, part: string): FloatArray {
  const [rows = 0, columns = 0] = array.shape;
  if (array.shape.length !== 2 || columns !== width || rows === 0)
    throw failure("data", {
      where: `${where} ${part}`,
      expected: `an array [rows, ${width}]`,
      received: `[${array.shape.join(", ")}]`,
    });
  const values = array.type === "float32" ? array : floats(Float32Array.from(array.data), array.shape);
  const place = values.data.findIndex((value) => !Number.isFinite(value));
  if (place < 0) return values;
  throw failure("data", {
    where: `${atRow(`${where} ${part}`, Math.floor(place / width))} column ${(place % width) + 1}`,
    expected: "a number that float32 can hold",
    received: String(array.data[place]),
  });
}
