// run: `npm run benchmark -- [NAME…] [options]` runs benchmarks and prints, or writes, what they found.
import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { failure, LocalFlowError } from "../src/errors.ts";
import type { Benchmark, Row, Settings } from "./benchmark.ts";
import { density } from "./density.ts";
import { printTable } from "./drive.ts";
import { likelihood } from "./likelihood.ts";
import { optimizer } from "./optimizer.ts";
import { sampling } from "./sampling.ts";
import { startup } from "./startup.ts";
import { training } from "./training.ts";

const benchmarks: Readonly<Record<string, Benchmark>> = { training, density, likelihood, sampling, startup, optimizer };

const usage = `usage: npm run benchmark -- [NAME…] [options]
names: ${Object.keys(benchmarks).join(" ")} (all of them when none is given)
  --json FILE          also write the rows as JSON
  --pairs N            repetitions of ours and the peer's in turn (default 5)
  --threads N          of both sides (default: the cores)
  --shape NAME         only this shape; may be repeated
  --compiled           training: also against torch.compile
  --tree-model FILE    likelihood, sampling: a trained model of two-dimensional data …
  --tree-rows FILE     … and the rows (.npy) to score
  --letter-model FILE  likelihood, sampling: a trained model of tabular data …
  --letter-rows FILE   … and the rows (.npy) to score
  --rows N             likelihood: score the first N rows (default 2000)
  --keep-denormals     let the peers compute with denormal numbers, as PyTorch does by itself
Peers run when LOCALFLOW_PYTHON names a Python that has torch and numpy.
`;

const options = {
  json: { type: "string" },
  pairs: { type: "string", default: "5" },
  shape: { type: "string", multiple: true, default: [] as string[] },
  compiled: { type: "boolean", default: false },
  rows: { type: "string", default: "2000" },
  threads: { type: "string", default: String(availableParallelism()) },
  "keep-denormals": { type: "boolean", default: false },
  "tree-model": { type: "string" },
  "tree-rows": { type: "string" },
  "letter-model": { type: "string" },
  "letter-rows": { type: "string" },
  help: { type: "boolean", default: false },
} as const;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const settings: Settings = {
    pairs: wholeNumber("--pairs", values.pairs),
    rows: wholeNumber("--rows", values.rows),
    threads: wholeNumber("--threads", values.threads),
    peerFlags: values["keep-denormals"] ? [] : ["--flush-denormal"],
    shapes: values.shape,
    compiled: values.compiled,
    cases: {
      tree: caseOf(values["tree-model"], values["tree-rows"]),
      letter: caseOf(values["letter-model"], values["letter-rows"]),
    },
    say: (line) => process.stderr.write(`${line}\n`),
  };
  settings.say(`${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}, node ${process.version}`);
  const rows: Row[] = [];
  try {
    for (const name of positionals.length === 0 ? Object.keys(benchmarks) : positionals) {
      for await (const row of benchmarkOf(name)(settings)) {
        rows.push(row);
        if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, null, 1)}\n`);
      }
    }
  } finally {
    printRows(rows);
  }
}

function printRows(rows: readonly Row[]): void {
  if (rows.length === 0) return;
  printTable(rows);
  for (const { name, shape, detail } of rows)
    if (detail) process.stdout.write(`${name} ${shape}: ${JSON.stringify(detail)}\n`);
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

function caseOf(model: string | undefined, rows: string | undefined) {
  return { ...(model !== undefined && { model }), ...(rows !== undefined && { rows }) };
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
