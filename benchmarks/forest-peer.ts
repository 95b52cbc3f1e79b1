// forest-peer: asks peers/forest.py for the splits and the measures of ForestDiffusion's protocol.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A set split by a seed; the target is the last column, categories are codes. */
export interface SplitSet {
  readonly train: readonly (readonly number[])[];
  readonly test: readonly (readonly number[])[];
  /** Columns of levels: those that distances and learners see one-hot, and those of two levels. */
  readonly levels: readonly number[];
  readonly binary: readonly number[];
  /** Whether the target is a class, not a number. */
  readonly classes: boolean;
}

/** Measures of one drawn table. Distances are null without POT. */
export interface ForestMeasures {
  readonly w1Train: number | null;
  readonly w1Test: number | null;
  readonly coverageTrain: number;
  readonly coverageTest: number;
  /** Macro F1 or R2 on rows to test, by learner. */
  readonly scores: Readonly<Record<string, number>>;
}

export interface MeasuredTables {
  readonly measures: readonly ForestMeasures[];
  /** Python packages without which something is missing. */
  readonly absent: readonly string[];
}

/** The set, or in one line why it is left out. */
export async function splitSet(name: string, folders: readonly string[], seed: number): Promise<SplitSet | string> {
  const answer = (await ask({ command: "split", name, folders, seed })) as SplitSet | { readonly absent: string };
  return "absent" in answer ? answer.absent : answer;
}

export async function measureTables(
  { train, test, levels, classes }: SplitSet,
  fakes: readonly (readonly (readonly number[])[])[],
  tries: number,
): Promise<MeasuredTables> {
  return (await ask({ command: "measure", train, test, fakes, levels, classes, tries })) as MeasuredTables;
}

/** One request to LOCALFLOW_PYTHON, or python3; throws what it complained of. */
async function ask(request: object): Promise<unknown> {
  const python = process.env["LOCALFLOW_PYTHON"] || "python3";
  const script = fileURLToPath(new URL("./peers/forest.py", import.meta.url));
  const env = { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
  const child = spawn(python, [script], { stdio: "pipe", env });
  const [output, complaints] = [[] as string[], [] as string[]];
  child.stdout.on("data", (bytes: Buffer) => output.push(bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => complaints.push(bytes.toString()));
  child.stdin.on("error", () => {}); // a process that is gone is reported below
  child.stdin.end(JSON.stringify(request));
  const status = await new Promise<number | string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code) => resolve(code ?? "a signal"));
  });
  if (status === 0) return JSON.parse(output.join(""));
  const reason = complaints.join("").trim().split("\n").at(-1) || String(status);
  throw new Error(`${python} said "${reason}"; LOCALFLOW_PYTHON names a Python with scikit-learn and pandas`);
}
