// gas: the table GAS (sensors in mixtures of ethylene and CO) as the literature prepares gas/ethylene_CO.pickle.
import { failure } from "../../errors.ts";
import { floats } from "../../tensor/array.ts";
import { checkDistinct, listNames } from "../columns.ts";
import { atRow, inColumn } from "../table-places.ts";
import { comparedWith, type DensityTable, parts, splitByPosition } from "./table.ts";

/** A column of a data frame. */
export interface NamedColumn {
  readonly name: string;
  readonly values: Float64Array;
}

const where = "gas/ethylene_CO.pickle";
const notSensors = ["Meth", "Eth", "Time"];
const tooAlike = 0.98;
const publishedRows = 1_052_065;
const publishedColumns = 8;

/**
 * The frame without Meth, Eth and Time; then, again and again, without the first column that has a correlation above 0.98 with
 * another; every column scaled by mean and deviation (divisor rows - 1) of all rows. The order of the rows is the file's.
 */
export function gasTable(frame: readonly NamedColumn[]): DensityTable {
  const rows = checkFrame(frame);
  const split = splitByPosition(rows, where);
  const sensors = frame.filter(({ name }) => !notSensors.includes(name));
  const moments = sensors.map(({ name, values }) => momentsOf(name, values));
  const kept = withoutAlike(sensors.length, (i, j) => correlation(sensors[i]!, moments[i]!, sensors[j]!, moments[j]!));
  const scaled = new Float32Array(rows * kept.length);
  kept.forEach((place, k) => {
    const { values } = sensors[place]!;
    const { mean, deviation } = moments[place]!;
    for (let row = 0; row < rows; row++) scaled[row * kept.length + k] = (values[row]! - mean) / deviation;
  });
  return {
    name: "GAS",
    columns: kept.map((place) => sensors[place]!.name),
    ...parts(floats(scaled, [rows, kept.length]), split),
    scaling: {
      mean: Float64Array.from(kept, (place) => moments[place]!.mean),
      deviation: Float64Array.from(kept, (place) => moments[place]!.deviation),
    },
    ...comparedWith(rows, publishedRows),
    notes: [
      "Meth, Eth and Time dropped, then columns that correlate above 0.98 with another; no shuffle.",
      "Scaled by mean and deviation of all rows, the test rows included, as in the literature.",
      ...(kept.length === publishedColumns
        ? []
        : [`${kept.length} columns remain, published were ${publishedColumns}.`]),
    ],
  };
}

interface Moments {
  readonly mean: number;
  readonly deviation: number;
}

/** The number of rows of a frame with the columns that are dropped and at least one more. */
function checkFrame(frame: readonly NamedColumn[]): number {
  const names = frame.map(({ name }) => name);
  checkDistinct(names, where);
  const absent = notSensors.filter((name) => !names.includes(name));
  if (absent.length > 0 || names.length === notSensors.length)
    throw failure("data", {
      where,
      expected: `columns ${listNames(notSensors)} and sensors`,
      received: listNames(names),
    });
  const rows = frame[0]!.values.length;
  const ragged = frame.find(({ values }) => values.length !== rows);
  if (ragged !== undefined)
    throw failure("data", {
      where: `${where} column ${ragged.name}`,
      expected: `${rows} rows`,
      received: String(ragged.values.length),
    });
  return rows;
}

function momentsOf(name: string, values: Float64Array): Moments {
  const place = values.findIndex((value) => !Number.isFinite(value));
  if (place >= 0)
    throw failure("data", {
      where: inColumn(atRow(where, place), name),
      expected: "a finite number",
      received: String(values[place]),
    });
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  const squares = values.reduce((total, value) => total + (value - mean) ** 2, 0);
  if (squares === 0)
    throw failure("data", {
      where: `${where} column ${name}`,
      expected: "different values",
      received: "one value in all rows",
    });
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}

function correlation(a: NamedColumn, momentsA: Moments, b: NamedColumn, momentsB: Moments): number {
  let products = 0;
  for (let row = 0; row < a.values.length; row++)
    products += (a.values[row]! - momentsA.mean) * (b.values[row]! - momentsB.mean);
  return products / ((a.values.length - 1) * momentsA.deviation * momentsB.deviation);
}

/**
 * The places that remain. Dropping a column changes no other pair's correlation, so each is computed once; a column counts
 * itself in the original rule (more than one above 0.98), which here is left out on both sides.
 */
function withoutAlike(count: number, correlationOf: (i: number, j: number) => number): readonly number[] {
  const alike = Array.from({ length: count }, () => new Set<number>());
  for (let i = 0; i < count; i++)
    for (let j = 0; j < i; j++)
      if (correlationOf(i, j) > tooAlike) {
        alike[i]!.add(j);
        alike[j]!.add(i);
      }
  let kept = alike.map((_, place) => place);
  for (;;) {
    const first = kept.find((place) => kept.some((other) => alike[place]!.has(other)));
    if (first === undefined) return kept;
    kept = kept.filter((place) => place !== first);
  }
}
