// command-line: runs whole command lines in this process and collects what they print.
import { expect } from "vitest";
import { run } from "../../src/cli/program.ts";

/** What a command line left: its exit status and the texts on standard output and standard error. */
export interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line on a terminal that is none: no progress bar, no colours, never interrupted. */
export async function localflow(...args: readonly string[]): Promise<Outcome> {
  let [out, err] = ["", ""];
  const decoder = new TextDecoder();
  const status = await run(args, {
    out: async (content) => {
      out += typeof content === "string" ? content : decoder.decode(content);
    },
    err: (text) => {
      err += text;
    },
    interactive: false,
    color: false,
    width: () => 80,
    signal: new AbortController().signal,
  });
  return { status, out, err };
}

/** What a command line that has to succeed prints as JSON, without a word on standard error. */
export async function localflowJson(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { status, out, err } = await localflow(...args, "--json", "--quiet");
  expect({ status, err }).toEqual({ status: 0, err: "" });
  return JSON.parse(out);
}
