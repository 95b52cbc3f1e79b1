// curve-samplers: ways from noise to samples by a chain, with what each costs: whatever task the chain is of.
import type { Chain } from "../flow/chain.ts";
import type { Integration, MethodName } from "../ode/integration.ts";
import { evaluationsPerStep, tableaus } from "../ode/tableaus.ts";
import type { Engine } from "../runtime/contract.ts";
import { createTransport } from "../runtime/transport.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import type { DensityModel } from "./density-model.ts";
import type { ImageClass } from "./images/image-classes.ts";
import { checkSamples } from "./rows.ts";
import { type Standardization, unstandardize } from "./standardization.ts";

/** A way from noise to samples that has a place on the curve. */
export interface CurveSampler {
  /** What it belongs to: `chain` for the model itself. */
  readonly sampler: string;
  readonly method: string;
  /** Of adaptive methods. */
  readonly tolerance?: number;
  /** About how many velocity evaluations a sample takes, for the progress; what is reported is counted. */
  readonly evaluations: number;
  open(): Promise<OpenSampler>;
}

export interface OpenSampler {
  /**
   * Rows [n, d] in the user's units from noise [n, d], and the velocity evaluations of all of them; row i from row i and, where
   * classes are followed, from the place of its own in `labels` [n].
   */
  draw(
    noise: FloatArray,
    signal?: AbortSignal,
    labels?: Int32Array,
  ): Promise<{ readonly points: FloatArray; readonly evaluations: number }>;
  release(): Promise<void>;
}

/** What every point of a curve says: how its samples were drawn, what they took, how far they are from the exact ones. */
export interface CurvePlace {
  readonly sampler: string;
  readonly method: string;
  readonly tolerance?: number;
  /** Velocity evaluations of the whole chain, per sample. */
  readonly evaluations: number;
  /** Wall time of 1000 samples, drawn in batches: the median of the batches. */
  readonly seconds: number;
  /** To the samples of the reference from the same noise: root mean square, in deviations of a column. */
  readonly distanceToReference: number;
}

/** The classes that a chain reads, and how strongly they are followed, not 0: see `guidedVelocity`. */
export interface FollowedClasses {
  readonly known: readonly ImageClass[];
  readonly guidance: number;
}

/** A chain with the units of its samples. */
export interface SampledChain {
  readonly chain: Chain;
  /** Names of the dimensions, for messages; images have none. */
  readonly columns: readonly string[];
  readonly standardization: Standardization;
  /** Of images whose classes are told; without them every image is of none. */
  readonly classes?: FollowedClasses;
}

/** Velocities that one evaluation counts as: two where guidance compares them. */
export function velocitiesOf({ classes }: Pick<SampledChain, "classes">): number {
  return classes === undefined || classes.guidance === 0 || classes.guidance === 1 ? 1 : 2;
}

export function sampledDensity({ chain, record, standardization }: DensityModel): SampledChain {
  return { chain, columns: record.columns, standardization };
}

/** Methods and efforts that a chain is put on a curve by. */
export interface CurveEfforts {
  readonly fixed: readonly MethodName[];
  /** Velocity evaluations per block of the fixed steps. */
  readonly perBlock: readonly number[];
  /** Of dopri5. */
  readonly tolerances: readonly number[];
}

/** Of samples that cost more than points: few enough to wait for. */
export const usualEfforts: CurveEfforts = {
  fixed: ["euler", "midpoint", "heun"],
  perBlock: [1, 2, 4, 8, 16],
  tolerances: [1e-1, 1e-2, 1e-3, 1e-4],
};
/** Tolerance of dopri5 for the samples that stand for the exact ones there. */
export const usualReference = 1e-5;

const chainName = "chain";

/** The chain by every method and effort. */
export function chainSamplers(
  engine: Engine,
  model: SampledChain,
  { fixed, perBlock, tolerances }: CurveEfforts,
): readonly CurveSampler[] {
  const blocks = model.chain.blocks.length;
  const even = fixed.flatMap((method) =>
    perBlock
      .filter((evaluations) => evaluations >= evaluationsPerStep(tableaus[method]))
      .map(
        (evaluations): CurveSampler => ({
          sampler: chainName,
          method,
          evaluations: velocitiesOf(model) * blocks * evaluations,
          open: () => openChain(engine, model, { kind: "fixed", method, evaluations }),
        }),
      ),
  );
  return [...even, ...tolerances.map((tolerance) => adaptiveSampler(engine, model, tolerance))];
}

/** The chain by dopri5. */
export function adaptiveSampler(engine: Engine, model: SampledChain, tolerance: number): CurveSampler {
  // A method of order 5 takes steps of a length that goes with the fifth root of the tolerance.
  const evaluations = Math.round(velocitiesOf(model) * model.chain.blocks.length * 4 * tolerance ** -0.2);
  const integration: Integration = { kind: "adaptive", method: "dopri5", rtol: tolerance, atol: tolerance };
  const open = () => openChain(engine, model, integration);
  return { sampler: chainName, method: "dopri5", tolerance, evaluations, open };
}

async function openChain(engine: Engine, model: SampledChain, integration: Integration): Promise<OpenSampler> {
  const { chain, columns, standardization, classes } = model;
  const transport = await createTransport(engine, chain, {
    direction: -1,
    integration,
    divergence: { kind: "none" },
    ...(classes && { guidance: classes.guidance }),
  });
  return {
    draw: async ({ data, shape }, signal, labels) => {
      const moved = await transport.run(data, { ...(signal && { signal }), ...(labels && { classes: labels }) });
      const points = floats(unstandardize(standardization, moved.points), shape);
      checkSamples(points, columns, 0);
      return { points, evaluations: velocitiesOf(model) * moved.evaluations };
    },
    release: transport.release,
  };
}

/** `euler`, `dopri5 1e-3`; what does not belong to the chain itself is named in front. */
export function curveLabel({
  sampler,
  method,
  tolerance,
}: Pick<CurvePlace, "sampler" | "method" | "tolerance">): string {
  const name = sampler === chainName ? method : `${sampler} ${method}`;
  return tolerance === undefined ? name : `${name} ${tolerance.toExponential()}`;
}
