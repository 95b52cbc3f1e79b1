// likelihoods: the test likelihood of a model in all the ways in which it is quoted, and how far they lie apart.
import { type Estimate, meanOf } from "../../measure/estimate.ts";
import type { Integration } from "../../ode/integration.ts";
import type { Engine } from "../../runtime/contract.ts";
import { type FloatArray, rowsOf } from "../../tensor/array.ts";
import { type ScoreRequest, scoreDensity } from "../density.ts";
import type { DensityModel } from "../density-model.ts";
import type { Likelihood } from "../presets/preset.ts";
import { type Controls, controlsOf } from "../progress.ts";

export interface LikelihoodPlan extends Controls {
  /** What the figure is integrated with. */
  readonly integration: Integration & { readonly kind: "adaptive" };
  /** The authors' own way where it differs: it prints other figures for the same weights. */
  readonly authors?: Likelihood;
  readonly seed: number;
}

/** Nats per row. Differences are of the same rows, so their errors are those of the differences. */
export interface TestLikelihood {
  readonly rows: number;
  readonly nll: Estimate;
  readonly tolerance: number;
  /** Velocity evaluations per row, the divergence with each, through the whole chain. */
  readonly evaluationsPerRow: number;
  readonly seconds: number;
  /** The figure minus that of a ten times smaller tolerance, and minus that of many equal steps of rk4, on `rows` rows. */
  readonly check: { readonly rows: number; readonly tighter: Estimate; readonly fixed: Estimate };
  /** What the authors' integration gives, and by how much it is too good. */
  readonly authors?: { readonly nll: Estimate; readonly optimism: Estimate };
  /** One random probe in place of the exact trace: unbiased, with this error of a single row (root mean square). */
  readonly hutchinson: { readonly nll: Estimate; readonly rowError: number; readonly seconds: number };
}

/** Rows on which integrations are compared. */
const checkedRows = 500;
/** rk4's evaluations per block in the check: 32 steps. */
const fixedEvaluations = 128;

/** Measures a model on test rows. */
export async function testLikelihood(
  engine: Engine,
  model: DensityModel,
  test: FloatArray,
  plan: LikelihoodPlan,
): Promise<TestLikelihood> {
  const { integration, authors, seed } = plan;
  const score = (rows: FloatArray, request: ScoreRequest) =>
    scored(engine, model, rows, { ...controlsOf(plan), ...request });
  const exact = await score(test, { integration });
  const few = rowsOf(test, 0, Math.min(checkedRows, test.shape[0] ?? 0));
  const { method, rtol, atol } = integration;
  const tighter = await score(few, { integration: { kind: "adaptive", method, rtol: rtol / 10, atol: atol / 10 } });
  const fixed = await score(few, { integration: { kind: "fixed", method: "rk4", evaluations: fixedEvaluations } });
  const hutchinson = await score(test, { integration, divergence: { kind: "hutchinson", probes: 1 }, seed });
  const theirs = authors?.kind === "separate" ? await score(test, authorsRequest(authors)) : undefined;
  const noise = hutchinson.values.map((value, row) => value - (exact.values[row] ?? 0));
  return {
    rows: exact.values.length,
    nll: meanOf(exact.values),
    tolerance: rtol,
    evaluationsPerRow: exact.evaluations / exact.values.length,
    seconds: exact.seconds,
    check: {
      rows: tighter.values.length,
      tighter: meanOf(tighter.values.map((value, row) => (exact.values[row] ?? 0) - value)),
      fixed: meanOf(fixed.values.map((value, row) => (exact.values[row] ?? 0) - value)),
    },
    ...(theirs && {
      authors: {
        nll: meanOf(theirs.values),
        optimism: meanOf(theirs.values.map((value, row) => (exact.values[row] ?? 0) - value)),
      },
    }),
    hutchinson: {
      nll: meanOf(hutchinson.values),
      rowError: Math.sqrt(noise.reduce((total, value) => total + value * value, 0) / noise.length),
      seconds: hutchinson.seconds,
    },
  };
}

function authorsRequest({ logDeterminant, transport }: Likelihood & { readonly kind: "separate" }): ScoreRequest {
  return { integration: logDeterminant, handOver: transport };
}

/** Negative log-densities of all rows, and what they cost. */
async function scored(engine: Engine, model: DensityModel, rows: FloatArray, request: ScoreRequest) {
  const started = performance.now();
  const values = new Float64Array(rows.shape[0] ?? 0);
  let [filled, evaluations] = [0, 0];
  for await (const chunk of scoreDensity(engine, model, rows, request)) {
    values.set(
      chunk.logDensity.map((value) => -value),
      filled,
    );
    filled += chunk.logDensity.length;
    evaluations += chunk.evaluations;
  }
  return { values, evaluations, seconds: (performance.now() - started) / 1000 };
}
