// descent: a loss minimised over batches of rows by Adam, the learning rate along half a cosine: how students and scorers learn.
import { failure } from "../errors.ts";
import { adamScales } from "../optim/adam.ts";
import { averageKept, learningRateAt } from "../optim/schedule.ts";
import type { Random } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { checkSignal, pauses } from "../runtime/pause.ts";
import type { FloatArray, NDArray } from "../tensor/array.ts";
import { placeholder, type Tensor } from "../tensor/tensor.ts";
import { leafList, type MapTree, mapTree, withLeaves } from "../tensor/tree.ts";
import { epochs } from "./batches.ts";
import { createOptimizer, initialState, type OptimizerOptions } from "./optimizer.ts";

/** Parameters P, a tree of arrays, with a loss of them over batches B, a tree of placeholders. */
export interface Descent<P extends object, B extends object> extends Pick<OptimizerOptions, "clip" | "rowsAtOnce"> {
  readonly start: P;
  readonly batch: B;
  readonly loss: (parameters: MapTree<P, FloatArray, Tensor>) => Tensor;
  /** Of the moving average of the parameters, which is the result. */
  readonly decay: number;
  /** Iterations in which the learning rate rises. */
  readonly warmUp: number;
  /** The batch of these rows; `average` gives the moving average, in the order of the parameters. */
  next(iteration: number, rows: Uint32Array, average: () => readonly FloatArray[]): MapTree<B, Tensor, NDArray>;
  /** What errors call the work, and what learns. */
  readonly work: string;
  readonly learner: string;
}

export interface DescentOptions {
  /** Rows that batches are drawn from, each of them once an epoch. */
  readonly rows: number;
  readonly batchSize: number;
  readonly iterations: number;
  readonly learningRate: number;
  readonly random: Random;
  /** Seconds; the learning rate falls with the time or with the iterations, whichever is nearer its end. */
  readonly time?: number;
  readonly signal?: AbortSignal;
  readonly onIteration?: (iteration: number, loss: number) => void;
}

/** Minimises a loss. Throws "interrupted" when the signal fires, "numeric" when the loss is not finite. */
export async function descend<P extends object, B extends object>(
  engine: Engine,
  { start, batch, decay, warmUp, clip, rowsAtOnce, work, learner, ...problem }: Descent<P, B>,
  { rows, iterations, learningRate, time = Number.POSITIVE_INFINITY, signal, onIteration, ...how }: DescentOptions,
): Promise<{ readonly parameters: MapTree<P, FloatArray, FloatArray>; readonly iterations: number }> {
  const tensors = mapTree<FloatArray, Tensor, P>(start, ({ shape }) => placeholder(shape));
  const [parameters, loss] = [leafList<Tensor>(tensors), problem.loss(tensors)];
  const batchSize = Math.min(how.batchSize, rows);
  const options = {
    ...{ batchSize, clip, weightDecay: 0, movingAverage: decay },
    ...(rowsAtOnce !== undefined && { rowsAtOnce }),
  };
  const optimizer = await createOptimizer(engine, { parameters, batch, loss }, options, initialState(start, decay));
  const order = epochs(rows, batchSize, how.random);
  const schedule = { learningRate, decay: { kind: "cosine" as const }, warmUp };
  const pause = pauses();
  const begun = performance.now();
  const elapsed = () => (performance.now() - begun) / 1000 / time;
  try {
    let iteration = 0;
    for (; iteration < iterations && elapsed() < 1; iteration++) {
      await pause();
      checkSignal(signal, work);
      const rate = learningRateAt(schedule, iteration, Math.min(1, Math.max(iteration / iterations, elapsed())));
      const given = problem.next(iteration, order(iteration), () => optimizer.state().average);
      const keep = averageKept(decay, warmUp, iteration);
      const value = await optimizer.advance(given, { ...adamScales(iteration + 1, rate), keep });
      if (!Number.isFinite(value)) throw notFinite(`${learner}, iteration ${iteration + 1}`, value);
      onIteration?.(iteration + 1, value);
    }
    const { average } = optimizer.state();
    return { parameters: withLeaves<FloatArray, P>(start, average), iterations: iteration };
  } finally {
    await optimizer.release();
  }
}

function notFinite(where: string, value: number) {
  return failure("numeric", {
    where,
    expected: "a finite loss",
    received: String(value),
    remedy: "lower --learning-rate",
  });
}
