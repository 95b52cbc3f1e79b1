// power: the table POWER (household electric power) as the literature prepares power/data.npy.
import { permutationOfShuffle, randomState } from "../numpy-random.ts";
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

/**
 * Columns of the file: active power, reactive power, voltage, intensity, three sub-meters, time of day. The second and the
 * fourth are dropped.
 */
const rawWidth = 8;
const columns = ["active_power", "voltage", "sub_meter_1", "sub_meter_2", "sub_meter_3", "time"];
const kept = [0, 2, 4, 5, 6, 7];
const publishedRows = 2_049_280;
const where = "power/data.npy";

/**
 * Rows shuffled by RandomState(42), which then draws the noise that fills the measuring steps (voltage 0.01, active power
 * 0.001, sub-meters 1, in this order); columns scaled by mean and deviation of training and validation rows. Bit for bit what
 * NumPy gives for an array in C order. Needs the raw array and 1.2 times its memory beside it.
 */
export function powerTable(raw: RawRows): DensityTable {
  checkRaw(raw, rawWidth, where);
  const rows = raw.shape[0] ?? 0;
  const split = splitByPosition(rows, where);
  const values = shuffledWithNoise(raw.data, rows);
  const scaling = scalingOf(values, columns.length, split.train + split.validation);
  return {
    name: "POWER",
    columns,
    ...parts(standardizedRows(values, scaling, columns, where), split),
    scaling,
    ...comparedWith(rows, publishedRows),
    notes: [
      "Rows in the order of NumPy's RandomState(42).shuffle; reactive power and intensity dropped.",
      "Uniform noise from the same generator fills the measuring steps of all columns but the time.",
      "Scaled by mean and deviation of training and validation rows.",
    ],
  };
}

function shuffledWithNoise(raw: Float64Array, rows: number): Float64Array {
  const state = randomState(42);
  const order = permutationOfShuffle(state, rows);
  const width = columns.length;
  const values = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < width; k++) values[row * width + k] = raw[order[row]! * rawWidth + kept[k]!]!;
  for (let row = 0; row < rows; row++) values[row * width + 1]! += 0.01 * state.uniform();
  for (let row = 0; row < rows; row++) values[row * width]! += 0.001 * state.uniform();
  for (let row = 0; row < rows; row++) for (let k = 2; k < 5; k++) values[row * width + k]! += state.uniform();
  return values;
}
