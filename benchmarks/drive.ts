// drive: runs our work and a PyTorch peer in turn (A B A B …) and compares them pair by pair.
import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { failure } from "../src/errors.ts";
import { median, quotients } from "./statistics.ts";

/** Milliseconds over the repetitions; `gflops` is of the median, when the work's operations are known. */
export interface Timing {
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly gflops?: number;
  /** The median over the pairs of our (its) GFLOP/s as a share of the limit measured in the same pair. */
  readonly limitShare?: number;
}

/** A peer's timing beside the limit of its own products. */
export interface PeerTiming extends Timing {
  readonly name: string;
  readonly limitGflops?: number;
}

/** One row of the benchmark report. `ratio` is the median over the pairs of peer time / our time: above 1 we win. */
export interface Comparison {
  readonly ours: Timing;
  readonly peer?: PeerTiming;
  readonly ratio?: number;
  readonly limitGflops?: number;
  /** The median over the pairs of our time in units of the calibration product's (calibration.ts). */
  readonly calibrated?: number;
}

/** A line a peer wrote: its numbers and texts by name. */
export type Answer = Readonly<Record<string, unknown>>;

/** A running peer process (benchmarks/peers/*.py). */
export interface Peer {
  readonly kind: "ready";
  readonly name: string;
  /** What the peer said about itself when it was ready. */
  readonly hello: Answer;
  /** Sends a command and resolves with its answer; lines in between (training progress) go to `onProgress`. */
  readonly ask: (command: string, onProgress?: (line: Answer) => void) => Promise<Answer>;
  /** Sends a command and resolves with the milliseconds it took. */
  readonly measure: (command?: string, onAnswer?: (answer: Answer) => void) => Promise<number>;
  /** Sends a command and resolves with the GFLOP/s it found. */
  readonly limit: (command: string) => Promise<number>;
  readonly close: () => Promise<void>;
}

/** Why there is no peer, in one line fit for printing. */
export interface AbsentPeer {
  readonly kind: "absent";
  readonly reason: string;
}

/** A Python that has torch and numpy, named by LOCALFLOW_PYTHON. */
export type PeerPython = { readonly kind: "python"; readonly path: string; readonly torch: string } | AbsentPeer;

const absent = (reason: string): AbsentPeer => ({ kind: "absent", reason: `PyTorch peers are absent: ${reason}` });

/** Looks up LOCALFLOW_PYTHON and asks it for its version of torch. */
export async function peerPython(path = process.env["LOCALFLOW_PYTHON"]): Promise<PeerPython> {
  if (path === undefined || path === "")
    return absent("LOCALFLOW_PYTHON is not set; set it to a Python that has torch and numpy");
  try {
    const { stdout } = await promisify(execFile)(path, ["-c", "import numpy, torch; print(torch.__version__)"]);
    return { kind: "python", path, torch: stdout.trim() };
  } catch (error) {
    return absent(`LOCALFLOW_PYTHON=${path} cannot import torch and numpy (${lastLine(describe(error))})`);
  }
}

/** Starts `benchmarks/peers/<script>.py` with arguments; resolves when it is ready, or tells why it is absent. */
export async function openPeer(script: string, args: readonly (string | number)[]): Promise<Peer | AbsentPeer> {
  const python = await peerPython();
  if (python.kind === "absent") return python;
  const link = startProcess(script, python.path, args.map(String));
  try {
    const hello = await link.answer();
    const ask: Peer["ask"] = (command, onProgress) => {
      link.send(command);
      return link.answer(onProgress);
    };
    const measure: Peer["measure"] = async (command = "run", onAnswer) => {
      const answer = await ask(command);
      onAnswer?.(answer);
      return numberIn(script, answer, "ms");
    };
    const limit = async (command: string) => numberIn(script, await ask(command), "gflops");
    return { kind: "ready", name: String(hello["peer"] ?? script), hello, ask, measure, limit, close: link.close };
  } catch (error) {
    await link.close();
    return absent(describe(error));
  }
}

interface LineProcess {
  readonly send: (command: string) => void;
  /** The next line that is an answer; lines before it are progress. */
  readonly answer: (onProgress?: (line: Answer) => void) => Promise<Answer>;
  readonly close: () => Promise<void>;
}

function startProcess(script: string, python: string, args: readonly string[]): LineProcess {
  const file = fileURLToPath(new URL(`./peers/${script}.py`, import.meta.url));
  const child = spawn(python, [file, ...args], {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: "pipe",
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let complaints = "";
  child.stderr.on("data", (bytes: Buffer) => {
    complaints = (complaints + bytes.toString()).slice(-4000);
  });
  child.stdin.on("error", () => {}); // a peer that died is reported by the missing answer
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  const answer: LineProcess["answer"] = async (onProgress) => {
    for (;;) {
      const next = await lines.next();
      if (next.done === true) {
        await ended;
        throw peerFailure(script, "an answer", `the end of the process (${lastLine(complaints)})`);
      }
      const line = parseLine(script, next.value);
      if ("error" in line) throw peerFailure(script, "an answer", String(line["error"]));
      if ("ms" in line || "ready" in line) return line;
      onProgress?.(line);
    }
  };
  const close = async () => {
    child.stdin.end("quit\n");
    await ended;
  };
  return { send: (command) => child.stdin.write(`${command}\n`), answer, close };
}

/** What `alternate` needs. Both works resolve with the milliseconds of one repetition, limits with GFLOP/s. */
export interface Alternation {
  readonly ours: () => Promise<number>;
  readonly theirs?: {
    readonly name: string;
    readonly measure: () => Promise<number>;
    readonly limit?: () => Promise<number>;
  };
  /** Pairs after one unmeasured warm-up pair. */
  readonly pairs?: number;
  /** Floating-point operations of one repetition as `ours` and `theirs` time it. */
  readonly flops?: number;
  readonly limit?: () => Promise<number>;
  /** Milliseconds of the calibration product. */
  readonly calibrate?: () => Promise<number>;
}

/**
 * Runs A B A B …, with limits and calibration in between, lets the machine settle before each, and compares pair by pair.
 * Without `theirs` only we are timed.
 */
export async function alternate(alternation: Alternation): Promise<Comparison> {
  const { ours, theirs, pairs = 5, flops, limit, calibrate } = alternation;
  const works = { mine: ours, peer: theirs?.measure, limit, peerLimit: theirs?.limit, calibration: calibrate };
  const series = { mine: [], peer: [], limit: [], peerLimit: [], calibration: [] } as Record<
    keyof typeof works,
    number[]
  >;
  for (let pair = -1; pair < pairs; pair++)
    for (const name of Object.keys(works) as (keyof typeof works)[]) {
      const value = await settled(works[name]);
      if (pair >= 0 && value !== undefined) series[name].push(value);
    }
  const { mine, peer, limit: limits, peerLimit, calibration } = series;
  const limitOf = (values: readonly number[]) => (values.length === 0 ? {} : { limitGflops: median(values) });
  return {
    ours: timing(mine, flops, limits),
    ...(theirs && { peer: { name: theirs.name, ...timing(peer, flops, peerLimit), ...limitOf(peerLimit) } }),
    ...(theirs && { ratio: median(quotients(peer, mine)) }),
    ...limitOf(limits),
    ...(calibration.length > 0 && { calibrated: median(quotients(mine, calibration)) }),
  };
}

/** The same comparison a unit of work, of which a repetition of ours and of the peer's hold so many. */
export function perUnit(comparison: Comparison, ourUnits: number, peerUnits: number): Comparison {
  const { ours, peer, ratio, calibrated } = comparison;
  const divided = <T extends Timing>(timing: T, units: number): T => ({
    ...timing,
    medianMs: timing.medianMs / units,
    minMs: timing.minMs / units,
    maxMs: timing.maxMs / units,
  });
  return {
    ...comparison,
    ours: divided(ours, ourUnits),
    ...(peer && { peer: divided(peer, peerUnits) }),
    ...(ratio !== undefined && { ratio: (ratio * ourUnits) / peerUnits }),
    ...(calibrated !== undefined && { calibrated: calibrated / ourUnits }),
  };
}

/** Milliseconds of one call of `work`, averaged over `repeat` calls in a row. */
export async function timed(work: () => Promise<unknown>, repeat = 1): Promise<number> {
  const start = performance.now();
  for (let k = 0; k < repeat; k++) await work();
  return (performance.now() - start) / repeat;
}

/** Prints comparisons as an aligned table, medians with their range; `share` is that of the limit, ours then the peer's. */
export function printTable(
  rows: readonly (Comparison & { readonly name: string; readonly shape?: string })[],
  write: (text: string) => void = (text) => process.stdout.write(text),
): void {
  const header = ["name", "shape", "ours ms", "peer ms", "peer", "peer/ours", "GFLOP/s", "limit", "share"];
  const percent = ({ limitShare }: Timing) => (limitShare === undefined ? "-" : `${(100 * limitShare).toFixed(0)} %`);
  const body = rows.map(({ name, shape = "", ours, peer, ratio, limitGflops }) => [
    name,
    shape,
    range(ours),
    peer === undefined ? "absent" : range(peer),
    peer?.name ?? "-",
    ratio === undefined ? "-" : `${ratio.toFixed(2)}x`,
    ours.gflops?.toFixed(0) ?? "-",
    limitGflops?.toFixed(0) ?? "-",
    peer?.limitShare === undefined ? percent(ours) : `${percent(ours)} (${percent(peer)})`,
  ]);
  const table = [header, ...body];
  const widths = header.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table)
    write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd()}\n`,
    );
}

/** Thread pools spin for some milliseconds after their work; nobody is timed in another's spin. */
async function settled(work: (() => Promise<number>) | undefined): Promise<number | undefined> {
  if (work === undefined) return undefined;
  await new Promise((resolve) => setTimeout(resolve, 30));
  return work();
}

function timing(values: readonly number[], flops?: number, limits: readonly number[] = []): Timing {
  const medianMs = median(values);
  const speeds = flops === undefined ? [] : values.map((ms) => flops / ms / 1e6);
  return {
    medianMs,
    minMs: Math.min(...values),
    maxMs: Math.max(...values),
    ...(flops !== undefined && { gflops: flops / medianMs / 1e6 }),
    ...(flops !== undefined && limits.length > 0 && { limitShare: median(quotients(speeds, limits)) }),
  };
}

function range({ medianMs, minMs, maxMs }: Timing): string {
  const digits = medianMs < 10 ? 2 : medianMs < 1000 ? 1 : 0;
  return `${medianMs.toFixed(digits)} (${minMs.toFixed(digits)}-${maxMs.toFixed(digits)})`;
}

function parseLine(script: string, line: string): Answer {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // falls through: not JSON
  }
  throw peerFailure(script, "a JSON object on each line", line.slice(0, 200));
}

function numberIn(script: string, answer: Answer, name: "ms" | "gflops"): number {
  const value = answer[name];
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw peerFailure(script, `a number "${name}"`, JSON.stringify(value));
}

const peerFailure = (script: string, expected: string, received: string) =>
  failure("runtime", { where: `peers/${script}.py`, expected, received });

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() ?? "";
}
