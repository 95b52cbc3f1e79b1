// command-line: runs whole command lines in this process and collects what they print.
import { expect } from "vitest";
import { run } from "../../src/cli/program.ts";

/** What a command line left: its exit status and the texts on standard output and standard error. */
export interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

interface Surroundings {
  /** Whether there is a terminal, so that a progress bar is drawn; default: none. */
  readonly interactive?: boolean;
  /** Presses Ctrl-C once what was printed so far meets it; default: never. */
  readonly stopAt?: (printed: Omit<Outcome, "status">) => boolean;
}

/** Runs one command line without colours. */
export async function commandLine(
  args: readonly string[],
  { interactive = false, stopAt = () => false }: Surroundings = {},
): Promise<Outcome> {
  let [out, err] = ["", ""];
  const decoder = new TextDecoder();
  const controller = new AbortController();
  const look = () => {
    if (stopAt({ out, err })) controller.abort();
  };
  const status = await run(args, {
    out: async (content) => {
      out += typeof content === "string" ? content : decoder.decode(content);
      look();
    },
    err: (text) => {
      err += text;
      look();
    },
    interactive,
    color: false,
    width: () => 80,
    signal: controller.signal,
  });
  return { status, out, err };
}

/** Runs one command line on a terminal that is none: no progress bar, no colours, never interrupted. */
export function localflow(...args: readonly string[]): Promise<Outcome> {
  return commandLine(args);
}

/** What a command line that has to succeed prints as JSON, without a word on standard error. */
export async function localflowJson(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { status, out, err } = await localflow(...args, "--json", "--quiet");
  expect({ status, err }).toEqual({ status: 0, err: "" });
  return JSON.parse(out);
}
