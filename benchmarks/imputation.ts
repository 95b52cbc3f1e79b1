// imputation: how near draws of gaps come to what stood there, beside the mean and k nearest neighbours: `npx tsx benchmarks/imputation.ts`.
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { readCellTable } from "../src/data/cell-files.ts";
import { takenCells, withCells } from "../src/data/cell-rows.ts";
import { type CellTable, cellColumnBuilder } from "../src/data/cell-table.ts";
import { permutation, random, split } from "../src/random.ts";
import { createEngine } from "../src/runtime/node.ts";
import { fitTable } from "../src/tasks/table/fit-table.ts";
import { imputeTable } from "../src/tasks/table/impute-table.ts";
import { decodeTableModel, type TableModel } from "../src/tasks/table/table-model.ts";
import {
  hiddenCells,
  type ImputationMeasures,
  imputationMeasures,
  levelsOf,
  type NumberedColumn,
  numbered,
  typical,
  withHoles,
} from "./imputation-measures.ts";
import { askTables } from "./table-peer.ts";
import { type LabelledTable, readSet, sklearnFolder } from "./table-sets.ts";

const defaults = ["iris", "wine", "breast cancer", "diamonds"];
const usage = `usage: npx tsx benchmarks/imputation.ts [SET…] [options]
sets: ${defaults.join(", ")} (all of them when none is given), digits, ionosphere, shuttle
  --data DIR      folder of Shuttle.csv and ionosphere.arff (default: data)
  --sklearn DIR   folder of scikit-learn's CSV files (default: ${sklearnFolder})
  --gaps LIST     shares of the cells that are hidden, in rows to train and to test (default: 0.2,0.5)
  --seeds COUNT   splits and gaps (default: 3)
  --rows COUNT    at most so many rows, a quarter of them to test (default: 4000)
  --draws COUNT   draws of every gap (default: 50)
  --candidates C  of a row, from which draws are chosen; 1: as they come (default: as imputed by default)
  --threads N     of the engine (default: all cores)
  --json FILE     also write the results as JSON
  --model FILE --train TABLE --test TABLE
                  instead of sets: a model that was fitted to TABLE, which has no gaps, and rows it has not seen
LOCALFLOW_PYTHON names a Python that has scikit-learn (default: python3).
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string", default: "data" },
    sklearn: { type: "string", default: sklearnFolder },
    gaps: { type: "string", default: "0.2,0.5" },
    seeds: { type: "string", default: "3" },
    rows: { type: "string", default: "4000" },
    draws: { type: "string", default: "50" },
    candidates: { type: "string" },
    threads: { type: "string" },
    json: { type: "string" },
    model: { type: "string" },
    train: { type: "string" },
    test: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

/** What stands for the gaps: draws of ours, one value of the others. */
type Rival = "ours" | "mean or mode" | "5 nearest neighbours";

interface Result {
  readonly set: string;
  readonly gaps: number;
  readonly seed: number;
  readonly trainRows: number;
  readonly testRows: number;
  readonly measures: Readonly<Partial<Record<Rival, ImputationMeasures>>>;
  readonly seconds: number;
}

interface Split {
  readonly train: CellTable;
  readonly test: CellTable;
}

const neighbours = 5;
const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const results: Result[] = [];
  const write = async (more: readonly Result[]) => {
    if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify([...results, ...more], null, 1)}\n`);
  };
  const { model, train, test } = values;
  if (model !== undefined && train !== undefined && test !== undefined) {
    const fitted = decodeTableModel(await readFile(model), model);
    const rows = { train: await readCellTable(train), test: firstRows(await readCellTable(test), Number(values.rows)) };
    for (const gaps of values.gaps.split(",").map(Number)) {
      const result = await compared(test, rows, gaps, 1, fitted);
      results.push(result);
      print([result]);
      await write([]);
    }
    return;
  }
  for (const name of positionals.length > 0 ? positionals : defaults) {
    const set = await readSet(name, values);
    if (typeof set === "string") {
      say(set);
      continue;
    }
    for (const gaps of values.gaps.split(",").map(Number)) {
      const ofShare: Result[] = [];
      for (let seed = 1; seed <= Number(values.seeds); seed++) {
        ofShare.push(await compared(name, splitOf(name, withClass(set), seed), gaps, seed));
        await write(ofShare);
      }
      results.push(...ofShare);
      print(ofShare);
    }
  }
}

/** The class of every row as one more column of the table, where rows have classes. */
function withClass({ table, labels }: LabelledTable): CellTable {
  if (labels.every((label) => label === "")) return table;
  const column = cellColumnBuilder("class", "set");
  for (const label of labels) column.addText(`class ${label}`, "text");
  return withCells(table, [column.column()], "set");
}

/** A quarter of the rows to test, the others to train. */
function splitOf(set: string, table: CellTable, seed: number): Split {
  const chosen = permutation(split(random(seed), "imputation", set), table.rows).subarray(0, Number(values.rows));
  const testRows = Math.floor(chosen.length / 4);
  return { test: takenCells(table, chosen.subarray(0, testRows)), train: takenCells(table, chosen.subarray(testRows)) };
}

function firstRows(table: CellTable, rows: number): CellTable {
  return takenCells(
    table,
    Uint32Array.from({ length: Math.min(rows, table.rows) }, (_, row) => row),
  );
}

/** Without a model, rows to train have gaps as well, and a model is fitted to them. */
async function compared(set: string, rows: Split, gaps: number, seed: number, model?: TableModel): Promise<Result> {
  const started = performance.now();
  const { train, test } = rows;
  const key = split(random(seed), "imputation", set);
  const hidden = hiddenCells(test, gaps, split(key, "test"));
  const holes = {
    train: model ? train : withHoles(train, hiddenCells(train, gaps, split(key, "train"))),
    test: withHoles(test, hidden),
  };
  const levels = levelsOf(train, test);
  const known = numbered(holes.train, levels);
  const measured = (draws: readonly (readonly NumberedColumn[])[]) =>
    imputationMeasures(numbered(test, levels), known, hidden, draws);
  const ours = (await ourDraws(holes.train, holes.test, seed, model)).map((draw) => numbered(draw, levels));
  const nearest = await nearestNeighbours(known, numbered(holes.test, levels));
  const means = known.map((column) => ({ ...column, values: new Float64Array(test.rows).fill(typical(column)) }));
  return {
    set,
    gaps,
    seed,
    trainRows: train.rows,
    testRows: test.rows,
    measures: {
      ours: measured(ours),
      "mean or mode": measured([means]),
      ...(nearest && { "5 nearest neighbours": measured([nearest]) }),
    },
    seconds: (performance.now() - started) / 1000,
  };
}

/** The table to test as often as there are draws, its gaps filled by the default model of the rows to train. */
async function ourDraws(
  train: CellTable,
  test: CellTable,
  seed: number,
  given?: TableModel,
): Promise<readonly CellTable[]> {
  const engine = await createEngine(values.threads === undefined ? {} : { threads: Number(values.threads) });
  const draws = Number(values.draws);
  const candidates = values.candidates === undefined ? {} : { candidates: Number(values.candidates) };
  try {
    const model = given ?? (await fitTable(engine, { table: train, seed })).model;
    const { table } = await imputeTable(engine, model, test, { seed, draws, ...candidates });
    const rowsOf = (n: number) => Uint32Array.from({ length: test.rows }, (_, row) => n * test.rows + row);
    return Array.from({ length: draws }, (_, n) => takenCells(table, rowsOf(n)));
  } finally {
    await engine.close();
  }
}

let isAbsent = false;

async function nearestNeighbours(
  train: readonly NumberedColumn[],
  test: readonly NumberedColumn[],
): Promise<readonly NumberedColumn[] | undefined> {
  const levels = train.map((column) => column.levels);
  const answer = await askTables({
    command: "neighbours",
    train: rows(train),
    test: rows(test),
    levels,
    k: neighbours,
  });
  if (answer.kind === "absent") {
    if (!isAbsent) say(answer.reason);
    isAbsent = true;
    return undefined;
  }
  const filled = answer.value["filled"] as readonly (readonly number[])[];
  return test.map((column, k) => ({ ...column, values: Float64Array.from(filled, (row) => row[k] ?? Number.NaN) }));
}

function rows(columns: readonly NumberedColumn[]): readonly (readonly (number | null)[])[] {
  const cell = (value: number) => (Number.isNaN(value) ? null : value);
  return Array.from(columns[0]?.values ?? [], (_, row) => columns.map(({ values }) => cell(values[row] ?? Number.NaN)));
}

function print(results: readonly Result[]): void {
  const [first] = results;
  if (!first) return;
  const seconds = results.reduce((total, result) => total + result.seconds, 0);
  process.stdout.write(
    `${first.set}, ${100 * first.gaps} % gaps: ${first.trainRows} rows to train, ${first.testRows} to test, ` +
      `${results.length} seeds, ${seconds.toFixed(0)} s\n`,
  );
  for (const rival of Object.keys(first.measures) as Rival[]) {
    const spoken = (["rmse", "crps", "energy", "accuracy"] as const).flatMap((name) => {
      const found = results.flatMap(({ measures }) => measures[rival]?.[name] ?? []);
      return found.length === 0 ? [] : [`${name} ${(found.reduce((a, b) => a + b, 0) / found.length).toFixed(4)}`];
    });
    process.stdout.write(`  ${rival.padEnd(20)}  ${spoken.join("  ")}\n`);
  }
}

await main();
