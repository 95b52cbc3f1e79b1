// step: one training step of one block as a program: loss, gradient, Adam and the moving average in one graph.
import { matchingLoss } from "../flow/matching.ts";
import type { Step } from "../flow/steps.ts";
import { applyMlp, type MlpArrays, type MlpTensors, type NetworkConfiguration } from "../nn/mlp.ts";
import { adamUpdate } from "../optim/adam.ts";
import { clipByGlobalNorm, movingAverage } from "../optim/schedule.ts";
import { compile, type Program } from "../runtime/compile.ts";
import type { Engine } from "../runtime/contract.ts";
import { type FloatArray, floats, type NDArray, zeros } from "../tensor/array.ts";
import { gradient } from "../tensor/gradient.ts";
import { placeholder, type Tensor } from "../tensor/tensor.ts";
import { leaves, mapTree } from "../tensor/tree.ts";
import type { Batch } from "./batches.ts";
import type { TrainingConfiguration } from "./configuration.ts";

/** Everything that a step changes: parallel lists of arrays, one entry per tensor of the network. */
export interface TrainingState {
  readonly parameters: readonly FloatArray[];
  readonly first: readonly FloatArray[];
  readonly second: readonly FloatArray[];
  /** The moving average of the parameters; empty when none is kept. */
  readonly average: readonly FloatArray[];
}

/** Numbers that change from step to step (adam.ts, schedule.ts). */
export interface StepScales {
  readonly rate: number;
  readonly epsilon: number;
  readonly shrink: number;
  /** Share of the old moving average that is kept; 0 copies the parameters. */
  readonly keep: number;
}

/** A compiled step. It owns two sets of buffers that take turns, so that nothing is allocated from step to step. */
export interface TrainingStep {
  /** Takes one step from the current state and returns the loss before it. */
  advance(batch: Batch, scales: StepScales): Promise<number>;
  /** A copy of the current state. */
  state(): TrainingState;
  restore(state: TrainingState): void;
  release(): Promise<void>;
}

/** What the loss is made of: one block's step, or each row's own where blocks share the network. */
export interface LossTarget {
  readonly step: Step | { readonly kind: "by row" };
  readonly network: NetworkConfiguration;
  readonly dimension: number;
}

/** The state before the first step. */
export function initialState(parameters: MlpArrays, movingAverage: number): TrainingState {
  const arrays = leaves<FloatArray>(parameters).map((leaf) => leaf.value);
  const blank = () => arrays.map((array) => zeros(array.shape));
  return { parameters: arrays, first: blank(), second: blank(), average: movingAverage > 0 ? arrays : [] };
}

/** The network's parameters from a flat list, in the structure of `like`. */
export function parametersFrom(like: MlpArrays, arrays: readonly FloatArray[]): MlpArrays {
  let next = 0;
  return mapTree<FloatArray, FloatArray, MlpArrays>(like, (leaf) => arrays[next++] ?? leaf);
}

/** Placeholders of a batch, and the matching loss over it of the network with these parameters. */
export function batchLoss(
  { step, network, dimension }: LossTarget,
  parameters: MlpTensors,
  { coupling, interpolant }: TrainingConfiguration,
) {
  const column = (width: number) => placeholder(["rows", width]);
  const [left, noise, time] = [column(dimension), column(dimension), column(1)];
  const source = coupling === "dependent" ? [] : [column(dimension)];
  const byRow = step.kind === "by row" ? [{ keep: column(1), spread: column(1), clock: column(1) }] : [];
  const ends =
    step.kind === "by row" ? { ...step, keep: byRow[0]?.keep ?? time, spread: byRow[0]?.spread ?? time } : step;
  const clock = byRow[0]?.clock;
  const loss = matchingLoss(
    (x, t) => applyMlp(network, parameters, x, clock ?? t),
    { left, source: source[0] ?? left, noise, time },
    ends,
    interpolant,
  );
  return { batch: { left, noise, time, source, byRow }, loss };
}

/** A batch as the placeholders of `batchLoss` take it. */
export function batchInputs({ left, source, noise, time, byRow }: Batch) {
  return {
    left,
    noise,
    time,
    source: source === left ? [] : [source],
    byRow: byRow ? [{ ...byRow }] : [],
  };
}

/** Compiles the step of one network and sets its state. */
export async function createTrainingStep(
  engine: Engine,
  target: LossTarget & { readonly like: MlpArrays },
  training: TrainingConfiguration,
  state: TrainingState,
): Promise<TrainingStep> {
  const graph = stepGraph(target, training);
  const program: Program<typeof graph.inputs, typeof graph.outputs> = await compile(
    engine,
    graph.inputs,
    graph.outputs,
  );
  let [current, spare] = [copyState(state), copyState(state)];
  return {
    advance: async (batch, scales) => {
      const { rate, epsilon, shrink, keep } = scales;
      const scalars = [rate, epsilon, shrink, keep].map((value) => floats([value], []));
      const inputs = { ...current, batch: batchInputs(batch), scalars };
      const { loss } = await program.run(inputs, namedArrays(spare));
      [current, spare] = [spare, current];
      return Number(loss.data[0]);
    },
    state: () => copyState(current),
    restore: (to) => {
      current = copyState(to);
    },
    release: () => program.release(),
  };
}

function stepGraph(target: LossTarget & { readonly like: MlpArrays }, training: TrainingConfiguration) {
  const parameters = mapTree<FloatArray, Tensor, MlpArrays>(target.like, (array) => placeholder(array.shape));
  const flat = leaves<Tensor>(parameters).map((leaf) => leaf.value);
  const blank = () => flat.map((tensor) => placeholder(tensor.shape));
  const state = {
    parameters: flat,
    first: blank(),
    second: blank(),
    average: training.movingAverage > 0 ? blank() : [],
  };
  const scalars = Array.from({ length: 4 }, () => placeholder([]));
  const [rate, epsilon, shrink, keep] = scalars as [Tensor, Tensor, Tensor, Tensor];

  const { batch, loss } = batchLoss(target, parameters, training);
  const gradients = clipByGlobalNorm(gradient(loss, flat), training.clip);
  const updates = flat.map((parameter, i) => {
    const moments = { first: state.first[i] ?? parameter, second: state.second[i] ?? parameter };
    return adamUpdate(
      parameter,
      gradients[i] ?? parameter,
      moments,
      { rate, epsilon, shrink },
      { weightDecay: training.weightDecay },
    );
  });
  return {
    inputs: { ...state, batch, scalars },
    outputs: {
      loss,
      parameters: updates.map((update) => update.parameter),
      first: updates.map((update) => update.state.first),
      second: updates.map((update) => update.state.second),
      average: state.average.map((average, i) => movingAverage(average, updates[i]?.parameter ?? average, keep)),
    },
  };
}

function copyState(state: TrainingState): TrainingState {
  const copy = (arrays: readonly FloatArray[]) => arrays.map((array) => floats(array.data.slice(), array.shape));
  return {
    parameters: copy(state.parameters),
    first: copy(state.first),
    second: copy(state.second),
    average: copy(state.average),
  };
}

function namedArrays(state: TrainingState): Record<string, NDArray> {
  return Object.fromEntries(leaves<FloatArray>({ ...state }).map((leaf) => [leaf.path, leaf.value]));
}
