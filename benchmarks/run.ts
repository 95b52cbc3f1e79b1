// run: `npm run benchmark -- [NAME…] [options]` runs benchmarks and prints, or writes, what they found.
import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { failure, LocalFlowError } from "../src/errors.ts";
import { createEngine } from "../src/runtime/node.ts";
import type { Benchmark, CaseName, Row, Settings } from "./benchmark.ts";
import { checkedBenchmarks, merged, readCommitted, verdictLine, verdicts, writeCommitted } from "./check.ts";
import { convolution } from "./convolution.ts";
import { density } from "./density.ts";
import { printTable } from "./drive.ts";
import { fit } from "./fit.ts";
import { growth } from "./growth.ts";
import { likelihood } from "./likelihood.ts";
import { optimizer } from "./optimizer.ts";
import { calibrationProduct } from "./products.ts";
import { reading } from "./reading.ts";
import { sampling } from "./sampling.ts";
import { startup } from "./startup.ts";
import { geometricMean } from "./statistics.ts";
import { training } from "./training.ts";

const benchmarks: Readonly<Record<string, Benchmark>> = {
  training,
  convolution,
  density,
  likelihood,
  sampling,
  fit,
  reading,
  startup,
  optimizer,
  growth,
};

const usage = `usage: npm run benchmark -- [NAME…] [options]
names: ${Object.keys(benchmarks).join(" ")} (all of them when none is given)
  --json FILE          also write the rows as JSON
  --pairs N            repetitions of ours and the peer's in turn (default 5)
  --threads N          of both sides (default: the cores)
  --shape NAME         only this shape; may be repeated
  --compiled           training: also against torch.compile
  --no-peers           only ours
  --tree-model FILE    likelihood, sampling: a trained model of two-dimensional data …
  --tree-rows FILE     … and the rows (.npy) to score, which fit scores too
  --tree-train FILE    fit: rows (.npy) to train on (default: normal points)
  --letter-model FILE, --letter-rows FILE, --letter-train FILE
                       the same of tabular data, 16 columns for fit
  --rows N             likelihood: score the first N rows (default 2000)
  --samples N          sampling: points to draw (default 100000)
  --scale K            fit, reading: K times less work on both sides (default: fit 20, reading 1)
  --steps N            growth: steps of the long run (default 20000)
  --plots FOLDER       growth: draw FOLDER/growth-*.svg
  --check              compare with benchmarks/committed.json, without peers; status 1 when something became slower
                       (without names: ${checkedBenchmarks.join(" ")})
  --commit             write what --check compares with
  --keep-denormals     let the peers compute with denormal numbers, as PyTorch does by itself
Peers run when LOCALFLOW_PYTHON names a Python that has torch and numpy.
`;

const options = {
  json: { type: "string" },
  pairs: { type: "string", default: "5" },
  shape: { type: "string", multiple: true, default: [] as string[] },
  compiled: { type: "boolean", default: false },
  "no-peers": { type: "boolean", default: false },
  rows: { type: "string", default: "2000" },
  samples: { type: "string", default: "100000" },
  scale: { type: "string" },
  steps: { type: "string", default: "20000" },
  plots: { type: "string" },
  check: { type: "boolean", default: false },
  commit: { type: "boolean", default: false },
  threads: { type: "string", default: String(availableParallelism()) },
  "keep-denormals": { type: "boolean", default: false },
  "tree-model": { type: "string" },
  "tree-rows": { type: "string" },
  "tree-train": { type: "string" },
  "letter-model": { type: "string" },
  "letter-rows": { type: "string" },
  "letter-train": { type: "string" },
  help: { type: "boolean", default: false },
} as const;

type Values = ReturnType<typeof parsed>["values"];

const parsed = () => parseArgs({ options, allowPositionals: true });

async function main(): Promise<void> {
  const { values, positionals } = parsed();
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const isChecking = values.check || values.commit;
  const names = positionals.length > 0 ? positionals : isChecking ? checkedBenchmarks : Object.keys(benchmarks);
  const chosen = names.map(benchmarkOf);
  const plain = settingsOf(values);
  plain.say(`${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}, node ${process.version}`);
  if (!isChecking) {
    await measured(chosen, plain, values.json);
    return;
  }
  const engine = await createEngine({ threads: plain.threads });
  try {
    const calibrate = await calibrationProduct(engine);
    const rows = await measured(chosen, { ...plain, peers: false, calibrate }, values.json);
    await held(rows, plain.threads, values);
  } finally {
    await engine.close();
  }
}

/** Runs the benchmarks; what an interrupted run has measured is written and printed as well. */
async function measured(
  chosen: readonly Benchmark[],
  settings: Settings,
  json: string | undefined,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  try {
    for (const benchmark of chosen) {
      for await (const row of benchmark(settings)) {
        rows.push(row);
        if (json !== undefined) await writeFile(json, `${JSON.stringify(rows, null, 1)}\n`);
      }
    }
  } finally {
    printRows(rows);
  }
  return rows;
}

async function held(rows: readonly Row[], threads: number, { check, commit }: Values): Promise<void> {
  const committed = await readCommitted();
  if (check) {
    const found = verdicts(rows, committed, threads);
    for (const verdict of found) process.stdout.write(`${verdictLine(verdict)}\n`);
    if (found.some(({ kind }) => kind === "regressed")) process.exitCode = 1;
  }
  if (commit) await writeCommitted(merged(committed, rows, threads));
}

function printRows(rows: readonly Row[]): void {
  if (rows.length === 0) return;
  printTable(rows);
  for (const { name, shape, detail } of rows)
    if (detail) process.stdout.write(`${name} ${shape}: ${shortened(JSON.stringify(detail))}\n`);
  const steps = rows.filter(({ name }) => name === "training");
  for (const peer of new Set(steps.flatMap((row) => row.peer?.name ?? []))) {
    const ratios = steps.flatMap((row) => (row.peer?.name === peer ? (row.ratio ?? []) : []));
    process.stdout.write(`training: geometric mean of peer/ours ${geometricMean(ratios).toFixed(2)}x (${peer})\n`);
  }
}

/** Long lists of measurements are for --json. */
function shortened(text: string): string {
  return text.length <= 600 ? text : `${text.slice(0, 600)} … (all of it with --json)`;
}

function benchmarkOf(name: string): Benchmark {
  const benchmark = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined;
  if (benchmark) return benchmark;
  throw failure("option", {
    where: "benchmark",
    expected: `one of ${Object.keys(benchmarks).join(", ")}`,
    received: name,
  });
}

function settingsOf(values: Values): Settings {
  const said = new Set<string>();
  return {
    pairs: wholeNumber("--pairs", values.pairs),
    rows: wholeNumber("--rows", values.rows),
    samples: wholeNumber("--samples", values.samples),
    steps: wholeNumber("--steps", values.steps),
    threads: wholeNumber("--threads", values.threads),
    ...(values.scale !== undefined && { scale: wholeNumber("--scale", values.scale) }),
    ...(values.plots !== undefined && { plots: values.plots }),
    peers: !values["no-peers"],
    peerFlags: values["keep-denormals"] ? [] : ["--flush-denormal"],
    shapes: values.shape,
    compiled: values.compiled,
    cases: { tree: caseOf(values, "tree"), letter: caseOf(values, "letter") },
    say: (line) => {
      // The reason why peers are absent would come once for each of them.
      if (!said.has(line)) process.stderr.write(`${line}\n`);
      said.add(line);
    },
  };
}

function caseOf(values: Values, name: CaseName): Settings["cases"][CaseName] {
  const [model, rows, train] = [values[`${name}-model`], values[`${name}-rows`], values[`${name}-train`]];
  return {
    ...(model !== undefined && { model }),
    ...(rows !== undefined && { rows }),
    ...(train !== undefined && { train }),
  };
}

function wholeNumber(where: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw failure("option", { where, expected: "a whole number of at least 1", received: text });
}

try {
  await main();
} catch (error) {
  if (!(error instanceof LocalFlowError || error instanceof TypeError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
