// estimate: how long a fit takes here and how much memory, from a second or two of its own work on the rows it is to learn.
import { type Block, type Chain, chainOf } from "../flow/chain.ts";
import { initialMlp, layerSizes, mlpParameterCount } from "../nn/mlp.ts";
import { random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { checkSignal } from "../runtime/pause.ts";
import { createTransport, type Divergence } from "../runtime/transport.ts";
import { trainBlock } from "../train/block.ts";
import { type BlockConfiguration, type Configuration, checkConfiguration } from "../train/configuration.ts";
import { checkMasks, poolCopies } from "../train/masked-pool.ts";
import { rowsAtOnce } from "../train/optimizer.ts";
import { borrowedRows } from "../train/row-pool.ts";
import { inTime } from "./estimate-in-time.ts";
import { type EstimateRows, estimateRows, type MovedRows, pushedRows } from "./estimate-rows.ts";
import { reportRows } from "./report-scores.ts";
import { checkBudget, checkRows, fitCopies, type RowRequest } from "./rows.ts";

export interface EstimateRequest extends RowRequest {
  readonly configuration: Configuration;
  /** Seconds that the fit may take; default: no limit. */
  readonly time?: number;
  /** Seconds that measuring takes, about: programs are compiled in addition, and no run is cut short. Default 2. */
  readonly seconds?: number;
  readonly signal?: AbortSignal;
}

/** What a fit would take on this engine. Reading the data is not in it, nor are blocks that early stopping cuts short. */
export interface FitEstimate {
  /** The three below together. */
  readonly seconds: number;
  /** Of all blocks together: those of the configuration, or as many as the time leaves. */
  readonly iterations: number;
  readonly trainingSeconds: number;
  /** Moving the rows through each block once it is trained. */
  readonly pushSeconds: number;
  /** The likelihoods of training and held-out rows that a fit reports. */
  readonly scoreSeconds: number;
  /** Arrays of a fit at their most: rows, weights, what a batch leaves behind. The process itself comes on top. */
  readonly memoryBytes: number;
}

/**
 * Trains one block of each kind for a moment, pushes and scores some rows through it, and extrapolates to the whole
 * fit: seconds and bytes. Networks trained that briefly are smoother than finished ones, so pushing and scoring are
 * rather under- than overestimated. Throws the errors of `fitDensity` for rows it would refuse, and "interrupted" when
 * the signal fires.
 */
export async function estimateFit(engine: Engine, request: EstimateRequest): Promise<FitEstimate> {
  const { columns, configuration, seconds = 2 } = request;
  const d = columns.length;
  checkRequest(request);
  const rows = estimateRows(request, configuration);
  const work: Work = { engine, configuration, dimension: d, rows, ...(request.signal && { signal: request.signal }) };
  const scored = [rows.trainingRows, rows.heldOutRows]
    .map((count) => Math.min(count, reportRows(configuration, d)))
    .reduce((a, b) => a + b, 0);
  const kinds = blockKinds(configuration, rows);
  const deadline = performance.now() + 2000 * seconds;
  let [setupSeconds, iterationSeconds, pushSeconds, scoreSeconds] = [rows.seconds, 0, 0, 0];
  let known: { readonly cost: BlockCost; readonly parameters: number } | undefined;
  for (const { block, number, blocks, iterations, pushed } of kinds) {
    const parameters = mlpParameterCount(block.network, d);
    const cost =
      known === undefined || performance.now() < deadline
        ? await blockCost(work, block, number, seconds / kinds.length)
        : scaled(known.cost, parameters / known.parameters);
    known = { cost, parameters };
    setupSeconds += blocks * cost.setup;
    iterationSeconds += iterations * cost.iteration;
    pushSeconds += pushed * cost.push;
    scoreSeconds += blocks * scored * cost.score;
  }
  const iterations = configuration.blocks.reduce((total, block) => total + block.iterations, 0);
  const parts = inTime({ iterations, setupSeconds, iterationSeconds, pushSeconds, scoreSeconds }, request.time);
  return {
    seconds: parts.trainingSeconds + parts.pushSeconds + parts.scoreSeconds,
    ...parts,
    memoryBytes: memoryOf(request, d),
  };
}

/** Throws what `fitDensity` throws of a request before it trains. */
function checkRequest(request: EstimateRequest): void {
  const { rows, validation, columns, configuration } = request;
  const masked = configuration.training.masks !== undefined;
  checkConfiguration(configuration);
  checkRows(rows, columns, "training data", masked);
  if (validation) checkRows(validation, columns, "validation data", masked);
  checkBudget(request, poolCopies(configuration, rows.shape[0] ?? 0, columns.length));
  checkMasks(configuration, columns.length, masked);
}

interface Work {
  readonly engine: Engine;
  readonly configuration: Configuration;
  readonly dimension: number;
  readonly rows: EstimateRows;
  readonly signal?: AbortSignal;
}

/** Blocks that cost the same: an example with its place in the chain, and how much there is to do for all of them. */
interface BlockKind {
  readonly block: BlockConfiguration;
  readonly number: number;
  readonly blocks: number;
  readonly iterations: number;
  /** Rows pushed through all of them together. */
  readonly pushed: number;
}

/** The free block is a kind of its own: rows travel farther in it. */
function blockKinds(configuration: Configuration, rows: EstimateRows): readonly BlockKind[] {
  const kinds = new Map<string, BlockKind>();
  for (const [n, block] of configuration.blocks.entries()) {
    const key = JSON.stringify([block.step.kind, block.network]);
    const known = kinds.get(key) ?? { block, number: n + 1, blocks: 0, iterations: 0, pushed: 0 };
    kinds.set(key, {
      ...known,
      blocks: known.blocks + 1,
      iterations: known.iterations + block.iterations,
      pushed: known.pushed + pushedRows(configuration, rows, n + 1),
    });
  }
  return [...kinds.values()];
}

/** Seconds: once per block, per iteration, and per row pushed and scored. */
interface BlockCost {
  readonly setup: number;
  readonly iteration: number;
  readonly push: number;
  readonly score: number;
}

/** What a network of so many times the weights would cost: for kinds of blocks beyond the time there is. */
function scaled({ setup, iteration, push, score }: BlockCost, factor: number): BlockCost {
  return { setup, iteration: factor * iteration, push: factor * push, score: factor * score };
}

/** Shares of the time that measuring takes; the rest goes into compiling. */
const shares = { train: 0.5, push: 0.2, score: 0.3 } as const;

async function blockCost(work: Work, block: BlockConfiguration, number: number, seconds: number): Promise<BlockCost> {
  const { dimension, rows } = work;
  const trial = await trainForAMoment(work, block, number, seconds * shares.train);
  const plain: Chain = { dimension, blocks: [trial.block] };
  const whole = chainOf(dimension, plain.blocks, work.configuration.training.masks);
  // A training step costs about three evaluations of the velocity for each row of its batch.
  const evaluation = trial.iteration / (3 * batchRows(work));
  const guess = usualEvaluations * evaluation;
  const pushing = { rows: rows.pool, divergence: { kind: "none" }, guess, seconds: seconds * shares.push } as const;
  const push = await moveRows(work, plain, pushing);
  const exact = push.perRow * (1 + dimension) * whole.blocks.length;
  const scoring = { rows: rows.scored, divergence: { kind: "exact" }, guess: exact } as const;
  const score = await moveRows(work, whole, { ...scoring, seconds: seconds * shares.score });
  return {
    setup: trial.setup + push.setup + score.setup,
    iteration: trial.iteration,
    push: push.perRow,
    score: score.perRow,
  };
}

function batchRows({ configuration, rows }: Work): number {
  return Math.min(configuration.training.batchSize, rows.poolRows);
}

/** Velocity evaluations of one row in one block: what a first guess supposes. */
const usualEvaluations = 30;

/** Multiplications in a second that any machine should manage. */
const slowest = 1e10;
/** Below so many rows, moving the weights is more work than multiplying with them, and time says little of full batches. */
const smallestBatch = 256;

/**
 * The real loop, cut off by time; its second half is timed, when everything is warm. The batch is smaller where a single one
 * might take longer than the time there is, and two iterations are made however long they take.
 */
async function trainForAMoment(work: Work, block: BlockConfiguration, number: number, seconds: number) {
  const batchSize = batchRows(work);
  const affordable = Math.floor((seconds * slowest) / (3 * mlpParameterCount(block.network, work.dimension)));
  const tried = Math.min(batchSize, Math.max(smallestBatch, affordable));
  const attempt = (iterations: number, milliseconds: number) =>
    trial(work, { ...block, iterations }, { number, batchSize: tried, milliseconds });
  const short = await attempt(block.iterations, 1000 * seconds);
  const { trained, begun, times } = short.times.length > 1 ? short : await attempt(2, Number.POSITIVE_INFINITY);
  const [first = begun, last = begun] = [times[0], times.at(-1)];
  const half = Math.floor(times.length / 2);
  const iteration = (last - (times[half - 1] ?? begun)) / Math.max(1, times.length - half);
  const { step, network } = block;
  const ready: Block = { step, network, parameters: trained.parameters };
  return { block: ready, setup: (first - begun) / 1000, iteration: ((iteration / 1000) * batchSize) / tried };
}

/** Trains with batches of so many rows, and says when each iteration ended. */
async function trial(
  { engine, configuration, dimension, rows: { pool, poolMasks }, signal }: Work,
  block: BlockConfiguration,
  {
    number,
    batchSize,
    milliseconds,
  }: { readonly number: number; readonly batchSize: number; readonly milliseconds: number },
) {
  const begun = performance.now();
  const times: number[] = [];
  const key = random(configuration.seed);
  const task = {
    number,
    block,
    training: { ...configuration.training, batchSize, earlyStopping: 0 },
    pool: borrowedRows(pool.points, dimension),
    ...(poolMasks && { poolMasks }),
    start: initialMlp(split(key, "weights", 0), block.network, dimension),
    random: split(key, "estimate", number),
  };
  const onIteration = () => times.push(performance.now());
  const trained = await trainBlock(engine, task, { time: milliseconds, onIteration, ...(signal && { signal }) });
  checkSignal(signal, "estimate");
  return { trained, begun, times };
}

/** Rows of the first run, which warms up and corrects the guess, and most rows of the second. */
const [fewRows, manyRows] = [16, 16_384];

interface Move {
  readonly rows: MovedRows;
  readonly divergence: Divergence;
  /** Seconds that a row may take. */
  readonly guess: number;
  readonly seconds: number;
}

/** Seconds that compiling takes and that a row takes, from as many rows as `seconds` should suffice for. */
async function moveRows(
  { engine, configuration, dimension, signal }: Work,
  chain: Chain,
  { rows: { points, states }, divergence, guess, seconds }: Move,
) {
  const begun = performance.now();
  const { integration } = configuration;
  const transport = await createTransport(engine, chain, { direction: 1, integration, divergence });
  const setup = (performance.now() - begun) / 1000;
  const available = points.length / dimension;
  const timed = async (rows: number) => {
    const started = performance.now();
    const known = states && { states: states.subarray(0, rows * dimension) };
    await transport.run(points.subarray(0, rows * dimension), { ...known, ...(signal && { signal }) });
    return (performance.now() - started) / 1000 / rows;
  };
  try {
    if (fewRows * guess > seconds) return { setup, perRow: guess };
    const first = await timed(Math.min(fewRows, available));
    const affordable = Math.floor(seconds / Math.max(first / 4, Number.MIN_VALUE));
    const rows = Math.min(available, manyRows, affordable);
    return { setup, perRow: rows > fewRows ? await timed(rows) : first };
  } finally {
    await transport.release();
  }
}

/** Float32 arrays that a row of a batch leaves behind for each value of a layer: before and after the activation, and back. */
const arraysPerValue = 4;
/** The weights, Adam's two moments, the moving average: of a step in two sets that take turns, and of the last snapshot. */
const [arraysPerWeight, setsOfWeights] = [4, 3];

/** A value of a masked pool, its state, and whether it is missing while states are drawn. */
const bytesOfMasked = 6;

function memoryOf({ rows, validation, configuration }: EstimateRequest, d: number): number {
  const copies = poolCopies(configuration, rows.shape[0] ?? 0, d);
  const masked = configuration.training.masks ? bytesOfMasked * copies * rows.data.length : 0;
  const data = fitCopies * rows.data.byteLength + masked + (validation?.data.byteLength ?? 0);
  const batch = Math.min(configuration.training.batchSize, copies * (rows.shape[0] ?? 0));
  const ofBlock = configuration.blocks.map(({ network }) => {
    const sizes = layerSizes(network, d);
    const values = sizes.reduce((total, [inputs, outputs]) => total + inputs + outputs, 0);
    const atOnce = Math.min(batch, rowsAtOnce(Math.max(...sizes.flat())));
    return 4 * (arraysPerValue * atOnce * values + arraysPerWeight * setsOfWeights * mlpParameterCount(network, d));
  });
  return data + Math.max(0, ...ofBlock);
}
