// smoothed-scores: how probable rows are under the law of rows and noise together, which the blocks after the first know.
import type { CellTable } from "../../data/cell-table.ts";
import { failure } from "../../errors.ts";
import { type Chain, chainOf, trainedBlocks } from "../../flow/chain.ts";
import { dimensionStates, type MaskLaw, statesInParts } from "../../flow/masked.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { createMaskedScoring } from "../masked.ts";
import type { Progress } from "../progress.ts";
import { standardize, unstandardize } from "../standardization.ts";
import { freeSums, pointsOf } from "./points.ts";
import type { TableScoreRequest } from "./score-table.ts";
import type { TableModel } from "./table-model.ts";

export interface SmoothedScores {
  readonly logDensity: Float64Array;
  readonly evaluations: number;
}

/**
 * Log-densities of rows, in the units of `scoreTable`, under the law of x + s z: x the point of a row of the model, z of N(0, I),
 * s² = exp(2 gamma_1) - 1. The first block carries p_0 to that law, shrunk (y = exp(-gamma_1) x; paper, section 3), and the second starts
 * there, so its log-density is log p_1(y) - d gamma_1. What is finer than the noise, such as what was learnt of single rows by heart,
 * counts for nothing. What says which values are missing is smoothed by itself, and told to the law of the values as it is. Throws
 * "option" for a model of one block.
 */
export async function smoothedScores(
  engine: Engine,
  model: TableModel,
  table: CellTable,
  { seed = 0, signal, onProgress, ...how }: Omit<TableScoreRequest, "contributions" | "smoothed"> = {},
): Promise<SmoothedScores> {
  const { encoder, density } = model;
  const { masks } = density.record.configuration.training;
  const { duration, rest } = afterFirst(density.chain, masks);
  const points = pointsOf(encoder, table, { key: split(random(seed), "table", "score") });
  const d = density.chain.dimension;
  const shrunk = unstandardize(
    density.standardization,
    standardize(density.standardization, points.values).map((value) => Math.exp(-duration) * value),
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
          logDensity[row]! += value + sums[row]! - duration * freeCount(state, row, d);
          row++;
        }
        evaluations += chunk.evaluations;
      }
    }
  } finally {
    await scoring.release();
  }
  return { logDensity, evaluations };
}

function afterFirst(chain: Chain, masks: MaskLaw | undefined): { readonly duration: number; readonly rest: Chain } {
  const trained = trainedBlocks(chain);
  const [first, ...blocks] = trained;
  if (first?.step.kind === "diffuse" && blocks.length > 0)
    return { duration: first.step.duration, rest: chainOf(chain.dimension, blocks, masks) };
  throw failure("option", {
    where: "smoothed",
    expected: "a model of two blocks or more, of which the first is a step of the diffusion",
    received: `a model of ${trained.length}`,
    remedy: "leave it out, or fit with more --blocks",
  });
}

function freeCount(states: Uint8Array, row: number, d: number): number {
  return states
    .subarray(row * d, (row + 1) * d)
    .reduce((count, state) => count + Number(state === dimensionStates.free), 0);
}
