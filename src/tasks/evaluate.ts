// evaluate: how good a density model is on held-out rows, beside baselines that were fitted to the same training rows.
import { LocalFlowError } from "../errors.ts";
import type { Baseline } from "../measure/baseline.ts";
import type { Distances } from "../measure/compare.ts";
import { type Estimate, meanOf } from "../measure/estimate.ts";
import { fitGaussian } from "../measure/gaussian.ts";
import { fitMixture } from "../measure/gaussian-mixture.ts";
import { fitKernelDensity } from "../measure/kernel-density.ts";
import { type FlowBaseline, type MeasureName, quickBaselines, twoSampleNames } from "../measure/names.ts";
import { chosenRows } from "../measure/points.ts";
import type { Integration } from "../ode/integration.ts";
import { type Random, random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { checkSignal, pauses, turns } from "../runtime/pause.ts";
import { type FloatArray, rowsOf } from "../tensor/array.ts";
import { allPoints } from "./all-points.ts";
import { type CurvePoint, evaluationCurve } from "./curve.ts";
import type { CurveSampler } from "./curve-samplers.ts";
import { fitDensity, sampleDensity, scoreDensity } from "./density.ts";
import type { DensityModel } from "./density-model.ts";
import { type HeldOutRequest, heldOutComparison, sampleCount } from "./held-out.ts";
import { gradientStepsOf, parametersOf, plainFlow } from "./plain-flow.ts";
import { type Controls, controlsOf } from "./progress.ts";
import { logVolume } from "./standardization.ts";

/** With `train` come the floor and the baselines. */
export interface EvaluateRequest extends HeldOutRequest, Controls {
  /** Also measure samples against the work they take (curve.ts). */
  readonly curve?: boolean;
  /** What else stands on the curve, such as a student. */
  readonly samplers?: readonly CurveSampler[];
  /** Baselines that train a network, beside the quick ones, which `train` always brings. */
  readonly flows?: readonly FlowBaseline[];
  /** How the model and the flows among the baselines are integrated; default: as the model was fitted. */
  readonly integration?: Integration;
  /** Told what begins, for people. */
  readonly onStage?: (text: string) => void;
}

/** A measure of the model, of equally many training rows in place of its samples (the floor), and of each baseline. */
export interface Measured extends Estimate {
  readonly floor?: Estimate;
  readonly baselines: Readonly<Record<string, Estimate>>;
}

/** What a baseline is and what it cost. */
export interface BaselineSummary {
  readonly parameters: number;
  readonly gradientSteps: number;
  readonly seconds: number;
  readonly choice: string;
}

/** What `evaluateDensity` found. Plain JSON. */
export interface Evaluation {
  /** Held-out rows: the likelihood is of all of them. */
  readonly rows: number;
  /** Rows on each side of the two-sample measures. */
  readonly comparedRows: number;
  readonly seed: number;
  readonly parameters: number;
  readonly gradientSteps: number;
  /** Velocity evaluations of the model for its measures; those of the curve stand there. */
  readonly evaluations: number;
  readonly seconds: number;
  /** `nllStandardized` only for models that standardise their columns. */
  readonly measures: Readonly<Partial<Record<MeasureName, Measured>> & Record<"nll", Measured>>;
  readonly baselines: Readonly<Record<string, BaselineSummary>>;
  /** Where it was asked for. */
  readonly curve?: readonly CurvePoint[];
  /** What was left out or cut short, in sentences. */
  readonly notes: readonly string[];
}

/** Rows on which the kernel density is judged at most: each costs a look at every centre. */
const kernelRows = 20_000;

/**
 * Evaluates a model: the negative log-likelihood of held-out rows [m, d] (nats per row, in the user's units) and how
 * far samples are from them, beside a floor and baselines where the training rows are known. The same request gives the
 * same measures. Throws "data" for fewer than 8 held-out or training rows, "numeric" for a row that gets stuck,
 * "interrupted" when the signal fires.
 */
export async function evaluateDensity(
  engine: Engine,
  model: DensityModel,
  request: EvaluateRequest,
): Promise<Evaluation> {
  const started = performance.now();
  const { heldOut, train, seed, onStage } = request;
  const key = split(random(seed), "evaluate");
  const notes: string[] = [];
  const { rows, distances } = heldOutComparison(model, request);
  onStage?.("the model");
  const ours = await flowResult(engine, model, request);
  const distance = distances(ours.points);
  const turn = turns(request.signal, "evaluation");
  await turn();
  const floor = train && distances(train);
  const baselines: Record<string, Contender> = {};
  if (train) {
    for (const name of quickBaselines) {
      onStage?.(`baseline ${name}`);
      const contender = await quickContender(name, train, request, key, notes);
      await turn();
      if (contender) baselines[name] = judged(contender, distances);
    }
    for (const kind of request.flows ?? []) {
      onStage?.(`baseline ${kind}`);
      baselines[kind] = judged(await flowContender(engine, model, kind, train, request), distances);
    }
  } else notes.push("the floor and the baselines need the training rows (--train FILE)");
  if (request.curve) onStage?.("the curve of quality against evaluations");
  const curve = request.curve ? await evaluationCurve(engine, model, request) : undefined;
  notes.push(...(curve?.notes ?? []));
  return {
    rows: heldOut.shape[0] ?? 0,
    comparedRows: rows,
    seed,
    parameters: parametersOf(model),
    gradientSteps: gradientStepsOf(model),
    evaluations: ours.evaluations,
    seconds: (performance.now() - started) / 1000,
    measures: measuresOf({ nll: ours.nll, distances: distance }, floor, baselines, model),
    baselines: Object.fromEntries(Object.entries(baselines).map(([name, { summary }]) => [name, summary])),
    ...(curve && { curve: curve.points }),
    notes,
  };
}

interface Judged {
  readonly nll: Estimate;
  readonly distances: Distances;
}

interface Contender extends Judged {
  readonly summary: BaselineSummary;
}

type Unjudged = Omit<Contender, "distances"> & { readonly points: FloatArray };

function judged({ nll, points, summary }: Unjudged, distances: (points: FloatArray) => Distances): Contender {
  return { nll, summary, distances: distances(points) };
}

/** A table of measures from those of the model, the floor and the baselines. */
function measuresOf(
  ours: Judged,
  floor: Distances | undefined,
  baselines: Readonly<Record<string, Contender>>,
  { standardization }: DensityModel,
): Evaluation["measures"] {
  const measured = (pick: (of: Judged) => Estimate, floor?: Estimate): Measured => ({
    ...pick(ours),
    ...(floor && { floor }),
    baselines: Object.fromEntries(Object.entries(baselines).map(([name, contender]) => [name, pick(contender)])),
  });
  const volume = logVolume(standardization);
  const shifted = ({ value, standardError }: Estimate) => ({ value: value - volume, standardError });
  return {
    nll: measured(({ nll }) => nll),
    ...(volume !== 0 && { nllStandardized: measured(({ nll }) => shifted(nll)) }),
    ...Object.fromEntries(
      twoSampleNames.map((name) => [name, measured(({ distances }) => distances[name], floor?.[name])] as const),
    ),
  };
}

/** Likelihood and samples of a flow. */
async function flowResult(engine: Engine, model: DensityModel, request: EvaluateRequest) {
  const { heldOut, seed, integration } = request;
  const controls = { seed, ...(integration && { integration }), ...controlsOf(request) };
  const values: number[] = [];
  let evaluations = 0;
  for await (const scored of scoreDensity(engine, model, heldOut, controls)) {
    evaluations += scored.evaluations;
    for (const value of scored.logDensity) values.push(-value);
  }
  const count = sampleCount(request);
  const samples = sampleDensity(engine, model, { ...controls, rows: count });
  const drawn = await allPoints(samples, [count, model.chain.dimension]);
  return { nll: meanOf(values), points: drawn.points, evaluations: evaluations + drawn.evaluations };
}

const fitters: Readonly<Record<(typeof quickBaselines)[number], (train: FloatArray, random: Random) => Baseline>> = {
  gaussian: fitGaussian,
  mixture: (train, random) => fitMixture(train, random),
  kernel: (train, random) => fitKernelDensity(train, random),
};

/** A quick baseline; undefined, with a note, when the training rows have no such density. */
async function quickContender(
  name: (typeof quickBaselines)[number],
  train: FloatArray,
  request: EvaluateRequest,
  key: Random,
  notes: string[],
): Promise<Unjudged | undefined> {
  const { heldOut, signal } = request;
  await pauses(0)();
  checkSignal(signal, "evaluation");
  const started = performance.now();
  try {
    const baseline = fitters[name](train, split(key, name, "fit"));
    const seconds = (performance.now() - started) / 1000;
    const cut = name === "kernel" && (heldOut.shape[0] ?? 0) > kernelRows;
    if (cut) notes.push(`the nll of ${name} is of ${kernelRows} random held-out rows`);
    const { parameters, choice } = baseline;
    const rows = cut ? chosenRows(heldOut, kernelRows, split(key, name, "rows")) : heldOut;
    return {
      nll: await interruptibleNll(baseline, rows, signal),
      points: baseline.sample(split(key, name, "sample"), sampleCount(request)),
      summary: { parameters, gradientSteps: 0, seconds, choice },
    };
  } catch (error) {
    if (!(error instanceof LocalFlowError && error.code === "data")) throw error;
    notes.push(`${name} is left out: ${error.message}`);
    return undefined;
  }
}

/** Rows that a kernel density scores in some hundredths of a second. */
const rowsAtOnce = 512;

/** Mean negative log-likelihood, some rows at a time: a kernel density looks at every centre for each. */
async function interruptibleNll(
  baseline: Baseline,
  rows: FloatArray,
  signal: AbortSignal | undefined,
): Promise<Estimate> {
  const turn = turns(signal, "evaluation");
  const count = rows.shape[0] ?? 0;
  const values = new Float64Array(count);
  for (let first = 0; first < count; first += rowsAtOnce) {
    const part = baseline.logDensity(rowsOf(rows, first, Math.min(first + rowsAtOnce, count)));
    part.forEach((value, n) => {
      values[first + n] = -value;
    });
    await turn();
  }
  return meanOf(values);
}

/** Plain Flow Matching on the model's budget, trained here on the training rows. */
async function flowContender(
  engine: Engine,
  model: DensityModel,
  kind: FlowBaseline,
  train: FloatArray,
  request: EvaluateRequest,
): Promise<Unjudged> {
  const configuration = plainFlow(model, kind, request.seed);
  const { model: plain, report } = await fitDensity(engine, {
    rows: train,
    columns: model.record.columns,
    configuration,
    trainSplit: configuration.training.earlyStopping > 0 ? 0.9 : 1,
    ...controlsOf(request),
  });
  const { nll, points } = await flowResult(engine, plain, request);
  const gradientSteps = report.blocks.reduce((total, { iterations }) => total + iterations, 0);
  const choice = `hidden ${configuration.blocks[0]?.network.hidden.join(",")}`;
  return { nll, points, summary: { parameters: report.parameters, gradientSteps, seconds: report.seconds, choice } };
}
