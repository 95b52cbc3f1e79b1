// export-images-check: an exported part of an image model, run by an engine and held against localflow's own computation.
import { levelsPerImage, type PixelBlock, type PixelShape } from "../data/images/image-set.ts";
import { bitsPerDimension, levelsOfRows } from "../data/images/rows.ts";
import { invariant } from "../errors.ts";
import { blockWeights, normalLogDensity } from "../flow/chain.ts";
import { classShares } from "../flow/classes.ts";
import type { Integration } from "../ode/integration.ts";
import { decodeModel } from "../onnx/decode.ts";
import { encodeModel } from "../onnx/encode.ts";
import { fillBelow, fillNormal, fillUniform, random, split } from "../random.ts";
import { compile } from "../runtime/compile.ts";
import type { Engine } from "../runtime/contract.ts";
import { turns } from "../runtime/pause.ts";
import { createTransport } from "../runtime/transport.ts";
import { elementCount, type FloatArray, floats, type NDArray } from "../tensor/array.ts";
import { constant, placeholder } from "../tensor/tensor.ts";
import { type Student, sampleStudent } from "./distillation/student.ts";
import { imageOf } from "./distillation/student-images.ts";
import {
  type CheckOptions,
  type ExportCheck,
  largest,
  noneIfStuck,
  outputDifferences,
  rootMeanSquare,
} from "./export-check.ts";
import type { Exported } from "./export-file.ts";
import { wideName, withIntegers } from "./export-levels.ts";
import type { ImageClass } from "./images/image-classes.ts";
import type { ImageModel } from "./images/image-model.ts";

/** Tolerance of the solution that stands for the exact one: images of several thousand values, each in float32. */
const adaptiveSolution: Integration = { kind: "adaptive", method: "dopri5", rtol: 1e-4, atol: 1e-4 };

/** Images that go through the file together. */
const atOnce = 4;

/**
 * Runs a file on 8 images: noise for `sampler`, images of random levels for `density` and `encoder`, noise and times for `velocity`.
 * Values of images, noise and velocities are compared as they are, log-densities by value of an image (nats / D), and levels,
 * as whole numbers, with those of the values beside them: one that differs is a difference of at least 1.
 */
export async function checkImagesExport(
  engine: Engine,
  model: ImageModel | Student,
  exported: Exported,
  { rows = 8, seed = 0, signal }: CheckOptions = {},
): Promise<ExportCheck> {
  const asked: Asked = { engine, model, exported, rows, seed, ...(signal && { signal }) };
  const feeds = feedsOf(asked);
  const results = await runFile(asked, feeds);
  const own = await ownOutputs(asked, feeds, results, exported.steps?.integration);
  const exact = exported.steps && (await ownOutputs(asked, feeds, results, adaptiveSolution).catch(noneIfStuck));
  const d = levelsPerImage(shapeOf(model));
  const differences = outputDifferences(exported, (name) => {
    const scale = () => (name === "log_density" ? d : 1);
    const [theirs = [], ours = []] = [results[name], own[name]];
    return {
      maxDifference: largest(theirs, ours, scale),
      ...(exact && name !== "images" && { fromAdaptive: rootMeanSquare(theirs, exact[name] ?? [], () => 1) }),
    };
  });
  return { rows, seed, ...differences };
}

interface Asked {
  readonly engine: Engine;
  readonly model: ImageModel | Student;
  readonly exported: Exported;
  readonly rows: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

function shapeOf(model: ImageModel | Student): PixelShape {
  return "maps" in model ? imageOf(model) : model.record.image;
}

function classesOf(model: ImageModel | Student): readonly ImageClass[] | undefined {
  return "maps" in model ? model.classes : model.record.classes;
}

/** Numbers of all rows, by the names of the file. */
type Numbers = Readonly<Record<string, ArrayLike<number>>>;

/** What goes into the file for each name that it knows, row after row. */
function feedsOf({ model, exported, rows, seed }: Asked): Readonly<Record<string, NDArray>> {
  const { channels, height, width } = shapeOf(model);
  const [first, last] = [
    [rows, channels, height, width],
    [rows, height, width, channels],
  ];
  const key = random(seed);
  const noise = floats(new Float32Array(elementCount(first)), first);
  fillNormal(split(key, "sample"), noise.data);
  const levels = new Uint32Array(elementCount(last));
  fillBelow(split(key, "levels"), levels, 256);
  const places = floats(new Float32Array(levels.length), last);
  fillUniform(split(key, "places"), places.data);
  // The signs that a transport draws for this key.
  const probes = floats(new Float32Array(levels.length), first);
  fillUniform(split(key, "probes"), probes.data);
  const t = floats(new Float32Array(rows), [rows, 1]);
  fillUniform(split(key, "times"), t.data);
  const count = classesOf(model)?.length ?? 0;
  const classes = BigInt64Array.from({ length: rows }, (_, row) => BigInt((row % (count + 1)) - 1));
  const known: Readonly<Record<string, NDArray>> = {
    noise,
    classes: { type: "int64", shape: [rows], data: classes },
    x: noise,
    t,
    places,
    probes: floats(
      probes.data.map((u) => (u < 0.5 ? -1 : 1)),
      first,
    ),
    images: { type: "int32", shape: last, data: Int32Array.from(levels) },
  };
  return Object.fromEntries(
    exported.inputs.flatMap(({ name }) => {
      const array = known[name];
      return array ? [[name, array] as const] : [];
    }),
  );
}

/** The file's outputs, some images at a time. */
async function runFile(
  { engine, exported, rows, signal }: Asked,
  feeds: Readonly<Record<string, NDArray>>,
): Promise<Numbers> {
  const session = await engine.open(encodeModel(withIntegers(decodeModel(exported.bytes))));
  const turn = turns(signal, "check");
  const found: Record<string, number[]> = Object.fromEntries(exported.outputs.map(({ name }) => [name, []]));
  try {
    for (let first = 0; first < rows; first += atOnce) {
      const part = Object.entries(feeds).map(([name, array]) => {
        const called = array.type === "int32" ? wideName(name) : name;
        return [called, slicedRows(array, first, Math.min(first + atOnce, rows))] as const;
      });
      const results = await session.run(Object.fromEntries(part));
      for (const { name, type } of exported.outputs)
        for (const value of results[type === "uint8" ? wideName(name) : name]?.data ?? [])
          found[name]?.push(Number(value));
      await turn();
    }
    return found;
  } finally {
    await session.release();
  }
}

function slicedRows(array: NDArray, from: number, to: number): NDArray {
  const width = elementCount(array.shape.slice(1));
  const data = array.data.slice(from * width, to * width);
  return { type: array.type, shape: [to - from, ...array.shape.slice(1)], data } as NDArray;
}

/** The file's outputs by other programs of localflow. */
async function ownOutputs(
  { engine, model, exported, rows, seed, signal }: Asked,
  feeds: Readonly<Record<string, NDArray>>,
  theirs: Numbers,
  integration: Integration | undefined,
): Promise<Numbers> {
  const sampled = (points: Float32Array): Numbers => {
    const image = shapeOf(model);
    const values = floats(Float32Array.from(theirs["values"] ?? []), [rows, levelsPerImage(image)]);
    return { values: points, images: channelsLast(levelsOfRows(values, image)) };
  };
  const classes = Int32Array.from(feeds["classes"]?.data ?? [], Number);
  const told = classesOf(model) && classes;
  if ("maps" in model) {
    const request = { rows, seed, ...(told && { labels: told }), ...(signal && { signal }) };
    for await (const { points } of sampleStudent(engine, model, request)) return sampled(points.data);
    return {};
  }
  if (integration === undefined) return ownVelocities(engine, model, exported, feeds);
  const isSampler = exported.part === "sampler";
  const isDensity = exported.part === "density";
  const { chain, record } = model;
  const transport = await createTransport(engine, chain, {
    direction: isSampler ? -1 : 1,
    integration,
    divergence: isDensity ? { kind: "hutchinson", probes: 1 } : { kind: "none" },
    ...(record.classes && { guidance: Number(exported.metadata["localflow.guidance"] ?? 1) }),
  });
  const start = isSampler ? numbersOf(feeds, "noise") : rowsOf(feeds, record.image);
  const moved = await transport
    .run(start, { random: random(seed), ...(told && { classes: told }), ...(signal && { signal }) })
    .finally(() => transport.release());
  if (isSampler) return sampled(moved.points);
  if (!isDensity) return { noise: moved.points };
  const d = chain.dimension;
  const logDensity = normalLogDensity(moved.points, d).map((value, row) => value + (moved.logDeterminant[row] ?? 0));
  const bits = logDensity.map((value) => bitsPerDimension(-value, d));
  return { noise: moved.points, log_density: logDensity, bits };
}

async function ownVelocities(
  engine: Engine,
  { chain, record: { classes } }: ImageModel,
  exported: Exported,
  feeds: Readonly<Record<string, NDArray>>,
): Promise<Numbers> {
  const d = chain.dimension;
  const t = feeds["t"];
  invariant(t !== undefined, "a velocity is asked for at times");
  const rows = t.data.length;
  const shares = classes && classShares(Int32Array.from(feeds["classes"]?.data ?? [], Number), classes.length);
  const inputs = {
    x: placeholder(["rows", d]),
    t: placeholder(["rows", 1]),
    shares: shares ? [placeholder(["rows", classes.length])] : [],
  };
  const given = { x: floats(numbersOf(feeds, "x"), [rows, d]), t, shares: shares ? [shares] : [] };
  const chosen = exported.metadata["localflow.block"];
  const blocks = chosen === undefined ? chain.blocks : chain.blocks.slice(Number(chosen) - 1, Number(chosen));
  const results: Record<string, ArrayLike<number>> = {};
  for (const [n, block] of blocks.entries()) {
    const { weights, velocityOf } = blockWeights(block);
    const field = velocityOf(
      weights.map((array) => constant(array)),
      inputs.shares[0],
    );
    const program = await compile(engine, inputs, { velocity: field(inputs.x, inputs.t) });
    const { velocity } = await program.run(given).finally(() => program.release());
    results[exported.outputs[n]?.name ?? ""] = (velocity as FloatArray).data;
  }
  return results;
}

function numbersOf(feeds: Readonly<Record<string, NDArray>>, name: string): Float32Array {
  const found = feeds[name]?.data;
  invariant(found instanceof Float32Array, `numbers for ${name}`);
  return found;
}

/** Levels at their places in their cells, as rows of [-1, 1], channel first. */
function rowsOf(feeds: Readonly<Record<string, NDArray>>, image: PixelShape): Float32Array {
  const levels = feeds["images"]?.data;
  const places = numbersOf(feeds, "places");
  const size = levelsPerImage(image);
  return Float32Array.from(places, (_, at) => {
    const from = lastPlace(at, size, image);
    return Math.fround(Math.fround(Number(levels?.[from]) + (places[from] ?? 0)) / 128) - 1;
  });
}

/** [count, channels, height, width] as [count, height, width, channels]. */
function channelsLast({ levels, ...image }: PixelBlock): Uint8Array {
  const out = new Uint8Array(levels.length);
  const size = levelsPerImage(image);
  levels.forEach((level, at) => {
    out[lastPlace(at, size, image)] = level;
  });
  return out;
}

/** Where the value at place `at` of a channel-first array stands channel-last. */
function lastPlace(at: number, size: number, { channels, height, width }: PixelShape): number {
  const [image, inside] = [Math.floor(at / size), at % size];
  const [channel, pixel] = [Math.floor(inside / (height * width)), inside % (height * width)];
  return image * size + pixel * channels + channel;
}
