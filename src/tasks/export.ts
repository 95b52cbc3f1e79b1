// export: parts of a trained density as one ONNX file each, for any runtime: sampler, density, encoder, velocity.
import { failure } from "../errors.ts";
import { fingerprint } from "../fingerprint.ts";
import { type Block, blockVelocity, isMasked, trainedBlocks } from "../flow/chain.ts";
import { contextWidth } from "../flow/masked.ts";
import { evaluationsPerStep, tableaus } from "../ode/tableaus.ts";
import type { Piece } from "../onnx/join.ts";
import { add, divide, greater, less, multiply, subtract, where } from "../tensor/arithmetic.ts";
import { square } from "../tensor/functions.ts";
import { concatenate, reshape, slice, stretch, sum } from "../tensor/layout.ts";
import { constant, placeholder, type TensorLike } from "../tensor/tensor.ts";
import type { Configuration } from "../train/configuration.ts";
import { type DensityModel, encodeDensityModel } from "./density-model.ts";
import {
  type Exported,
  type Origin,
  originMetadata,
  type Plan,
  points,
  portsOf,
  purposes,
  unscaled,
  written,
} from "./export-file.ts";
import { noiseMetadata, type OwnNoise, withOwnNoise } from "./export-noise.ts";
import type { ExportPart } from "./export-parts.ts";
import { chainSteps, type FixedIntegration } from "./export-steps.ts";
import { logVolume } from "./standardization.ts";

export interface ExportRequest extends Origin {
  readonly part: ExportPart;
  /** Of every block; default: see `exportIntegration`. */
  readonly integration?: FixedIntegration;
  /** Of `velocity`: the only block to write, from 1, data side first; default: all. */
  readonly block?: number;
  /** Of `sampler`, of a masked model: what is known of a row goes in too, as `given` and `state` [rows, d]. */
  readonly conditional?: boolean;
  /** Of `sampler`: the file draws its noise itself; default: noise goes in. */
  readonly noise?: OwnNoise;
}

/** Velocity evaluations of rk4 per block: samples forgive coarse steps, log-densities do not (docs/export.md has figures). */
const defaultEvaluations: Readonly<Record<ExportPart, number>> = { sampler: 16, density: 64, encoder: 64, velocity: 4 };

/**
 * The fixed steps of a file: what is asked for; else as the model was fitted, if by fixed steps; else rk4 with 16 evaluations per
 * block to sample and 64 to score and encode. Whole steps only: the evaluations are rounded down to them. Throws "option" for
 * fewer evaluations than one step takes.
 */
export function exportIntegration(
  { record }: { readonly record: { readonly configuration: Pick<Configuration, "integration"> } },
  part: ExportPart,
  asked: Partial<Pick<FixedIntegration, "method" | "evaluations">> = {},
): FixedIntegration {
  const own = record.configuration.integration;
  const base = own.kind === "fixed" ? own : { method: "rk4" as const, evaluations: defaultEvaluations[part] };
  const method = asked.method ?? base.method;
  const perStep = evaluationsPerStep(tableaus[method]);
  const evaluations = asked.evaluations ?? Math.max(base.evaluations, perStep);
  const steps = Math.floor(evaluations / perStep);
  if (steps >= 1) return { kind: "fixed", method, evaluations: steps * perStep };
  throw failure("option", {
    where: "evaluations",
    expected: `at least ${perStep} for one step of ${method}`,
    received: String(evaluations),
  });
}

/**
 * Writes one part of a model as ONNX bytes; of a masked model that in which nothing is given and nothing absent, unless it is
 * conditional. Throws "option" for a block or for evaluations that do not exist, and for conditions or noise of what takes none.
 */
export function exportDensity(model: DensityModel, request: ExportRequest): Exported {
  return written(request.part, densityPlan(model, request));
}

/** One part of a model before it is written. */
export function densityPlan(model: DensityModel, request: ExportRequest): Plan {
  const { part, noise } = request;
  checkSampler(model, request);
  const plan = part === "velocity" ? velocityPlan(model, request.block) : chainPlan(model, part, request);
  const metadata = { ...modelMetadata(model, request), ...plan.metadata, ...(noise && noiseMetadata(noise)) };
  return { ...plan, metadata, ...(noise && { finish: (whole) => withOwnNoise(whole, noise) }) };
}

/** What every file says of its model. */
export function modelMetadata(model: DensityModel, origin: Origin) {
  const { configuration, training } = model.record;
  return {
    ...originMetadata(model, origin),
    "localflow.model_fingerprint": fingerprint(encodeDensityModel(model)),
    "localflow.blocks": String(trainedBlocks(model.chain).length),
    "localflow.seed": String(configuration.seed),
    "localflow.training_rows": String(training.rows),
  };
}

/** Throws "option" for what only samplers take, and for conditions of a model without masks. */
export function checkSampler({ chain }: DensityModel, { part, conditional = false, noise }: ExportRequest): void {
  const where = conditional ? "conditional" : "noise";
  if (part !== "sampler" && (conditional || noise))
    throw failure("option", { where, expected: "the part sampler beside it", received: part });
  if (conditional && !chain.blocks.some(isMasked))
    throw failure("option", { where, expected: "a model that was trained with masks", received: "one without" });
}

function chainPlan(model: DensityModel, part: Exclude<ExportPart, "velocity">, request: ExportRequest): Plan {
  const { conditional = false } = request;
  const integration = exportIntegration(model, part, request.integration);
  const { dimension } = model.chain;
  const { form, pieces } = chainSteps(model.chain, {
    direction: part === "sampler" ? -1 : 1,
    divergence: part === "density" ? "exact" : "none",
    integration,
    conditional,
  });
  const { before, after } = conditional ? conditionalEnds(model) : ends(model, part);
  const ports = portsOf(part, model.record.columns);
  const { method, evaluations } = integration;
  return {
    pieces: [...before, ...pieces, ...after],
    ...ports,
    inputs: [...ports.inputs, ...(conditional ? conditionPorts(dimension) : [])],
    documentation: `${purposes[part]} Blocks: ${trainedBlocks(model.chain).length}; ${method} with ${evaluations} velocity evaluations per block.`,
    metadata: {
      "localflow.method": method,
      "localflow.evaluations_per_block": String(evaluations),
      "localflow.steps": form,
    },
    steps: { form, integration },
  };
}

/** What stands before and after the blocks: the columns' scaling, and of `density` the log-determinant and log N(z; 0, I). */
function ends(
  { chain, standardization }: DensityModel,
  part: Exclude<ExportPart, "velocity">,
): { readonly before: readonly Piece[]; readonly after: readonly Piece[] } {
  const d = chain.dimension;
  const [given, moved] = [points(d), points(d)];
  if (part === "sampler")
    return { before: [], after: [{ name: "scale", inputs: [moved], outputs: [unscaled(standardization, moved)] }] };
  const scaled = divide(subtract(given, constant(standardization.mean)), constant(standardization.deviation));
  if (part === "encoder") return { before: [{ name: "scale", inputs: [given], outputs: [scaled] }], after: [] };
  const nothing = stretch(constant(0), ["rows", 1], given);
  const change = placeholder(["rows", 1]);
  const normalizer = -0.5 * d * Math.log(2 * Math.PI) - logVolume(standardization);
  const logNormal = add(multiply(-0.5, sum(square(moved), [1])), normalizer);
  const logDensity = add(logNormal, reshape(change, ["rows"]));
  return {
    before: [{ name: "scale", inputs: [given], outputs: [scaled, nothing] }],
    after: [{ name: "end", inputs: [moved, change], outputs: [logDensity, moved] }],
  };
}

/** Noise, given values and states [rows, d] become points and contexts; in the end the given values stand among the others. */
function conditionalEnds({ chain, standardization }: DensityModel): {
  readonly before: readonly Piece[];
  readonly after: readonly Piece[];
} {
  const d = chain.dimension;
  const [noise, given, state, moved] = [points(d), points(d), points(d), points(d)];
  const scaled = divide(subtract(given, constant(standardization.mean)), constant(standardization.deviation));
  const whereGiven = (value: TensorLike) => where(greater(state, 0.5), where(less(state, 1.5), value, 0), 0);
  const isFree = where(less(state, 0.5), 1, 0);
  const context = concatenate([whereGiven(scaled), whereGiven(1), isFree], 1);
  const contexts = points(contextWidth(d));
  const whole = add(moved, slice(contexts, 1, 0, d));
  return {
    before: [
      { name: "condition", inputs: [noise, given, state], outputs: [where(less(state, 0.5), noise, 0), context] },
    ],
    after: [{ name: "scale", inputs: [moved, contexts], outputs: [unscaled(standardization, whole)] }],
  };
}

function conditionPorts(d: number): Plan["inputs"] {
  const given = `float32 [rows, ${d}], known values; read where state is 1`;
  const state = `float32 [rows, ${d}], 0: to be drawn, 1: given, 2: absent, neither known nor drawn`;
  return [
    { name: "given", documentation: given },
    { name: "state", documentation: state },
  ];
}

function velocityPlan({ chain }: DensityModel, chosen: number | undefined): Plan {
  const d = chain.dimension;
  const [x, t] = [points(d), placeholder(["rows", 1])];
  const blocks = chosen === undefined ? chain.blocks : [blockAt(chain.blocks, chosen)];
  const outputs = blocks.map((_, n) => ({
    name: chosen === undefined ? `velocity_${n + 1}` : "velocity",
    documentation: `float32 [rows, ${d}], dx/dt in block ${chosen ?? n + 1} of ${chain.blocks.length}, counted from the data side`,
  }));
  return {
    pieces: [{ name: "velocity", inputs: [x, t], outputs: blocks.map((block) => blockVelocity(block)(x, t)) }],
    inputs: [
      { name: "x", documentation: `float32 [rows, ${d}], standardised points: (value - mean) / deviation` },
      { name: "t", documentation: "float32 [rows, 1], time inside the block: 0 on its data side, 1 on its noise side" },
    ],
    outputs,
    documentation: purposes.velocity,
    metadata: chosen === undefined ? {} : { "localflow.block": String(chosen) },
  };
}

/** Block `chosen`, counted from 1 on the data side. Throws "option" for one that does not exist. */
export function blockAt(blocks: readonly Block[], chosen: number): Block {
  const block = blocks[chosen - 1];
  if (block) return block;
  throw failure("option", { where: "block", expected: `1 to ${blocks.length}`, received: String(chosen) });
}
