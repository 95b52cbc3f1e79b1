// optimizer: one gradient step of any loss as a program: loss, gradient, Adam and the moving average in one graph.
import { adamUpdate } from "../optim/adam.ts";
import { clipByGlobalNorm, movingAverage } from "../optim/schedule.ts";
import { compile } from "../runtime/compile.ts";
import type { Device, Engine } from "../runtime/contract.ts";
import { multiply } from "../tensor/arithmetic.ts";
import { type FloatArray, floats, type NDArray, zeros } from "../tensor/array.ts";
import { gradient } from "../tensor/gradient.ts";
import { placeholder, type Tensor } from "../tensor/tensor.ts";
import { leafList, leaves, type MapTree } from "../tensor/tree.ts";

/** Everything that a step changes: parallel lists of arrays, one entry per trained tensor. */
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

/**
 * A loss, the placeholders that are trained, and those of what changes from step to step: a tree of arrays. Where a placeholder
 * of the batch has "rows" as its first size, the loss is a mean over these rows.
 */
export interface Trainable<B extends object> {
  readonly parameters: readonly Tensor[];
  readonly batch: B;
  readonly loss: Tensor;
}

export interface OptimizerOptions {
  /** Rows that are gone through at once on a CPU; default: as the widest matrix says. */
  readonly rowsAtOnce?: number;
  /** Rows of a batch. Large batches are gone through a part at a time, so that activations stay in a core's cache. */
  readonly batchSize: number;
  /** Largest global gradient norm; Infinity for no clipping. */
  readonly clip: number;
  readonly weightDecay: number;
  /** Above 0 an average is kept; its decay comes with the scales. */
  readonly movingAverage: number;
}

/** A compiled optimizer. It owns two sets of buffers that take turns, so that nothing is allocated from step to step. */
export interface Optimizer<B extends object> {
  /** Takes one step from the current state and returns the loss before it. */
  advance(batch: MapTree<B, Tensor, NDArray>, scales: StepScales): Promise<number>;
  /** A copy of the current state. */
  state(): TrainingState;
  restore(state: TrainingState): void;
  release(): Promise<void>;
}

/** The state before the first step. */
export function initialState(parameters: object, movingAverage: number): TrainingState {
  const arrays = leafList<FloatArray>(parameters);
  const blank = () => arrays.map((array) => zeros(array.shape));
  return { parameters: arrays, first: blank(), second: blank(), average: movingAverage > 0 ? arrays : [] };
}

/** Compiles the step of a loss and sets its state. */
export async function createOptimizer<B extends object>(
  engine: Engine,
  trainable: Trainable<B>,
  options: OptimizerOptions,
  state: TrainingState,
): Promise<Optimizer<B>> {
  const { inputs, outputs, accumulation } = stepGraph(trainable, options, engine.device);
  const program = await compile<object, object>(engine, inputs, outputs, accumulation);
  let [current, spare] = [copyState(state), copyState(state)];
  return {
    advance: async (batch, { rate, epsilon, shrink, keep }) => {
      const scalars = [rate, epsilon, shrink, keep].map((value) => floats([value], []));
      const results = await program.run({ ...current, batch, scalars }, namedArrays(spare));
      [current, spare] = [spare, current];
      const [loss] = leaves<NDArray>(results).filter(({ path }) => path === "loss");
      return Number(loss?.value.data[0]);
    },
    state: () => copyState(current),
    restore: (to) => {
      current = copyState(to);
    },
    release: () => program.release(),
  };
}

function stepGraph<B extends object>(
  { parameters, batch, loss }: Trainable<B>,
  options: OptimizerOptions,
  device: Device,
) {
  const { batchSize, clip, weightDecay, movingAverage: decay } = options;
  const blank = () => parameters.map((tensor) => placeholder(tensor.shape));
  const state = { parameters, first: blank(), second: blank(), average: decay > 0 ? blank() : [] };
  const scalars = Array.from({ length: 4 }, () => placeholder([]));
  const [rate, epsilon, shrink, keep] = scalars as [Tensor, Tensor, Tensor, Tensor];
  const { totals, accumulation } = lossAndGradients(
    { parameters, batch, loss },
    batchSize,
    rowsOfPart(parameters, options, device),
  );
  const [total = loss, ...sums] = totals;
  const gradients = clipByGlobalNorm(sums, clip);
  const updates = parameters.map((parameter, i) => {
    const moments = { first: state.first[i] ?? parameter, second: state.second[i] ?? parameter };
    return adamUpdate(parameter, gradients[i] ?? parameter, moments, { rate, epsilon, shrink }, { weightDecay });
  });
  return {
    inputs: { ...state, batch, scalars },
    accumulation,
    outputs: {
      loss: total,
      parameters: updates.map((update) => update.parameter),
      first: updates.map((update) => update.state.first),
      second: updates.map((update) => update.state.second),
      average: state.average.map((average, i) => movingAverage(average, updates[i]?.parameter ?? average, keep)),
    },
  };
}

/** Numbers of one layer's activations that stay in a core's cache together with those of its neighbours: 1 MiB. */
const cachedNumbers = 2 ** 18;

/** Rows that a step takes at once on a CPU when its widest layer has so many values; of a few rows, the start costs too much. */
export function rowsAtOnce(widest: number): number {
  return Math.max(256, Math.ceil(cachedNumbers / widest));
}

/** The rows of a part: all of them on accelerators; without a number, by the largest matrix, which tells the widest layer. */
function rowsOfPart(parameters: readonly Tensor[], options: OptimizerOptions, device: Device): number {
  if (device !== "cpu") return options.batchSize;
  return options.rowsAtOnce ?? rowsAtOnce(Math.max(1, ...parameters.flatMap(({ shape }) => shape.map(Number))));
}

/** The loss and its gradients, for all rows at once or summed over parts of them, each weighted by its share of the rows. */
function lossAndGradients<B extends object>(
  { parameters, batch, loss }: Trainable<B>,
  batchSize: number,
  mostRows: number,
) {
  const rows = leafList<Tensor>(batch).filter(({ shape }) => shape[0] === "rows");
  if (rows.length === 0 || batchSize <= mostRows) return { totals: [loss, ...gradient(loss, parameters)] };
  const share = placeholder([]);
  const part = multiply(loss, share);
  const sums = [part, ...gradient(part, parameters)];
  const totals = sums.map(({ shape }) => placeholder(shape));
  return { totals, accumulation: { rows, share, sums, totals, mostRows } };
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
