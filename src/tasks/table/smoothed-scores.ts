// smoothed-scores: how probable rows are under the law of rows and noise together, which the chain has on its way.
import type { CellTable } from "../../data/cell-table.ts";
import { failure } from "../../errors.ts";
import { chainOf, restOfBlock, trainedBlocks } from "../../flow/chain.ts";
import { dimensionStates, statesInParts } from "../../flow/masked.ts";
import { placeOfNoise, startNoise } from "../../flow/noise-level.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import type { DensityModel } from "../density-model.ts";
import { createMaskedScoring } from "../masked.ts";
import type { Progress } from "../progress.ts";
import { standardize, unstandardize } from "../standardization.ts";
import { freeSums, pointsOf } from "./points.ts";
import type { TableScoreRequest } from "./score-table.ts";
import type { TableModel } from "./table-model.ts";

export interface SmoothedScores {
  readonly logDensity: Float64Array;
  /** The noise, in deviations. */
  readonly smoothing: number;
  readonly evaluations: number;
}

/** What `smoothedScores` takes: the noise in deviations of the model's points, by default that with which the second block starts. */
export interface SmoothedRequest extends Omit<TableScoreRequest, "contributions" | "smoothed"> {
  readonly smoothing?: number;
}

/**
 * Log-densities of rows, in the units of `scoreTable`, under the law of x + s z: x the point of a row of the model, z of N(0, I), s the
 * noise asked for. The chain has that law, shrunk (y = c (x + s z)), on its way to N(0, I) (`placeOfNoise`), so the rest of the way gives its
 * log-density: log p(c x) + d log c. What is finer than the noise, such as what was learnt of single rows by heart, counts for nothing.
 * What says which values are missing is smoothed by itself, and told to the law of the values as it is. Throws "option" for noise that
 * the chain does not have, and where none is said of a model of one block.
 */
export async function smoothedScores(
  engine: Engine,
  model: TableModel,
  table: CellTable,
  { seed = 0, smoothing, signal, onProgress, ...how }: SmoothedRequest = {},
): Promise<SmoothedScores> {
  const { encoder, density } = model;
  const { masks } = density.record.configuration.training;
  const { deviation, scale, rest } = fromNoise(density, smoothing);
  const points = pointsOf(encoder, table, { key: split(random(seed), "table", "score") });
  const d = density.chain.dimension;
  const shrunk = unstandardize(
    density.standardization,
    standardize(density.standardization, points.values).map((value) => scale * value),
  );
  const volumes = encoder.logVolumes(table, points);
  const parts = masks?.presence?.parts === undefined ? [points.states] : statesInParts(points, masks.presence.of, d);
  const scoring = await createMaskedScoring(engine, { ...density, chain: rest }, { ...how, seed });
  const logDensity = new Float64Array(table.rows);
  let evaluations = 0;
  try {
    for (const [part, state] of parts.entries()) {
      const sums = freeSums(volumes, state, table.rows);
      const given = points.values.map((value, k) => (state[k] === dimensionStates.free ? shrunk[k]! : value));
      const show = ({ fraction, ...rest }: Progress) =>
        onProgress?.({ ...rest, fraction: (part + fraction) / parts.length });
      let row = 0;
      for await (const chunk of scoring.score({ given, state, onProgress: show, ...(signal && { signal }) })) {
        for (const value of chunk.logDensity) {
          logDensity[row]! += value + sums[row]! + Math.log(scale) * freeCount(state, row, d);
          row++;
        }
        evaluations += chunk.evaluations;
      }
    }
  } finally {
    await scoring.release();
  }
  return { logDensity, smoothing: deviation, evaluations };
}

/** The rest of the chain from rows and noise together on, what they are shrunk by, and the noise. */
function fromNoise({ chain, record }: DensityModel, smoothing: number | undefined) {
  const { masks, interpolant, coupling } = record.configuration.training;
  const trained = trainedBlocks(chain);
  const steps = trained.map(({ step }) => step);
  const deviation = smoothing ?? startNoise(steps, 1);
  if (deviation === undefined)
    throw failure("option", {
      where: "smoothed",
      expected: "a model of two blocks or more, unless it is said how much noise",
      received: "a model of 1",
      remedy: "say it (--smoothing 1), leave it out, or fit with more --blocks",
    });
  const { block, time, scale } = placeOfNoise(steps, deviation, { interpolant, coupling });
  const blocks = trained.slice(block).map((each, n) => (n === 0 && time > 0 ? restOfBlock(each, time) : each));
  return { deviation, scale, rest: chainOf(chain.dimension, blocks, masks) };
}

function freeCount(states: Uint8Array, row: number, d: number): number {
  return states
    .subarray(row * d, (row + 1) * d)
    .reduce((count, state) => count + Number(state === dimensionStates.free), 0);
}
