// forest: drawn rows of small tables by ForestDiffusion's protocol, beside its published figures: `npx tsx benchmarks/forest.ts`.
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { createEngine } from "../src/runtime/node.ts";
import { copiedTables } from "./forest-copies.ts";
import { type Changes, drawTables } from "./forest-drawn.ts";
import { type ForestMeasures, measureTables, type SplitSet, splitSet } from "./forest-peer.ts";
import { type PublishedRow, published } from "./forest-published.ts";
import { sklearnFolder } from "./table-sets.ts";

const sets = Object.keys(published);
const usage = `usage: npx tsx benchmarks/forest.ts [SET…] [options]
sets: ${sets.join(", ")} (all of them when none is given)
  --data DIR        folder of UCI's files under their own names, such as car.data (default: data)
  --sklearn DIR     folder of scikit-learn's CSV files (default: ${sklearnFolder})
  --splits COUNT    splits, and fits (default: 3, which are the authors')
  --tables COUNT    tables drawn from each fit, as many rows in each as there are to train (default: 5, as the authors)
  --tries COUNT     seeds of the learners (default: 5, as the authors)
  --oracle          measure the rows to train themselves instead: the published oracle should come back
  --copies NOISE    measure copies of the rows to train instead, with noise of so many deviations of their class, such as 0.3
  --changes JSON    what to try in place of the defaults, such as '{"hidden": [64, 64], "trainSplit": 1}'
  --threads N       of the engine (default: all cores)
  --json FILE       also write the results as JSON
LOCALFLOW_PYTHON names a Python that has scikit-learn and pandas, and POT and xgboost for all figures (default: python3).
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string", default: "data" },
    sklearn: { type: "string", default: sklearnFolder },
    splits: { type: "string", default: "3" },
    tables: { type: "string", default: "5" },
    tries: { type: "string", default: "5" },
    oracle: { type: "boolean", default: false },
    copies: { type: "string" },
    changes: { type: "string", default: "{}" },
    threads: { type: "string" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

/** Means of all tables of all splits, and seconds of a fit with its draws. */
interface Result extends PublishedRow {
  readonly set: string;
  readonly rows: number;
  readonly coverageTrain: number;
  readonly scores: Readonly<Record<string, number>>;
  /** The test distance of each split, for a glance at how much splits differ. */
  readonly splits: readonly number[];
  readonly seconds: number;
}

const judged = values.oracle ? "rows to train" : values.copies === undefined ? "ours" : "copies";
const absent = new Set<string>();
const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const results: Result[] = [];
  for (const name of positionals.length > 0 ? positionals : sets) {
    const result = await measured(name);
    if (typeof result === "string") {
      say(result);
      continue;
    }
    results.push(result);
    print(result);
    if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, null, 1)}\n`);
  }
  if (results.length > 0) printMeans(results);
  for (const name of absent)
    say(`Python has no ${name}: ${name === "POT" ? "distances are left out" : "scores are means of three learners"}`);
}

async function measured(name: string): Promise<Result | string> {
  const found: ForestMeasures[][] = [];
  let [seconds, rows] = [0, 0];
  for (let seed = 0; seed < Number(values.splits); seed++) {
    const set = await splitSet(name, [values.sklearn, values.data], seed);
    if (typeof set === "string") return set;
    rows = set.train.length;
    const started = performance.now();
    const tables = await judgedTables(set, seed);
    seconds += (performance.now() - started) / 1000;
    const answer = await measureTables(set, tables, Number(values.tries));
    for (const module of answer.absent) absent.add(module);
    found.push([...answer.measures]);
  }
  const all = found.flat();
  const scores = Object.fromEntries(
    Object.keys(all[0]?.scores ?? {}).map((learner) => [learner, mean(all.map((each) => each.scores[learner] ?? 0))]),
  );
  return {
    set: name,
    rows,
    w1Train: mean(all.map(({ w1Train }) => w1Train ?? Number.NaN)),
    w1Test: mean(all.map(({ w1Test }) => w1Test ?? Number.NaN)),
    coverageTrain: mean(all.map(({ coverageTrain }) => coverageTrain)),
    coverageTest: mean(all.map(({ coverageTest }) => coverageTest)),
    score: mean(Object.values(scores)),
    scores,
    splits: found.map((measures) => mean(measures.map(({ w1Test }) => w1Test ?? Number.NaN))),
    seconds: seconds / found.length,
  };
}

/** The rows to train, copies of them, or rows that a model draws. */
async function judgedTables(set: SplitSet, seed: number) {
  if (values.oracle) return [set.train];
  if (values.copies !== undefined) return copiedTables(set, seed, Number(values.tables), Number(values.copies));
  return drawn({ set, seed });
}

async function drawn(request: Pick<Parameters<typeof drawTables>[1], "set" | "seed">) {
  const engine = await createEngine(values.threads === undefined ? {} : { threads: Number(values.threads) });
  const changes = JSON.parse(values.changes) as Changes;
  try {
    return await drawTables(engine, { ...request, tables: Number(values.tables), changes });
  } finally {
    await engine.close();
  }
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0) / numbers.length;
}

function print(result: Result): void {
  const theirs = published[result.set];
  if (!theirs) return;
  process.stdout.write(`${result.set}: ${result.rows} rows to train, ${result.seconds.toFixed(1)} s a fit\n`);
  line(judged, result, theirs.score);
  line("ForestFlow", theirs.forestFlow, theirs.score);
  line("oracle", theirs.oracle, theirs.score);
}

function line(name: string, { w1Train, w1Test, coverageTest, score }: PublishedRow, kind: string): void {
  const figures = `W1 train ${w1Train.toFixed(3)}  test ${w1Test.toFixed(3)}  coverage ${coverageTest.toFixed(3)}`;
  process.stdout.write(`  ${name.padEnd(14)}  ${figures}  ${kind} ${score.toFixed(3)}\n`);
}

function printMeans(results: readonly Result[]): void {
  const of = (rows: readonly PublishedRow[]): PublishedRow => ({
    w1Train: mean(rows.map(({ w1Train }) => w1Train)),
    w1Test: mean(rows.map(({ w1Test }) => w1Test)),
    coverageTest: mean(rows.map(({ coverageTest }) => coverageTest)),
    score: mean(rows.map(({ score }) => score)),
  });
  const theirs = (kind: "forestFlow" | "oracle") => of(results.flatMap(({ set }) => published[set]?.[kind] ?? []));
  process.stdout.write(`mean of ${results.length} sets\n`);
  line(judged, of(results), "score");
  line("ForestFlow", theirs("forestFlow"), "score");
  line("oracle", theirs("oracle"), "score");
}

await main();
