// fit-table: from a table of mixed columns to a model that draws, completes and scores its rows.

import { cellTableRule } from "../../data/cell-table.ts";
import {
  callback,
  checkRequest,
  choice,
  number,
  object,
  type Rules,
  required,
  text,
  texts,
} from "../../data/requests.ts";
import type { Engine } from "../../runtime/contract.ts";
import { floats } from "../../tensor/array.ts";
import { type FitReport, type FitRequest, fitDensity, type Likelihood, summarize } from "../density.ts";
import { percentileOf, quantilesOf } from "../quantiles.ts";
import { rowNotes, spreadPlaces } from "../rows.ts";
import { columnNotices } from "./column-notices.ts";
import { type ConstraintReport, constraintNotices } from "./constraints.ts";
import { schemaNotices } from "./detect.ts";
import { gapPatterns } from "./gap-patterns.ts";
import { type NumberGaps, numberGaps, quantilesByGaps, type ScoredRow } from "./gap-quantiles.ts";
import { preparedTable, type TableRequest, tableFindings, tablePlan } from "./prepare-table.ts";
import { checkGiven, controls, seed } from "./request-rules.ts";
import type { Schema } from "./schema.ts";
import type { TableModel, TableTraining } from "./table-model.ts";

/** A table to learn, and what leads its training from outside. */
export interface TableFitRequest
  extends TableRequest,
    Pick<FitRequest, "time" | "memory" | "signal" | "checkpoint" | "onProgress"> {}

const requestRules: Rules<TableFitRequest> = {
  table: required(cellTableRule),
  seed: required(seed),
  schema: object,
  texts: choice(["leave-out", "regenerate", "sample"]),
  constraints: texts,
  label: text,
  configuration: {
    expected: "an object, such as tableConfiguration makes, or a function that makes one",
    holds: (value) => object.holds(value) || callback.holds(value),
  },
  places: object,
  validation: cellTableRule,
  trainSplit: number({ above: 0, atMost: 1 }),
  onSchema: callback,
  time: number({ above: 0 }),
  memory: number({ above: 0 }),
  checkpoint: object,
  ...controls,
};

/** What the fit of a table did; likelihoods are in the units of `scoreTable`. Plain JSON. */
export interface TableFitReport extends Omit<FitReport, "task"> {
  readonly task: "table";
  readonly rows: number;
  readonly dimensions: number;
  readonly schema: Schema;
  readonly constraints?: readonly ConstraintReport[];
  readonly label?: string;
}

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
  checkGiven({ engine });
  checkRequest(request, requestRules, "fitTable");
  const { label } = request;
  const findings = tableFindings(request);
  const { schema, constraints, reports } = findings;
  const plan = tablePlan(request, findings);
  const { encoder, train, heldOut } = plan;
  const d = encoder.dimensions.length;
  const { copies, training, judged, request: prepared } = preparedTable(plan);
  const fitted = await fitDensity(engine, {
    ...controlsOf(request),
    ...(request.time !== undefined && { time: timeLeft(request.time, (performance.now() - started) / 1000) }),
    ...prepared,
  });
  const { scores, report } = fitted;
  const places = spreadPlaces(train.rows * copies, scores.train.length);
  const scored = scores.train.map((score, n): ScoredRow => {
    const point = places[n] ?? 0;
    return { point, row: point % train.rows, logDensity: score + (training.volumes[point] ?? 0) };
  });
  const trainScores = scored.map(({ logDensity }) => logDensity);
  const heldOutScores =
    scores.validation &&
    meansByRow(
      scores.validation.map((score, row) => score + (judged?.volumes[row] ?? 0)),
      heldOut?.rows ?? 1,
    );
  const { validation: _, notes, ...others } = report;
  const patterns = gapPatterns(schema, request.table);
  const neverTogether = patterns.filter(({ never }) => never === "known").map(({ columns }) => columns);
  const few = floats(training.points.values.subarray(0, train.rows * d), [train.rows, d]);
  return {
    model: {
      encoder,
      density: withoutQuantiles(fitted.model),
      training: { rows: train.rows, ...quantilesIn(scored, numberGaps(encoder, training.points)) },
      ...(constraints.length > 0 && { constraints }),
      ...(label !== undefined && { label }),
      ...(neverTogether.length > 0 && { neverTogether }),
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
        ...columnNotices(findings, request, patterns),
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
/** The first percentile of fewer rows than this is hardly more than the least likely of them. */
const fewestKnown = 100;

/** Rows that were learnt by heart are likelier than others of their law, so that percentiles among them say too little of new rows. */
export function strangerNotes(train: readonly number[], heldOut: readonly number[]): readonly string[] {
  if (train.length < fewestKnown || !train.every(Number.isFinite)) return [];
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

/** What leads the training; a checkpoint knows also which columns the table has, of which some have no dimension. */
function controlsOf({ memory, signal, checkpoint, onProgress, table }: TableFitRequest) {
  const columns = table.columns.map(({ name }) => (name.includes(",") ? JSON.stringify(name) : name)).join(",");
  return {
    ...(memory !== undefined && { memory }),
    ...(signal && { signal }),
    ...(checkpoint && { checkpoint: { ...checkpoint, said: { ...checkpoint.said, "--columns": columns } } }),
    ...(onProgress && { onProgress }),
  };
}

function likelihood(scores: readonly number[]): Likelihood {
  return summarize(scores.map((score) => -score));
}

function quantilesIn(scored: readonly ScoredRow[], gapsOf: NumberGaps | undefined): Omit<TableTraining, "rows"> {
  const scores = scored.map(({ logDensity }) => logDensity);
  if (!scores.every(Number.isFinite)) return {};
  return {
    logDensityQuantiles: quantilesOf(scores),
    ...(gapsOf && { quantilesByGaps: quantilesByGaps(gapsOf, scored) }),
  };
}

/** Scores of points say nothing to users of tables. */
function withoutQuantiles({ record, ...model }: TableModel["density"]): TableModel["density"] {
  const { logDensityQuantiles: _, ...training } = record.training;
  return { ...model, record: { ...record, training } };
}
