// add-option: one more option of a command, its value read by a parser that names it as it is typed.
import { type Command, Option } from "commander";
import { flagsOf } from "./flags.ts";
import { type Parser, twice } from "./parse.ts";

/**
 * Adds an option whose value goes through `parser`, named in errors by its flags. `preset` is the text meant by the
 * bare flag, `mandatory` an option that must be given.
 */
export function add<T>(
  command: Command,
  flags: string,
  description: string,
  parser: Parser<T>,
  { preset, mandatory = false }: { readonly preset?: string; readonly mandatory?: boolean } = {},
): Command {
  const option = new Option(flags, description).makeOptionMandatory(mandatory);
  option.argParser((text: string) => parser(text, flagsOf(option)));
  return command.addOption(preset === undefined ? option : option.preset(preset));
}

/** Adds an option of a list that may be given several times: `joined` makes one list of all, and refuses what it may not hold. */
export function addList<T>(
  command: Command,
  flags: string,
  description: string,
  parser: Parser<readonly T[]>,
  joined: (list: readonly T[], where: string) => readonly T[],
): Command {
  const option = new Option(flags, description);
  option.argParser((text: string, before?: readonly T[]) => {
    const list = parser(text, flagsOf(option));
    const isAgain = command.getOptionValueSource(option.attributeName()) === "cli";
    return isAgain && before !== undefined ? joined([...before, ...list], flagsOf(option)) : list;
  });
  return command.addOption(option);
}

/** An option of one text, which a command line may not give twice. */
export function addOnce(command: Command, flags: string, description: string): Command {
  const option = new Option(flags, description);
  option.argParser((text: string, before?: string) => {
    const isAgain = command.getOptionValueSource(option.attributeName()) === "cli";
    if (isAgain && before !== undefined) throw twice(flagsOf(option), "one column", before, text);
    return text;
  });
  return command.addOption(option);
}
