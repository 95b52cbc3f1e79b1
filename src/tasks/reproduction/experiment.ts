// experiment: one published experiment, or one like it: a table, contenders trained on it over several seeds, densities to
// compare with, and the figures of all of them on the test rows.
import type { DensityTable } from "../../data/tables/table.ts";
import { type Baseline, baselineNll } from "../../measure/baseline.ts";
import { type Estimate, meanOf, spread } from "../../measure/estimate.ts";
import { fitGaussian } from "../../measure/gaussian.ts";
import { fitMixture } from "../../measure/gaussian-mixture.ts";
import { type Random, random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import type { FloatArray } from "../../tensor/array.ts";
import type { Configuration } from "../../train/configuration.ts";
import type { DensityModel } from "../density-model.ts";
import { type Controls, controlsOf } from "../progress.ts";
import { type CouplingFlow, trainCoupling } from "./coupling-flow.ts";
import { type LikelihoodPlan, type TestLikelihood, testLikelihood } from "./likelihoods.ts";
import { markOf, type Run, trainedRun } from "./run.ts";
import { type RunCost, type Store, storedValue } from "./store.ts";

/** A way to learn the density. Of several alternatives the one that is best on the validation rows is taken. */
export interface Contender {
  readonly method: string;
  readonly description: string;
  readonly alternatives: readonly Configuration[];
}

export interface ExperimentRequest extends Controls {
  readonly name: string;
  readonly table: DensityTable;
  /** The first one is what the experiment is about. */
  readonly contenders: readonly Contender[];
  readonly seeds: readonly number[];
  readonly likelihood: Pick<LikelihoodPlan, "integration" | "authors">;
  /** A neural density of another kind, trained with the first seed. */
  readonly coupling?: CouplingFlow;
  /** Log-density of the law itself, where it is known. */
  readonly truth?: (rows: FloatArray) => Float64Array;
  readonly store?: Store;
  readonly memory?: () => number;
  /** Told what begins, for people. */
  readonly onStage?: (text: string) => void;
}

/** One contender with one seed. */
export interface SeedResult extends RunCost {
  readonly seed: number;
  readonly test: TestLikelihood;
}

export interface ContenderResult {
  readonly method: string;
  readonly description: string;
  /** Learning rates tried with the first seed, and their validation likelihoods; the best one is used for all seeds. */
  readonly learningRates: readonly { readonly rate: number; readonly validation: number }[];
  readonly learningRate: number;
  readonly nll: Deviation;
  readonly runs: readonly SeedResult[];
}

/** Mean and standard deviation over seeds; the deviation of one seed is null: nothing is known of it. */
export interface Deviation {
  readonly mean: number;
  readonly deviation: number | null;
  readonly seeds: number;
}

/** Plain JSON. */
export interface ExperimentResult {
  readonly name: string;
  readonly columns: number;
  readonly rows: { readonly train: number; readonly validation: number; readonly test: number };
  readonly contenders: readonly ContenderResult[];
  /** Densities of other kinds. */
  readonly densities: readonly { readonly name: string; readonly choice: string; readonly nll: Estimate }[];
  /** The test likelihood of the law that the rows were drawn from: no model can do better but by chance. */
  readonly truth?: number;
  readonly notes: readonly string[];
  readonly seconds: number;
}

/** Runs an experiment; `model` is the first contender's with the first seed. Throws "interrupted" when the signal fires. */
export async function runExperiment(
  engine: Engine,
  request: ExperimentRequest,
): Promise<{ readonly result: ExperimentResult; readonly model: DensityModel | undefined }> {
  const started = performance.now();
  const { name, table, truth, onStage } = request;
  const size = ({ shape }: FloatArray) => shape[0] ?? 0;
  onStage?.("Gaussian and mixture");
  const densities = [...formulas(table), ...(await coupled(engine, request))];
  const contenders: ContenderResult[] = [];
  let model: DensityModel | undefined;
  for (const contender of request.contenders) {
    const { result, first } = await contest(engine, contender, request);
    model ??= first;
    contenders.push(result);
  }
  const limit = truth?.(table.test);
  const result: ExperimentResult = {
    name,
    columns: table.columns.length,
    rows: { train: size(table.train), validation: size(table.validation), test: size(table.test) },
    contenders,
    densities,
    ...(limit && { truth: -spread(limit).mean }),
    notes: table.notes,
    seconds: (performance.now() - started) / 1000,
  };
  return { result, model };
}

/** One contender over all seeds. */
async function contest(
  engine: Engine,
  { method, description, alternatives }: Contender,
  request: ExperimentRequest,
): Promise<{ readonly result: ContenderResult; readonly first: DensityModel | undefined }> {
  const [firstSeed = 1] = request.seeds;
  const tried: { readonly rate: number; readonly validation: number; readonly configuration: Configuration }[] = [];
  for (const configuration of alternatives) {
    const { validation } = await trained(engine, method, configuration, firstSeed, request);
    tried.push({ rate: learningRateOf(configuration), validation: validation.value, configuration });
  }
  const best = tried.reduce((a, b) => (b.validation < a.validation || !Number.isFinite(a.validation) ? b : a));
  const runs: SeedResult[] = [];
  let first: DensityModel | undefined;
  for (const seed of request.seeds) {
    const { model, cost } = await trained(engine, method, best.configuration, seed, request);
    first ??= model;
    request.onStage?.(`${method}, seed ${seed}: test likelihood`);
    const { likelihood, table, store } = request;
    const made = [markOf(table, best.configuration), table.test.shape, likelihood, seed];
    const test = await storedValue(store, `${method}-seed-${seed}-test`, made, () =>
      testLikelihood(engine, model, table.test, { ...likelihood, seed, ...controlsOf(request) }),
    );
    runs.push({ seed, ...cost, test });
  }
  const result: ContenderResult = {
    method,
    description,
    learningRates: tried.map(({ rate, validation }) => ({ rate, validation })),
    learningRate: best.rate,
    nll: deviationOf(runs.map(({ test }) => test.nll.value)),
    runs,
  };
  return { result, first };
}

function trained(
  engine: Engine,
  method: string,
  configuration: Configuration,
  seed: number,
  { table, store, memory, signal, onProgress, onStage }: ExperimentRequest,
): Promise<Run> {
  const rate = learningRateOf(configuration);
  onStage?.(`${method}, seed ${seed}, learning rate ${rate}: training`);
  return trainedRun(engine, {
    name: `${method}-rate-${rate}-seed-${seed}`,
    table,
    configuration: { ...configuration, seed },
    ...(store && { store }),
    ...(memory && { memory }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
}

function learningRateOf({ blocks }: Configuration): number {
  return Number((blocks[0]?.learningRate ?? Number.NaN).toPrecision(4));
}

/** Mean and standard deviation (divisor: count - 1). */
export function deviationOf(values: readonly number[]): Deviation {
  const { mean, variance } = spread(values);
  return { mean, deviation: values.length > 1 ? Math.sqrt(variance) : null, seeds: values.length };
}

const fitters: Readonly<Record<string, (train: FloatArray, random: Random) => Baseline>> = {
  gaussian: fitGaussian,
  mixture: (train, random) => fitMixture(train, random),
};

function formulas({ train, test }: DensityTable): ExperimentResult["densities"] {
  return Object.entries(fitters).map(([name, density]) => {
    const baseline = density(train, split(random(0), "experiment", name));
    return { name, choice: baseline.choice, nll: baselineNll(baseline, test) };
  });
}

async function coupled(
  engine: Engine,
  { table, coupling, seeds: [seed = 1], store, onStage, ...controls }: ExperimentRequest,
): Promise<ExperimentResult["densities"]> {
  if (!coupling) return [];
  onStage?.(`coupling flow, seed ${seed}: training with ${coupling.learningRates.length} learning rates`);
  const train = async () => {
    const { choice, parameters, ...trained } = await trainCoupling(engine, table, coupling, {
      seed,
      ...controlsOf(controls),
    });
    try {
      return { choice, parameters, nll: meanOf(await trained.negativeLogDensities(table.test)) };
    } finally {
      await trained.release();
    }
  };
  const made = [markOf(table, coupling), seed];
  const { choice, parameters, nll } = await storedValue(store, "coupling-flow", made, train);
  return [{ name: "coupling flow", choice: `${choice}, ${parameters} parameters`, nll }];
}
