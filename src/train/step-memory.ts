// step-memory: what training a network of images takes in memory, and how a step goes through its batch within a budget.
import { failure } from "../errors.ts";
import type { ImageParameters } from "../nn/image-network.ts";
import { networkParameterCount, networkShapes } from "../nn/network.ts";
import type { ParameterPlan } from "../nn/parameters.ts";
import { elementBytes } from "../tensor/array.ts";
import { gradient } from "../tensor/gradient.ts";
import { topologicalOrder } from "../tensor/graph.ts";
import { simplify } from "../tensor/simplify.ts";
import { placeholder, type Tensor } from "../tensor/tensor.ts";
import { leafList, mapTree } from "../tensor/tree.ts";
import type { TrainingConfiguration } from "./configuration.ts";
import { batchLoss, imagesAtOnce, type LossTarget, type StepWay } from "./step.ts";

/** A way to go through a batch, and about what training takes then: weights and what Adam keeps, a batch, and the step itself. */
export interface StepPlan extends StepWay {
  readonly bytes: number;
}

/** Images at once below which recomputing costs less time than even fewer of them. */
const fewImages = 4;

/**
 * How a step of a network of images can go through its batch on a CPU, from fast to thrifty: fewer images at once, then inner
 * values made once more instead of kept.
 */
export function stepPlans(target: LossTarget, training: TrainingConfiguration): readonly StepPlan[] {
  const { network, dimension } = target;
  const most = Math.min(training.batchSize, imagesAtOnce(network, dimension));
  const halved = (least: number) =>
    Array.from({ length: 1 + Math.ceil(Math.log2(most)) }, (_, n) => Math.ceil(most / 2 ** n)).filter(
      (rows) => rows >= least,
    );
  const plans = (recompute: boolean, least: number) => {
    const bytesOf = trainingBytes(target, training, recompute);
    return halved(least).map((rowsAtOnce) => ({ rowsAtOnce, recompute, bytes: bytesOf(rowsAtOnce) }));
  };
  return [...plans(false, Math.min(most, fewImages)), ...plans(true, 1)];
}

/** The first plan within the budget. Throws "option" with what the thriftiest takes, and `besides` that others need. */
export function fittingPlan(plans: readonly StepPlan[], budget: number, besides = 0): StepPlan {
  const plan = plans.find(({ bytes }) => bytes <= budget);
  if (plan) return plan;
  const least = Math.min(...plans.map(({ bytes }) => bytes));
  throw failure("option", {
    where: "memory",
    expected: `at least ${Math.ceil(least + besides)} bytes to train this network on these images`,
    received: String(Math.floor(budget + besides)),
    remedy:
      "raise the budget, or take fewer images (--images N), smaller batches (--batch-size) or a smaller network (--width)",
  });
}

/**
 * Measured with onnxruntime on x64: arrays that are alive together take their bytes twice, as a run is laid out in one block
 * beside the pieces of the first run; weights take nine times theirs for sums of gradients and their updates; where values are
 * made once more, engines order the work less thriftily than we do. `test/train/step-memory.test.ts` measures it again.
 */
const [layouts, perWeight, recomputeMargin, overhead] = [2, 9, 1.25, 2 ** 23];
/** Two sets of the state that take turns, a snapshot to go back to and the next one, each of weights, two moments, an average. */
const stateArrays = 16;

/** Bytes as a function of the images that a step takes at once. */
function trainingBytes(target: LossTarget, training: TrainingConfiguration, recompute: boolean) {
  const { network, dimension } = target;
  const shapes = networkShapes(network, dimension) as ImageParameters<ParameterPlan>;
  const parameters = mapTree<ParameterPlan, Tensor, ImageParameters<ParameterPlan>>(shapes, ({ shape }) =>
    placeholder(shape),
  );
  const { batch, loss } = batchLoss(target, parameters, training, { dropout: true, recompute });
  const weights = leafList<Tensor>(parameters);
  const alive = bytesAlive([loss, ...gradient(loss, weights)]);
  const row = leafList<Tensor>(batch).reduce((total, tensor) => total + bytesPerRow(tensor), 0);
  const held = 4 * networkParameterCount(network, dimension);
  const margin = recompute ? recomputeMargin : 1;
  return (rows: number) =>
    margin * layouts * alive * rows + (perWeight + stateArrays) * held + training.batchSize * row + overhead;
}

/** The most bytes for each row that are needed at one time when the outputs are computed in their order. */
function bytesAlive(outputs: readonly Tensor[]): number {
  const order = topologicalOrder(simplify(outputs));
  const lastUse = new Map<Tensor, number>();
  order.forEach((tensor, place) => {
    for (const input of tensor.inputs) lastUse.set(input, place);
  });
  const freed = order.map(() => 0);
  for (const [tensor, place] of lastUse) freed[place] = (freed[place] ?? 0) + bytesPerRow(tensor);
  let [alive, most] = [0, 0];
  order.forEach((tensor, place) => {
    alive += bytesPerRow(tensor);
    most = Math.max(most, alive);
    alive -= freed[place] ?? 0;
  });
  return most;
}

/** Bytes of one row of a tensor that has "rows" among its sizes, else 0. */
function bytesPerRow({ shape, type }: Tensor): number {
  if (!shape.includes("rows")) return 0;
  return shape.reduce<number>(
    (product, size) => (size === "rows" ? product : product * Number(size)),
    elementBytes[type],
  );
}
