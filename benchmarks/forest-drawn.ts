// forest-drawn: rows drawn by a model of a split set, as the numbers that ForestDiffusion's measures take.
import { type CellTable, cellTableOf, cellText } from "../src/data/cell-table.ts";
import type { Engine } from "../src/runtime/contract.ts";
import { fitTable } from "../src/tasks/table/fit-table.ts";
import { sampleTable } from "../src/tasks/table/sample-table.ts";
import type { NumberScale } from "../src/tasks/table/schema.ts";
import type { SplitSet } from "./forest-peer.ts";
import { changedRecipe, type RecipeChanges } from "./table-changes.ts";

/** What may be tried in place of the defaults of `fitTable`. */
export interface Changes extends RecipeChanges {
  readonly trainSplit?: number;
  /** Whether a class is named as the label, which is then drawn first; default: yes. */
  readonly label?: boolean;
  /** How numbers are mapped; default: as `fitTable` does. */
  readonly scale?: NumberScale;
  /** A model of its own for each class, drawn as often as the class occurs in training. */
  readonly perClass?: boolean;
}

export interface DrawRequest {
  readonly set: SplitSet;
  readonly seed: number;
  /** Tables of as many rows as there are to train. */
  readonly tables: number;
  readonly changes?: Changes;
}

type Rows = readonly (readonly number[])[];

/** Fits the rows to train and draws tables. */
export async function drawTables(engine: Engine, request: DrawRequest): Promise<readonly Rows[]> {
  const { set, tables, changes = {} } = request;
  if (!changes.perClass || !set.classes) return chunks(await drawnRows(engine, request, set.train), tables);
  const parts = Array.from({ length: tables }, () => [] as (readonly number[])[]);
  for (const level of new Set(set.train.map((row) => row.at(-1)))) {
    const own = set.train.filter((row) => row.at(-1) === level);
    const drawn = chunks(await drawnRows(engine, request, own), tables);
    parts.forEach((part, k) => part.push(...(drawn[k] ?? [])));
  }
  return parts;
}

async function drawnRows(engine: Engine, { set, seed, tables, changes = {} }: DrawRequest, train: Rows): Promise<Rows> {
  const { trainSplit, scale, label = true } = changes;
  const isLevel = (k: number) => set.levels.includes(k) || set.binary.includes(k);
  const target = columnName((train[0]?.length ?? 0) - 1);
  const table = cellsOf(train, isLevel);
  const numbers = table.columns
    .map(({ name }) => name)
    .filter((name, k) => !isLevel(k) && !(set.classes && name === target));
  const { model } = await fitTable(engine, {
    table,
    seed,
    configuration: (size) => changedRecipe(size, changes),
    ...(trainSplit !== undefined && { trainSplit }),
    ...(scale !== undefined && {
      schema: Object.fromEntries(numbers.map((name) => [name, { kind: "number" as const, scale }])),
    }),
    ...(set.classes && label && !changes.perClass && { label: target }),
  });
  const drawn = await sampleTable(engine, model, { rows: train.length * tables, seed });
  return numbersOf(drawn.table);
}

const columnName = (k: number) => `c${k + 1}`;
const levelMark = "level ";

function cellsOf(rows: Rows, isLevel: (k: number) => boolean): CellTable {
  const cell = (value: number, k: number) => [columnName(k), isLevel(k) ? `${levelMark}${value}` : value] as const;
  return cellTableOf(rows.map((row) => Object.fromEntries(row.map(cell))));
}

function numbersOf({ rows, columns }: CellTable): Rows {
  return Array.from({ length: rows }, (_, row) =>
    columns.map((column) => Number((cellText(column, row) ?? "nothing").replace(levelMark, ""))),
  );
}

function chunks(rows: Rows, count: number): readonly Rows[] {
  const length = rows.length / count;
  return Array.from({ length: count }, (_, k) => rows.slice(k * length, (k + 1) * length));
}
