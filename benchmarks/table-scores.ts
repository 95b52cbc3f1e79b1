// table-scores: rows a second of exact, estimated and approximate scores of a table's model: `npx tsx benchmarks/table-scores.ts MODEL TABLE`.
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { readCellTable } from "../src/data/cell-files.ts";
import { takenCells } from "../src/data/cell-rows.ts";
import { createEngine } from "../src/runtime/node.ts";
import { rankCorrelation } from "../src/tasks/table/distill-scores.ts";
import { createTableScoring, type TableScores } from "../src/tasks/table/score-table.ts";
import { createScorer } from "../src/tasks/table/scorer.ts";
import { decodeScorer } from "../src/tasks/table/scorer-file.ts";
import { decodeTableModel } from "../src/tasks/table/table-model.ts";
import { median } from "./statistics.ts";

const usage = `usage: npx tsx benchmarks/table-scores.ts MODEL TABLE [options]
  --scorer FILE   also this scorer (localflow distill MODEL -o FILE --scores)
  --rows COUNT    score the first rows of TABLE (default: 4000)
  --repeat COUNT  repetitions (default: 5)
  --json FILE     also write the results as JSON
One thread; a core's rows a second are those of a second of processor time.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scorer: { type: "string" },
    rows: { type: "string", default: "4000" },
    repeat: { type: "string", default: "5" },
    json: { type: "string" },
  },
});

type Scores = Pick<TableScores, "logDensity"> & Partial<Pick<TableScores, "evaluations">>;

interface Result {
  readonly name: string;
  readonly shape: string;
  readonly ours: { readonly medianMs: number; readonly minMs: number; readonly maxMs: number };
  readonly detail: Readonly<Record<string, number>>;
  readonly command: string;
}

const [modelPath, tablePath] = positionals;
if (modelPath === undefined || tablePath === undefined) process.stdout.write(usage);
else await main(modelPath, tablePath);

async function main(modelPath: string, tablePath: string): Promise<void> {
  const model = decodeTableModel(await readFile(modelPath), modelPath);
  const whole = await readCellTable(tablePath);
  const first = (rows: number, from = 0) =>
    takenCells(
      whole,
      Uint32Array.from({ length: rows }, (_, n) => from + n),
    );
  const table = first(Math.min(Number(values.rows), whole.rows));
  const ones = Array.from({ length: 20 }, (_, n) => first(1, n));
  const engine = await createEngine({ threads: 1 });
  const results: Result[] = [];
  const add = async (name: string, score: (of: typeof table) => Promise<Scores>, exact?: Scores): Promise<Scores> => {
    const many = await measured(() => score(table), Number(values.repeat));
    const single: number[] = [];
    for (const one of ones) single.push((await measured(() => score(one), 1)).wall[0] ?? Number.NaN);
    const { logDensity, evaluations = table.rows } = many.last;
    const result: Result = {
      name,
      shape: `${table.rows} rows, ${model.encoder.dimensions.length} dimensions`,
      ours: { medianMs: median(many.wall), minMs: Math.min(...many.wall), maxMs: Math.max(...many.wall) },
      detail: {
        rowsPerSecond: (1000 * table.rows) / median(many.wall),
        rowsPerCoreSecond: (1000 * table.rows) / median(many.cpu),
        oneRowMs: median(single),
        evaluationsPerRow: evaluations / table.rows,
        ...(exact && { rmsError: rmsOf(logDensity, exact.logDensity) }),
        ...(exact && { rankCorrelation: rankCorrelation(logDensity, exact.logDensity) }),
      },
      command: `npx tsx benchmarks/table-scores.ts ${process.argv.slice(2).join(" ")}`,
    };
    results.push(result);
    print(result);
    return many.last;
  };
  const scoringBy = async (divergence: Parameters<typeof createTableScoring>[2], name: string, exact?: Scores) => {
    const scoring = await createTableScoring(engine, model, divergence);
    const found = await add(name, (of) => scoring.score(of), exact);
    await scoring.release();
    return found;
  };
  const exact = await scoringBy({}, "exact");
  await scoringBy({ divergence: { kind: "hutchinson", probes: 1 } }, "hutchinson, 1 probe", exact);
  if (values.scorer !== undefined) {
    const scorer = await createScorer(engine, decodeScorer(await readFile(values.scorer), values.scorer));
    await add("scorer", (of) => scorer.score(of), exact);
    await scorer.release();
  }
  await engine.close();
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, null, 1)}\n`);
}

/** Milliseconds of repetitions after one that is not measured, by the clock and of processor time. */
async function measured<T>(work: () => Promise<T>, repeat: number) {
  let last = await work();
  const [wall, cpu]: [number[], number[]] = [[], []];
  for (let k = 0; k < repeat; k++) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    last = await work();
    const { user, system } = process.cpuUsage(before);
    wall.push(performance.now() - start);
    cpu.push((user + system) / 1000);
  }
  return { wall, cpu, last };
}

function rmsOf(a: Float64Array, b: Float64Array): number {
  return Math.sqrt(a.reduce((total, value, k) => total + (value - (b[k] ?? 0)) ** 2, 0) / a.length);
}

function print({ name, detail }: Result): void {
  const parts = Object.entries(detail).map(([key, value]) => `${key} ${value.toPrecision(5)}`);
  process.stdout.write(`${name}: ${parts.join(", ")}\n`);
}
