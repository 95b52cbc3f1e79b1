// estimate-rows: the rows that an estimate trains on, pushes and scores: those that a fit would, masks included.
import { random, split } from "../random.ts";
import type { PoolMasks } from "../train/batches.ts";
import { type Configuration, isFromMarginals } from "../train/configuration.ts";
import { maskedPool } from "../train/masked-pool.ts";
import { rowsInUse } from "../train/pool.ts";
import { borrowedRows } from "../train/row-pool.ts";
import { absentAt, gapsOf } from "./gaps.ts";
import { type RowRequest, splitRows } from "./rows.ts";
import { identityStandardization, standardizationOf, standardize } from "./standardization.ts";

/** Points [rows · d] as networks see them; with masks, what is known of each of their values. */
export interface MovedRows {
  readonly points: Float32Array;
  readonly states?: Uint8Array;
}

export interface EstimateRows {
  /** What blocks start from: the training rows, in masked training copies of them. */
  readonly pool: MovedRows;
  /** What batches draw masks by. */
  readonly poolMasks?: PoolMasks;
  /** What likelihoods are told of. */
  readonly scored: MovedRows;
  readonly poolRows: number;
  readonly trainingRows: number;
  readonly heldOutRows: number;
  /** Seconds that drawing the masks of the pool took. */
  readonly seconds: number;
}

/** Rows that move through block number `number` (from 1) once it is trained: of the pool, and of those that early stopping judges by. */
export function pushedRows(
  configuration: Configuration,
  { poolRows, heldOutRows }: Pick<EstimateRows, "poolRows" | "heldOutRows">,
  number: number,
): number {
  const { blocks, training } = configuration;
  if (isFromMarginals(training)) return 0;
  const judged = training.earlyStopping > 0 && number < blocks.length ? heldOutRows : 0;
  return Math.min(poolRows, rowsInUse(configuration, number)) + judged;
}

/** The rows of a request as its fit begins with them. */
export function estimateRows(request: RowRequest, configuration: Configuration): EstimateRows {
  const { columns } = request;
  const { masks } = configuration.training;
  const { train, heldOut } = splitRows(request, configuration.seed);
  const d = columns.length;
  const scaling = configuration.standardize ? standardizationOf(train, columns) : identityStandardization(d);
  const points = standardize(scaling, train.data);
  const trainingRows = points.length / d;
  const counts = { poolRows: trainingRows, trainingRows, heldOutRows: heldOut?.shape[0] ?? 0 };
  if (!masks) return { pool: { points }, scored: { points }, ...counts, seconds: 0 };
  const gaps = gapsOf(train);
  const scored = { points, states: absentAt(train) };
  if (isFromMarginals(configuration.training))
    return { pool: scored, poolMasks: { kind: "gaps", gaps }, scored, ...counts, seconds: 0 };
  const started = performance.now();
  const key = split(random(configuration.seed), "pool masks", "train");
  const { values, states } = maskedPool({ pool: borrowedRows(points, d), gaps }, masks, key);
  return {
    pool: { points: values, states },
    poolMasks: { kind: "states", states },
    scored,
    ...counts,
    poolRows: values.length / d,
    seconds: (performance.now() - started) / 1000,
  };
}
