// small-tables: real tables small enough to have at hand, prepared the same way each: measuring steps filled with noise, rows
// shuffled, the last tenths kept apart, columns scaled by the training rows.
import { failure } from "../../errors.ts";
import { fillUniform, permutation, type Random, random, split } from "../../random.ts";
import type { FloatArray } from "../../tensor/array.ts";
import { listNames } from "../columns.ts";
import type { NumericTable } from "../numeric-table.ts";
import { inColumn, rowName } from "../table-places.ts";
import { type DensityTable, parts, scalingOf, splitByPosition, standardizedRows } from "./table.ts";

export type SmallTableName = "shuttle" | "satellite" | "letter" | "diamonds";

/** How a table is read from its file. */
export interface SmallTable {
  readonly name: SmallTableName;
  readonly file: string;
  readonly origin: string;
  /** The columns that are numbers, in order, and the step in which each is measured. */
  readonly steps: Readonly<Record<string, number>>;
  /** Text columns that are left out. */
  readonly dropped: readonly string[];
  readonly rows: number;
  readonly notes: readonly string[];
}

const whole = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 1]));
const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, k) => `${prefix}${k + 1}`);
const letterColumns =
  "x.box y.box width high onpix x.bar y.bar x2bar y2bar xybar x2ybr xy2br x.ege xegvy y.ege yegvx".split(" ");

export const smallTables: Readonly<Record<SmallTableName, SmallTable>> = {
  shuttle: {
    name: "shuttle",
    file: "Shuttle.csv",
    origin: "UCI Statlog (Shuttle)",
    steps: whole(numbered("V", 9)),
    dropped: ["Class"],
    rows: 58_000,
    notes: ["A few rows lie more than a hundred deviations out, which weighs heavily in a mean of log-densities."],
  },
  satellite: {
    name: "satellite",
    file: "Satellite.csv",
    origin: "UCI Statlog (Landsat Satellite)",
    steps: whole(numbered("x.", 36)),
    dropped: ["classes"],
    rows: 6_435,
    notes: ["Rows that follow each other often show overlapping patches, so the shuffled parts are not independent."],
  },
  letter: {
    name: "letter",
    file: "LetterRecognition.csv",
    origin: "UCI Letter Recognition",
    steps: whole(letterColumns),
    dropped: ["lettr"],
    rows: 20_000,
    notes: [
      "1 332 rows repeat an earlier one, letter included, so that test rows can equal training rows before the noise.",
    ],
  },
  diamonds: {
    name: "diamonds",
    file: "diamonds.csv",
    origin: "ggplot2 diamonds",
    steps: { carat: 0.01, depth: 0.1, table: 0.1, price: 1, x: 0.01, y: 0.01, z: 0.01 },
    dropped: ["cut", "color", "clarity"],
    rows: 53_940,
    notes: [
      "table is a whole number in 53 016 of 53 940 rows; the step stays 0.1, and the density has narrow peaks there.",
      "x, y or z is 0 in some rows (not measured); they are kept.",
    ],
  },
};

/** Whether `name` is one of `smallTables`. */
export function isSmallTable(name: string): name is SmallTableName {
  return Object.hasOwn(smallTables, name);
}

/**
 * A table read with the columns of `smallTables[name].steps`: each value plus uniform noise of its step, rows in an order
 * that the seed gives, split by position (81/9/10 %), columns scaled by the training rows. Throws `data` for columns or
 * values that do not fit.
 */
export function smallTable(name: SmallTableName, { columns, rows }: NumericTable, seed: number): DensityTable {
  const { steps, rows: published, notes } = smallTables[name];
  const names = Object.keys(steps);
  if (names.some((column, place) => columns[place] !== column) || columns.length !== names.length)
    throw failure("data", {
      where: name,
      expected: `the columns ${listNames(names)}`,
      received: listNames(columns),
    });
  const count = rows.shape[0] ?? 0;
  const sizes = splitByPosition(count, name);
  const key = split(random(seed), "small table", name);
  const values = shuffledWithNoise(rows, names, steps, key);
  const scaling = scalingOf(values, names.length, sizes.train);
  return {
    name,
    columns: names,
    ...parts(standardizedRows(values, scaling, names, name), sizes),
    scaling,
    notes: [
      `${count} rows (${sizes.train} for training, ${sizes.validation} for validation, ${sizes.test} for the test), shuffled with seed ${seed}.`,
      "Uniform noise fills the step in which each column is measured; scaled by the training rows.",
      ...(count === published
        ? []
        : [`The file has ${count} rows and the usual one ${published}: figures are not comparable.`]),
      ...notes,
    ],
  };
}

function shuffledWithNoise(
  { shape: [count = 0, width = 0], data }: FloatArray,
  names: readonly string[],
  steps: Readonly<Record<string, number>>,
  key: Random,
): Float64Array {
  const order = permutation(split(key, "order"), count);
  const noise = new Float32Array(data.length);
  fillUniform(split(key, "noise"), noise);
  const values = new Float64Array(data.length);
  names.forEach((name, k) => {
    const step = steps[name]!;
    for (let row = 0; row < count; row++) {
      const from = order[row]! * width + k;
      const cells = Math.round(data[from]! / step);
      if (Math.abs(data[from]! - cells * step) > 1e-3 * step)
        throw failure("data", {
          where: inColumn(rowName(order[row]!), name),
          expected: `a multiple of ${step}`,
          received: String(data[from]),
          remedy: "take the table as it is published",
        });
      values[row * width + k] = (cells + noise[from]!) * step;
    }
  });
  return values;
}
