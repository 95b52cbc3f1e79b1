// teacher: what a student learns from, whichever task's model it is, and how much work it is worth on this kind of network.
import { fingerprint } from "../../fingerprint.ts";
import type { Chain } from "../../flow/chain.ts";
import type { MaskLaw } from "../../flow/masked.ts";
import { isImageNetwork, type VelocityNetwork, widestArray } from "../../nn/network.ts";
import type { SampledChain } from "../curve-samplers.ts";
import { type DensityModel, encodeDensityModel } from "../density-model.ts";
import { parametersOf } from "../plain-flow.ts";

/** A trained chain, with what a student's file says of it. */
export interface Teacher extends SampledChain {
  readonly standardize: boolean;
  /** Of its file as this version writes it. */
  readonly fingerprint: string;
  readonly parameters: number;
  /** The law of what is given, where it was trained with masks. */
  readonly masks?: MaskLaw;
  /** The share of lessons without a class, where it has `classes`. */
  readonly classDropout?: number;
}

/** The density of rows of numbers, or of a table's points, as a teacher. */
export function densityTeacher(model: DensityModel): Teacher {
  const { record, chain, standardization } = model;
  const { masks } = record.configuration.training;
  return {
    ...(masks && { masks }),
    chain,
    columns: record.columns,
    standardization,
    standardize: record.configuration.standardize,
    fingerprint: fingerprint(encodeDensityModel(model)),
    parameters: parametersOf(model),
  };
}

/** How much is done where nothing is asked for, and how much at once. */
export interface Workload {
  readonly defaults: {
    readonly rows: number;
    readonly iterations: number;
    readonly batchSize: number;
    readonly learningRate: number;
  };
  /** Of the teacher's solutions that a student learns from and is measured by. */
  readonly tolerance: number;
  /** Noise rows that the teacher carries at a time, and their share of a limited time. */
  readonly poolPart: number;
  readonly poolShare: number;
  /** Rows that a student is measured by, that fixed steps are sought on, and that those are judged by. */
  readonly measuredRows: number;
  readonly searchRows: number;
  readonly judgedRows: number;
}

const ofRows: Workload = {
  defaults: { rows: 65_536, iterations: 2000, batchSize: 512, learningRate: 1e-3 },
  tolerance: 1e-5,
  poolPart: 4096,
  poolShare: 0.2,
  measuredRows: 2048,
  searchRows: 256,
  judgedRows: 1024,
};

/** An image is hundreds of values: fewer of them say as much, and networks learn them to less than a loose tolerance. */
const ofImages: Workload = {
  defaults: { rows: 4096, iterations: 400, batchSize: 64, learningRate: 3e-4 },
  tolerance: 1e-3,
  poolPart: 128,
  poolShare: 0.35,
  measuredRows: 128,
  searchRows: 32,
  judgedRows: 128,
};

/** The work on chains of these networks. */
export function workloadOf({ blocks }: Chain): Workload {
  return blocks.some(({ network }) => isImageNetwork(network)) ? ofImages : ofRows;
}

/** Bytes of the widest intermediate array of one evaluation, which is to stay in a core's cache. */
const workingSet = 2 ** 21;
const fewestTogether = 16;

/** Rows of `dimension` values that go through these networks together, `most` at most. */
export function rowsTogether(
  networks: readonly { readonly network: VelocityNetwork }[],
  dimension: number,
  most: number,
): number {
  const widest = networks.reduce((widest, { network }) => Math.max(widest, widestArray(network, dimension)), 1);
  const fitting = 2 ** Math.floor(Math.log2(workingSet / (4 * widest)));
  return Math.min(most, Math.max(fewestTogether, fitting));
}
