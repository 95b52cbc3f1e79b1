// usage: what the command line does around its commands: a word that is no command, options in the wrong, threads too many,
// errors in the words of options.
import { availableParallelism } from "node:os";
import type { Command, CommanderError } from "commander";
import { failure, LocalFlowError } from "../errors.ts";
import { flagsOf } from "./flags.ts";
import type { CommonOptions } from "./options.ts";
import { exitStatus } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** The line, or the word alone that stands where a command should: commander would answer `help WORD` with some help. */
export function withCommand(root: Command, argv: readonly string[]): string[] {
  const word = argv[0] === "help" ? argv[1] : argv[0];
  const isKnown = word === undefined || word.startsWith("-") || root.commands.some((each) => each.name() === word);
  return isKnown || word === "help" ? [...argv] : [word];
}

/**
 * Lets commander ask for mandatory options last, when the options that are there are known to be right: `--outptu m` is
 * then a slip with a suggestion, not a missing output.
 */
export function askLast(command: Command): void {
  const mandatory = command.options.filter((option) => option.mandatory);
  for (const option of mandatory) option.makeOptionMandatory(false);
  command.hook("preAction", () => {
    const missing = mandatory.find((option) => command.getOptionValue(option.attributeName()) === undefined);
    if (missing !== undefined) command.error(`error: required option '${missing.flags}' not specified`);
  });
}

/** Threads beyond the machine's cores only get in each other's way: they are not started, and a note says so. */
export function capThreads(command: Command, terminal: Terminal): void {
  const { threads, quiet } = command.opts<CommonOptions>();
  const cores = availableParallelism();
  if (threads === undefined || threads <= cores) return;
  command.setOptionValue("threads", cores);
  const number = cores === 1 ? "1 core" : `${cores} cores`;
  if (!quiet) terminal.err(`localflow: --threads ${threads}: this machine has ${number}; using ${cores}\n`);
}

/** The command that a line is about, as it is typed; `localflow` when it is about none. */
export function commandOf(root: Command, [word]: readonly string[]): string {
  return root.commands.some((each) => each.name() === word) ? `localflow ${word}` : "localflow";
}

/**
 * An error in the words of a command line: options as they are typed, where a library function names them as programs do, and
 * an interrupt in the same words wherever it was noticed.
 */
export function asTyped(error: unknown, root: Command, [word = ""]: readonly string[]): unknown {
  const command = root.commands.find((each) => each.name() === word);
  if (!(error instanceof LocalFlowError) || command === undefined) return error;
  const { code, problem } = error;
  const isToldHere = problem.received === interrupt && problem.remedy !== undefined;
  if (code === "interrupted" && !isToldHere)
    return failure(code, { where: word, expected: "to finish", received: interrupt }, error);
  const [, name, rest = ""] = /^(\w+)(, .*)?$/s.exec(problem.where) ?? [];
  const option = command.options.find((each) => each.attributeName() === name);
  return code === "option" && option ? failure(code, { ...problem, where: flagsOf(option) + rest }, error) : error;
}

/** How messages call what Ctrl-C is. */
export const interrupt = "an interrupt";

/** Help and the version are no failure; everything else commander refuses is bad usage of `command`, said in one line. */
export function usageStatus(error: CommanderError, command: string, terminal: Terminal): number {
  if (error.exitCode === 0) return exitStatus.done;
  if (error.code === "commander.help") return exitStatus.usage;
  const message = error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
  terminal.err(`localflow: ${message}; see ${command} --help\n`);
  return exitStatus.usage;
}
