// config: options from a YAML file (`--config`): the long options as keys, checked by the parsers of the command line.
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import type { Command, Option } from "commander";
import type { Node } from "yaml";
import { nearestName, shorten } from "../data/columns.ts";
import { fileFailure } from "../data/files.ts";
import { atLine } from "../data/table-places.ts";
import { failure, LocalFlowError } from "../errors.ts";
import { flagsOf, repeatable } from "./flags.ts";

const largest = 2 ** 20;
const remedy = "write one option a line, such as `learning-rate: 1e-3`";

/**
 * Gives `command` the options that the YAML file at `path` names; the command line's own win, whether they stand before or
 * after `--config`. Throws code `file` for the file itself, `option` with file and line for what is in it.
 */
export function applyConfig(command: Command, path: string): void {
  for (const { name, parts, line } of readEntries(path)) {
    const where = `${atLine(path, line)}, key ${JSON.stringify(shorten(name))}`;
    const option = optionOf(command, name, where);
    const text = parts.includes(undefined) ? undefined : parts.join(",");
    const value =
      repeatable.has(option.long ?? "") && text !== undefined
        ? parts.flatMap((part = "") => parsed(option, part, where))
        : givenValue(option, text, where);
    const attribute = option.attributeName();
    if (value !== undefined && command.getOptionValueSource(attribute) !== "cli")
      command.setOptionValueWithSource(attribute, value, "config");
  }
}

interface Entry {
  readonly name: string;
  /** The parts of a list, or the one value, as they are written; undefined for what is neither. */
  readonly parts: readonly (string | undefined)[];
  readonly line: number;
}

/** Every scalar is read as text (YAML's failsafe schema): what a number is, the options' own parsers decide. */
function readEntries(path: string): readonly Entry[] {
  const { parseDocument, isMap, isScalar, isSeq, LineCounter } = loadYaml();
  const lineCounter = new LineCounter();
  const lineAt = (offset = 0) => lineCounter.linePos(offset).line;
  const { contents, errors } = parseDocument(textOf(path), { schema: "failsafe", lineCounter, prettyErrors: false });
  const [error] = errors;
  if (error !== undefined) {
    const where = atLine(path, lineAt(error.pos[0]));
    throw failure("option", { where, expected: "YAML", received: error.message.split(";")[0] ?? "", remedy }, error);
  }
  if (!isMap<Node, Node | null>(contents) || contents.items.length === 0)
    throw failure("option", { where: path, expected: "options with their values", received: "none", remedy });
  const written = (node: Node | null) => (isScalar(node) ? String(node.value) : undefined);
  return contents.items.map(({ key, value }) => {
    const parts = isSeq<Node>(value) ? value.items.map(written) : [written(value)];
    return { name: written(key) ?? "", parts, line: lineAt(key.range?.[0]) };
  });
}

/** The package is loaded with the first file: most command lines have none. */
function loadYaml(): typeof import("yaml") {
  return createRequire(import.meta.url)("yaml");
}

function textOf(path: string): string {
  try {
    const found = statSync(path);
    if (found.isDirectory()) throw failure("file", { where: path, expected: "a YAML file", received: "a folder" });
    if (found.size <= largest) return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    if (!(error instanceof TypeError)) throw fileFailure(path, error);
    throw failure("option", { where: path, expected: "YAML in UTF-8", received: "other bytes" }, error);
  }
  throw failure("file", {
    where: path,
    expected: `a file of options, at most ${largest} bytes`,
    received: "a larger one",
  });
}

function optionOf(command: Command, name: string, where: string): Option {
  const known = command.options.filter(({ long }) => long !== "--config");
  const found = known.find(({ long }) => long === `--${name}`);
  if (found !== undefined) return found;
  const names = known.map((option) => option.name());
  const nearest = nearestName(name, names);
  throw failure("option", {
    where,
    expected: `an option of ${command.name()}`,
    received: "another key",
    remedy: nearest === undefined ? `localflow ${command.name()} --help lists them` : `did you mean ${nearest}?`,
  });
}

/** What the option would be on the command line; undefined for one that the file switches off. */
function givenValue(option: Option, text: string | undefined, where: string): unknown {
  const isFlag = !option.required && !option.optional;
  const isSwitch = !option.required && (text === "true" || text === "false");
  if (text === undefined || text === "" || (isFlag && !isSwitch)) {
    const received = text === undefined ? "something nested" : text === "" ? "nothing" : JSON.stringify(shorten(text));
    throw failure("option", { where, expected: isFlag ? "true or false" : "a value", received });
  }
  if (isSwitch && text === "false") return undefined;
  if (isFlag) return !option.negate;
  return parsed(option, isSwitch ? String(option.presetArg) : text, where);
}

/** The parsers name the option by its flags; in a file the place of the key is told instead. */
function parsed(option: Option, text: string, where: string): unknown {
  if (option.parseArg === undefined) return text;
  try {
    return option.parseArg(text, undefined);
  } catch (error) {
    if (!(error instanceof LocalFlowError)) throw error;
    const { problem, code } = error;
    throw failure(code, { ...problem, where: problem.where.replace(flagsOf(option), where) }, error);
  }
}
