// program: the commands with their help, and the one place that turns errors into exit statuses. Commands load when run.
import { Command, CommanderError } from "commander";
import { cellTableEndings, rowEndings } from "../data/table-endings.ts";
import { pictureKinds } from "../pictures/kinds.ts";
import { exportParts } from "../tasks/export-parts.ts";
import { add } from "./add-option.ts";
import { evaluateOptions } from "./evaluate-options.ts";
import * as images from "./images-options.ts";
import { keepInputs } from "./kept-inputs.ts";
import * as options from "./options.ts";
import { errorText, exitStatus, statusOf } from "./output.ts";
import * as parse from "./parse.ts";
import { reproduceOptions } from "./reproduce-options.ts";
import { escaping, type Terminal } from "./terminal.ts";
import { askLast, asTyped, capThreads, commandOf, usageStatus, withCommand } from "./usage.ts";
import { version } from "./version.ts";

/** Runs one command line (without `node` and the script) and gives its exit status; never throws. */
export async function run(argv: readonly string[], given: Terminal): Promise<number> {
  const terminal = escaping(given);
  const root = program(terminal);
  try {
    await root.parseAsync(withCommand(root, argv), { from: "user" });
    return exitStatus.done;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return usageStatus(thrown, commandOf(root, argv), terminal);
    const error = asTyped(thrown, root, argv);
    const isDebugged = root.commands.some((command) => command.getOptionValue("debug") === true);
    terminal.err(errorText(error, isDebugged || argv.includes("--debug")));
    return statusOf(error);
  }
}

/** The whole command line as a commander program. */
export function program(terminal: Terminal): Command {
  const root = new Command("localflow")
    .description("Local Flow Matching: densities, samples and scores from a chain of short flows")
    .version(version(), "--version", "print the version")
    .helpOption("--help", "show help; after a command, its options and examples")
    .helpCommand("help [command]", "show the help of a command")
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err, outputError: () => {} })
    .exitOverride()
    .hook("preAction", (_, command) => capThreads(command, terminal))
    .hook("preAction", (_, command) => keepInputs(command))
    .addHelpText("after", "\nA first look: localflow demo");
  for (const define of [
    fit,
    sample,
    score,
    impute,
    evaluate,
    distill,
    inspect,
    picture,
    exporting,
    importing,
    reproduce,
    demo,
  ])
    define(root, terminal);
  root.commands.forEach(askLast);
  return root;
}

function fit(root: Command, terminal: Terminal): void {
  const command = begin(root, "fit", "train a chain of flows on the rows of a data file");
  command.argument("<data>", `training rows: ${dataSources}; or a folder of images`);
  command.requiredOption("-o, --output <model>", "model file to write (.safetensors)");
  options.task(command);
  options.rows(options.split(options.columns(command)));
  command.option("--resume", "go on from the checkpoint beside the output, MODEL.checkpoint");
  options.time(command);
  options.force(options.memory(options.seed(options.common(command))));
  images.imagePictures(images.imageFit(command));
  options.training(options.schedule(command));
  options.integration(command.optionsGroup("Integration (recorded in the model):"), { auto: true });
  examples(command, [
    "localflow fit data.csv -o model.safetensors",
    "localflow fit data.csv -o model.safetensors --blocks 4 --first 0.15 --growth 1.3 --hidden 256x4",
    "localflow fit data.csv -o baseline.safetensors --steps free     # plain Flow Matching",
    "localflow fit data.csv -o model.safetensors --time 10m",
    "localflow fit data.csv -o model.safetensors --config fit.yaml   # learning-rate: 1e-3, one option a line",
    "localflow fit moons --rows 20000 -o moons.safetensors",
    "localflow fit customers.csv -o model.safetensors --schema schema.json   # a table of mixed columns",
    "localflow fit trips.csv -o model.safetensors --constraint 'start <= end' --label purpose",
    "localflow fit fashion-mnist/ -o model.safetensors --size 14 --time 20m   # a folder of images",
    "localflow fit pets/ -o model.safetensors --size 32 --conditional         # classes too, one folder each",
  ]);
  command.action(async (data, given) => (await import("./fit.ts")).fit(data, given, terminal));
}

function sample(root: Command, terminal: Terminal): void {
  const command = begin(root, "sample", "draw samples from a model, or points of a built-in density");
  command.argument("<model>", `model file, or ${densities}`);
  add(command, "-n, --rows <count>", "number of samples", parse.whole({ atLeast: 1 }), { mandatory: true });
  command.option("-o, --output <file>", `where to write: ${rowFormats}`, "-");
  command.option("--log-density", "add the column log_density (nats; of a density, the true one)");
  command.option(
    "--where <condition>",
    "of a table: what every row must meet, such as 'cut == \"Ideal\" && price < 2000'",
  );
  command.option("--chain", "of images: a grid of each image on its way from noise to data");
  images.drawnClasses(command);
  const balance = "of a table: equal shares of the levels of a column (default: of the label)";
  add(command, "--balance [column]", balance, parse.columnOrLabel, { preset: "" });
  options.force(options.seed(options.common(command)));
  options.integration(command.optionsGroup("Integration (default: as recorded in the model):"), { auto: true });
  examples(command, [
    "localflow sample model.safetensors -n 1000 -o samples.csv",
    "localflow sample model.safetensors -n 5 --seed 1 --log-density",
    "localflow sample model.safetensors -n 1000 --method midpoint --evaluations 8 -o samples.npy",
    "localflow sample model.safetensors -n 1000 --tolerance auto -o samples.csv",
    "localflow sample moons -n 1000 -o moons.csv",
    `localflow sample table.safetensors -n 1000 --where 'cut == "Ideal" && price < 2000' -o ideal.csv`,
    "localflow sample table.safetensors -n 1000 --balance cut -o balanced.csv",
    "localflow sample images.safetensors -n 64 -o grid.png   # or -o folder, -o images.npy",
    "localflow sample images.safetensors -n 64 -o cats.png --class cat --guidance 2",
  ]);
  command.action(async (model, given) => (await import("./sample.ts")).sample(model, given, terminal));
}

function score(root: Command, terminal: Terminal): void {
  const command = begin(root, "score", "log-density of each row under a model (nats)");
  command.argument("<model>", "model file").argument("<data>", `rows to score: ${dataSources}`);
  command.option("-o, --output <file>", `write the column log_density: ${rowFormats}`);
  command.option("--percentile", "add the column percentile: where the row stands among training rows (low: unusual)");
  command.option("--contributions", "of a table: add each column's log-density given the row's other columns");
  command.option(
    "--smoothed",
    "of a table: add the log-density under rows and noise together, which forgets what is finer than the noise",
  );
  const smoothing = "the same with so much noise, in deviations (default: the first block's)";
  add(command, "--smoothing <deviations>", smoothing, parse.number({ above: 0 }));
  const classify = "of a table: the most probable level of a column (default: of the label), and all probabilities";
  add(command, "--classify [column]", classify, parse.columnOrLabel, { preset: "" });
  options.rows(command);
  add(command, "--divergence <kind>", "exact or hutchinson (default: exact)", parse.choice(["exact", "hutchinson"]));
  command.option("--marginal", "of images with classes: score without them, as if they were not known");
  add(command, "--probes <count>", "random probes of hutchinson (default: 1)", parse.whole({ atLeast: 1 }));
  images.imageSource(command, "of images: score so many, a random choice (default: all)");
  const handOver = "carry the point to the next block by this adaptive method, such as dopri5 or dopri5/1e-3";
  add(command, "--hand-over <method>", handOver, parse.handOver);
  options.force(options.memory(options.seed(options.common(command), "a fresh one, printed; of a table: 0")));
  options.integration(command.optionsGroup("Integration (default: as recorded in the model):"), { auto: true });
  examples(command, [
    "localflow score model.safetensors test.csv",
    "localflow score model.safetensors test.csv -o scores.csv --json",
    "localflow score model.safetensors test.csv -o scores.csv --percentile",
    "localflow score table.safetensors test.csv -o classes.csv --classify",
    "localflow score model.safetensors test.csv --method euler --evaluations 149 --hand-over dopri5   # the authors' protocol",
  ]);
  command.action(async (model, data, given) => (await import("./score.ts")).score(model, data, given, terminal));
}

function impute(root: Command, terminal: Terminal): void {
  const command = begin(root, "impute", "fill the gaps of a table with draws given the other cells of each row");
  command.argument("<model>", "model file of a table").argument("<data>", `table with gaps: ${cellTables}, -`);
  command.requiredOption("-o, --output <file>", `where to write: ${cellTables}, or - for CSV on standard output`);
  const draws = "draws of every gap, told apart by the column draw (default: 1), or that a best guess is made of (50)";
  add(command, "--draws <count>", draws, parse.whole({ atLeast: 1, atMost: 10_000 }));
  command.option("--best", "one best guess for every gap: the mean of its draws, or the level that most of them have");
  const candidates =
    "draws of a row from which its own are chosen; 1: as they come (default: 128, fewer where gaps are many)";
  add(command, "--candidates <count>", candidates, parse.whole({ atLeast: 1, atMost: 1000 }));
  options.force(options.memory(options.seed(options.common(command))));
  options.integration(command.optionsGroup("Integration (default: as recorded in the model):"), { auto: true });
  examples(command, [
    "localflow impute model.safetensors holes.csv -o filled.csv",
    "localflow impute model.safetensors holes.csv -o filled.csv --best",
    "localflow impute model.safetensors holes.csv -o filled.csv --draws 5 --seed 1",
  ]);
  command.action(async (model, data, given) => (await import("./impute.ts")).impute(model, data, given, terminal));
}

function evaluate(root: Command, terminal: Terminal): void {
  const command = begin(root, "evaluate", "measure a model against held-out rows, or what changed between two files");
  command.argument("<model>", `model file, or the first of two tables: ${cellTables}`);
  command.argument("<data>", `held-out rows, or the second table: ${dataSources}`);
  evaluateOptions(command);
  options.force(options.memory(options.seed(options.common(command))));
  options.integration(command.optionsGroup("Integration (default: as recorded in the model):"), { auto: true });
  examples(command, [
    "localflow evaluate model.safetensors test.csv",
    "localflow evaluate model.safetensors test.csv --train train.csv --report report.html",
    "localflow evaluate model.safetensors test.csv --train train.csv --baselines flow-wide,flow-long",
    "localflow evaluate model.safetensors test.csv --curve --report report.html",
    "localflow evaluate model.safetensors test.csv --seed 1 --fail-under nll=2.6 --json",
    "localflow evaluate table.safetensors test.csv --train train.csv --target price --report report.html",
    "localflow evaluate table.safetensors test.csv --train train.csv --plain --fail-under quality=0.85",
    "localflow evaluate images.safetensors fashion-mnist/ -n 2000 --report report.html   # its test images",
    "localflow evaluate january.csv february.csv --report drift.html   # two tables: what changed",
  ]);
  command.action(async (model, data, given) => (await import("./evaluate.ts")).evaluate(model, data, given, terminal));
}

function distill(root: Command, terminal: Terminal): void {
  const command = begin(
    root,
    "distill",
    "train what is fast: a sampler of few network evaluations, or a scorer of one",
  );
  command.argument("<model>", "model file, the teacher");
  command.argument("[data]", "with --scores: a table whose rows to learn from too");
  command.requiredOption("-o, --output <file>", "file of the student or scorer to write (.safetensors)");
  command.option(
    "--scores",
    "of a table: train a scorer, for localflow score, on the model's exact scores; this or --evaluations",
  );
  const whole = parse.whole({ atLeast: 1 });
  const evaluations = "network evaluations for a sample, of the whole chain; this or --scores";
  add(command, "--evaluations <count>", evaluations, whole);
  add(
    command,
    "--rows <count>",
    "noise rows that the model carries to data, to learn from (default: 65536; images: 4096; scores: 131072)",
    whole,
  );
  add(
    command,
    "--hidden <widths>",
    "hidden layers, such as 256x3; not with --scores (default: as the model's)",
    parse.hidden,
  );
  const objective =
    "what networks learn from: regression on the model, progressive: a student of more, or consistency: themselves; not with --scores (default: regression)";
  const objectives = ["regression", "progressive", "consistency"] as const;
  add(command, "--objective <name>", objective, parse.choice(objectives));
  add(command, "--iterations <count>", "iterations of each network (default: 2000; images: 400; scores: 8000)", whole);
  add(command, "--batch-size <rows>", "rows of one iteration (default: 512; images: 64)", whole);
  const positive = parse.number({ above: 0 });
  add(command, "--learning-rate <rate>", "of Adam, at the start (default: 1e-3; images: 3e-4; scores: 2e-3)", positive);
  command.option(
    "--conditional",
    "of a table: the student can be told cells (sample --where, --balance), as its model can; not with --scores",
  );
  const guidance =
    "of images with classes: how strongly the model follows each, built into the student; 0 leaves classes out, below 0 leads away; not with --scores (default: 1)";
  add(command, "--guidance <number>", guidance, parse.number());
  const time = "stop in time with a usable student, such as 10m; not with --scores, whose time --iterations sets";
  add(command, "--time <duration>", time, parse.seconds);
  options.force(options.seed(options.common(command)));
  examples(command, [
    "localflow distill model.safetensors -o student.safetensors --evaluations 4",
    "localflow distill model.safetensors -o student.safetensors --evaluations 8 --time 10m",
    "localflow distill table.safetensors -o student.safetensors --evaluations 4 --conditional   # then: sample student.safetensors --where …",
    "localflow distill images.safetensors -o student.safetensors --evaluations 4 --guidance 3   # then: sample student.safetensors --class …",
    "localflow distill table.safetensors -o scorer.safetensors --scores     # then: localflow score scorer.safetensors new.csv",
    "localflow sample student.safetensors -n 1000 -o samples.csv",
    "localflow evaluate model.safetensors test.csv --curve --student student.safetensors",
  ]);
  command.action(async (model, data, given) => (await import("./distill.ts")).distill(model, data, given, terminal));
}

function inspect(root: Command, terminal: Terminal): void {
  const command = begin(root, "inspect", "what a data file or a model holds, and what fitting the data would take");
  command.argument("<file>", `model (.safetensors), or data: ${dataSources}`);
  options.time(options.rows(options.split(options.columns(options.task(command)))));
  command.option("--no-estimate", "do not measure how long a fit of the data would take");
  options.memory(options.seed(options.common(command)));
  images.imageFit(command);
  options.training(options.schedule(command));
  options.integration(command.optionsGroup("Integration (of the fit to be estimated):"), { auto: true });
  examples(command, [
    "localflow inspect data.csv",
    "localflow inspect data.csv --hidden 512x4 --iterations 5000     # what would that fit take?",
    "localflow inspect data.csv --time 10m                           # how many iterations does that leave?",
    "localflow inspect model.safetensors --json",
  ]);
  command.action(async (file, given) => (await import("./inspect.ts")).inspect(file, given, terminal));
}

function picture(root: Command, terminal: Terminal): void {
  const command = begin(root, "picture", "draw what a model learnt, as SVG or PNG");
  command.argument("<model>", "model file").argument("[data]", `rows to show beside it: ${dataSources}`);
  command.requiredOption("-o, --output <file>", "picture to write: .svg or .png");
  const kind = `what to draw: ${pictureKinds.join(", ")}`;
  add(command, "--kind <name>", kind, parse.choice(pictureKinds), { mandatory: true });
  const columns = "the columns to show (default: all; every kind but pairs takes two)";
  add(command, "--columns <a,b,…>", columns, parse.columns);
  const points = "points shown of data and samples (default: 5000; paths of trajectories: 200)";
  add(command, "--points <count>", points, parse.whole({ atLeast: 1, atMost: 1_000_000 }));
  const resolution = "density: cells along each axis (default: 128)";
  add(command, "--resolution <count>", resolution, parse.whole({ atLeast: 2, atMost: 2000 }));
  options.force(options.memory(options.seed(options.common(command))));
  examples(command, [
    "localflow picture model.safetensors data.csv -o samples.svg --kind samples --columns carat,price",
    "localflow picture model.safetensors data.csv -o blocks.png --kind blocks --columns carat,price",
    "localflow picture model.safetensors data.csv -o pairs.svg --kind pairs",
  ]);
  command.action(async (model, data, given) => (await import("./picture.ts")).picture(model, data, given, terminal));
}

function exporting(root: Command, terminal: Terminal): void {
  const command = begin(root, "export", "write a part of a model as one ONNX file, for any runtime");
  command.argument("<model>", "model file");
  command.requiredOption("-o, --output <file>", "ONNX file to write (.onnx)");
  const part = `what the file computes: ${exportParts.join(", ")} (default: sampler)`;
  add(command, "--part <name>", part, parse.choice(exportParts));
  const block = "velocity: write this block alone, 1 on the data side (default: all blocks)";
  add(command, "--block <number>", block, parse.whole({ atLeast: 1 }));
  add(
    command,
    "--method <name>",
    `how each block is integrated, by fixed steps: ${parse.methods.join(", ")} (default: rk4)`,
    parse.choice(parse.methods),
  );
  const evaluations =
    "velocity evaluations per block (default: 16 to sample, else 64; both as fitted, if by fixed steps)";
  add(command, "--evaluations <count>", evaluations, parse.whole({ atLeast: 1 }));
  const noise =
    "sampler: input, or seed: the file draws its noise itself and takes the number of rows (default: input)";
  add(command, "--noise <source>", noise, parse.choice(["input", "seed"] as const));
  command.option("--conditional", "sampler of a table's model: cells that are known go in too, as given and state");
  const guidance = "sampler of images with classes: how strongly each class is followed (default: 1, the class itself)";
  add(command, "--guidance <number>", guidance, parse.number());
  command.option("--no-texts", "of a table's model: categories as numbers alone, without their texts");
  command.option(
    "--check",
    "run the file and hold 256 rows (8 images) against localflow's own; exit with 1 where they differ",
  );
  options.force(options.seed(options.common(command)));
  examples(command, [
    "localflow export model.safetensors -o sampler.onnx --check",
    "localflow export model.safetensors -o sampler.onnx --method midpoint --evaluations 4",
    "localflow export model.safetensors -o density.onnx --part density --check",
    "localflow export table.safetensors -o rows.onnx --conditional --check      # an output for every column",
    "localflow export model.safetensors -o velocity.onnx --part velocity",
  ]);
  command.action(async (model, given) => (await import("./export.ts")).exportModel(model, given, terminal));
}

function importing(root: Command, terminal: Terminal): void {
  const command = begin(root, "import", "make a model from the weights of networks that PyTorch trained");
  command.argument("<checkpoint>", "weights of the blocks (.safetensors; docs/export.md shows how to write them)");
  command.requiredOption("-o, --output <model>", "model file to write (.safetensors)");
  command.option("--preset <name>", "one of the authors' configurations: schedule, activation, integration");
  const steps = "durations of the blocks, such as 0.15,0.2,free (default: the preset's)";
  add(command, "--steps <list>", steps, parse.steps);
  const activation = "relu, elu, silu, gelu, tanh or softplus(beta); per block with `;` (default: the preset's)";
  add(command, "--activation <name>", activation, parse.perBlock(parse.activation));
  add(command, "--columns <a,b,…>", "names of the columns (default: c1, c2, …)", parse.columns);
  options.force(options.common(command));
  options.integration(command.optionsGroup("Integration (recorded in the model; default: the preset's):"));
  examples(command, [
    "localflow import checkpoint.safetensors -o tree.safetensors --preset tree-2026",
    "localflow import checkpoint.safetensors -o model.safetensors --steps 0.15,0.2,free --activation elu",
  ]);
  command.action(async (file, given) => (await import("./import.ts")).importModel(file, given, terminal));
}

function reproduce(root: Command, terminal: Terminal): void {
  const command = begin(root, "reproduce", "run a published experiment from its raw files, with its baselines");
  options.force(options.common(reproduceOptions(command)));
  examples(command, [
    "localflow reproduce tree --data data --scale 0.01 --seeds 1",
    "localflow reproduce miniboone --data data",
    "localflow reproduce letter --data data --scale 0.1",
    "localflow reproduce cifar10 --data cifar-10-batches-bin --features inception.onnx",
  ]);
  command.action(async (name, given) => (await import("./reproduce.ts")).reproduce(name, given, terminal));
}

function demo(root: Command, terminal: Terminal): void {
  const command = begin(root, "demo", "fit the shipped diamonds data and compare with plain Flow Matching");
  command.option(
    "-o, --output <folder>",
    "folder for the model and the samples (default: localflow-demo, written anew)",
  );
  options.force(options.seed(options.common(command)));
  examples(command, ["localflow demo"]);
  command.action(async (given) => (await import("./demo.ts")).demo(given, terminal));
}

/** What may stand for rows to read, and for a file of rows to write. */
const cellTables = cellTableEndings.join(", ");
const tables = rowEndings.join(", ");
const densities = "moons or another built-in density, or image:FILE.png";
const dataSources = `${tables}, .hdf5, - for CSV on standard input, ${densities}`;
const rowFormats = `${tables}, or - for CSV on standard output`;

function begin(root: Command, name: string, description: string): Command {
  return root.command(name).description(description).helpOption("--help", "show this help");
}

function examples(command: Command, lines: readonly string[]): void {
  command.addHelpText("after", `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}
