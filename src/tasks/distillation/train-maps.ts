// train-maps: regresses maps, one or several in a row, on where the teacher takes the points.
import { isImageNetwork, type NetworkArrays, type NetworkTensors, widestArray } from "../../nn/network.ts";
import type { Engine } from "../../runtime/contract.ts";
import { add, multiply, subtract } from "../../tensor/arithmetic.ts";
import { zeros } from "../../tensor/array.ts";
import { mean, square } from "../../tensor/functions.ts";
import { placeholder, type Tensor } from "../../tensor/tensor.ts";
import { type Descent, type DescentOptions, descend } from "../../train/descent.ts";
import { gatherRows } from "../../train/row-pool.ts";
import { applyMap, type StudentMap } from "./maps.ts";
import type { Pool } from "./pool.ts";

export interface MapTraining extends Omit<DescentOptions, "rows"> {
  readonly dimension: number;
  /** Of maps that read them: the rows' contexts [rows · 3 d], or their shares of classes [rows · classes]. */
  readonly contexts?: Float32Array;
}

export interface TrainedMaps {
  readonly maps: readonly StudentMap[];
  readonly iterations: number;
}

const decay = 0.999;
const warmUpShare = 0.02;

/**
 * Trains maps in a row from the first points of the pool: the loss is the mean square of (map(x) - teacher's point) at the end of
 * each of them, and every map sees what the one before it made of the points. For one map it is the regression of
 * Algorithm A.1. Throws "interrupted" when the signal fires, "numeric" when the loss is not finite.
 */
export async function trainMaps(
  engine: Engine,
  maps: readonly StudentMap[],
  pool: Pool,
  training: MapTraining,
): Promise<TrainedMaps> {
  const { dimension: d, contexts } = training;
  const points = pool.map(() => placeholder(["rows", d]));
  const rows = (pool[0]?.length ?? 0) / d;
  const size = Math.min(training.batchSize, rows);
  const batch = pool.map(() => zeros([size, d]));
  const width = (contexts?.length ?? 0) / rows;
  const told = contexts ? [{ all: contexts, batch: zeros([size, width]), tensor: placeholder(["rows", width]) }] : [];
  const problem: MapProblem<{ readonly points: readonly Tensor[]; readonly told: readonly Tensor[] }> = {
    maps,
    batch: { points, told: told.map(({ tensor }) => tensor) },
    loss: (tensors) => compositionLoss(maps, tensors, points, told[0]?.tensor),
    decay,
    next: (_, chosen) => {
      pool.forEach((at, k) => gatherRows(at, d, chosen, batch[k]?.data ?? at));
      for (const { all, batch } of told) gatherRows(all, width, chosen, batch.data);
      return { points: batch, told: told.map(({ batch }) => batch) };
    },
  };
  return fitMaps(engine, problem, rows, training);
}

type MapDescent<B extends object> = Descent<readonly NetworkArrays[], B>;

/** Maps with a loss. */
export interface MapProblem<B extends object> extends Pick<MapDescent<B>, "batch" | "loss" | "decay" | "next"> {
  readonly maps: readonly StudentMap[];
}

/** Minimises a loss of maps over batches of so many rows. */
export async function fitMaps<B extends object>(
  engine: Engine,
  { maps, batch, loss, decay, next }: MapProblem<B>,
  rows: number,
  training: MapTraining,
): Promise<TrainedMaps> {
  const together = imagesAtOnce(maps, training.dimension);
  const problem: MapDescent<B> = {
    ...{ batch, loss, decay, next, work: "distillation", learner: "distillation" },
    start: maps.map(({ parameters }) => parameters),
    warmUp: Math.ceil(warmUpShare * Math.min(training.iterations, 5000)),
    clip: Number.POSITIVE_INFINITY,
    ...(together !== undefined && { rowsAtOnce: together }),
  };
  const { parameters, iterations } = await descend(engine, problem, { ...training, rows });
  return { maps: maps.map((map, k) => ({ ...map, parameters: parameters[k] ?? map.parameters })), iterations };
}

/** Numbers of the widest array of all maps together for the images gone through at once, and the fewest of these. */
const [partNumbers, fewestImages] = [2 ** 20, 4];

/** Images whose activations in all maps are kept at once on a CPU; undefined for rows of numbers. */
function imagesAtOnce(maps: readonly StudentMap[], d: number): number | undefined {
  if (!maps.some(({ network }) => isImageNetwork(network))) return undefined;
  const widest = maps.reduce((total, { network }) => total + widestArray(network, d), 0);
  return Math.max(fewestImages, Math.ceil(partNumbers / widest));
}

function compositionLoss(
  maps: readonly StudentMap[],
  parameters: readonly NetworkTensors[],
  points: readonly Tensor[],
  context?: Tensor,
): Tensor {
  let x = points[0] ?? placeholder(["rows", 1]);
  const errors = maps.map((map, k) => {
    x = applyMap(map, parameters[k] ?? { layers: [] }, x, context);
    return mean(square(subtract(x, points[k + 1] ?? x)));
  });
  const total = errors.reduce((a, b) => add(a, b));
  return errors.length === 1 ? total : multiply(1 / errors.length, total);
}
