// batches: what a training step reads, a function of (key, iteration) alone, so that a resumed run sees the same numbers.
import { type Coupling, pairByTransport } from "../flow/coupling.ts";
import type { Step } from "../flow/steps.ts";
import { fillTimes, type TimeDistribution } from "../flow/time.ts";
import { fillNormal, permutation, type Random, split } from "../random.ts";
import { type FloatArray, zeros } from "../tensor/array.ts";

/** The arrays of one minibatch; `source` is `left` itself under dependent coupling. */
export interface Batch {
  readonly left: FloatArray;
  readonly source: FloatArray;
  readonly noise: FloatArray;
  readonly time: FloatArray;
}

export interface BatchOptions {
  readonly step: Step;
  readonly coupling: Coupling;
  readonly timeDistribution: TimeDistribution;
  readonly batchSize: number;
}

/**
 * Minibatches of a pool [rows · d]: epochs of shuffled rows, the incomplete last batch of an epoch dropped. The arrays are
 * filled anew at each call.
 */
export function batches(
  pool: Float32Array,
  d: number,
  random: Random,
  options: BatchOptions,
): (iteration: number) => Batch {
  const rows = pool.length / d;
  const size = Math.min(options.batchSize, rows);
  const { coupling, step } = options;
  const separate = coupling === "shuffled" || coupling === "independent" || coupling === "optimal-transport";
  const left = zeros([size, d]);
  const source = separate ? zeros([size, d]) : left;
  const [noise, time] = [zeros([size, d]), zeros([size, 1])];
  const leftRows = epochs(rows, size, split(random, "rows"));
  const sourceRows = epochs(rows, size, split(random, "source rows"));
  return (iteration) => {
    const chosen = leftRows(iteration);
    gatherRows(pool, d, chosen, left.data);
    if (coupling === "shuffled") {
      const shuffle = permutation(split(random, "shuffle", iteration), size);
      gatherRows(left.data, d, shuffle, source.data);
    } else if (separate) gatherRows(pool, d, sourceRows(iteration), source.data);
    fillNormal(split(random, "noise", iteration), noise.data);
    fillTimes(options.timeDistribution, split(random, "time", iteration), time.data);
    if (coupling === "optimal-transport") pairByTransport(step, left.data, source.data, noise.data, d);
    return { left, source, noise, time };
  };
}

/** Row numbers of iteration k: the k-th slice of an endless row of shuffled epochs. */
function epochs(rows: number, size: number, random: Random): (iteration: number) => Uint32Array {
  const perEpoch = Math.floor(rows / size);
  let current = { epoch: -1, order: new Uint32Array() };
  return (iteration) => {
    const epoch = Math.floor(iteration / perEpoch);
    if (epoch !== current.epoch) current = { epoch, order: Uint32Array.from(permutation(split(random, epoch), rows)) };
    const start = (iteration % perEpoch) * size;
    return current.order.subarray(start, start + size);
  };
}

function gatherRows(pool: Float32Array, d: number, rows: Uint32Array, out: Float32Array): void {
  for (let i = 0; i < rows.length; i++) {
    const from = (rows[i] ?? 0) * d;
    for (let k = 0; k < d; k++) out[i * d + k] = pool[from + k] ?? 0;
  }
}
