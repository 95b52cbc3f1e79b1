// fit-text: what a fit says when it ends: the blocks it trained, and the lines below them.
import { counted } from "../data/columns.ts";
import type { FitReport, Likelihood } from "../tasks/density.ts";
import { alignedTable, short, spokenBytes, spokenTime, withError } from "./output.ts";

/** What the fit of every task reports. */
type Told = Pick<FitReport, "seed" | "blocks" | "parameters" | "seconds"> & { readonly peakMemoryBytes: number };

export interface FitTextParts {
  /** Whether the table says how far blocks moved the pool; default: yes. */
  readonly distances?: boolean;
  /** Lines in front of the number of parameters. */
  readonly findings: readonly string[];
  /** What follows that number, such as ` for 3 dimensions`. */
  readonly size?: string;
  /** Lines in front of the seed. */
  readonly more?: readonly string[];
}

/** The text of a fit whose model is in `output`. */
export function fitText(
  output: string,
  { blocks, parameters, seconds, peakMemoryBytes, seed }: Told,
  { distances = true, findings, size = "", more = [] }: FitTextParts,
): string {
  const rows = blocks.map((block, n) => [
    String(n + 1),
    block.duration === null ? "free" : short(block.duration),
    String(block.iterations),
    short(block.loss),
    spokenTime(block.seconds),
    ...(distances ? [short(block.poolToNormal, 3), short(block.blockDistance, 3)] : []),
  ]);
  const header = ["block", "duration", "iterations", "loss", "time", ...(distances ? ["to normal", "moved"] : [])];
  return [
    alignedTable(header, rows),
    "",
    ...findings,
    `parameters      ${parameters}${size}`,
    `time, memory    ${spokenTime(seconds)}, ${spokenBytes(peakMemoryBytes)} at most`,
    ...more,
    `seed            ${seed}`,
    `model           ${output}`,
  ].join("\n");
}

/** The likelihoods of training rows and of held-out ones, where there are any; of small tables they are of copies of `rows` rows. */
export function likelihoodLines({
  train,
  validation,
  rows: trained = Number.POSITIVE_INFINITY,
}: {
  readonly train: Likelihood;
  readonly validation?: Likelihood;
  readonly rows?: number;
}): readonly string[] {
  const line = (name: string, { nll, standardError }: Likelihood, of: string) =>
    `${name.padEnd(16)}${withError(nll, standardError)} nats (${of})`;
  const known = train.rows > trained ? `${train.rows} points of ${trained} rows` : counted(train.rows, "row");
  return [
    line("training nll", train, known),
    ...(validation ? [line("held-out nll", validation, counted(validation.rows, "row"))] : []),
  ];
}
