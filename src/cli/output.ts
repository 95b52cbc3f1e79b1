// output: what a command prints when it ends: one JSON object or readable text, one line for an error, an exit status.
import { LocalFlowError } from "../errors.ts";
import { printable, printableLines } from "./printable.ts";
import type { Terminal } from "./terminal.ts";

/** Exit statuses scripts may rely on. */
export const exitStatus = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Prints the result: as one JSON object with `--json`, else as text. */
export async function report(
  terminal: Terminal,
  { json }: { readonly json?: boolean },
  result: Readonly<Record<string, unknown>>,
  text: string,
): Promise<void> {
  await terminal.out(json ? `${JSON.stringify(result)}\n` : `${printableLines(text)}\n`);
}

/** Prints lines of a text that is printed part by part; nothing with `--json`. */
export async function say(
  terminal: Terminal,
  { json }: { readonly json?: boolean },
  lines: readonly string[],
): Promise<void> {
  if (!json) for (const line of lines) await terminal.out(`${printableLines(line)}\n`);
}

interface Written {
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** Where a table went, "-" for standard output. */
  readonly output?: string;
}

/** The same of a command whose table may have gone to standard output: then the text alone, to standard error. */
export async function reportBeside(
  terminal: Terminal,
  options: Written,
  result: Readonly<Record<string, unknown>>,
  text: string,
): Promise<void> {
  if (options.output !== "-") await report(terminal, options, result, text);
  else if (!options.quiet) terminal.err(`${text}\n`);
}

/** The same where what was made is all that there is to say: one line, which names the file. */
export async function reportMade(
  terminal: Terminal,
  options: Written,
  result: Readonly<Record<string, unknown>>,
  text: string,
): Promise<void> {
  await reportBeside(
    terminal,
    options,
    result,
    options.output === "-" ? `localflow: ${text}` : `${text}: ${options.output}`,
  );
}

/** The exit status an error asks for: bad usage, interrupted, or failed. */
export function statusOf(error: unknown): number {
  if (!(error instanceof LocalFlowError)) return exitStatus.failed;
  if (error.code === "option") return exitStatus.usage;
  return error.code === "interrupted" ? exitStatus.interrupted : exitStatus.failed;
}

/** `localflow: message` on one line; with `debug` the stack and the causes follow. */
export function errorText(error: unknown, debug: boolean): string {
  const known = error instanceof LocalFlowError;
  const message = error instanceof Error ? error.message : String(error);
  const hint = known || debug ? "" : " (unexpected; --debug shows where)";
  const line = `localflow: ${printable(message.trim().replace(/\s*\n\s*/g, " "))}${hint}\n`;
  if (!debug || !(error instanceof Error)) return line;
  const cause = error.cause instanceof Error ? `caused by ${error.cause.stack}\n` : "";
  return printableLines(`${line}${error.stack}\n${cause}`);
}

/** Rows of cells as aligned columns: the first left, numbers and the rest right. */
export function alignedTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows].map((line) => line.map(printable));
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines
    .map((line) =>
      widths
        .map((width, column) => {
          const cell = line[column] ?? "";
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `12.3 s`, `4m 05s`, `2h 03m`. */
export function spokenTime(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.round(seconds) / 60;
  const pad = (value: number) => String(Math.floor(value)).padStart(2, "0");
  if (minutes < 60) return `${Math.floor(minutes)}m ${pad(Math.round(seconds) % 60)}s`;
  return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
}

/** `1.5 MiB`. */
export function spokenBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}

/** A number with at most `digits` significant digits, without trailing zeros. */
export function short(value: number, digits = 5): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(digits))) : String(value);
}

/** `12.5 %` of a share of 0.125. */
export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** `1.234 ± 0.012`, or the value alone where nothing is known of its error. */
export function withError(value: number, standardError: number | null): string {
  return standardError !== null && Number.isFinite(standardError)
    ? `${value.toFixed(4)} ± ${standardError.toFixed(4)}`
    : value.toFixed(4);
}
