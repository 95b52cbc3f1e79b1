// kept-inputs: no command writes over a file that it reads, whatever --force says.
import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { sourceFile } from "../data/sources.ts";
import { failure } from "../errors.ts";

/** Options that name a file to write, and those that name files to read, as the arguments do. */
const written = ["output", "report"] as const;
const read = ["train", "validation", "schema", "student", "config"] as const;

/**
 * Before the work: throws code `file` when an output of `command` is one of its inputs, under whatever name, through links
 * too: it would be lost, and with it perhaps what the work was about.
 */
export async function keepInputs(command: Command): Promise<void> {
  const texts = (values: readonly unknown[]) => values.flat().filter((value) => typeof value === "string");
  const inputs = texts([...command.processedArgs, ...read.map((name) => command.getOptionValue(name))]);
  for (const output of texts(written.map((name) => command.getOptionValue(name)))) {
    const target = await identity(output);
    if (target === undefined) continue;
    for (const input of inputs)
      if ((await identity(sourceFile(input))) === target)
        throw failure("file", {
          where: output,
          expected: "another file than those that are read",
          received: output === input ? "one of them" : `the same as ${input}`,
          remedy: "choose another name; --force does not overwrite what the command reads",
        });
  }
}

/** What tells a file from all others; none for what is no file. */
async function identity(path: string): Promise<string | undefined> {
  if (path === "-") return undefined;
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found?.isFile() ? `${found.dev} ${found.ino}` : undefined;
}
