// fit: training a whole chain with everything that belongs to it, beside the authors' scripts on the same rows.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explained } from "../src/data/files.ts";
import { decodeNpy, encodeNpy } from "../src/data/npy.ts";
import { explicitSteps } from "../src/flow/steps.ts";
import type { Activation } from "../src/nn/activation.ts";
import { fillNormal, random, split } from "../src/random.ts";
import type { Engine } from "../src/runtime/contract.ts";
import { createEngine } from "../src/runtime/node.ts";
import { scoreDensity, summarize } from "../src/tasks/density.ts";
import type { DensityModel } from "../src/tasks/density-model.ts";
import { modelVersion } from "../src/tasks/model-file.ts";
import { identityStandardization } from "../src/tasks/standardization.ts";
import { type FloatArray, floats } from "../src/tensor/array.ts";
import { trainChain } from "../src/train/chain.ts";
import type { Configuration } from "../src/train/configuration.ts";
import { borrowedRows } from "../src/train/row-pool.ts";
import {
  type Benchmark,
  type CaseName,
  chosen,
  commandOf,
  compare,
  type Row,
  type Settings,
  withPeer,
} from "./benchmark.ts";
import { type Answer, timed } from "./drive.ts";
import { adaptive } from "./models.ts";
import { plainTraining } from "./training.ts";

/** A configuration of the authors', before it is scaled down. */
interface Recipe {
  readonly name: CaseName | "tree-published";
  /** The peer's preset that it is, or differs from in numbers alone; its rows are that case's files. */
  readonly preset: CaseName;
  readonly columns: number;
  readonly rows: number;
  readonly testRows: number;
  readonly durations: readonly number[];
  readonly hidden: readonly number[];
  readonly activation: Activation;
  readonly interpolant: "linear" | "trigonometric";
  readonly batchSize: number;
  readonly iterations: number;
  readonly learningRate: number;
  readonly decay: { readonly factor: number; readonly every: number };
  /** The scale unless another is asked for: a minute or so. */
  readonly usualScale: number;
}

const treeChain = {
  columns: 2,
  durations: [0.025, 0.031, 0.039, 0.049, 0.061],
  hidden: [256, 256, 256],
  activation: { kind: "softplus", beta: 20 },
  interpolant: "linear",
} as const;

/** The reference runs of docs/accuracy.md, and the tree as its authors published it (January 2026). */
export const recipes: readonly Recipe[] = [
  {
    name: "tree",
    preset: "tree",
    ...treeChain,
    rows: 100_000,
    testRows: 20_000,
    batchSize: 2000,
    iterations: 1500,
    learningRate: 1e-3,
    decay: { factor: 0.9, every: 150 },
    usualScale: 20,
  },
  {
    name: "tree-published",
    preset: "tree",
    ...treeChain,
    rows: 2_000_000,
    testRows: 100_000,
    batchSize: 10_000,
    iterations: 50_000,
    learningRate: 2e-4,
    decay: { factor: 0.99, every: 1000 },
    usualScale: 500,
  },
  {
    name: "letter",
    preset: "letter",
    columns: 16,
    rows: 16_200,
    testRows: 2000,
    durations: [0.35],
    hidden: [256, 256, 256, 256],
    activation: { kind: "relu" },
    interpolant: "trigonometric",
    batchSize: 1000,
    iterations: 4000,
    learningRate: 2e-3,
    decay: { factor: 0.8, every: 400 },
    usualScale: 20,
  },
];

export const fit: Benchmark = async function* (settings) {
  const directory = await mkdtemp(join(tmpdir(), "localflow-benchmark-"));
  const engine = await createEngine({ threads: settings.threads });
  try {
    for (const recipe of chosen(recipes, settings)) yield await comparison(settings, engine, recipe, directory);
  } finally {
    await engine.close();
    await rm(directory, { recursive: true });
  }
};

/** The recipe with so many times fewer rows to train on (not below a batch) and to score, iterations and steps between decays. */
export function scaled(recipe: Recipe, scale: number): Recipe {
  const part = (count: number, least: number) => Math.max(least, Math.round(count / scale));
  return {
    ...recipe,
    rows: part(recipe.rows, recipe.batchSize),
    testRows: part(recipe.testRows, 1),
    iterations: part(recipe.iterations, 1),
    decay: { ...recipe.decay, every: part(recipe.decay.every, 1) },
  };
}

async function comparison(settings: Settings, engine: Engine, whole: Recipe, directory: string): Promise<Row> {
  const scale = settings.scale ?? whole.usualScale;
  const recipe = scaled(whole, scale);
  const { name, preset, columns, rows, testRows, iterations, decay, durations, batchSize, learningRate } = recipe;
  const { train: trainSource, rows: testSource } = settings.cases[preset];
  settings.say(`fit ${name}: ${durations.length + 1} blocks of ${iterations} iterations, ${rows} rows …`);
  const train = await sourceRows(trainSource, columns, rows, "train");
  const test = await sourceRows(testSource, columns, testRows, "test");
  const files = { train: join(directory, "train.npy"), test: join(directory, "test.npy") };
  await writeFile(files.train, encodeNpy(train));
  await writeFile(files.test, encodeNpy(test));
  const spent: { ours?: Spent; theirs?: Answer } = {};
  const ours = () =>
    timed(async () => {
      spent.ours = await fitAndScore(engine, recipe, train, test);
    });
  const paths = ["--preset", preset, "--train", files.train, "--test", files.test];
  const numbers = {
    iterations,
    decay: `${decay.factor}/${decay.every}`,
    "batch-size": batchSize,
    "learning-rate": learningRate,
    threads: engine.threads,
  };
  const options = Object.entries(numbers).flatMap(([option, value]) => [`--${option}`, value]);
  const timing = await withPeer(settings, "train", [...paths, ...options, ...settings.peerFlags], (peer) =>
    compare(settings, peer, {
      ours,
      onAnswer: (answer) => {
        spent.theirs = answer;
      },
    }),
  );
  const data = trainSource === undefined ? "normal points" : "files";
  const given = `${trainSource ? ` --${preset}-train ${trainSource}` : ""}${testSource ? ` --${preset}-rows ${testSource}` : ""}`;
  return {
    name: "fit",
    shape: name,
    ...timing,
    command: commandOf("fit", name, ` --scale ${scale}${given}`),
    detail: { data, rows: train.shape[0], testRows: test.shape[0], iterations, ...spent },
  };
}

interface Spent {
  readonly trainSeconds: number;
  readonly pushSeconds: number;
  readonly nllSeconds: number;
  readonly nll: number;
}

/** What the authors' scripts do: all blocks with the pushes between them, then the NLL of the test rows. */
async function fitAndScore(engine: Engine, recipe: Recipe, train: FloatArray, test: FloatArray): Promise<Spent> {
  const configuration = configurationOf(recipe);
  const pool = borrowedRows(train.data, recipe.columns);
  const { chain, records } = await trainChain(engine, { pool, configuration });
  const columns = Array.from({ length: recipe.columns }, (_, k) => `c${k + 1}`);
  const training = { rows: recipe.rows, blocks: records };
  const record = { version: modelVersion, task: "density", columns, configuration, training } as const;
  const model: DensityModel = { record, standardization: identityStandardization(recipe.columns), chain };
  const started = performance.now();
  const values: number[] = [];
  for await (const { logDensity } of scoreDensity(engine, model, test))
    for (const value of logDensity) values.push(-value);
  const sum = (of: "seconds" | "pushSeconds") => records.reduce((total, block) => total + block[of], 0);
  return {
    trainSeconds: sum("seconds"),
    pushSeconds: sum("pushSeconds"),
    nllSeconds: (performance.now() - started) / 1000,
    nll: summarize(values).nll,
  };
}

function configurationOf(recipe: Recipe): Configuration {
  const { hidden, activation, durations, iterations, learningRate, batchSize, interpolant, decay } = recipe;
  const network = { hidden, activation, timeInput: "first", initialization: "default" } as const;
  return {
    seed: 1103,
    standardize: false,
    blocks: explicitSteps(durations).map((step) => ({ step, network, iterations, learningRate })),
    training: { ...plainTraining, batchSize, interpolant, decay: { kind: "step", ...decay }, warmStart: true },
    integration: adaptive(1e-3),
  };
}

/** The first rows of a .npy file; normal points where none is given, which take a fit about as long. */
async function sourceRows(path: string | undefined, columns: number, count: number, name: string): Promise<FloatArray> {
  if (path === undefined) {
    const points = new Float32Array(count * columns);
    fillNormal(split(random(7), name), points);
    return floats(points, [count, columns]);
  }
  const all = decodeNpy(await explained(path, () => readFile(path)), path);
  const rows = Math.min(count, all.shape[0] ?? 0);
  return floats(all.data.slice(0, rows * columns), [rows, columns]);
}
