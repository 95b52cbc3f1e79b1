// demo: `localflow demo`, a chain of flows on shipped real data beside a Gaussian and plain Flow Matching.
import { mkdir, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { explained, readTable, writeFileAtomically } from "../data/files.ts";
import { shellWord } from "../data/shell-word.ts";
import { failure } from "../errors.ts";
import { gaussianNll } from "../measure/gaussian.ts";
import { toSvg } from "../pictures/svg.ts";
import { fillUniform, random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { defaultConfiguration } from "../tasks/defaults.ts";
import { fitDensity, sampleDensity } from "../tasks/density.ts";
import { encodeDensityModel } from "../tasks/density-model.ts";
import { picture } from "../tasks/pictures.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import type { DemoOptions } from "./options.ts";
import { alignedTable, report, spokenTime } from "./output.ts";
import * as parse from "./parse.ts";
import { progressView } from "./progress.ts";
import { configurationFrom, type RecipeOptions } from "./recipe.ts";
import { writeRows } from "./rows.ts";
import { checkInterrupted, checkOutput, withEngine } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Everything the demo's length and result hang on. Equal budget: the same data, batch size, optimizer and total of
 * gradient steps; plain Flow Matching gets one network of at least the chain's parameters, so it computes no less.
 */
const plan = {
  /** The numeric columns and the unit each was rounded to: uniform noise of that width undoes the rounding. */
  units: { carat: 0.01, depth: 0.1, table: 1, price: 1, x: 0.01, y: 0.01, z: 0.01 },
  /** The file is sorted by price in parts, so the rows held out are spread over all of it. */
  heldOutEvery: 20,
  seed: 1,
  samples: 1000,
  pictured: ["carat", "price", "x", "z"],
  common: { batchSize: 1000, learningRate: [2e-3], decay: { kind: "step", factor: 0.9, every: 300 } },
  chain: { steps: "0.15,0.195,0.2535,free", hidden: "128x3", iterations: 1000 },
  plain: { steps: "free", hidden: "256x3", iterations: 4000 },
} as const;

interface Contender {
  readonly name: string;
  readonly nll: number;
  readonly standardError: number | null;
  readonly parameters: number;
  readonly gradientSteps: number;
  readonly seconds: number;
}

/** Fits the chain and plain Flow Matching, prints their held-out likelihood, writes the chain's model and samples. */
export async function demo(options: DemoOptions, terminal: Terminal): Promise<void> {
  const seed = options.seed ?? plan.seed;
  const folder = await outputFolder(options);
  const { train, heldOut, columns } = await diamonds(seed);
  const say = (text: string) => !options.quiet && terminal.err(`${text}\n`);
  say(
    `localflow demo: ${train.shape[0]} diamonds to learn from, ${heldOut.shape[0]} held out, ${columns.length} columns`,
  );
  const modelPath = join(folder, written.model);
  const samplesPath = join(folder, written.samples);
  const picturePath = join(folder, written.picture);
  const result = await withEngine(options, async (engine) => {
    const job: Job = { engine, train, heldOut, columns, seed, options, terminal };
    say("plain Flow Matching (1 block) …");
    const plain = await contender("plain Flow Matching", plan.plain, job);
    say("Local Flow Matching (4 blocks) …");
    const chain = await contender("Local Flow Matching", plan.chain, job);
    await writeFileAtomically(modelPath, encodeDensityModel(chain.model), { force: true });
    const drawn = sampleDensity(engine, chain.model, { rows: plan.samples, seed, signal: terminal.signal });
    async function* points(): AsyncGenerator<FloatArray> {
      for await (const chunk of drawn) yield chunk.points;
    }
    await writeRows(samplesPath, { columns, rows: plan.samples, chunks: points() }, { force: true }, terminal);
    const figure = await picture(engine, chain.model, {
      kind: "pairs",
      data: heldOut,
      columns: plan.pictured,
      points: 5000,
      seed,
      signal: terminal.signal,
    });
    await writeFileAtomically(picturePath, new TextEncoder().encode(toSvg(figure)), { force: true });
    return [plain.row, chain.row];
  });
  const gaussian = {
    name: "one Gaussian",
    ...gaussianNll(train, heldOut),
    parameters: gaussianParameters(columns.length),
  };
  const contenders = [{ ...gaussian, gradientSteps: 0, seconds: 0 }, ...result];
  await report(
    terminal,
    options,
    { seed, contenders, model: modelPath, samples: samplesPath, picture: picturePath },
    text(contenders, folder, seed),
  );
}

const written = { model: "model.safetensors", samples: "samples.csv", picture: "pairs.svg" } as const;

/** The folder, made if need be. The demo's own is written anew; in another, no file is overwritten without `--force`. */
async function outputFolder({ output, force = false }: DemoOptions): Promise<string> {
  const folder = output ?? "localflow-demo";
  const found = await stat(folder).catch(() => undefined);
  if (found !== undefined && !found.isDirectory())
    throw failure("file", { where: folder, expected: "a folder, or a name for a new one", received: "a file" });
  await explained(folder, () => mkdir(folder, { recursive: true }));
  if (output !== undefined) for (const name of Object.values(written)) await checkOutput(join(folder, name), { force });
  return folder;
}

interface Job {
  readonly engine: Engine;
  readonly train: FloatArray;
  readonly heldOut: FloatArray;
  readonly columns: readonly string[];
  readonly seed: number;
  readonly options: DemoOptions;
  readonly terminal: Terminal;
}

async function contender(name: string, recipe: typeof plan.chain | typeof plan.plain, job: Job) {
  const { engine, train, heldOut, columns, seed, options, terminal } = job;
  checkInterrupted(terminal.signal);
  const given: RecipeOptions = {
    ...plan.common,
    steps: parse.steps(recipe.steps, "demo"),
    hidden: [parse.hidden(recipe.hidden, "demo")],
    iterations: [recipe.iterations],
  };
  const base = defaultConfiguration({ rows: train.shape[0] ?? 0, columns: columns.length });
  const configuration = configurationFrom(given, base, seed);
  const view = progressView(terminal, options);
  const request = {
    rows: train,
    columns,
    validation: heldOut,
    configuration,
    signal: terminal.signal,
    onProgress: view.show,
  };
  const { model, report: fitted } = await fitDensity(engine, request).finally(view.clear);
  const { nll, standardError } = fitted.validation ?? fitted.train;
  const gradientSteps = fitted.blocks.reduce((total, { iterations }) => total + iterations, 0);
  const row: Contender = {
    name,
    nll,
    standardError,
    parameters: fitted.parameters,
    gradientSteps,
    seconds: fitted.seconds,
  };
  return { model, row };
}

/** The shipped diamonds with their rounding undone, split into rows to train on and rows held out. */
async function diamonds(seed: number) {
  const columns = Object.keys(plan.units);
  const units = Object.values(plan.units);
  const { rows } = await readTable(fileURLToPath(new URL("../../demo/diamonds.csv", import.meta.url)), { columns });
  const width = columns.length;
  const noise = new Float32Array(rows.data.length);
  fillUniform(split(random(seed), "demo", "dequantize"), noise);
  const smooth = rows.data.map((value, i) => value + ((noise[i] ?? 0.5) - 0.5) * (units[i % width] ?? 0));
  const pick = (wanted: (row: number) => boolean): FloatArray => {
    const chosen = Array.from({ length: rows.shape[0] ?? 0 }, (_, row) => row).filter(wanted);
    const data = new Float32Array(chosen.length * width);
    chosen.forEach((row, n) => {
      data.set(smooth.subarray(row * width, (row + 1) * width), n * width);
    });
    return floats(data, [chosen.length, width]);
  };
  const isHeldOut = (row: number) => row % plan.heldOutEvery === 0;
  return { columns, train: pick((row) => !isHeldOut(row)), heldOut: pick(isHeldOut) };
}

/** Mean and covariance. */
const gaussianParameters = (width: number) => width + (width * (width + 1)) / 2;

function text(contenders: readonly Contender[], folder: string, seed: number): string {
  const model = shellWord(posix.join(folder, written.model));
  const rows = contenders.map(({ name, nll, standardError, parameters, gradientSteps, seconds }) => [
    name,
    nll.toFixed(3),
    standardError === null ? "" : `± ${standardError.toFixed(3)}`,
    String(parameters),
    String(gradientSteps),
    seconds === 0 ? "" : spokenTime(seconds),
  ]);
  return [
    "held-out negative log-likelihood, nats per diamond (lower is better)",
    "",
    alignedTable(["", "nll", "error", "parameters", "gradient steps", "time"], rows),
    "",
    `Written to ${folder}: model.safetensors, samples.csv (${plan.samples} diamonds that do not exist) and pairs.svg (samples on held-out`,
    `diamonds: open it in a browser). Seed ${seed}.`,
    "",
    "Try next:",
    `  npx localflow inspect ${model}`,
    `  npx localflow sample ${model} -n 5 --log-density`,
    "  npx localflow fit YOUR.csv -o model.safetensors",
  ].join("\n");
}
