// classify-table: how probable each level of a column is in each row, given the row's other cells.
import { type CellTable, cellText } from "../../data/cell-table.ts";
import { shorten } from "../../data/columns.ts";
import { failure } from "../../errors.ts";
import { dimensionStates, withoutGivenNoise } from "../../flow/masked.ts";
import { normalBelow } from "../../measure/tails.ts";
import { likeliest } from "../../measure/utility.ts";
import type { Integration } from "../../ode/integration.ts";
import { normalScore, random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { checkSignal, pauses } from "../../runtime/pause.ts";
import { createTransport, type Transport } from "../../runtime/transport.ts";
import { chunkRows } from "../../train/push.ts";
import type { Progress } from "../progress.ts";
import { standardize } from "../standardization.ts";
import { type BayesRequest, bayesProbabilities, type ClassProbabilities, withClass } from "./classify-by-bayes.ts";
import { levelTexts } from "./column-code.ts";
import { levelCells } from "./column-coder.ts";
import { levelsInTraining } from "./label.ts";
import { type KnownPoints, pointsOf, presences, spansOf } from "./points.ts";
import type { TableModel } from "./table-model.ts";

export interface ClassifyRequest {
  /** The column whose levels are the classes; default: the model's label. */
  readonly column?: string;
  /** Decides where values lie in their cells, default 0; the mean over `draws` such places (default 8) is what counts. */
  readonly seed?: number;
  readonly draws?: number;
  readonly integration?: Integration;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface TableClasses {
  readonly column: string;
  /** The classes, in the order of the model's schema. */
  readonly levels: readonly string[];
  /** [rows · levels]: P(level | the row's other cells), summing to 1 in each row. */
  readonly probabilities: Float64Array;
  /** The most probable class of each row, as its place among the levels. */
  readonly predicted: Int32Array;
  /** How right that is in the rows that say their class; absent where none does. */
  readonly judged?: JudgedClasses;
  readonly evaluations: number;
}

export interface JudgedClasses {
  /** Rows whose class is one of the levels. */
  readonly rows: number;
  readonly accuracy: number;
  /** Share of their commonest class: the accuracy of always saying it. */
  readonly commonest: number;
  /** Mean of -log P(their class), in nats; probabilities below 1e-6 count as that. */
  readonly logLoss: number;
}

const { free, given } = dimensionStates;
/** No class counts as less probable: the integration is no more exact than that. */
const leastProbability = 1e-6;
/** The most levels, each of which costs a row to follow or to score. A category of more than 16 takes several dimensions. */
const mostClasses = 100;

/**
 * The class of rows: of the label by Bayes' rule from the densities of the other cells given each class, of other columns by the
 * masked conditional of the class. What a row says of the column itself is not looked at; the column may be missing. Throws "option"
 * without a column, for one without levels, and for one of too many.
 */
export async function classifyTable(
  engine: Engine,
  model: TableModel,
  table: CellTable,
  request: ClassifyRequest = {},
): Promise<TableClasses> {
  const { seed = 0, draws = 8, ...controls } = request;
  const cells = checkClasses(model, request.column, "classify");
  const { column, levels } = cells;
  const asked = { ...controls, ...cells, seed, draws };
  const { probabilities, evaluations } =
    column === model.label
      ? await bayesProbabilities(engine, model, table, asked)
      : await conditionalProbabilities(engine, model, table, asked);
  const predicted = likeliest(probabilities, levels.length);
  const judged = judgedClasses(table, column, levels, probabilities, predicted);
  return { column, levels, probabilities, predicted, ...(judged && { judged }), evaluations };
}

type ConditionalRequest = ClassCells & Omit<BayesRequest, "counts">;

/**
 * A column of levels is cells of one dimension, and with everything else given the flow there is an increasing map T of that
 * dimension to N(0, 1). So P(level | others) is Phi(T(upper edge)) - Phi(T(lower edge)), without any density.
 */
async function conditionalProbabilities(
  engine: Engine,
  model: TableModel,
  table: CellTable,
  request: ConditionalRequest,
): Promise<ClassProbabilities> {
  const { column, levels, edges, order, dimension, gapDimension, seed, draws, signal, onProgress } = request;
  const { integration = model.density.record.configuration.integration } = request;
  const hidden = withClass(table, column, levels[0] ?? "");
  const divergence = { kind: "none" } as const;
  const transport = await createTransport(engine, model.density.chain, { direction: 1, integration, divergence });
  const probabilities = new Float64Array(table.rows * levels.length);
  const d = model.encoder.dimensions.length;
  let evaluations = 0;
  try {
    for (let draw = 0; draw < draws; draw++) {
      const { values, states } = pointsOf(model.encoder, hidden, { key: split(random(seed), "classify", draw) });
      const known = states.map((state) => (state === free ? given : state));
      for (let row = 0; row < table.rows; row++) {
        known[row * d + dimension] = free;
        if (gapDimension !== undefined) known[row * d + gapDimension] = given;
      }
      withoutGivenNoise({ values, states: known }, presences(spansOf(model.encoder)), d);
      const below = belowEdges(transport, model, { values, states: known }, { dimension, edges, signal });
      for await (const part of below) {
        evaluations += part.evaluations;
        addCells(probabilities, part, order, draws);
        const fraction = (draw + (part.first + part.rows) / Math.max(1, table.rows)) / draws;
        onProgress?.({ stage: "score", fraction });
      }
    }
  } finally {
    await transport.release();
  }
  return { probabilities, evaluations };
}

/** The cells of a column's levels. */
interface ClassCells {
  readonly column: string;
  readonly levels: readonly string[];
  /** Training rows of each. */
  readonly counts: readonly number[];
  /** The scores between the cells, ascending; none where the column takes several dimensions. */
  readonly edges: Float64Array;
  /** The places among the levels of the cells, from the lowest on. */
  readonly order: readonly number[];
  readonly dimension: number;
  readonly gapDimension?: number;
}

/** The classes of a column (default: the label). Throws "option" at `where` without one, and for a column that has none or too many. */
export function checkClasses({ encoder, label }: TableModel, asked: string | undefined, where: string): ClassCells {
  const name = asked ?? label;
  if (name === undefined) throw noLabel(where);
  levelsInTraining(encoder, name, where);
  const place = encoder.schema.columns.findIndex((column) => column.name === name);
  const code = encoder.toJSON().codes[place]?.value;
  const span = spansOf(encoder).find((each) => each.column.name === name);
  if (code?.kind !== "levels" || span === undefined) throw tooMany(name, 0, where);
  const { levels, order } = levelCells(code);
  const isOneDimension = levels.digits === 1;
  if (order.length > mostClasses || !(isOneDimension || name === label)) throw tooMany(name, order.length, where);
  return {
    column: name,
    levels: levelTexts(span.column),
    counts: code.counts,
    edges: isOneDimension
      ? Float64Array.from(order.slice(1), (_, cell) => normalScore(levels.cell(cell + 1, 0).low - 0.5))
      : new Float64Array(),
    order,
    dimension: span.end - 1,
    ...(span.hasGap && { gapDimension: span.start }),
  };
}

/** [rows · edges] probabilities of the class's dimension below each edge, of the rows from `first` on. */
interface BelowEdges {
  readonly first: number;
  readonly rows: number;
  readonly below: Float64Array;
  readonly evaluations: number;
}

interface Edges {
  readonly dimension: number;
  readonly edges: Float64Array;
  readonly signal: AbortSignal | undefined;
}

async function* belowEdges(
  transport: Transport,
  { density: { chain, standardization } }: TableModel,
  { values, states }: KnownPoints,
  { dimension, edges, signal }: Edges,
): AsyncGenerator<BelowEdges> {
  const [d, k] = [chain.dimension, edges.length];
  const all = values.length / d;
  const atOnce = Math.max(1, Math.floor(chunkRows / k));
  const pause = pauses();
  for (let first = 0; first < all; first += atOnce) {
    const rows = Math.min(atOnce, all - first);
    const [points, known] = [new Float32Array(rows * k * d), new Uint8Array(rows * k * d)];
    for (let n = 0; n < rows * k; n++) {
      const from = (first + Math.floor(n / k)) * d;
      points.set(values.subarray(from, from + d), n * d);
      known.set(states.subarray(from, from + d), n * d);
      points[n * d + dimension] = edges[n % k]!;
    }
    for (let at = 0; at < points.length; at++) if (known[at] === dimensionStates.absent) points[at] = 0;
    const run = { states: known, firstRow: first * k, ...(signal && { signal }) };
    const moved = await transport.run(standardize(standardization, points), run);
    const below = Float64Array.from({ length: rows * k }, (_, n) => normalBelow(moved.points[n * d + dimension]!));
    yield { first, rows, below, evaluations: moved.evaluations };
    await pause();
    checkSignal(signal, "scoring");
  }
}

/** Adds what lies between the edges, a share of each draw; edges that the integration has out of order count as one. */
function addCells(out: Float64Array, part: BelowEdges, order: readonly number[], draws: number): void {
  const { first, rows, below } = part;
  const k = order.length - 1;
  for (let row = 0; row < rows; row++) {
    let from = 0;
    order.forEach((level, cell) => {
      const to = cell === k ? 1 : Math.max(from, below[row * k + cell]!);
      out[(first + row) * order.length + level]! += (to - from) / draws;
      from = to;
    });
  }
}

function judgedClasses(
  { rows, columns }: CellTable,
  name: string,
  levels: readonly string[],
  probabilities: Float64Array,
  predicted: Int32Array,
): JudgedClasses | undefined {
  const column = columns.find((each) => each.name === name);
  if (column === undefined) return undefined;
  const places = new Map(levels.map((text, place) => [text, place]));
  const counts = new Float64Array(levels.length);
  let [right, loss, known] = [0, 0, 0];
  for (let row = 0; row < rows; row++) {
    const truth = places.get(cellText(column, row) ?? "");
    if (truth === undefined) continue;
    known++;
    counts[truth]!++;
    if (predicted[row] === truth) right++;
    loss -= Math.log(Math.max(leastProbability, probabilities[row * levels.length + truth]!));
  }
  if (known === 0) return undefined;
  return { rows: known, accuracy: right / known, commonest: Math.max(...counts) / known, logLoss: loss / known };
}

function noLabel(where: string) {
  return failure("option", {
    where,
    expected: "the name of a column, for a model without a label",
    received: "none",
    remedy: "name a column of classes, or fit with --label",
  });
}

function tooMany(name: string, levels: number, where: string) {
  return failure("option", {
    where,
    expected: `the label or an ordinal, of at most ${mostClasses} levels, or a category of at most 16`,
    received: `"${shorten(name)}" with ${levels}`,
    remedy: "name another column, or fit with fewer classes",
  });
}
