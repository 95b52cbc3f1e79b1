// forest-peer: asks peers/forest.py for the splits and the measures of ForestDiffusion's protocol.
import { askPython } from "./python.ts";

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
  const answer = await askPython("forest.py", request, { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" });
  if (answer.kind === "answer") return answer.value;
  const { python, reason } = answer;
  throw new Error(`${python} said "${reason}"; LOCALFLOW_PYTHON names a Python with scikit-learn and pandas`);
}
