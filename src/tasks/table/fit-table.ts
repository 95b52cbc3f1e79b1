// fit-table: from a table of mixed columns to a model that draws, completes and scores its rows.
import { repeatedCells, takenCells } from "../../data/cell-rows.ts";
import type { CellTable } from "../../data/cell-table.ts";
import { failure } from "../../errors.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { floats } from "../../tensor/array.ts";
import { type Configuration, isFromMarginals, maskedConfiguration } from "../../train/configuration.ts";
import { type FitReport, type FitRequest, fitDensity, type Likelihood, summarize } from "../density.ts";
import { quantilesOf } from "../quantiles.ts";
import { rowNotes, splitPlaces } from "../rows.ts";
import { detectSchema, schemaNotices } from "./detect.ts";
import { type TableEncoder, tableEncoder } from "./encoder.ts";
import { maskGroups, pointsOf, spansOf, type TablePoints, withGaps } from "./points.ts";
import type { Schema, SchemaOverrides } from "./schema.ts";
import { rowVolumes } from "./score-table.ts";
import { tableConfiguration } from "./table-configuration.ts";
import { dimensionNames, type TableModel, type TableTraining } from "./table-model.ts";

export interface TableFitRequest
  extends Pick<FitRequest, "trainSplit" | "time" | "memory" | "signal" | "checkpoint" | "onProgress"> {
  readonly table: CellTable;
  readonly seed: number;
  /** What is known of columns better than their cells show it. */
  readonly schema?: SchemaOverrides;
  /** How a chain is trained, as for numbers; masks are laid over it. Default: `tableConfiguration`. */
  readonly configuration?: Configuration;
  /** Held-out rows; without them a share of the table is held out. */
  readonly validation?: CellTable;
  /** Told what the columns are taken for, before training. */
  readonly onSchema?: (schema: Schema) => void;
}

/** What the fit of a table did; likelihoods are in the units of `scoreTable`. Plain JSON. */
export interface TableFitReport extends Omit<FitReport, "task"> {
  readonly task: "table";
  readonly rows: number;
  readonly dimensions: number;
  readonly schema: Schema;
}

/** A row is trained with nothing given this often, and with columns left out this often. */
const maskShares = { unconditional: 0.5, dropped: 0.2 } as const;
/** Small tables are trained on this many points at least: copies of their rows that lie elsewhere in their cells. */
const leastPoints = 20_000;
/** … as long as they have no more values than this. */
const mostValues = 2 ** 24;

export interface FittedTable {
  readonly model: TableModel;
  readonly report: TableFitReport;
}

/**
 * Learns the rows of a table: finds what its columns are, and trains one chain of flows for the law of the rows and for those of
 * any columns given others. Throws "data" for a table of nothing but constants, text and ids, "interrupted" after a checkpoint.
 */
export async function fitTable(engine: Engine, request: TableFitRequest): Promise<FittedTable> {
  const { table, seed, validation, trainSplit = validation ? 1 : 0.9, configuration } = request;
  const schema = detectSchema(table, request.schema);
  request.onSchema?.(schema);
  const places = splitPlaces(table.rows, trainSplit, seed);
  const train = takenCells(table, places.train);
  const encoder = tableEncoder(schema, train);
  const d = encoder.dimensions.length;
  if (d === 0) throw nothingToLearn(schema);
  const heldOut = validation ?? (places.heldOut.length > 0 ? takenCells(table, places.heldOut) : undefined);
  const copies = Math.max(1, Math.min(Math.ceil(leastPoints / train.rows), Math.floor(mostValues / (train.rows * d))));
  const training = encoded(encoder, repeatedCells(train, copies), seed, "train");
  const judged = heldOut && encoded(encoder, heldOut, seed, "held-out");
  const base = { ...(configuration ?? tableConfiguration({ rows: table.rows })), seed };
  const masks = { groups: maskGroups(spansOf(encoder)), ...maskShares };
  const fitted = await fitDensity(engine, {
    ...controlsOf(request),
    columns: dimensionNames(encoder.dimensions),
    configuration: maskedConfiguration(base, d, masks, { freshMasks: isFromMarginals(base.training) }),
    rows: floats(withGaps(training.points), [train.rows * copies, d]),
    ...(judged && { validation: floats(withGaps(judged.points), [judged.points.rows, d]) }),
    trainSplit: 1,
  });
  const { scores, report } = fitted;
  const trainScores = scores.train.map((score, n) => {
    const row = Math.floor((n * train.rows * copies) / scores.train.length);
    return score + (training.volumes[row] ?? 0);
  });
  const heldOutScores = scores.validation?.map((score, row) => score + (judged?.volumes[row] ?? 0));
  const { validation: _, notes, ...others } = report;
  const few = floats(training.points.values.subarray(0, train.rows * d), [train.rows, d]);
  return {
    model: {
      encoder,
      density: withoutQuantiles(fitted.model),
      training: { rows: train.rows, ...quantilesIn(trainScores) },
    },
    report: {
      ...others,
      task: "table",
      rows: train.rows,
      dimensions: d,
      schema,
      train: likelihood(trainScores),
      ...(heldOutScores && { validation: likelihood(heldOutScores) }),
      notes: [...schemaNotices(schema), ...(copies > 1 ? rowNotes(few) : []), ...notes],
    },
  };
}

function controlsOf({ time, memory, signal, checkpoint, onProgress }: TableFitRequest) {
  return {
    ...(time !== undefined && { time }),
    ...(memory !== undefined && { memory }),
    ...(signal && { signal }),
    ...(checkpoint && { checkpoint }),
    ...(onProgress && { onProgress }),
  };
}

interface EncodedTable {
  readonly points: TablePoints;
  readonly volumes: Float64Array;
}

function encoded(encoder: TableEncoder, table: CellTable, seed: number, purpose: string): EncodedTable {
  const points = pointsOf(encoder, table, { key: split(random(seed), "table", purpose) });
  return { points, volumes: rowVolumes(encoder, table, points) };
}

function likelihood(scores: readonly number[]): Likelihood {
  return summarize(scores.map((score) => -score));
}

function quantilesIn(scores: readonly number[]): Pick<TableTraining, "logDensityQuantiles"> {
  return scores.every(Number.isFinite) ? { logDensityQuantiles: quantilesOf(scores) } : {};
}

/** Scores of points say nothing to users of tables. */
function withoutQuantiles({ record, ...model }: TableModel["density"]): TableModel["density"] {
  const { logDensityQuantiles: _, ...training } = record.training;
  return { ...model, record: { ...record, training } };
}

function nothingToLearn({ columns }: Schema) {
  return failure("data", {
    where: "table",
    expected: "a column with at least two different values",
    received: columns.length === 1 ? `one column (${columns[0]?.reason})` : "constants, text and ids alone",
    remedy: "give more rows, or say better what a column is in a schema",
  });
}
