// scoring: the compiled log-density of a model, which scores as many sets of rows as there are.
import { normalLogDensity } from "../flow/chain.ts";
import { freeNormalLogDensity } from "../flow/masked.ts";
import { random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { checkSignal, pauses } from "../runtime/pause.ts";
import { createTransport } from "../runtime/transport.ts";
import type { FloatArray } from "../tensor/array.ts";
import { chunkRows } from "../train/push.ts";
import type { ScoreRequest } from "./density.ts";
import type { DensityModel } from "./density-model.ts";
import { absentAt, freeLogVolume } from "./gaps.ts";
import { checkRows } from "./rows.ts";
import { logVolume, standardize } from "./standardization.ts";

/** What may differ from one call of a compiled scoring to the next. */
export type ScoreCall = Pick<ScoreRequest, "states" | "signal" | "onProgress">;

/** Compiled scoring of a model, for any number of calls. */
export interface Scoring {
  /** log p of each row (nats, user's units), in chunks and in row order; of a masked model log p(free values | given values). */
  score(rows: FloatArray, call?: ScoreCall): AsyncGenerator<ScoredChunk>;
  release(): Promise<void>;
}

export interface ScoredChunk {
  readonly logDensity: Float64Array;
  /** Of each row's log-density, where at least two probes of Hutchinson's estimate tell it. */
  readonly standardError?: Float64Array;
  readonly evaluations: number;
}

/** Compiles the scoring of a model. */
export async function createScoring(
  engine: Engine,
  model: DensityModel,
  request: Omit<ScoreRequest, keyof ScoreCall> = {},
): Promise<Scoring> {
  const { chain, record, standardization } = model;
  const {
    divergence = { kind: "exact" },
    integration = record.configuration.integration,
    handOver,
    seed = 0,
  } = request;
  const masked = record.configuration.training.masks !== undefined;
  const d = chain.dimension;
  const probes = divergence.kind === "hutchinson" ? divergence.probes : 1;
  const transport = await createTransport(engine, chain, {
    direction: 1,
    integration,
    divergence,
    ...(handOver && { handOver }),
  });
  const key = split(random(seed), "score");
  async function* score(rows: FloatArray, { states: known, signal, onProgress }: ScoreCall = {}) {
    checkRows(rows, record.columns, "data to score", masked);
    const all = masked ? (known ?? absentAt(rows)) : undefined;
    const pause = pauses();
    const count = rows.shape[0] ?? 0;
    for (let first = 0; first < count; first += chunkRows) {
      const last = Math.min(first + chunkRows, count);
      const points = standardize(standardization, rows.data.subarray(first * d, last * d));
      const states = all?.subarray(first * d, last * d);
      const run = {
        random: key,
        firstRow: first,
        alone: count === 1,
        ...(states && { states }),
        ...(signal && { signal }),
      };
      const moved = await transport.run(points, run);
      onProgress?.({ stage: "score", fraction: last / count });
      const logDensity = combine(moved.points, moved.logDeterminant, 1, model, states);
      const errors = probes > 1 && { standardError: probeErrors(moved.logDeterminant, probes) };
      yield { logDensity, evaluations: moved.evaluations, ...errors };
      await pause();
      checkSignal(signal, "scoring");
    }
  }
  return { score, release: () => transport.release() };
}

/** log N(z) plus or minus the log-determinant (a mean over probes), in the user's units; with states, of what is free. */
export function combine(
  noise: Float32Array,
  logDeterminant: Float32Array,
  sign: 1 | -1,
  { chain, standardization }: DensityModel,
  states?: Uint8Array,
): Float64Array {
  const d = chain.dimension;
  const logNormal = states ? freeNormalLogDensity(noise, states, d) : normalLogDensity(noise, d);
  const probes = logDeterminant.length / Math.max(1, logNormal.length);
  const whole = logVolume(standardization);
  const volumeOf = (row: number) =>
    states ? freeLogVolume(standardization, states.subarray(row * d, (row + 1) * d)) : whole;
  return logNormal.map((value, row) => {
    let total = 0;
    for (let probe = 0; probe < probes; probe++) total += logDeterminant[row * probes + probe] ?? 0;
    return value + (sign * total) / probes - volumeOf(row);
  });
}

/** Standard errors of means over each row's probes, [rows · probes]. */
function probeErrors(logDeterminant: Float32Array, probes: number): Float64Array {
  return Float64Array.from({ length: logDeterminant.length / probes }, (_, row) => {
    const own = logDeterminant.subarray(row * probes, (row + 1) * probes);
    const mean = own.reduce((a, b) => a + b, 0) / probes;
    const squares = own.reduce((total, value) => total + (value - mean) ** 2, 0);
    return Math.sqrt(squares / (probes - 1) / probes);
  });
}
