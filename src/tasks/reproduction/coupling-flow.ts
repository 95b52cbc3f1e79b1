// coupling-flow: a neural density of another kind to hold beside chains of flows: affine coupling layers (Real NVP,
// arXiv 1605.08803), trained by maximum likelihood on the same engine.
import type { DensityTable } from "../../data/tables/table.ts";
import { failure } from "../../errors.ts";
import { meanOf } from "../../measure/estimate.ts";
import { initialLinear, type LinearArrays, type LinearTensors } from "../../nn/linear.ts";
import { adamScales } from "../../optim/adam.ts";
import { learningRateAt } from "../../optim/schedule.ts";
import { permutation, type Random, random, split } from "../../random.ts";
import { compile } from "../../runtime/compile.ts";
import type { Engine } from "../../runtime/contract.ts";
import { checkSignal, pauses } from "../../runtime/pause.ts";
import { add, exponential, hyperbolicTangent, multiply, subtract } from "../../tensor/arithmetic.ts";
import { type FloatArray, rowsOf, zeros } from "../../tensor/array.ts";
import { mean, silu, square } from "../../tensor/functions.ts";
import { slice, sum } from "../../tensor/layout.ts";
import { affine, beside, matmul } from "../../tensor/matrix.ts";
import { constant, placeholder, type Tensor } from "../../tensor/tensor.ts";
import { leafList, mapTree, withLeaves } from "../../tensor/tree.ts";
import { epochs } from "../../train/batches.ts";
import { createOptimizer, initialState } from "../../train/optimizer.ts";
import { gatherRows } from "../../train/row-pool.ts";
import type { Controls } from "../progress.ts";

export interface CouplingFlow {
  readonly layers: number;
  /** Width of the two hidden layers of each coupling network. */
  readonly width: number;
  readonly batchSize: number;
  readonly iterations: number;
  readonly learningRates: readonly number[];
}

export interface TrainedCoupling {
  readonly choice: string;
  readonly parameters: number;
  /** Negative log-likelihood of the validation rows, in nats. */
  readonly validation: number;
  /** -log p of each row [n, d], in nats. */
  negativeLogDensities(rows: FloatArray): Promise<Float64Array>;
  release(): Promise<void>;
}

/** Weights of all coupling networks, three layers each. */
type Networks<L> = { readonly layers: readonly { readonly dense: readonly L[] }[] };

/** Log-scales stay within this: no row is stretched beyond e^2 by one layer. */
const largestLogScale = 2;
const validations = 20;
const scoredRows = 16_384;

/** Coupling layers of about `parameters` weights in all. */
export function couplingWidth(dimension: number, layers: number, parameters: number): number {
  const [conditioned, moved] = halves(dimension);
  const count = (width: number) => layers * ((conditioned + 1) * width + (width + 1) * width + (width + 1) * 2 * moved);
  let width = 1;
  while (count(width + 1) <= parameters) width++;
  return width;
}

/** Trains with each learning rate, and keeps what was best on the validation rows at any of 20 looks. */
export async function trainCoupling(
  engine: Engine,
  { train, validation, columns }: Pick<DensityTable, "train" | "validation" | "columns">,
  flow: CouplingFlow,
  { seed, signal, onProgress }: Controls & { readonly seed: number },
): Promise<TrainedCoupling> {
  const dimension = columns.length;
  if (dimension < 2)
    throw failure("option", { where: "coupling flow", expected: "at least 2 columns", received: String(dimension) });
  const key = split(random(seed), "coupling flow");
  const start = initialNetworks(split(key, "weights"), dimension, flow);
  const scorer = await createScorer(engine, start, dimension, key);
  try {
    let best = { rate: Number.NaN, validation: Number.POSITIVE_INFINITY, networks: start };
    const total = flow.learningRates.length * flow.iterations;
    for (const [turn, rate] of flow.learningRates.entries()) {
      const onIteration = (done: number, loss: number) => {
        const iteration = turn * flow.iterations + done;
        onProgress?.({ stage: "train", iteration, iterations: total, loss, fraction: iteration / total });
      };
      const judge = async (networks: Networks<LinearArrays>) => meanOf(await scorer.score(networks, validation)).value;
      const found = await trained(engine, train, {
        ...flow,
        rate,
        dimension,
        key,
        start,
        judge,
        onIteration,
        ...(signal && { signal }),
      });
      if (found.validation < best.validation) best = { rate, ...found };
    }
    return {
      choice: `${flow.layers} layers of ${flow.width}x2, learning rate ${best.rate}`,
      parameters: leafList<FloatArray>(start).reduce((total, { data }) => total + data.length, 0),
      validation: best.validation,
      negativeLogDensities: (rows) => scorer.score(best.networks, rows),
      release: () => scorer.release(),
    };
  } catch (error) {
    await scorer.release();
    throw error;
  }
}

interface Training extends CouplingFlow {
  readonly rate: number;
  readonly dimension: number;
  readonly key: Random;
  readonly start: Networks<LinearArrays>;
  readonly judge: (networks: Networks<LinearArrays>) => Promise<number>;
  readonly onIteration: (done: number, loss: number) => void;
  readonly signal?: AbortSignal;
}

async function trained(engine: Engine, train: FloatArray, training: Training) {
  const { dimension, key, start, rate, iterations, judge, onIteration, signal } = training;
  const parameters = tensorsLike(start);
  const rows = placeholder(["rows", dimension]);
  const loss = mean(multiply(-1, logDensity(parameters, rows, dimension, key)));
  const flat = leafList<Tensor>(parameters);
  const size = Math.min(training.batchSize, train.shape[0] ?? 0);
  const options = { batchSize: size, clip: 1, weightDecay: 0, movingAverage: 0 };
  const optimizer = await createOptimizer(
    engine,
    { parameters: flat, batch: { rows }, loss },
    options,
    initialState(start, 0),
  );
  const order = epochs(train.shape[0] ?? 0, size, split(key, "rows"));
  const batch = zeros([size, dimension]);
  const pause = pauses();
  let best = { validation: Number.POSITIVE_INFINITY, networks: start };
  try {
    for (let k = 0; k < iterations; k++) {
      checkSignal(signal, "coupling flow");
      const schedule = {
        learningRate: rate,
        decay: { kind: "cosine" as const },
        warmUp: Math.min(100, iterations / 10),
      };
      const scales = adamScales(k + 1, learningRateAt(schedule, k, k / iterations));
      gatherRows(train.data, dimension, order(k), batch.data);
      onIteration(k + 1, await optimizer.advance({ rows: batch }, { ...scales, keep: 0 }));
      await pause();
      if ((k + 1) % Math.ceil(iterations / validations) !== 0 && k + 1 < iterations) continue;
      const networks = withLeaves<FloatArray, Networks<LinearArrays>>(start, optimizer.state().parameters);
      const value = await judge(networks);
      if (value < best.validation) best = { validation: value, networks };
    }
    return best;
  } finally {
    await optimizer.release();
  }
}

/**
 * log p(x) [rows, 1]: each layer shuffles the columns, keeps the first half and moves the second by a scale and a shift that
 * a network reads from the first; z is standard normal at the end.
 */
function logDensity({ layers }: Networks<LinearTensors>, x: Tensor, dimension: number, key: Random): Tensor {
  const [conditioned] = halves(dimension);
  const constants = -0.5 * dimension * Math.log(2 * Math.PI);
  const end = layers.reduce(
    ({ z, logDeterminant }, { dense }, k) => {
      const shuffled = matmul(z, constant(shuffle(split(key, "shuffle", k), dimension)));
      const read = slice(shuffled, 1, 0, conditioned);
      const moved = slice(shuffled, 1, conditioned, dimension);
      const width = dimension - conditioned;
      const output = dense.reduce(
        (h, { weight, bias }, n) => (n < dense.length - 1 ? silu(affine(h, weight, bias)) : affine(h, weight, bias)),
        read,
      );
      const logScale = multiply(
        largestLogScale,
        hyperbolicTangent(multiply(1 / largestLogScale, slice(output, 1, 0, width))),
      );
      const shifted = subtract(moved, slice(output, 1, width, 2 * width));
      const step = sum(logScale, [1], true);
      return {
        z: beside(read, multiply(shifted, exponential(logScale))),
        logDeterminant: logDeterminant ? add(logDeterminant, step) : step,
      };
    },
    { z: x, logDeterminant: undefined as Tensor | undefined },
  );
  const normal = add(constants, multiply(-0.5, sum(square(end.z), [1], true)));
  return end.logDeterminant ? add(normal, end.logDeterminant) : normal;
}

function halves(dimension: number): readonly [conditioned: number, moved: number] {
  return [Math.floor(dimension / 2), Math.ceil(dimension / 2)];
}

/** A permutation as a matrix [d, d]. */
function shuffle(key: Random, dimension: number): FloatArray {
  const matrix = zeros([dimension, dimension]);
  permutation(key, dimension).forEach((column, row) => {
    matrix.data[row * dimension + column] = 1;
  });
  return matrix;
}

/** The last layer of each network starts at zero: the flow starts as shuffles. */
function initialNetworks(key: Random, dimension: number, { layers, width }: CouplingFlow): Networks<LinearArrays> {
  const [conditioned, moved] = halves(dimension);
  return {
    layers: Array.from({ length: layers }, (_, k) => ({
      dense: [
        initialLinear(split(key, k, 0), conditioned, width, "default"),
        initialLinear(split(key, k, 1), width, width, "default"),
        initialLinear(split(key, k, 2), width, 2 * moved, "zero"),
      ],
    })),
  };
}

function tensorsLike(networks: Networks<LinearArrays>): Networks<LinearTensors> {
  return mapTree<FloatArray, Tensor, Networks<LinearArrays>>(networks, (array) => placeholder(array.shape));
}

async function createScorer(engine: Engine, like: Networks<LinearArrays>, dimension: number, key: Random) {
  const parameters = tensorsLike(like);
  const rows = placeholder(["rows", dimension]);
  const program = await compile(
    engine,
    { parameters, rows },
    { density: logDensity(parameters, rows, dimension, key) },
  );
  const score = async (networks: Networks<LinearArrays>, table: FloatArray): Promise<Float64Array> => {
    const count = table.shape[0] ?? 0;
    const values = new Float64Array(count);
    for (let from = 0; from < count; from += scoredRows) {
      const part = rowsOf(table, from, Math.min(from + scoredRows, count));
      const { density } = await program.run({ parameters: networks, rows: part });
      for (let row = 0; row < density.data.length; row++) values[from + row] = -Number(density.data[row]);
    }
    return values;
  };
  return { score, release: () => program.release() };
}
