// export-check: an exported file run by an engine, held against localflow's own computation of the same rows.
import { failure, invariant, LocalFlowError } from "../errors.ts";
import { blockVelocity } from "../flow/chain.ts";
import { mlpParameterCount } from "../nn/mlp.ts";
import type { Integration } from "../ode/integration.ts";
import { fillNormal, fillUniform, random, split } from "../random.ts";
import { compile } from "../runtime/compile.ts";
import type { Engine, Session } from "../runtime/contract.ts";
import { turns } from "../runtime/pause.ts";
import { createTransport } from "../runtime/transport.ts";
import { type FloatArray, floats, type NDArray, rowsOf } from "../tensor/array.ts";
import { placeholder } from "../tensor/tensor.ts";
import { sampleDensity, scoreDensity } from "./density.ts";
import type { DensityModel } from "./density-model.ts";
import { type Student, sampleStudent } from "./distillation/student.ts";
import type { Exported } from "./export-file.ts";
import { deviationOf } from "./held-out.ts";
import { standardize } from "./standardization.ts";

/** How far a file's outputs are from localflow's own, in the units that `checkExport` names. */
export interface OutputDifference {
  /** Largest over all values, by the same method and steps. */
  readonly maxDifference: number;
  /** Root mean square over all values, from the solution by adaptive steps: what fixed steps cost (log-densities: nats). */
  readonly fromAdaptive?: number;
}

export interface ExportCheck {
  readonly rows: number;
  readonly seed: number;
  /** The largest of the outputs' `maxDifference`. */
  readonly maxDifference: number;
  readonly outputs: Readonly<Record<string, OutputDifference>>;
}

/** The largest `maxDifference` of a sound file. */
export const largestDifference = 1e-4;

/** Tolerance of the solution that stands for the exact one. */
export const adaptiveSolution: Integration = { kind: "adaptive", method: "dopri5", rtol: 1e-5, atol: 1e-5 };

/** What every check of a file is asked for: rows that go through it, and the seed that they are made with. */
export interface CheckOptions {
  readonly rows?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs a file on 256 rows: noise for `sampler`, samples of the model for `density` and `encoder`, random points and times for
 * `velocity`. Differences of samples are in deviations of their column, of noise in its deviation 1, of log-densities in nats or,
 * where that is more, their own deviation, of velocities in their root mean square, at least 1. Where float32 resolves a value
 * less finely than 1e-4 of that unit, two of its roundings count as 1e-4. Row i's noise is `sampleDensity`'s for this seed.
 */
export async function checkExport(
  engine: Engine,
  model: DensityModel | Student,
  exported: Exported,
  { rows = 256, seed = 0, signal }: CheckOptions = {},
): Promise<ExportCheck> {
  const asked: Asked = { engine, model, exported, rows, seed, ...(signal && { signal }) };
  const feeds = await feedsOf(asked);
  const session = await engine.open(exported.bytes);
  const results = await runInPieces(session, feeds, asked).finally(() => session.release());
  const own = await ownOutputs(asked, feeds, exported.steps?.integration);
  const exact = exported.steps && (await ownOutputs(asked, feeds, adaptiveSolution).catch(noneIfStuck));
  const differences = outputDifferences(exported, (name) => {
    const [theirs, ours] = [values(results[name], name), values(own[name], name)];
    const scale = scaleOf(asked, name, ours);
    return {
      maxDifference: largest(theirs, ours, scale),
      ...(exact && {
        fromAdaptive: rootMeanSquare(theirs, values(exact[name], name), name === "log_density" ? () => 1 : scale),
      }),
    };
  });
  return { rows, seed, ...differences };
}

/** The differences of all outputs of a file, and the largest of them. */
export function outputDifferences(
  { outputs: ports }: Exported,
  differenceOf: (name: string) => OutputDifference,
): Pick<ExportCheck, "maxDifference" | "outputs"> {
  const outputs = Object.fromEntries(ports.map(({ name }) => [name, differenceOf(name)]));
  return { maxDifference: Math.max(...Object.values(outputs).map((output) => output.maxDifference)), outputs };
}

/** Multiplications of a run that takes about a second; and the fewest rows for which the engine is worth calling. */
const [workAtOnce, fewestRows] = [8e9, 4];

/** Runs the file on some rows at a time: what the engine has begun, no signal stops. */
async function runInPieces(session: Session, feeds: Arrays, asked: Asked): Promise<Arrays> {
  const { rows, signal } = asked;
  const size = Math.max(fewestRows, Math.floor(workAtOnce / workOfRow(asked)));
  const turn = turns(signal, "check");
  const parts: Arrays[] = [];
  for (let first = 0; first < rows; first += size) {
    const part = Object.entries(feeds).map(([name, array]) => {
      return [name, rowsOf(array as FloatArray, first, Math.min(first + size, rows))] as const;
    });
    parts.push(await session.run(Object.fromEntries(part)));
    await turn();
  }
  const names = Object.keys(parts[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [
      name,
      joined(
        parts.map((part) => part[name]),
        name,
      ),
    ]),
  );
}

/** Multiplications that a row takes through the file. */
function workOfRow({ model, exported: { steps, part } }: Asked): number {
  if ("maps" in model || steps === undefined) return 1;
  const d = model.record.columns.length;
  const weights = model.record.configuration.blocks.reduce((n, { network }) => n + mlpParameterCount(network, d), 0);
  return steps.integration.evaluations * weights * (part === "density" ? 1 + d : 1);
}

/** Rows below each other. */
function joined(parts: readonly (NDArray | undefined)[], name: string): FloatArray {
  const arrays = parts.map((part) => values(part, name));
  const data = new Float32Array(arrays.reduce((total, { length }) => total + length, 0));
  let filled = 0;
  for (const array of arrays) {
    data.set(array, filled);
    filled += array.length;
  }
  const rows = parts.reduce((total, part) => total + (part?.shape[0] ?? 0), 0);
  return floats(data, [rows, ...(parts[0]?.shape.slice(1) ?? [])]);
}

interface Asked {
  readonly engine: Engine;
  readonly model: DensityModel | Student;
  readonly exported: Exported;
  readonly rows: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

type Arrays = Readonly<Record<string, NDArray>>;

async function feedsOf({ engine, model, exported, rows, seed, signal }: Asked): Promise<Arrays> {
  const d = model.record.columns.length;
  const isAboutData = exported.part === "density" || exported.part === "encoder";
  if (isAboutData && !("maps" in model))
    return { data: await firstPoints(sampleDensity(engine, model, { rows, seed, ...(signal && { signal }) })) };
  const noise = floats(new Float32Array(rows * d), [rows, d]);
  fillNormal(split(random(seed), "sample"), noise.data);
  if (exported.part === "sampler") return { noise };
  const t = floats(new Float32Array(rows), [rows, 1]);
  fillUniform(split(random(seed), "times"), t.data);
  return { x: noise, t };
}

/** The file's outputs by other programs of localflow. */
async function ownOutputs(asked: Asked, feeds: Arrays, integration: Integration | undefined): Promise<Arrays> {
  const { engine, model, exported, rows, seed, signal } = asked;
  const request = { rows, seed, ...(signal && { signal }) };
  if ("maps" in model) return { samples: await firstPoints(sampleStudent(engine, model, request)) };
  if (integration === undefined) return ownVelocities(engine, model, exported, feeds);
  if (exported.part === "sampler")
    return { samples: await firstPoints(sampleDensity(engine, model, { ...request, integration })) };
  const data = feeds["data"] as FloatArray;
  const isDensity = exported.part === "density";
  // With the divergence where the file has it: adaptive steps heed it.
  const divergence = { kind: isDensity ? "exact" : "none" } as const;
  const transport = await createTransport(engine, model.chain, { direction: 1, integration, divergence });
  const moved = await transport
    .run(standardize(model.standardization, data.data), signal ? { signal } : {})
    .finally(() => transport.release());
  const noise = floats(moved.points, data.shape);
  if (!isDensity) return { noise };
  const { logDensity } = await first(scoreDensity(engine, model, data, { integration, ...(signal && { signal }) }));
  return { noise, log_density: { type: "float64", shape: [rows], data: logDensity } };
}

async function ownVelocities(engine: Engine, { chain }: DensityModel, exported: Exported, feeds: Arrays) {
  const inputs = { x: placeholder(["rows", chain.dimension]), t: placeholder(["rows", 1]) };
  const { x, t } = feeds;
  invariant(x !== undefined && t !== undefined, "a velocity is asked for at points and times");
  const chosen = exported.metadata["localflow.block"];
  const blocks = chosen === undefined ? chain.blocks : chain.blocks.slice(Number(chosen) - 1, Number(chosen));
  const results: Record<string, NDArray> = {};
  for (const [n, block] of blocks.entries()) {
    const program = await compile(engine, inputs, { velocity: blockVelocity(block)(inputs.x, inputs.t) });
    const { velocity } = await program.run({ x, t }).finally(() => program.release());
    results[exported.outputs[n]?.name ?? ""] = velocity;
  }
  return results;
}

/** The rows of a check are fewer than a chunk. */
async function first<T>(chunks: AsyncIterable<T>): Promise<T> {
  for await (const chunk of chunks) return chunk;
  throw failure("option", { where: "rows", expected: "at least 1", received: "none" });
}

async function firstPoints(chunks: AsyncIterable<{ readonly points: FloatArray }>): Promise<FloatArray> {
  return (await first(chunks)).points;
}

/** The unit in which the difference of an output's value number i is told. */
type Scale = (i: number) => number;

/** float32 resolves 2^-23 of a value; two roundings of it are let pass as `largestDifference`. */
export const coarsest = 2 ** -22 / largestDifference;

function scaleOf({ model }: Asked, name: string, ours: ArrayLike<number>): Scale {
  const d = model.record.columns.length;
  const deviation = name === "samples" ? deviationOf(model, floats(Float32Array.from(ours), [ours.length / d, d])) : [];
  const size = Math.max(1, name === "noise" ? 1 : spread(name, ours));
  return (i) => Math.max(deviation[i % d] ?? size, coarsest * Math.abs(ours[i] ?? 0));
}

/** The deviation of log-densities; the root mean square of velocities. */
function spread(name: string, ours: ArrayLike<number>): number {
  const numbers = Array.from(ours);
  const center = name === "log_density" ? numbers.reduce((a, b) => a + b, 0) / numbers.length : 0;
  return Math.sqrt(numbers.reduce((total, value) => total + (value - center) ** 2, 0) / numbers.length);
}

function values(array: NDArray | undefined, name: string): ArrayLike<number> {
  if (array !== undefined && !(array.data instanceof BigInt64Array)) return array.data;
  throw failure("model", { where: `output ${name}`, expected: "numbers", received: array ? array.type : "nothing" });
}

/** The largest difference in units of `scale`; NaN where a value is NaN on one side: no number of a sound file is. */
export function largest(a: ArrayLike<number>, b: ArrayLike<number>, scale: Scale): number {
  let most = a.length === b.length ? 0 : Number.NaN;
  for (let i = 0; i < a.length; i++)
    most = Math.max(most, Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN)) / scale(i));
  return most;
}

/** Of the differences, in units of `scale`. */
export function rootMeanSquare(a: ArrayLike<number>, b: ArrayLike<number>, scale: Scale): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += (((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN)) / scale(i)) ** 2;
  return Math.sqrt(total / Math.max(1, a.length));
}

/** An adaptive solution that gets stuck says nothing about the file. */
export function noneIfStuck(error: unknown): undefined {
  if (error instanceof LocalFlowError && error.code === "numeric") return undefined;
  throw error;
}
