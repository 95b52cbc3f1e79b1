// sample-table: rows drawn from a model of a table, as they come or under a condition that every one of them meets.
import { sameCells } from "../../data/cell-rows.ts";
import type { CellColumn, CellTable } from "../../data/cell-table.ts";
import { listedTexts } from "../../data/text-pool.ts";
import { failure } from "../../errors.ts";
import { dimensionStates } from "../../flow/masked.ts";
import type { Integration } from "../../ode/integration.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import type { Progress } from "../density.ts";
import { sampleMasked } from "../masked.ts";
import { checkCount } from "../rows.ts";
import { type BoundCondition, bindCondition } from "./conditions.ts";
import { type KnownPoints, pointsOf, spansOf } from "./points.ts";
import { importanceDraws } from "./rare-conditions.ts";
import type { TableModel } from "./table-model.ts";

export interface TableSampleRequest {
  readonly rows: number;
  readonly seed: number;
  /** What every row must meet, such as `cut == "Ideal" && price < 2000` (docs/table.md). */
  readonly where?: string;
  /** The most rows that are drawn to find those that meet a condition; default: 100 for each row wanted, at least 100 000. */
  readonly mostDraws?: number;
  readonly integration?: Integration;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface TableSample {
  /** Columns in the order of the training table, cells written as there; text and text ids are left out. */
  readonly table: CellTable;
  readonly condition?: ConditionReport;
  readonly evaluations: number;
}

/** How rows under a condition were found. */
export interface ConditionReport {
  /**
   * "given": equalities alone, drawn from their conditional law. "rejection": rows that did not meet the rest were drawn again.
   * "importance": the cells of rare ranges were drawn first, weighted by the model, and the rest of the row given them.
   */
  readonly method: "given" | "rejection" | "importance";
  readonly draws: number;
  /** Share of the rows with the given cells that meet the rest of the condition, as the model sees it. */
  readonly acceptance: number;
  /** Independent draws that the rows are worth: fewer than the rows where weights differ. */
  readonly effectiveRows: number;
}

const { given } = dimensionStates;
/** Rows drawn at once, and the share of them below which ranges are drawn first. */
const [fewestAtOnce, mostAtOnce, rareShare] = [512, 32_768, 0.05];

/** Draws rows. Row i depends on the seed and i; under a condition on the seed. The same seed gives the same rows. */
export async function sampleTable(
  engine: Engine,
  model: TableModel,
  request: TableSampleRequest,
): Promise<TableSample> {
  const { rows, where } = request;
  checkCount(rows);
  const condition = where === undefined ? undefined : bindCondition(where, model.encoder);
  const source = sourceOf(engine, model, request, condition);
  if (condition && (condition.mixed || condition.tests.size > 0))
    return conditioned(engine, model, request, condition, source);
  const table = source.tableOf(await source.draw(rows, 0));
  const report: ConditionReport = { method: "given", draws: rows, acceptance: 1, effectiveRows: rows };
  return { table, ...(condition && { condition: report }), evaluations: source.evaluations() };
}

/** Where points come from: those of row numbers first … first + count - 1, with what is known of them. */
interface PointSource {
  draw(count: number, first: number, known?: KnownPoints): Promise<Float32Array>;
  tableOf(points: Float32Array): CellTable;
  evaluations(): number;
}

function sourceOf(
  engine: Engine,
  model: TableModel,
  { seed, integration, signal, onProgress }: TableSampleRequest,
  condition: BoundCondition | undefined,
): PointSource {
  const { encoder, density } = model;
  let evaluations = 0;
  return {
    async draw(count, first, known = knownPoints(model, condition, seed, count, first)) {
      const out = new Float32Array(known.values.length);
      const chunks = sampleMasked(engine, density, {
        given: known.values,
        state: known.states,
        seed,
        firstRow: first,
        ...(integration && { integration }),
        ...(signal && { signal }),
        ...(onProgress && condition === undefined && { onProgress }),
      });
      let at = 0;
      for await (const chunk of chunks) {
        out.set(chunk.points.data, at);
        at += chunk.points.data.length;
        evaluations += chunk.evaluations;
      }
      return out;
    },
    tableOf: (points) => withGiven(encoder.decode(points, points.length / encoder.dimensions.length), condition),
    evaluations: () => evaluations,
  };
}

/** Rows that meet tests beside the given cells: by rejection where enough of them do, else by importance resampling. */
async function conditioned(
  engine: Engine,
  model: TableModel,
  request: TableSampleRequest,
  condition: BoundCondition,
  source: PointSource,
): Promise<TableSample> {
  const { rows, seed, signal } = request;
  const collecting = { request, d: model.encoder.dimensions.length, meets: meetsIn(source, condition) };
  const plain = await collected({ ...collecting, draw: source.draw, mayStop: condition.tests.size > 0 });
  if (plain.kind === "found") {
    const { draws, acceptance } = plain;
    const report: ConditionReport = { method: "rejection", draws, acceptance, effectiveRows: rows };
    return { table: source.tableOf(plain.points), condition: report, evaluations: source.evaluations() };
  }
  const rare = await importanceDraws(engine, model, {
    condition,
    rows,
    seed,
    known: (count) => knownPoints(model, condition, seed, count, plain.draws),
    ...(signal && { signal }),
  });
  const drawGiven = (count: number, first: number) =>
    source.draw(count, plain.draws + first, rare.resampled(count, first));
  const refined = await collected({ ...collecting, draw: drawGiven, mayStop: false });
  if (refined.kind === "rare") throw tooRare(request, refined.found, refined.draws);
  return {
    table: source.tableOf(refined.points),
    condition: {
      method: "importance",
      draws: plain.draws + rare.draws + refined.draws,
      acceptance: rare.probability * refined.acceptance,
      effectiveRows: Math.min(rows, rare.effective * refined.acceptance),
    },
    evaluations: source.evaluations() + rare.evaluations,
  };
}

function meetsIn({ tableOf }: PointSource, { holds }: BoundCondition): (points: Float32Array) => Uint8Array {
  return (points) => holds(tableOf(points));
}

interface Collecting {
  readonly request: TableSampleRequest;
  readonly d: number;
  readonly draw: (count: number, first: number) => Promise<Float32Array>;
  readonly meets: (points: Float32Array) => Uint8Array;
  /** Whether to give up early where few rows meet the condition. */
  readonly mayStop: boolean;
}

type Collected =
  | { readonly kind: "found"; readonly points: Float32Array; readonly draws: number; readonly acceptance: number }
  | { readonly kind: "rare"; readonly found: number; readonly draws: number };

/** Draws rows until as many as are wanted meet the condition. */
async function collected({ request, d, draw, meets, mayStop }: Collecting): Promise<Collected> {
  const { rows, mostDraws = Math.max(100_000, 100 * rows), onProgress } = request;
  const points = new Float32Array(rows * d);
  let [found, draws, kept] = [0, 0, 0];
  while (kept < rows) {
    if (draws >= mostDraws) {
      if (mayStop) return { kind: "rare", found, draws };
      throw tooRare(request, found, draws);
    }
    const share = draws === 0 ? 1 : Math.max(found, 1) / draws;
    const wanted = Math.ceil((1.1 * (rows - kept)) / share);
    const count = Math.min(Math.max(wanted, fewestAtOnce), mostAtOnce, mostDraws - draws);
    const drawn = await draw(count, draws);
    const held = meets(drawn);
    for (let row = 0; row < count; row++) {
      if (held[row] === 0) continue;
      found++;
      if (kept < rows) points.set(drawn.subarray(row * d, (row + 1) * d), kept++ * d);
    }
    draws += count;
    if (mayStop && kept < rows && found < rareShare * draws) return { kind: "rare", found, draws };
    onProgress?.({ stage: "sample", fraction: rows === 0 ? 1 : kept / rows });
  }
  return { kind: "found", points, draws, acceptance: draws === 0 ? 1 : found / draws };
}

/** Points whose given cells are set, the rest free. */
function knownPoints(
  { encoder }: TableModel,
  condition: BoundCondition | undefined,
  seed: number,
  rows: number,
  firstRow: number,
): KnownPoints {
  const d = encoder.dimensions.length;
  if (condition === undefined || condition.given.size === 0)
    return { values: new Float32Array(rows * d), states: new Uint8Array(rows * d) };
  const columns = encoder.schema.columns.map(({ name }) => sameCells(name, condition.given.get(name), rows));
  const { values } = pointsOf(encoder, { rows, columns }, { key: split(random(seed), "table", "where"), firstRow });
  const states = new Uint8Array(rows * d);
  for (const { column, start, end } of spansOf(encoder))
    if (condition.given.has(column.name))
      for (let row = 0; row < rows; row++) states.fill(given, row * d + start, row * d + end);
  return { values, states };
}

/** Numbers without a grid are given to seven digits: the cells say them as they were asked for. */
function withGiven(table: CellTable, condition: BoundCondition | undefined): CellTable {
  if (condition === undefined || condition.given.size === 0) return table;
  const columns = table.columns.map((column): CellColumn => {
    const text = condition.given.get(column.name);
    if (text === undefined) return column;
    return { ...column, codes: new Int32Array(table.rows), texts: listedTexts([text]) };
  });
  return { ...table, columns };
}

function tooRare({ where = "", rows }: TableSampleRequest, found: number, draws: number) {
  return failure("numeric", {
    where: `where ${where}`,
    expected: `${rows} rows`,
    received: `${found} among ${draws} draws`,
    remedy: "ask for fewer rows, or for a condition that more rows meet",
  });
}
