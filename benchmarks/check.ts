// check: whether our times, in units of a product timed in the same run, are still what they were when they were committed.
import { readFile, writeFile } from "node:fs/promises";
import * as z from "zod";
import { failure } from "../src/errors.ts";
import type { Row } from "./benchmark.ts";

/** What `--commit` writes of a row: its time in units of the calibration product (median over the pairs). */
export interface Committed {
  readonly name: string;
  readonly shape: string;
  readonly threads: number;
  readonly calibrated: number;
}

/** How many times a committed time may be exceeded. Processes and files depend on more of a machine than its products. */
export const slack: Readonly<Record<string, number>> = {
  startup: 2,
  reading: 2,
  fit: 1.4,
  sampling: 1.4,
  likelihood: 1.4,
};
export const usualSlack = 1.3;

/** The benchmarks that are checked when none is named. */
export const checkedBenchmarks = ["startup", "training", "density", "likelihood", "sampling"] as const;

export type Verdict =
  | { readonly kind: "held" | "regressed"; readonly row: string; readonly times: number; readonly allowed: number }
  | { readonly kind: "unknown"; readonly row: string; readonly reason: string };

const nameOf = ({ name, shape }: Pick<Row, "name" | "shape">): string => `${name} ${shape}`;

/** Holds measured rows against committed ones of the same number of threads; `times` is how much longer it takes now. */
export function verdicts(rows: readonly Row[], committed: readonly Committed[], threads: number): readonly Verdict[] {
  return rows.map((row): Verdict => {
    const known = committed.find((each) => nameOf(each) === nameOf(row) && each.threads === threads);
    const name = nameOf(row);
    if (row.calibrated === undefined) return { kind: "unknown", row: name, reason: "it was not calibrated" };
    if (known === undefined)
      return { kind: "unknown", row: name, reason: `nothing is committed for ${threads} threads (--commit does)` };
    const times = row.calibrated / known.calibrated;
    const allowed = slack[row.name] ?? usualSlack;
    return { kind: times <= allowed ? "held" : "regressed", row: name, times, allowed };
  });
}

/** One line for each verdict. */
export function verdictLine(verdict: Verdict): string {
  if (verdict.kind === "unknown") return `unknown    ${verdict.row}: ${verdict.reason}`;
  const { kind, row, times, allowed } = verdict;
  return `${kind.padEnd(9)}  ${row}: ${times.toFixed(2)} times the committed time, ${allowed.toFixed(2)} allowed`;
}

/** The committed rows with the measured ones in the places of those of the same name, shape and threads. */
export function merged(committed: readonly Committed[], rows: readonly Row[], threads: number): readonly Committed[] {
  const key = (row: Omit<Committed, "calibrated">) => `${nameOf(row)}, ${row.threads} threads`;
  const all = new Map(committed.map((row) => [key(row), row]));
  for (const { name, shape, calibrated } of rows)
    if (calibrated !== undefined) {
      const row = { name, shape, threads, calibrated: Number(calibrated.toPrecision(4)) };
      all.set(key(row), row);
    }
  return [...all.values()];
}

const file = new URL("./committed.json", import.meta.url);
const schema = z.array(
  z.object({ name: z.string(), shape: z.string(), threads: z.int().positive(), calibrated: z.number().positive() }),
);

/** The committed rows; none when nothing was committed yet. */
export async function readCommitted(): Promise<readonly Committed[]> {
  const text = await readFile(file, "utf8").catch(() => "[]");
  const parsed = schema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw failure("data", {
    where: "benchmarks/committed.json",
    expected: "what --commit writes",
    received: "other JSON",
  });
}

export function writeCommitted(committed: readonly Committed[]): Promise<void> {
  return writeFile(file, `${JSON.stringify(committed, null, 2)}\n`);
}
