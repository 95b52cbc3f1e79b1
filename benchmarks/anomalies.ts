// anomalies: how well minus the log-density, of rows and of rows and noise together, tells anomalies from other rows, beside an isolation forest: `npx tsx benchmarks/anomalies.ts`.
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type CellTable, cellText } from "../src/data/cell-table.ts";
import { areaUnderCurve } from "../src/measure/area-under-curve.ts";
import { createEngine } from "../src/runtime/node.ts";
import { fitTable } from "../src/tasks/table/fit-table.ts";
import { scoreTable } from "../src/tasks/table/score-table.ts";
import { smoothedScores } from "../src/tasks/table/smoothed-scores.ts";
import type { TableSize } from "../src/tasks/table/table-configuration.ts";
import { type AnomalyCase, anomalyCase, anomalySets, type Mode } from "./anomalies-cases.ts";
import { changedRecipe, type RecipeChanges } from "./table-changes.ts";
import { askTables } from "./table-peer.ts";
import { readSet, sklearnFolder } from "./table-sets.ts";

const usage = `usage: npx tsx benchmarks/anomalies.ts [SET…] [options]
sets: ${anomalySets.join(", ")} (all of them when none is given)
  --data DIR      folder of Shuttle.csv and ionosphere.arff (default: data)
  --sklearn DIR   folder of scikit-learn's CSV files (default: ${sklearnFolder})
  --mode NAME     unsupervised or semi-supervised alone
  --seeds COUNT   halves of the rows to train and test on (default: 3)
  --smoothing S   deviations of noise of the second smoothed score (default: 1)
  --rows COUNT    train on at most so many rows (default: 10000)
  --changes JSON  what to try in place of the default recipe, such as '{"dropout": 0, "earlyStopping": 3}'
  --threads N     of the engine (default: all cores)
  --json FILE     also write the results as JSON
LOCALFLOW_PYTHON names a Python that has scikit-learn (default: python3).
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string", default: "data" },
    sklearn: { type: "string", default: sklearnFolder },
    mode: { type: "string" },
    seeds: { type: "string", default: "3" },
    smoothing: { type: "string", default: "1" },
    rows: { type: "string", default: "10000" },
    changes: { type: "string", default: "{}" },
    threads: { type: "string" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

/** One set in one mode: areas under the ROC curve by seed. */
interface Result {
  readonly set: string;
  readonly mode: Mode;
  readonly trainRows: number;
  readonly testRows: number;
  readonly anomalies: number;
  readonly ours: readonly number[];
  /** By the log-density of rows and noise together: that with which the second block starts, and as much as asked for. */
  readonly smoothed: readonly number[];
  readonly blurred: readonly number[];
  readonly forest: readonly number[];
  readonly seconds: number;
}

const say = (line: string) => process.stderr.write(`${line}\n`);
const said = new Set<string>();

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const results: Result[] = [];
  for (const name of positionals.length > 0 ? positionals : anomalySets) {
    const set = anomalySets.includes(name) ? await readSet(name, values) : `${name}: no set with known anomalies`;
    if (typeof set === "string") {
      say(set);
      continue;
    }
    for (const mode of ["unsupervised", "semi-supervised"] as const) {
      if (values.mode !== undefined && values.mode !== mode) continue;
      const cases = Array.from({ length: Number(values.seeds) }, (_, k) =>
        anomalyCase(set, mode, k + 1, Number(values.rows)),
      );
      const result = await compared(name, mode, cases);
      results.push(result);
      print(result);
      if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, null, 1)}\n`);
    }
  }
}

async function compared(set: string, mode: Mode, cases: readonly AnomalyCase[]): Promise<Result> {
  const started = performance.now();
  const [ours, smoothed, blurred, forest]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (const [k, { train, test, isAnomaly }] of cases.entries()) {
    const area = (scores: readonly number[]) =>
      areaUnderCurve(
        scores.filter((_, row) => isAnomaly[row]),
        scores.filter((_, row) => !isAnomaly[row]),
      ).value;
    const scores = await densityScores(train, test, k + 1);
    ours.push(area(scores.sharp));
    smoothed.push(area(scores.smoothed));
    blurred.push(area(scores.blurred));
    const answer = await askTables({ command: "forest", train: numbers(train), test: numbers(test), seed: k + 1 });
    if (answer.kind === "answer") forest.push(area(answer.value["scores"] as number[]));
    else if (!said.has(answer.reason)) say(answer.reason);
    if (answer.kind === "absent") said.add(answer.reason);
  }
  const [first] = cases;
  return {
    set,
    mode,
    trainRows: first?.train.rows ?? 0,
    testRows: first?.test.rows ?? 0,
    anomalies: first?.isAnomaly.filter(Boolean).length ?? 0,
    ours,
    smoothed,
    blurred,
    forest,
    seconds: (performance.now() - started) / 1000,
  };
}

interface Oddness {
  readonly sharp: readonly number[];
  readonly smoothed: readonly number[];
  readonly blurred: readonly number[];
}

/** Minus the log-densities of the rows to test under the default model of the training rows, or a changed one. */
async function densityScores(train: CellTable, test: CellTable, seed: number): Promise<Oddness> {
  const engine = await createEngine(values.threads === undefined ? {} : { threads: Number(values.threads) });
  try {
    const changes = JSON.parse(values.changes) as RecipeChanges;
    const configuration = (size: TableSize) => changedRecipe(size, changes);
    const { model } = await fitTable(engine, { table: train, seed, configuration });
    const { logDensity, smoothed = [] } = await scoreTable(engine, model, test, { smoothed: true });
    const blurred = await smoothedScores(engine, model, test, { smoothing: Number(values.smoothing) });
    const minus = (values: ArrayLike<number>) => Array.from(values, (value) => -value);
    return { sharp: minus(logDensity), smoothed: minus(smoothed), blurred: minus(blurred.logDensity) };
  } finally {
    await engine.close();
  }
}

function numbers(table: CellTable): readonly (readonly number[])[] {
  return Array.from({ length: table.rows }, (_, row) => table.columns.map((column) => Number(cellText(column, row))));
}

function print({ set, mode, trainRows, testRows, anomalies, ours, smoothed, blurred, forest, seconds }: Result): void {
  const spoken = (areas: readonly number[]) =>
    areas.length === 0 ? "absent" : `${mean(areas).toFixed(4)} (${areas.map((area) => area.toFixed(4)).join(" ")})`;
  process.stdout.write(
    `${set}, ${mode}: ${trainRows} rows to train, ${anomalies} anomalies of ${testRows} rows to test\n` +
      `  ROC AUC of minus log-density ${spoken(ours)}, smoothed ${spoken(smoothed)}, by ${values.smoothing} ${spoken(blurred)}, of an isolation forest ${spoken(forest)}; ${seconds.toFixed(0)} s\n`,
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

await main();
