// miniboone: the table MINIBOONE (particle detector events) as the literature prepares miniboone/data.npy.
import { numberedColumns } from "../columns.ts";
import {
  checkRaw,
  comparedWith,
  type DensityTable,
  parts,
  type RawRows,
  scalingOf,
  splitByPosition,
  standardizedRows,
} from "./table.ts";

const columns = numberedColumns(43);
const publishedRows = 36_488;
const where = "miniboone/data.npy";

/**
 * The distributed file is prepared already (outliers and columns with repeated values taken out); rows in its order,
 * scaled by mean and deviation of training and validation rows. Bit for bit what NumPy gives for an array in C order.
 */
export function minibooneTable(raw: RawRows): DensityTable {
  checkRaw(raw, columns.length, where);
  const rows = raw.shape[0] ?? 0;
  const split = splitByPosition(rows, where);
  const scaling = scalingOf(raw.data, columns.length, split.train + split.validation);
  return {
    name: "MINIBOONE",
    columns,
    ...parts(standardizedRows(raw.data, scaling, columns, where), split),
    scaling,
    ...comparedWith(rows, publishedRows),
    notes: [
      "No shuffle; outliers and columns with repeated values were removed before the file was distributed.",
      "Scaled by mean and deviation of training and validation rows.",
    ],
  };
}
