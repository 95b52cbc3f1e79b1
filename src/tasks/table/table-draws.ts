// table-draws: points of a model of a table as they come, with the cells of a condition given, and the tables they make.
import { sameCells } from "../../data/cell-rows.ts";
import type { CellColumn, CellTable } from "../../data/cell-table.ts";
import { listedTexts } from "../../data/text-pool.ts";
import { dimensionStates, withoutGivenNoise } from "../../flow/masked.ts";
import type { Integration } from "../../ode/integration.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { sampleMasked } from "../masked.ts";
import type { Progress } from "../progress.ts";
import type { BoundCondition } from "./conditions.ts";
import type { TableEncoder } from "./encoder.ts";
import { labelPoints, wholeLabel } from "./label-points.ts";
import { combinationReader } from "./nearest-combinations.ts";
import { type KnownPoints, pointsOf, presences, spansOf } from "./points.ts";
import type { TableModel } from "./table-model.ts";

/** What draws have in common. */
export interface DrawControls {
  readonly seed: number;
  readonly integration?: Integration;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** Where points come from: those of row numbers first … first + count - 1, with what is known of them. */
export interface PointSource {
  /** `onPart` is given the points chunk by chunk. */
  draw(
    count: number,
    first: number,
    how?: { readonly known?: KnownPoints; readonly onPart?: (part: Float32Array) => Promise<void> },
  ): Promise<Float32Array>;
  /** The rows of points, of which the first is row `firstRow` (default 0) of a result. */
  tableOf(points: Float32Array, firstRow?: number): CellTable;
  evaluations(): number;
}

const { given } = dimensionStates;

/** Combinations of cells for rows of which what the condition gives, and the column `fixed`, stay as they are. */
export function combinedBeside(
  { encoder, constraints = [] }: Pick<TableModel, "encoder" | "constraints">,
  condition: BoundCondition | undefined,
  fixed?: string,
) {
  const read = combinationReader(constraints, encoder);
  return (table: CellTable, points: Float32Array) =>
    read(table, points, (column) => column === fixed || condition?.given.has(column) === true);
}

/** Points of a model whose cells that `condition` gives are set; cells of the column `fixed` are read as they are, too. */
export function pointSource(
  engine: Engine,
  model: TableModel,
  controls: DrawControls,
  condition: BoundCondition | undefined,
  fixed?: string,
): PointSource {
  const { encoder, density } = model;
  const key = split(random(controls.seed), "table", "texts");
  const combined = combinedBeside(model, condition, fixed);
  let evaluations = 0;
  return {
    async draw(count, first, { known = knownPoints(model, condition, controls.seed, count, first), onPart } = {}) {
      const out = new Float32Array(known.values.length);
      const request = { given: known.values, state: known.states, firstRow: first, ...controls };
      let at = 0;
      for await (const chunk of sampleMasked(engine, density, request)) {
        out.set(chunk.points.data, at);
        at += chunk.points.data.length;
        evaluations += chunk.evaluations;
        await onPart?.(chunk.points.data);
      }
      return out;
    },
    tableOf: (points, firstRow = 0) => {
      const table = encoder.decode(points, points.length / encoder.dimensions.length, { firstRow, key, combined });
      return withGiven(table, condition);
    },
    evaluations: () => evaluations,
  };
}

/** Points whose given cells are set, the rest free; where nothing is asked and the model has a label, that is drawn first. */
export function knownPoints(
  model: TableModel,
  condition: BoundCondition | undefined,
  seed: number,
  rows: number,
  firstRow: number,
): KnownPoints {
  const d = model.encoder.dimensions.length;
  const label = condition === undefined ? wholeLabel(model) : undefined;
  if (label) return labelPoints(label, { d, key: split(random(seed), "table", "label"), rows, firstRow });
  return givenPoints(model.encoder, condition, seed, rows, firstRow);
}

/** Points whose given cells are set, at places in their cells that the seed and the row decide, the rest free. */
export function givenPoints(
  encoder: TableEncoder,
  condition: BoundCondition | undefined,
  seed: number,
  rows: number,
  firstRow: number,
): KnownPoints {
  const d = encoder.dimensions.length;
  if (condition === undefined || condition.given.size === 0)
    return { values: new Float32Array(rows * d), states: new Uint8Array(rows * d) };
  const columns = encoder.schema.columns.map(({ name }) => sameCells(name, condition.given.get(name), rows));
  const how = { key: split(random(seed), "table", "where"), firstRow, middle: true };
  const { values } = pointsOf(encoder, { rows, columns }, how);
  const states = new Uint8Array(rows * d);
  const spans = spansOf(encoder);
  for (const { column, start, end } of spans)
    if (condition.given.has(column.name))
      for (let row = 0; row < rows; row++) states.fill(given, row * d + start, row * d + end);
  withoutGivenNoise({ values, states }, presences(spans), d);
  return { values, states };
}

/** Numbers without a grid are given to seven digits: the cells say them as they were asked for. */
export function withGiven(table: CellTable, condition: BoundCondition | undefined): CellTable {
  if (condition === undefined || condition.given.size === 0) return table;
  const columns = table.columns.map((column): CellColumn => {
    const text = condition.given.get(column.name);
    if (text === undefined) return column;
    return { ...column, codes: new Int32Array(table.rows), texts: listedTexts([text]) };
  });
  return { ...table, columns };
}
