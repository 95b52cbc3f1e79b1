// step: one training step of one block: the matching loss of a batch, and the optimizer on it.
import { isMasked, readsClasses } from "../flow/chain.ts";
import { contextWidth, onFree } from "../flow/masked.ts";
import { matchingLoss, type VelocityField } from "../flow/matching.ts";
import type { Step } from "../flow/steps.ts";
import {
  applyNetwork,
  dropoutPlan,
  isImageNetwork,
  type NetworkArrays,
  type NetworkTensors,
  networkClasses,
  type VelocityNetwork,
  widestArray,
} from "../nn/network.ts";
import type { Engine } from "../runtime/contract.ts";
import type { FloatArray } from "../tensor/array.ts";
import { placeholder, type Tensor } from "../tensor/tensor.ts";
import { leafList, mapTree } from "../tensor/tree.ts";
import type { Batch } from "./batches.ts";
import type { TrainingConfiguration } from "./configuration.ts";
import { createOptimizer, type Optimizer, type StepScales, type TrainingState } from "./optimizer.ts";

/** A compiled step. */
export interface TrainingStep extends Omit<Optimizer<object>, "advance"> {
  /** Takes one step from the current state and returns the loss before it. */
  advance(batch: Batch, scales: StepScales): Promise<number>;
}

/** What the loss is made of: one block's step, or each row's own where blocks share the network. */
export interface LossTarget {
  readonly step: Step | { readonly kind: "by row" };
  readonly network: VelocityNetwork;
  readonly dimension: number;
}

/** What only training asks of a network. */
export interface LossOptions {
  /** Values are left out as the batch says. */
  readonly dropout?: boolean;
  readonly recompute?: boolean;
}

/** Placeholders of a batch, and the matching loss over it of the network with these parameters. */
export function batchLoss(
  { step, network, dimension }: LossTarget,
  parameters: NetworkTensors,
  { coupling, interpolant }: TrainingConfiguration,
  { dropout = false, recompute = false }: LossOptions = {},
) {
  const column = (width: number) => placeholder(["rows", width]);
  const [left, noise, time] = [column(dimension), column(dimension), column(1)];
  const source = coupling === "dependent" ? [] : [column(dimension)];
  const byRow = step.kind === "by row" ? [{ keep: column(1), spread: column(1), clock: column(1) }] : [];
  const ends =
    step.kind === "by row" ? { ...step, keep: byRow[0]?.keep ?? time, spread: byRow[0]?.spread ?? time } : step;
  const clock = byRow[0]?.clock;
  const masked = isMasked({ network }) ? [column(contextWidth(dimension))] : [];
  const told = readsClasses({ network }) ? [column(networkClasses(network))] : [];
  const [mask] = masked;
  const context = [...masked, ...told];
  const plan = dropout ? dropoutPlan(network) : undefined;
  const kept = (plan?.shapes ?? []).map((shape) => placeholder(["rows", ...shape], "bool"));
  const options = { masks: kept, recompute };
  const field: VelocityField = (x, t) => applyNetwork(network, parameters, x, clock ?? t, context[0], options);
  const loss = matchingLoss(
    mask ? onFree(field, mask) : field,
    { left, source: source[0] ?? left, noise, time },
    ends,
    interpolant,
  );
  return { batch: { left, noise, time, source, byRow, context, kept }, loss };
}

/** A batch as the placeholders of `batchLoss` take it. */
export function batchInputs({ left, source, noise, time, byRow, context, kept }: Batch) {
  return {
    left,
    noise,
    time,
    source: source === left ? [] : [source],
    byRow: byRow ? [{ ...byRow }] : [],
    context: context ? [context] : [],
    kept: kept ?? [],
  };
}

/** Numbers of the widest array of a part of a batch of images, 4 MiB, and images at least: they are work enough each. */
const [partNumbers, fewestImages] = [2 ** 20, 8];

/** How a step of images goes through its batch on a CPU: activations of all layers are kept, so this is what bounds its memory. */
export interface StepWay {
  readonly rowsAtOnce: number;
  /** Inner values are made once more for the gradient instead of kept. */
  readonly recompute: boolean;
}

/** Images that a step takes at once on a CPU where memory is no concern: more are no faster. */
export function imagesAtOnce(network: VelocityNetwork, dimension: number): number {
  return Math.max(fewestImages, Math.ceil(partNumbers / widestArray(network, dimension)));
}

/** Compiles the step of one network and sets its state; `way` is for images. */
export async function createTrainingStep(
  engine: Engine,
  target: LossTarget & { readonly like: NetworkArrays },
  training: TrainingConfiguration,
  state: TrainingState,
  way?: StepWay,
): Promise<TrainingStep> {
  const parameters = mapTree<FloatArray, Tensor, NetworkArrays>(target.like, (array) => placeholder(array.shape));
  const recompute = way?.recompute ?? false;
  const { batch, loss } = batchLoss(target, parameters, training, { dropout: true, recompute });
  const flat = leafList<Tensor>(parameters);
  const { network, dimension } = target;
  const rowsAtOnce = way?.rowsAtOnce ?? (isImageNetwork(network) ? imagesAtOnce(network, dimension) : undefined);
  const options = { ...training, ...(rowsAtOnce !== undefined && { rowsAtOnce }) };
  const optimizer = await createOptimizer(engine, { parameters: flat, batch, loss }, options, state);
  return { ...optimizer, advance: (rows, scales) => optimizer.advance(batchInputs(rows), scales) };
}
