// program: the commands with their help, and the one place that turns errors into exit statuses. Commands load when run.
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import * as options from "./options.ts";
import { errorText, exitStatus, statusOf } from "./output.ts";
import * as parse from "./parse.ts";
import type { Terminal } from "./terminal.ts";

/** Runs one command line (without `node` and the script) and gives its exit status; never throws. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await program(terminal).parseAsync([...argv], { from: "user" });
    return exitStatus.done;
  } catch (error) {
    if (error instanceof CommanderError) return usageStatus(error, terminal);
    terminal.err(errorText(error, argv.includes("--debug")));
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
    .addHelpText("after", "\nA first look: localflow demo");
  for (const define of [fit, sample, score, inspect, demo]) define(root, terminal);
  return root;
}

function fit(root: Command, terminal: Terminal): void {
  const command = begin(root, "fit", "train a chain of flows on the rows of a data file");
  command.argument("<data>", "training rows: .csv, .tsv, .npy, or - for CSV on standard input");
  command.requiredOption("-o, --output <model>", "model file to write (.safetensors)");
  options.add(command, "--task <name>", "what to learn: density (default: density)", parse.choice(["density"]));
  options.split(options.columns(command));
  command.option("--resume", "go on from the checkpoint beside the output, MODEL.checkpoint");
  options.add(command, "--time <duration>", "stop in time with a usable model, such as 10m", parse.seconds);
  options.force(options.memory(options.seed(options.common(command))));
  options.training(options.schedule(command));
  options.integration(command.optionsGroup("Integration (recorded in the model):"));
  examples(command, [
    "localflow fit data.csv -o model.safetensors",
    "localflow fit data.csv -o model.safetensors --blocks 4 --first 0.15 --growth 1.3 --hidden 256x4",
    "localflow fit data.csv -o baseline.safetensors --steps free     # plain Flow Matching",
    "localflow fit data.csv -o model.safetensors --time 10m",
  ]);
  command.action(async (data, given) => (await import("./fit.ts")).fit(data, given, terminal));
}

function sample(root: Command, terminal: Terminal): void {
  const command = begin(root, "sample", "draw samples from a model");
  command.argument("<model>", "model file");
  options.add(command, "-n, --rows <count>", "number of samples", parse.whole({ atLeast: 1 }), { mandatory: true });
  command.option("-o, --output <file>", "where to write: .csv, .tsv, .npy, or - for CSV on standard output", "-");
  command.option("--log-density", "add the column log_density (nats)");
  options.force(options.seed(options.common(command)));
  options.integration(command.optionsGroup("Integration (default: as recorded in the model):"));
  examples(command, [
    "localflow sample model.safetensors -n 1000 -o samples.csv",
    "localflow sample model.safetensors -n 5 --seed 1 --log-density",
    "localflow sample model.safetensors -n 1000 --method midpoint --evaluations 8 -o samples.npy",
  ]);
  command.action(async (model, given) => (await import("./sample.ts")).sample(model, given, terminal));
}

function score(root: Command, terminal: Terminal): void {
  const command = begin(root, "score", "log-density of each row under a model (nats)");
  command
    .argument("<model>", "model file")
    .argument("<data>", "rows to score: .csv, .tsv, .npy, or - for CSV on standard input");
  command.option(
    "-o, --output <file>",
    "write the column log_density: .csv, .tsv, .npy, or - for CSV on standard output",
  );
  options.add(
    command,
    "--divergence <kind>",
    "exact or hutchinson (default: exact)",
    parse.choice(["exact", "hutchinson"]),
  );
  options.add(command, "--probes <count>", "random probes of hutchinson (default: 1)", parse.whole({ atLeast: 1 }));
  const handOver = "carry the point to the next block by this adaptive method, such as dopri5 or dopri5/1e-3";
  options.add(command, "--hand-over <method>", handOver, parse.handOver);
  options.force(options.memory(options.seed(options.common(command))));
  options.integration(command.optionsGroup("Integration (default: as recorded in the model):"));
  examples(command, [
    "localflow score model.safetensors test.csv",
    "localflow score model.safetensors test.csv -o scores.csv --json",
    "localflow score model.safetensors test.csv --method euler --evaluations 149 --hand-over dopri5   # the authors' protocol",
  ]);
  command.action(async (model, data, given) => (await import("./score.ts")).score(model, data, given, terminal));
}

function inspect(root: Command, terminal: Terminal): void {
  const command = begin(root, "inspect", "what a data file or a model holds");
  command.argument("<file>", "data file, or model (.safetensors)");
  options.columns(command);
  options.memory(options.common(command));
  examples(command, ["localflow inspect data.csv", "localflow inspect model.safetensors --json"]);
  command.action(async (file, given) => (await import("./inspect.ts")).inspect(file, given, terminal));
}

function demo(root: Command, terminal: Terminal): void {
  const command = begin(root, "demo", "fit the shipped diamonds data and compare with plain Flow Matching");
  command.option("-o, --output <folder>", "folder for the model and the samples", "localflow-demo");
  options.seed(options.common(command));
  examples(command, ["localflow demo"]);
  command.action(async (given) => (await import("./demo.ts")).demo(given, terminal));
}

function begin(root: Command, name: string, description: string): Command {
  return root.command(name).description(description).helpOption("--help", "show this help");
}

function examples(command: Command, lines: readonly string[]): void {
  command.addHelpText("after", `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

/** Help and the version are no failure; everything else commander refuses is bad usage, said in one line. */
function usageStatus(error: CommanderError, terminal: Terminal): number {
  if (error.exitCode === 0) return exitStatus.done;
  if (error.code === "commander.help") return exitStatus.usage;
  const message = error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
  terminal.err(`localflow: ${message}; see localflow --help\n`);
  return exitStatus.usage;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}
