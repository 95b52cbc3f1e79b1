// prepare-table: what a fit of a table learns from, before any training: its columns, its recipe, and its rows as points.
import { repeatedCells, takenCells } from "../../data/cell-rows.ts";
import type { CellTable } from "../../data/cell-table.ts";
import { failure } from "../../errors.ts";
import type { MaskLaw } from "../../flow/masked.ts";
import { random, split } from "../../random.ts";
import { floats } from "../../tensor/array.ts";
import { type Configuration, isFromMarginals, maskedConfiguration } from "../../train/configuration.ts";
import { configurationSchemaOf, networkSchema } from "../configuration-schema.ts";
import type { FitRequest } from "../density.ts";
import { checked } from "../json-fault.ts";
import { type RowRequest, splitPlaces } from "../rows.ts";
import { type FoundConstraints, findConstraints } from "./constraints.ts";
import { detectSchema, type TextChoice } from "./detect.ts";
import { type TableEncoder, tableEncoder } from "./encoder.ts";
import { withLabel } from "./label.ts";
import {
  type ColumnSpan,
  maskGroups,
  pointsOf,
  presences,
  shareWithGaps,
  spansOf,
  type TablePoints,
  withGaps,
} from "./points.ts";
import type { SaidPlaces } from "./said-places.ts";
import type { Schema } from "./schema.ts";
import type { SchemaOverrides } from "./schema-file.ts";
import { rowVolumes } from "./score-table.ts";
import { detailedConfiguration, maskShares, type TableSize, tableConfiguration } from "./table-configuration.ts";
import { dimensionNames } from "./table-model.ts";

/** A table, and what decides what is learnt of it. */
export interface TableRequest extends Pick<RowRequest, "trainSplit"> {
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
  /** How errors call where the schema, the label and the constraints are said. */
  readonly places?: SaidPlaces;
  /** Held-out rows; without them a share of the table is held out. */
  readonly validation?: CellTable;
  /** Told what the columns are taken for, before training. */
  readonly onSchema?: (schema: Schema) => void;
}

/** `maskShares` of a table with a label, which is given alone the more often, as rows are drawn by it. */
const labelledShares = { unconditional: 0.3, dropped: 0.1, label: 0.5 } as const;
/** Small tables are trained on this many points at least: copies of their rows that lie elsewhere in their cells. */
const leastPoints = 20_000;
/** … as long as they have no more values than this. */
const mostValues = 2 ** 24;
/** Held-out rows of a small table are judged as copies, too, so many points at most: few would tell little of when to stop. */
const judgedPoints = 4096;

/** What the columns of a table are, and what its rows say of the constraints. */
export interface TableFindings extends FoundConstraints {
  readonly schema: Schema;
}

const recipeShape = configurationSchemaOf(networkSchema);

/** Looks at the cells. Throws "option" for a schema, a label or a constraint that does not suit them. */
export function tableFindings(request: TableRequest): TableFindings {
  const { table, label, constraints = [], places } = request;
  const overrides = withLabel(table, label, request.schema, places);
  const schema = detectSchema(table, overrides, request.texts, places);
  request.onSchema?.(schema);
  return { schema, ...findConstraints(constraints, table, schema, places) };
}

/** Which rows train, how they are written as points, and the masked recipe for these. */
export interface TablePlan {
  readonly encoder: TableEncoder;
  readonly train: CellTable;
  readonly heldOut?: CellTable;
  readonly configuration: Configuration;
}

/** Divides the rows and chooses the recipe. Throws "data" for a table of nothing but constants, text and ids. */
export function tablePlan(request: TableRequest, { schema, sums }: TableFindings): TablePlan {
  const { table, seed, validation, trainSplit = validation ? 1 : 0.9, label } = request;
  const { configuration = tableConfiguration } = request;
  const places = splitPlaces(table.rows, trainSplit, seed);
  const train = takenCells(table, places.train);
  const encoder = tableEncoder(schema, train, { sums });
  if (encoder.dimensions.length === 0) throw nothingToLearn(schema);
  const heldOut = validation ?? (places.heldOut.length > 0 ? takenCells(table, places.heldOut) : undefined);
  const columns = new Set(encoder.dimensions.map(({ column }) => column)).size;
  const chosen = typeof configuration === "function" ? configuration({ rows: table.rows, columns }) : configuration;
  checked(recipeShape, chosen, "configuration", "option");
  const base = { ...detailedConfiguration(chosen, encoder, table.rows), seed };
  const masks = maskLaw(spansOf(encoder), table.rows, label);
  const freshMasks = isFromMarginals(base.training);
  return {
    encoder,
    train,
    ...(heldOut && { heldOut }),
    configuration: maskedConfiguration(base, encoder.dimensions.length, masks, { freshMasks }),
  };
}

/** Rows as points, and the log-volume of each row's cells. */
export interface EncodedTable {
  readonly points: TablePoints;
  readonly volumes: Float64Array;
}

/** What a chain is trained on: the rows of a plan as points, and the request of `fitDensity` for them. */
export interface PreparedTable {
  /** Points of each training row; copies of all rows follow each other. */
  readonly copies: number;
  readonly training: EncodedTable;
  readonly judged?: EncodedTable;
  readonly request: Omit<RowRequest, "memory"> & Pick<FitRequest, "configuration">;
}

/** Writes the rows of a plan as points: those of few rows several times. */
export function preparedTable({ encoder, train, heldOut, configuration }: TablePlan): PreparedTable {
  const { seed } = configuration;
  const d = encoder.dimensions.length;
  const copies = Math.max(1, Math.min(Math.ceil(leastPoints / train.rows), Math.floor(mostValues / (train.rows * d))));
  const training = encoded(encoder, repeatedCells(train, copies), seed, "train");
  const judgedCopies = Math.min(copies, Math.max(1, Math.floor(judgedPoints / (heldOut?.rows ?? judgedPoints))));
  const judged = heldOut && encoded(encoder, repeatedCells(heldOut, judgedCopies), seed, "held-out");
  return {
    copies,
    training,
    ...(judged && { judged }),
    request: {
      columns: dimensionNames(encoder.dimensions),
      configuration,
      rows: floats(withGaps(training.points), [train.rows * copies, d]),
      ...(judged && { validation: floats(withGaps(judged.points), [judged.points.rows, d]) }),
      trainSplit: 1,
    },
  };
}

function maskLaw(spans: readonly ColumnSpan[], rows: number, label: string | undefined): MaskLaw {
  const common = { groups: maskGroups(spans), ...withPresence(spans) };
  const span = label === undefined ? undefined : spans.find(({ column }) => column.name === label);
  if (span === undefined) return { ...common, ...maskShares(rows) };
  const { label: share, ...shares } = labelledShares;
  return { ...common, ...shares, alone: { start: span.start, end: span.end, share } };
}

/** Of rows in which something is missing: how many are trained without a word of what. */
const unsaidShare = 0.3;
/** Of all rows: how many are trained for what is missing alone, and for values given that. */
const parts = { first: 0.1, told: 0.2 } as const;

function withPresence(spans: readonly ColumnSpan[]): Pick<MaskLaw, "presence"> {
  const of = presences(spans);
  if (of.length === 0) return {};
  return { presence: { of, unsaid: unsaidShare * shareWithGaps(spans), parts } };
}

function encoded(encoder: TableEncoder, table: CellTable, seed: number, purpose: string): EncodedTable {
  const points = pointsOf(encoder, table, { key: split(random(seed), "table", purpose) });
  return { points, volumes: rowVolumes(encoder, table, points) };
}

function nothingToLearn({ columns }: Schema) {
  return failure("data", {
    where: "table",
    expected: "a column with at least two different values",
    received: columns.length === 1 ? `one column (${columns[0]?.reason})` : "constants, text and ids alone",
    remedy: "give more rows, or say better what a column is in a schema",
  });
}
