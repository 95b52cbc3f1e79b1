// drive: runs our work and a PyTorch peer in turn (A B A B …) and compares them pair by pair.
import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { failure } from "../src/errors.ts";

/** Milliseconds over the repetitions; `gflops` is of the median, when the work's operations are known. */
export interface Timing {
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly gflops?: number;
}

/** One row of the benchmark report. `ratio` is the median over the pairs of peer time / our time: above 1 we win. */
export interface Comparison {
  readonly ours: Timing;
  readonly peer?: Timing & { readonly name: string };
  readonly ratio?: number;
  readonly limitGflops?: number;
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
  readonly measure: (command?: string) => Promise<number>;
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
    const measure = async (command = "run") => milliseconds(script, await ask(command));
    return { kind: "ready", name: String(hello["peer"] ?? script), hello, ask, measure, close: link.close };
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

/** What `alternate` needs. Both works resolve with the milliseconds of one repetition. */
export interface Alternation {
  readonly ours: () => Promise<number>;
  readonly theirs?: { readonly name: string; readonly measure: () => Promise<number> };
  /** Pairs after one unmeasured warm-up pair. */
  readonly pairs?: number;
  /** Floating-point operations of one repetition as `ours` and `theirs` time it. */
  readonly flops?: number;
  /** The machine's limit in GFLOP/s, measured between the pairs. */
  readonly limit?: () => Promise<number>;
}

/** Runs A B A B …, lets the machine settle in between, compares pair by pair. Without `theirs` only we are timed. */
export async function alternate({ ours, theirs, pairs = 5, flops, limit }: Alternation): Promise<Comparison> {
  const mine: number[] = [];
  const peers: number[] = [];
  const limits: number[] = [];
  for (let pair = -1; pair < pairs; pair++) {
    const our = await settled(ours);
    const their = theirs === undefined ? undefined : await settled(theirs.measure);
    if (pair < 0) continue;
    mine.push(our);
    if (their !== undefined) peers.push(their);
    if (limit !== undefined) limits.push(await settled(limit));
  }
  const ratios = peers.map((their, pair) => their / (mine[pair] ?? Number.NaN));
  return {
    ours: timing(mine, flops),
    ...(theirs === undefined ? {} : { peer: { name: theirs.name, ...timing(peers, flops) }, ratio: median(ratios) }),
    ...(limits.length === 0 ? {} : { limitGflops: median(limits) }),
  };
}

/** Milliseconds of one call of `work`, averaged over `repeat` calls in a row. */
export async function timed(work: () => Promise<unknown>, repeat = 1): Promise<number> {
  const start = performance.now();
  for (let k = 0; k < repeat; k++) await work();
  return (performance.now() - start) / repeat;
}

/** Prints comparisons as an aligned table, medians with their range. */
export function printTable(
  rows: readonly (Comparison & { readonly name: string; readonly shape?: string })[],
  write: (text: string) => void = (text) => process.stdout.write(text),
): void {
  const header = ["name", "shape", "ours ms", "peer ms", "peer", "peer/ours", "GFLOP/s", "limit"];
  const body = rows.map(({ name, shape = "", ours, peer, ratio, limitGflops }) => [
    name,
    shape,
    range(ours),
    peer === undefined ? "absent" : range(peer),
    peer?.name ?? "-",
    ratio === undefined ? "-" : `${ratio.toFixed(2)}x`,
    ours.gflops?.toFixed(0) ?? "-",
    limitGflops?.toFixed(0) ?? "-",
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

/** The middle value, or the mean of the two middle ones; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const high = sorted[sorted.length >> 1] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[(sorted.length >> 1) - 1] ?? Number.NaN) + high) / 2;
}

/** Thread pools spin for some milliseconds after their work; nobody is timed in another's spin. */
async function settled(work: () => Promise<number>): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 30));
  return work();
}

function timing(values: readonly number[], flops?: number): Timing {
  const medianMs = median(values);
  const speed = flops === undefined ? {} : { gflops: flops / medianMs / 1e6 };
  return { medianMs, minMs: Math.min(...values), maxMs: Math.max(...values), ...speed };
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

function milliseconds(script: string, answer: Answer): number {
  const ms = answer["ms"];
  if (typeof ms === "number" && Number.isFinite(ms)) return ms;
  throw peerFailure(script, "a number of milliseconds", JSON.stringify(ms));
}

const peerFailure = (script: string, expected: string, received: string) =>
  failure("runtime", { where: `peers/${script}.py`, expected, received });

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() ?? "";
}
