// terminal: what a command needs from the outside world, as a value, so that commands also run inside a test.
import { once } from "node:events";
import { printableLines } from "./printable.ts";

/** Standard output and error, what they can show, and the signal that Ctrl-C raises. */
export interface Terminal {
  /** Writes to standard output; resolves when the reader keeps up. */
  readonly out: (content: string | Uint8Array) => Promise<void>;
  readonly err: (text: string) => void;
  /** Standard error for a line that is drawn in place, with control characters; default: `err`. */
  readonly draw?: (text: string) => void;
  /** Whether standard error is a terminal (a bar may be drawn there). */
  readonly interactive: boolean;
  readonly color: boolean;
  readonly width: () => number;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
}

/** The same terminal, whose `err` shows control characters, which can come from data, as escapes. */
export function escaping(terminal: Terminal): Terminal {
  return {
    ...terminal,
    err: (text) => terminal.err(printableLines(text)),
    draw: terminal.draw ?? terminal.err,
  };
}

/** The terminal of this process. A second Ctrl-C ends the process at once; a closed pipe ends it quietly. */
export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process;
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    stderr.write("\nlocalflow: stopping; Ctrl-C again stops at once\n");
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    stderr.write(`localflow: standard output: expected it to take what is written, got ${error.message}\n`);
    process.exit(1);
  });
  return {
    out: async (content) => {
      if (!stdout.write(content)) await once(stdout, "drain");
    },
    err: (text) => stderr.write(text),
    interactive: stderr.isTTY === true,
    color: stderr.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb",
    // A terminal that does not know its width says 0.
    width: () => stderr.columns || 80,
    signal: controller.signal,
  };
}
