// evaluate-table: rows drawn from a table's model, measured against rows that it has not seen.
import { type CellTable, cellTableRule } from "../../data/cell-table.ts";
import { didYouMean, listNames, mayBeRenamed, shorten } from "../../data/columns.ts";
import { callback, checkRequest, choice, type Rules, required, text, whole } from "../../data/requests.ts";
import { failure } from "../../errors.ts";
import type { MeasuredTable } from "../../measure/columns-table.ts";
import { type FlowBaseline, flowBaselines } from "../../measure/names.ts";
import type { Integration } from "../../ode/integration.ts";
import type { Engine } from "../../runtime/contract.ts";
import { turns } from "../../runtime/pause.ts";
import type { BaselineSummary } from "../evaluate.ts";
import { gradientStepsOf, parametersOf } from "../plain-flow.ts";
import { type Controls, controlsOf } from "../progress.ts";
import { evaluateRows, type TableEvaluation } from "./evaluate-rows.ts";
import { checkRealRows } from "./evaluate-table-rows.ts";
import { type EvaluatedText, evaluateTexts } from "./evaluate-texts.ts";
import { textSentences } from "./evaluate-texts-verdict.ts";
import { measuredTable, unreadableNotes } from "./measured.ts";
import { checkNeeded, type NeededMeasures, neededRule } from "./needed-measures.ts";
import { fitPlainTable } from "./plain-table.ts";
import { checkGiven, controls, integration, seed as seedRule } from "./request-rules.ts";
import { sampleTable } from "./sample-table.ts";
import type { Schema } from "./schema.ts";
import type { TableModel } from "./table-model.ts";

export interface TableModelEvaluationRequest extends Controls {
  /** Rows that the model has not seen, with its columns; others are left out. */
  readonly heldOut: CellTable;
  /** The rows that it was trained on: with them come the measures of privacy. */
  readonly train?: CellTable;
  /** Default 0. */
  readonly seed?: number;
  /** Rows to draw; default: as many as there are held-out rows, at least 1000 and at most 20 000. */
  readonly rows?: number;
  /** Column to predict, for `utility`; without it that measure is left out. */
  readonly target?: string;
  /** Plain Flow Matching to be trained on `train` and held beside. */
  readonly flows?: readonly FlowBaseline[];
  readonly integration?: Integration;
  /** Measures that there must be: throws "option" where the rows lack what one takes, before any are drawn. */
  readonly needed?: NeededMeasures;
  /** Told what begins, for people. */
  readonly onStage?: (text: string) => void;
}

/** What `evaluateTable` found. Plain JSON. */
export interface TableModelEvaluation extends TableEvaluation {
  readonly task: "table";
  readonly parameters: number;
  readonly gradientSteps: number;
  /** Velocity evaluations for the rows drawn. */
  readonly evaluations: number;
  readonly seconds: number;
  /** Columns of texts and ids that the model writes anew; absent where there are none. */
  readonly texts?: readonly EvaluatedText[];
  /** What the flows among the baselines are, and what they cost. */
  readonly baselines: Readonly<Record<string, BaselineSummary>>;
}

const requestRules: Rules<TableModelEvaluationRequest> = {
  heldOut: required(cellTableRule),
  train: cellTableRule,
  seed: seedRule,
  rows: whole({ atLeast: 2 }),
  target: text,
  flows: {
    expected: `a list of ${flowBaselines.join(" and ")}`,
    holds: (value) => Array.isArray(value) && value.every(choice(flowBaselines).holds),
  },
  integration,
  needed: neededRule,
  onStage: callback,
  ...controls,
};

const [fewestDrawn, mostDrawn] = [1000, 20_000];

/**
 * Draws rows from the model and measures them by `evaluateRows`. Throws "data" for tables without the model's columns and as
 * `evaluateRows` does, "option" for a target that the model does not hold and for flows without training rows,
 * "interrupted" when the signal fires.
 */
export async function evaluateTable(
  engine: Engine,
  model: TableModel,
  request: TableModelEvaluationRequest,
): Promise<TableModelEvaluation> {
  const started = performance.now();
  checkGiven({ engine, model });
  checkRequest(request, requestRules, "evaluateTable");
  const { heldOut, train, seed = 0, target, flows = [], needed, signal, onStage } = request;
  const { schema } = model.encoder;
  checkTarget(target, schema);
  checkTableColumns(heldOut, schema, "held-out rows");
  if (train !== undefined) checkTableColumns(train, schema, "training rows");
  checkRealRows(request);
  const real = {
    heldOut: measuredTable(heldOut, schema),
    ...(train && { train: measuredTable(train, schema) }),
  };
  const rows = request.rows ?? Math.min(mostDrawn, Math.max(fewestDrawn, heldOut.rows));
  if (needed) checkNeeded(needed, [real.heldOut, ...(real.train ? [real.train] : [])], comparedRows(request, rows));
  const draw = drawnRows(engine, model, request, rows);
  onStage?.("drawing rows");
  const drawn = await draw(model);
  const baselines: Record<string, BaselineSummary> = {};
  const rivals: Record<string, MeasuredTable> = {};
  for (const kind of flows) {
    if (train === undefined) throw noTraining(kind);
    onStage?.(`baseline ${kind}`);
    const plain = await fitPlainTable(engine, model, { train, kind, seed, ...controlsOf(request) });
    baselines[kind] = summaryOf(plain);
    rivals[kind] = (await draw(plain.model)).table;
  }
  const measured = await evaluateRows(
    { ...real, synthetic: drawn.table, rivals },
    {
      seed,
      ...(target !== undefined && { target }),
      ...(signal && { signal }),
      onProgress: (done, total, next) => {
        if (done < total) onStage?.(`measuring ${next}, ${done + 1} of ${total}`);
      },
    },
  );
  const written = await evaluateTexts(
    schema,
    { heldOut, drawn: drawn.cells, ...(train && { train }) },
    { seed, turn: turns(signal, "evaluation") },
  );
  const unread = [
    ...unreadableNotes(heldOut, schema, "the held-out rows"),
    ...(train ? unreadableNotes(train, schema, "the training rows") : []),
  ];
  return {
    task: "table",
    ...measured,
    notes: [...unread, ...measured.notes, ...written.notes],
    verdict: [...measured.verdict.slice(0, -1), ...textSentences(written.texts), ...measured.verdict.slice(-1)],
    ...(written.texts.length > 0 && { texts: written.texts }),
    parameters: parametersOf(model.density),
    gradientSteps: gradientStepsOf(model.density),
    evaluations: drawn.evaluations,
    seconds: (performance.now() - started) / 1000,
    baselines,
  };
}

/** The fewest rows of any table that is compared. */
function comparedRows({ heldOut, train }: TableModelEvaluationRequest, drawn: number): number {
  return Math.min(drawn, train === undefined ? heldOut.rows >>> 1 : Math.min(heldOut.rows, train.rows));
}

/** Throws "data" when the table lacks columns that a model holds. */
export function checkTableColumns(table: CellTable, schema: Schema, where: string): void {
  checkColumnNames(table, heldColumns(schema), where);
}

/** Throws "data" when the table lacks columns of these names. */
export function checkColumnNames({ columns }: CellTable, names: readonly string[], where: string): void {
  const known = new Set(columns.map(({ name }) => name));
  const missing = names.filter((name) => !known.has(name));
  if (missing.length === 0) return;
  throw failure("data", {
    where,
    expected: `the columns ${listNames(names)}`,
    received: `a table without ${listNames(missing)}`,
    remedy: mayBeRenamed(
      missing,
      [...known].filter((name) => !names.includes(name)),
      "rename the columns or add the missing ones",
    ),
  });
}

/** Throws "option" unless the target is none or a column that can be predicted. */
export function checkTarget(target: string | undefined, schema: Schema, where = "target"): void {
  const held = heldColumns({ columns: schema.columns.filter(({ kind }) => kind !== "constant") });
  if (target === undefined || held.includes(target)) return;
  const isThere = schema.columns.some(({ name }) => name === target);
  throw failure("option", {
    where,
    expected: `one of ${listNames(held)}`,
    received: JSON.stringify(shorten(target)),
    remedy: "name a column that varies and that the model holds",
    ...(!isThere && didYouMean(target, held)),
  });
}

function heldColumns({ columns }: Schema): readonly string[] {
  return columns.filter(({ kind }) => kind !== "text" && kind !== "id").map(({ name }) => name);
}

/** Draws rows from a model with the columns of `model`, as the measures see them. */
function drawnRows(engine: Engine, model: TableModel, request: TableModelEvaluationRequest, rows: number) {
  const { seed = 0, integration } = request;
  const controls = { seed, ...(integration && { integration }), ...controlsOf(request) };
  return async (from: TableModel) => {
    const { table, evaluations } = await sampleTable(engine, from, { rows, ...controls });
    return { cells: table, table: measuredTable(table, model.encoder.schema), evaluations };
  };
}

function summaryOf({ model, report }: Awaited<ReturnType<typeof fitPlainTable>>): BaselineSummary {
  const { parameters, blocks, seconds } = report;
  const gradientSteps = blocks.reduce((total, { iterations }) => total + iterations, 0);
  const hidden = model.density.record.configuration.blocks[0]?.network.hidden ?? [];
  return { parameters, gradientSteps, seconds, choice: `hidden ${hidden.join(",")}` };
}

function noTraining(kind: string) {
  return failure("option", {
    where: "baselines",
    expected: `training rows for ${kind}`,
    received: "none",
    remedy: "give the rows that the model was trained on",
  });
}
