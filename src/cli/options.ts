// options: the definitions of every option, shared by the commands that take it, and their parsers.
import { Command } from "commander";
import type { Step } from "../flow/steps.ts";
import type { BaselineName } from "../measure/names.ts";
import type { Activation } from "../nn/activation.ts";
import type { Integration, MethodName } from "../ode/integration.ts";
import type { PictureKind } from "../pictures/kinds.ts";
import type { Device } from "../runtime/contract.ts";
import type { Objective } from "../tasks/distillation/distill.ts";
import type { ExportPart } from "../tasks/export-parts.ts";
import type { TextChoice } from "../tasks/table/detect.ts";
import { add, addList, addOnce } from "./add-option.ts";
import { applyConfig } from "./config.ts";
import type { ImageFitOptions, ImageSourceOptions } from "./images-options.ts";
import type { ColumnOrder } from "./parse.ts";
import * as parse from "./parse.ts";
import { geometricDefaults, type IntegrationOptions, type RecipeOptions } from "./recipe.ts";
import type { Threshold } from "./thresholds.ts";

/** Taken by every command. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
  readonly device?: Device;
  readonly threads?: number;
}

export interface FitOptions extends CommonOptions, RecipeOptions, ImageFitOptions {
  readonly output: string;
  readonly task?: "density" | "table" | "images";
  readonly schema?: string;
  readonly label?: string;
  readonly constraint?: readonly string[];
  readonly ordinal?: readonly ColumnOrder[];
  readonly text?: TextChoice;
  readonly columns?: readonly string[];
  readonly trainSplit?: number;
  readonly validation?: string;
  readonly rows?: number;
  readonly resume?: boolean;
  readonly time?: number;
  readonly memory?: number;
  readonly seed?: number;
  readonly force?: boolean;
}

export interface SampleOptions extends CommonOptions, IntegrationOptions {
  readonly rows: number;
  readonly output: string;
  readonly chain?: boolean;
  readonly logDensity?: boolean;
  readonly where?: string;
  readonly balance?: string | true;
  readonly class?: readonly string[];
  readonly guidance?: number;
  readonly seed?: number;
  readonly force?: boolean;
}

export interface ScoreOptions extends CommonOptions, IntegrationOptions, ImageSourceOptions {
  readonly output?: string;
  readonly percentile?: boolean;
  readonly contributions?: boolean;
  readonly smoothed?: boolean;
  readonly smoothing?: number;
  readonly classify?: string | true;
  readonly marginal?: boolean;
  readonly divergence?: "exact" | "hutchinson";
  readonly probes?: number;
  readonly handOver?: Integration;
  readonly rows?: number;
  readonly memory?: number;
  readonly seed?: number;
  readonly force?: boolean;
}

export interface ImputeOptions extends CommonOptions, IntegrationOptions {
  readonly output: string;
  readonly draws?: number;
  readonly candidates?: number;
  readonly best?: boolean;
  readonly memory?: number;
  readonly seed?: number;
  readonly force?: boolean;
}

export interface EvaluateOptions extends CommonOptions, IntegrationOptions, ImageSourceOptions {
  readonly guidance?: number;
  readonly features?: string;
  readonly train?: string;
  readonly samples?: number;
  readonly baselines?: readonly BaselineName[];
  readonly plain?: boolean;
  readonly target?: string;
  readonly failUnder?: readonly Threshold[];
  readonly report?: string;
  readonly curve?: boolean;
  readonly student?: readonly string[];
  readonly force?: boolean;
  readonly rows?: number;
  readonly memory?: number;
  readonly seed?: number;
}

export interface DistillOptions extends CommonOptions {
  readonly output: string;
  readonly objective?: Objective;
  readonly evaluations?: number;
  readonly scores?: boolean;
  readonly conditional?: boolean;
  readonly guidance?: number;
  readonly rows?: number;
  readonly hidden?: readonly number[];
  readonly iterations?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly time?: number;
  readonly seed?: number;
  readonly force?: boolean;
}

export interface InspectOptions extends CommonOptions, RecipeOptions, ImageFitOptions {
  readonly task?: "density" | "table" | "images";
  readonly schema?: string;
  readonly label?: string;
  readonly constraint?: readonly string[];
  readonly ordinal?: readonly ColumnOrder[];
  readonly text?: TextChoice;
  readonly estimate: boolean;
  readonly columns?: readonly string[];
  readonly trainSplit?: number;
  readonly validation?: string;
  readonly time?: number;
  readonly rows?: number;
  readonly seed?: number;
  readonly memory?: number;
}

export interface PictureOptions extends CommonOptions {
  readonly output: string;
  readonly kind: PictureKind;
  readonly columns?: readonly string[];
  readonly points?: number;
  readonly resolution?: number;
  readonly memory?: number;
  readonly seed?: number;
  readonly force?: boolean;
}

export interface ExportOptions extends CommonOptions {
  readonly output: string;
  readonly part?: ExportPart;
  readonly block?: number;
  readonly conditional?: boolean;
  readonly texts?: boolean;
  readonly noise?: "input" | "seed";
  readonly guidance?: number;
  readonly method?: MethodName;
  readonly evaluations?: number;
  readonly check?: boolean;
  readonly seed?: number;
  readonly force?: boolean;
}

export interface ImportOptions extends CommonOptions, IntegrationOptions {
  readonly output: string;
  readonly preset?: string;
  readonly steps?: readonly Step[] | "auto";
  readonly activation?: readonly Activation[];
  readonly columns?: readonly string[];
  readonly force?: boolean;
}

export interface DemoOptions extends CommonOptions {
  readonly output?: string;
  readonly force?: boolean;
  readonly seed?: number;
}

/** `--config --json --quiet --debug --device --threads`. */
export function common(command: Command): Command {
  add(command, "--config <file>", "read options from a YAML file; those of the command line win", (path) => {
    applyConfig(command, path);
    return path;
  });
  command.option("--json", "print one JSON object with the result on standard output");
  command.option("--quiet", "no progress and no notes on standard error");
  command.option("--debug", "show the stack of an error");
  add(command, "--device <name>", "where to compute: cpu, cuda, coreml, directml, webgpu (default: cpu)", parse.device);
  return add(command, "--threads <count>", "threads of the engine (default, and at most: all cores)", count);
}

export function seed(command: Command, fallback = "a fresh one, printed"): Command {
  return add(command, "--seed <number>", `seed of all randomness (default: ${fallback})`, parse.whole({ atLeast: 0 }));
}

export function force(command: Command): Command {
  return command.option("--force", "overwrite files that exist");
}

export function memory(command: Command): Command {
  return add(command, "--memory <size>", "budget for data and intermediate arrays, such as 2GiB", parse.size);
}

export function columns(command: Command): Command {
  return add(command, "--columns <a,b,…>", "use only these columns, in this order (default: all)", parse.columns);
}

/** `--task`, `--schema` and what may stand in a schema too: what data are taken for. */
export function task(command: Command): Command {
  const names =
    "what to learn: density (rows of numbers), table (mixed columns, gaps) or images (default: as data look)";
  add(command, "--task <name>", names, parse.choice(["density", "table", "images"]));
  command.option("--schema <file>", "of a table: JSON that says what some of its columns are");
  addOnce(
    command,
    "--label <column>",
    "of a table: the column that is the class, a category even if written in numbers",
  );
  const texts =
    "of a table: texts and ids that are no levels: leave-out (default), regenerate in their shapes, or sample (copies texts)";
  add(command, "--text <choice>", texts, parse.choice(["leave-out", "regenerate", "sample"]));
  const order = "of a table: the levels of a column in their order, such as 'size=S<M<L'; repeatable";
  addList(command, "--ordinal <column=levels>", order, parse.ordinals, parse.distinctOrders);
  const rule =
    "of a table: what every row meets, such as 'low <= high', 'total == a + b', unique(a), combinations(a, b)";
  return addList(command, "--constraint <text>", `${rule}; repeatable`, parse.texts, (list) => list);
}

/** `--rows`, for data that is a built-in density. */
export function rows(command: Command): Command {
  return add(command, "--rows <count>", "points to draw from a built-in density (default: 100000)", count);
}

/** `--method --tolerance --rtol --atol --evaluations`; `auto` where the command can choose a tolerance. */
export function integration(command: Command, { auto = false }: { readonly auto?: boolean } = {}): Command {
  add(
    command,
    "--method <name>",
    `ODE method: ${parse.methods.join(", ")} (default: dopri5; euler with --evaluations)`,
    parse.choice(parse.methods),
  );
  const steps = "relative and absolute tolerance of adaptive steps";
  if (auto) add(command, "--tolerance <number|auto>", `${steps}, or auto (default: 1e-4)`, parse.orAuto(tolerance));
  else add(command, "--tolerance <number>", `${steps} (default: 1e-4)`, tolerance);
  add(command, "--rtol <number>", "relative tolerance alone", tolerance);
  add(command, "--atol <number>", "absolute tolerance alone", tolerance);
  return add(command, "--evaluations <count>", "fixed steps: velocity evaluations per block", count);
}

/** Row options of `fit` and `inspect`: which rows train, which are held out. */
export function split(command: Command): Command {
  add(
    command,
    "--train-split <share>",
    "share of the rows to train on; 1 holds out none (default: 0.9)",
    parse.number({ above: 0, atMost: 1 }),
  );
  return command.option("--validation <file>", "held-out rows from a file of their own");
}

/** `--time`. */
export function time(command: Command): Command {
  return add(command, "--time <duration>", "stop in time with a usable model, such as 10m", parse.seconds);
}

/** The schedule of gamma_1 … gamma_N: three ways that exclude each other. */
export function schedule(command: Command): Command {
  const { first, growth } = geometricDefaults;
  command.optionsGroup("Schedule (--steps, --blocks with --first/--growth, --blocks with --schedule):");
  add(
    command,
    "--steps <list>",
    "durations written out, such as 0.025,0.031,free; `free` alone is plain Flow Matching; or auto",
    parse.steps,
  );
  add(command, "--blocks <count>", "number of blocks; the last one is free", parse.whole({ atLeast: 1, atMost: 1000 }));
  add(command, "--first <duration>", `duration of the first block (default: ${first})`, positive);
  add(command, "--growth <ratio>", `ratio of a duration to the one before (default: ${growth})`, positive);
  return add(command, "--schedule <name>", "diffusion schedule: cosine or linear", parse.choice(["cosine", "linear"]));
}

/** Everything about the velocity networks and their training; `;` separates values per block where it says so. */
export function training(command: Command): Command {
  command.optionsGroup("Velocity network:");
  add(
    command,
    "--hidden <widths>",
    "hidden layers, such as 256x3 or 512,256; per block with `;`",
    parse.perBlock(parse.hidden),
  );
  add(
    command,
    "--activation <name>",
    "relu, elu, silu, gelu, tanh or softplus(beta); per block with `;`",
    parse.perBlock(parse.activation),
  );
  add(command, "--time-input <where>", "time enters the first layer or every layer", parse.choice(["first", "every"]));
  add(
    command,
    "--init <name>",
    "default, orthogonal or zero-last",
    parse.choice(["default", "orthogonal", "zero-last"]),
  );
  add(
    command,
    "--frequencies <count>",
    "the network also reads sin and cos of 1, 2, 4, … times each column",
    parse.whole({ atLeast: 0, atMost: 32 }),
  );
  add(
    command,
    "--dropout <share>",
    "share of the values of hidden layers that training leaves out, against learning few rows by heart",
    parse.number({ atLeast: 0, below: 1 }),
  );
  command.optionsGroup("Flow Matching:");
  add(
    command,
    "--interpolant <name>",
    "linear or trigonometric (default: linear)",
    parse.choice(["linear", "trigonometric"]),
  );
  const couplings = ["dependent", "shuffled", "independent", "optimal-transport"] as const;
  add(command, "--coupling <name>", `${couplings.join(", ")} (default: dependent)`, parse.choice(couplings));
  add(
    command,
    "--time-distribution <law>",
    "uniform or beta(a,b); t = 1 is the noise side (default: uniform)",
    parse.timeDistribution,
  );
  command.optionsGroup("Training:");
  add(command, "--batch-size <rows>", "rows of one iteration", count);
  add(command, "--iterations <count>", "iterations of each block; per block with `;`", parse.perBlock(count));
  add(command, "--learning-rate <rate>", "of Adam; per block with `;`", parse.perBlock(positive));
  add(command, "--decay <factor/iterations>", "learning-rate decay such as 0.99/1000, cosine, or none", parse.decay);
  add(command, "--warm-up <iterations>", "linear warm-up of the learning rate", parse.whole({ atLeast: 0 }));
  add(command, "--weight-decay <rate>", "decoupled weight decay", parse.number({ atLeast: 0 }));
  add(command, "--clip <norm>", "largest gradient norm, or none", parse.clip);
  add(
    command,
    "--moving-average <decay>",
    "publish a moving average of the weights; 0 for none",
    parse.number({ atLeast: 0, below: 1 }),
  );
  add(command, "--warm-start <true|false>", "start a block from the weights of the block before", parse.truth);
  add(
    command,
    "--early-stopping [checks]",
    "stop a block after this many checks without a better held-out loss (default: 5)",
    parse.whole({ atLeast: 0 }),
    { preset: "5" },
  );
  command.option("--parallel-blocks", "train every block from the exact diffusion of the data, independently");
  command.option("--share-weights", "one network for all blocks, trained from the exact diffusion of the data");
  return add(
    command,
    "--standardize <true|false>",
    "scale columns to mean 0, deviation 1 inside the model (default: true)",
    parse.truth,
  );
}

/** The names under which commands get the options of `schedule`, `training` and `integration`. */
export function fitAttributes(): readonly string[] {
  return integration(training(schedule(new Command()))).options.map((option) => option.attributeName());
}

const count = parse.whole({ atLeast: 1 });
const positive = parse.number({ above: 0 });
/** Numbers are float32: what is asked for below its resolution would never be met. */
const tolerance = parse.number({ atLeast: 1e-7 });
