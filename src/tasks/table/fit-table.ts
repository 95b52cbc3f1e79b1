// fit-table: from a table of mixed columns to a model that draws, completes and scores its rows.
import { repeatedCells, takenCells } from "../../data/cell-rows.ts";
import type { CellTable } from "../../data/cell-table.ts";
import { failure } from "../../errors.ts";
import type { MaskLaw } from "../../flow/masked.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { floats } from "../../tensor/array.ts";
import { type Configuration, isFromMarginals, maskedConfiguration } from "../../train/configuration.ts";
import { type FitReport, type FitRequest, fitDensity, type Likelihood, summarize } from "../density.ts";
import { percentileOf, quantilesOf } from "../quantiles.ts";
import { rowNotes, splitPlaces } from "../rows.ts";
import { type ConstraintReport, constraintNotices, findConstraints } from "./constraints.ts";
import { detectSchema, schemaNotices, type TextChoice } from "./detect.ts";
import { type TableEncoder, tableEncoder } from "./encoder.ts";
import { withLabel } from "./label.ts";
import { type ColumnSpan, maskGroups, pointsOf, spansOf, type TablePoints, withGaps } from "./points.ts";
import type { Schema, SchemaOverrides } from "./schema.ts";
import { rowVolumes } from "./score-table.ts";
import { detailedConfiguration, maskShares, type TableSize, tableConfiguration } from "./table-configuration.ts";
import { dimensionNames, type TableModel, type TableTraining } from "./table-model.ts";

export interface TableFitRequest
  extends Pick<FitRequest, "trainSplit" | "time" | "memory" | "signal" | "checkpoint" | "onProgress"> {
  readonly table: CellTable;
  readonly seed: number;
  /** What is known of columns better than their cells show it. */
  readonly schema?: SchemaOverrides;
  /** What becomes of texts and ids that are no levels, where the schema does not say; default: they are left out. */
  readonly texts?: TextChoice;
  /** What every row is to meet, such as `low <= high` or `combinations(city, country)` (docs/table.md). */
  readonly constraints?: readonly string[];
  /** The column that is the class: a category, however it is written, given alone in half of the rows of a batch. */
  readonly label?: string;
  /** How a chain is trained, as for numbers, or what it is for the rows and the columns to learn; masks are laid over it. Default: `tableConfiguration`. */
  readonly configuration?: Configuration | ((size: TableSize) => Configuration);
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
  readonly constraints?: readonly ConstraintReport[];
  readonly label?: string;
}

/** `maskShares` of a table with a label, which is given alone the more often, as rows are drawn by it. */
const labelledShares = { unconditional: 0.3, dropped: 0.1, label: 0.5 } as const;
/** Small tables are trained on this many points at least: copies of their rows that lie elsewhere in their cells. */
const leastPoints = 20_000;
/** … as long as they have no more values than this. */
const mostValues = 2 ** 24;
/** Held-out rows of a small table are judged as copies, too, so many points at most: few would tell little of when to stop. */
const judgedPoints = 4096;

export interface FittedTable {
  readonly model: TableModel;
  readonly report: TableFitReport;
}

/**
 * Learns the rows of a table: finds what its columns are, and trains one chain of flows for the law of the rows and for those of
 * any columns given others. Throws "data" for a table of nothing but constants, text and ids, "interrupted" after a checkpoint.
 */
export async function fitTable(engine: Engine, request: TableFitRequest): Promise<FittedTable> {
  const started = performance.now();
  const { table, seed, validation, trainSplit = validation ? 1 : 0.9, label } = request;
  const { configuration = tableConfiguration } = request;
  const schema = detectSchema(table, withLabel(table, label, request.schema), request.texts);
  request.onSchema?.(schema);
  const { constraints, sums, reports } = findConstraints(request.constraints ?? [], table, schema);
  const places = splitPlaces(table.rows, trainSplit, seed);
  const train = takenCells(table, places.train);
  const encoder = tableEncoder(schema, train, { sums });
  const d = encoder.dimensions.length;
  if (d === 0) throw nothingToLearn(schema);
  const heldOut = validation ?? (places.heldOut.length > 0 ? takenCells(table, places.heldOut) : undefined);
  const copies = Math.max(1, Math.min(Math.ceil(leastPoints / train.rows), Math.floor(mostValues / (train.rows * d))));
  const training = encoded(encoder, repeatedCells(train, copies), seed, "train");
  const judgedCopies = Math.min(copies, Math.max(1, Math.floor(judgedPoints / (heldOut?.rows ?? judgedPoints))));
  const judged = heldOut && encoded(encoder, repeatedCells(heldOut, judgedCopies), seed, "held-out");
  const columns = new Set(encoder.dimensions.map(({ column }) => column)).size;
  const chosen = typeof configuration === "function" ? configuration({ rows: table.rows, columns }) : configuration;
  const recipe = detailedConfiguration(chosen, encoder, table.rows);
  const base = { ...recipe, seed };
  const masks = maskLaw(spansOf(encoder), table.rows, label);
  const fitted = await fitDensity(engine, {
    ...controlsOf(request),
    ...(request.time !== undefined && { time: timeLeft(request.time, (performance.now() - started) / 1000) }),
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
  const heldOutScores =
    scores.validation &&
    meansByRow(
      scores.validation.map((score, row) => score + (judged?.volumes[row] ?? 0)),
      heldOut?.rows ?? 1,
    );
  const { validation: _, notes, ...others } = report;
  const few = floats(training.points.values.subarray(0, train.rows * d), [train.rows, d]);
  return {
    model: {
      encoder,
      density: withoutQuantiles(fitted.model),
      training: { rows: train.rows, ...quantilesIn(trainScores) },
      ...(constraints.length > 0 && { constraints }),
      ...(label !== undefined && { label }),
    },
    report: {
      ...others,
      task: "table",
      rows: train.rows,
      dimensions: d,
      schema,
      ...(reports.length > 0 && { constraints: reports }),
      ...(label !== undefined && { label }),
      train: likelihood(trainScores),
      ...(heldOutScores && { validation: likelihood(heldOutScores) }),
      notes: [
        ...untrainedNotes(others.blocks),
        ...schemaNotices(schema),
        ...constraintNotices(reports),
        ...(copies > 1 ? rowNotes(few, "dimension") : []),
        ...strangerNotes(trainScores, heldOutScores ?? []),
        ...notes,
      ],
    },
  };
}

/** More than this share of held-out rows below the first percentile of the training rows is said, of so many at least. */
const [strangeShare, fewestStrange] = [0.1, 3];

/** Rows that were learnt by heart are likelier than others of their law, so that percentiles among them say too little of new rows. */
export function strangerNotes(train: readonly number[], heldOut: readonly number[]): readonly string[] {
  if (!train.every(Number.isFinite)) return [];
  const quantiles = quantilesOf(train);
  const strange = heldOut.filter((score) => percentileOf(quantiles, score) < 1).length;
  if (strange < Math.max(fewestStrange, strangeShare * heldOut.length)) return [];
  return [
    `${strange} of ${heldOut.length} held-out rows are less likely than 99 % of the training rows: the model knows these partly by heart, so percentiles of new rows are too low and drawn rows may be near to training rows; give more rows, or train less`,
  ];
}

function untrainedNotes(blocks: FitReport["blocks"]): readonly string[] {
  const idle = blocks.flatMap(({ iterations }, n) => (iterations === 0 ? [n + 1] : []));
  if (idle.length === 0) return [];
  const which = `${idle.length === 1 ? "block" : "blocks"} ${idle.join(", ")} of ${blocks.length}`;
  return [`NOT TRAINED: ${which} ended with 0 iterations, so the model is of no use; fit again with more time`];
}

/** Scores of copies of `rows` rows, which follow each other, as a mean for each row. */
function meansByRow(scores: readonly number[], rows: number): readonly number[] {
  const counted = Math.min(rows, scores.length);
  const [sums, counts] = [new Float64Array(counted), new Float64Array(counted)];
  scores.forEach((score, n) => {
    sums[n % rows]! += score;
    counts[n % rows]! += 1;
  });
  return Array.from(sums, (sum, row) => sum / counts[row]!);
}

/** What preparation leaves of the time, a tenth of it at least. */
function timeLeft(time: number, spent: number): number {
  return Math.max(time / 10, time - spent);
}

function controlsOf({ memory, signal, checkpoint, onProgress }: TableFitRequest) {
  return {
    ...(memory !== undefined && { memory }),
    ...(signal && { signal }),
    ...(checkpoint && { checkpoint }),
    ...(onProgress && { onProgress }),
  };
}

function maskLaw(spans: readonly ColumnSpan[], rows: number, label: string | undefined): MaskLaw {
  const groups = maskGroups(spans);
  const span = label === undefined ? undefined : spans.find(({ column }) => column.name === label);
  if (span === undefined) return { groups, ...maskShares(rows) };
  const { label: share, ...shares } = labelledShares;
  return { groups, ...shares, alone: { start: span.start, end: span.end, share } };
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
