// sample-table: rows drawn from a model of a table, as they come or under a condition and constraints that all of them meet.
import type { CellTable } from "../../data/cell-table.ts";
import { shorten } from "../../data/columns.ts";
import { failure } from "../../errors.ts";
import type { Integration } from "../../ode/integration.ts";
import type { Engine } from "../../runtime/contract.ts";
import { checkSignal } from "../../runtime/pause.ts";
import type { Progress } from "../progress.ts";
import { checkCount } from "../rows.ts";
import { neverHolds } from "./comparisons.ts";
import { type BoundCondition, bindCondition } from "./conditions.ts";
import { type RowJudge, rowJudge } from "./constraint-judges.ts";
import { type GivenCellsJudge, givenCellsJudge } from "./given-cells.ts";
import { levelsInTraining } from "./label.ts";
import { extrapolationNotes, importanceDraws } from "./rare-conditions.ts";
import { knownPoints, type PointSource, pointSource } from "./table-draws.ts";
import type { TableModel } from "./table-model.ts";

export interface TableSampleRequest {
  readonly rows: number;
  readonly seed: number;
  /** What every row must meet, such as `cut == "Ideal" && price < 2000` (docs/table.md). */
  readonly where?: string;
  /** Equal shares of the levels of this column, one after the other; true: of the model's label. */
  readonly balance?: string | true;
  /** The most rows that are drawn to find those that meet a condition; default: 100 for each row wanted, at least 100 000. */
  readonly mostDraws?: number;
  readonly integration?: Integration;
  readonly signal?: AbortSignal;
  /** Takes the rows as they are found, in order (balanced ones at the end); the table of the result then has none. */
  readonly onRows?: (part: CellTable) => Promise<void>;
  readonly onProgress?: (progress: Progress) => void;
}

export interface TableSample {
  /** Columns in the order of the training table, cells written as there; text and text ids are left out. */
  readonly table: CellTable;
  readonly condition?: ConditionReport;
  /** Where the model has constraints: how many of the rows that were drawn met them. */
  readonly constraints?: { readonly draws: number; readonly acceptance: number };
  /** The rows of each level where they were balanced. */
  readonly balance?: { readonly column: string; readonly rows: Readonly<Record<string, number>> };
  /** What is to be known of the rows of a condition that the model knows little of. */
  readonly notes?: readonly string[];
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

/** Rows drawn at once, and the share of them below which ranges are drawn first. */
const [fewestAtOnce, mostAtOnce, rareShare] = [512, 32_768, 0.05];

/**
 * Draws rows that meet the model's constraints. Row i depends on the seed and i; under a condition or constraints on the seed.
 * The same seed gives the same rows.
 */
export async function sampleTable(
  engine: Engine,
  model: TableModel,
  request: TableSampleRequest,
): Promise<TableSample> {
  const { rows, where, balance, onRows } = request;
  const { encoder, constraints = [], label } = model;
  checkCount(rows);
  const condition = where === undefined ? undefined : bindCondition(where, encoder);
  const contradiction = givenCellsJudge(constraints, encoder);
  const excluded = condition && contradiction(condition, "where");
  if (excluded) throw excluded;
  const judge = constraints.length === 0 ? undefined : rowJudge(constraints, encoder.schema);
  const column = balance === true ? (label ?? noLabel()) : balance;
  const levels = column === undefined ? [undefined] : levelsUnder(model, column, condition, contradiction);
  const { tableOf } = pointSource(engine, model, request, condition, column);
  let taken = 0;
  const handOver = async (points: Float32Array): Promise<void> => {
    const part = tableOf(points, taken);
    taken += part.rows;
    await onRows?.(part);
  };
  const onPoints = onRows && levels.length === 1 && { onPoints: handOver };
  const parts: Drawn[] = [];
  let firstRow = 0;
  for (const [n, level] of levels.entries()) {
    const bound = level === undefined || column === undefined ? condition : withCell(condition, column, level);
    const share = Math.ceil(Math.max(0, rows - n) / levels.length);
    const drawn = await drawRows(
      engine,
      model,
      { ...request, rows: share },
      { condition: bound, judge, firstRow, ...onPoints },
    );
    firstRow += drawn.draws;
    parts.push(drawn);
  }
  const points = dealt(
    parts.map((part) => part.points),
    rows,
    encoder.dimensions.length,
  );
  if (onRows && !onPoints) await handOver(points);
  checkSignal(request.signal, "sampling");
  const found = condition && togetherOf(parts);
  const notes = found?.method === "importance" ? extrapolationNotes(found, rows) : [];
  return {
    table: tableOf(onRows ? new Float32Array(0) : points),
    ...(found && { condition: found }),
    ...(notes.length > 0 && { notes }),
    ...(judge && { constraints: { draws: judge.judged, acceptance: judge.judged ? judge.kept / judge.judged : 1 } }),
    ...(column !== undefined && { balance: { column, rows: countsOf(levels, rows) } }),
    evaluations: parts.reduce((total, { evaluations }) => total + evaluations, 0),
  };
}

interface Drawn extends ConditionReport {
  /** [rows · d]. */
  readonly points: Float32Array;
  readonly evaluations: number;
}

/** What rows of one kind have to meet; `firstRow` is their place in the stream of noise. */
interface Asked {
  readonly condition: BoundCondition | undefined;
  readonly judge: RowJudge | undefined;
  readonly firstRow: number;
  /** Given the rows as they are found. */
  readonly onPoints?: (points: Float32Array) => Promise<void>;
}

/** Rows of one kind: as they come where nothing is tested, by rejection, or by importance where few of them would do. */
async function drawRows(
  engine: Engine,
  model: TableModel,
  request: TableSampleRequest,
  { condition, judge, firstRow, onPoints }: Asked,
): Promise<Drawn> {
  const { rows, seed, integration, signal, onProgress } = request;
  const hasTests = condition !== undefined && (condition.mixed || condition.tests.size > 0);
  const isDirect = !hasTests && judge === undefined;
  const controls = { seed, ...(integration && { integration }), ...(signal && { signal }) };
  const showing = isDirect && condition === undefined && onProgress && { onProgress };
  const source = pointSource(engine, model, { ...controls, ...showing }, condition);
  if (isDirect) {
    const points =
      rows === 0 ? new Float32Array(0) : await source.draw(rows, firstRow, onPoints && { onPart: onPoints });
    const evaluations = source.evaluations();
    return { points, method: "given", draws: rows, acceptance: 1, effectiveRows: rows, evaluations };
  }
  judge?.recount();
  const collecting: Collecting = {
    request,
    points: new Float32Array(rows * model.encoder.dimensions.length),
    held: holdsIn(source, condition, judge),
    worst: () => judge?.worst(),
    ...(onPoints && { onPoints }),
  };
  const drawPlain = (count: number, first: number) => source.draw(count, firstRow + first);
  const isRefinable = condition !== undefined && condition.tests.size > 0;
  const plain = await collected(collecting, { draw: drawPlain, filled: 0, drawn: 0, mayStop: isRefinable });
  const method = hasTests ? "rejection" : "given";
  if (plain.kind === "found" || condition === undefined)
    return {
      points: collecting.points,
      method,
      draws: plain.draws,
      acceptance: plain.draws === 0 ? 1 : plain.met / plain.draws,
      effectiveRows: rows,
      evaluations: source.evaluations(),
    };
  const rare = await importanceDraws(engine, model, {
    condition,
    rows,
    seed,
    known: (count) => knownPoints(model, condition, seed, count, firstRow + plain.draws),
    ...(signal && { signal }),
  });
  const drawGiven = (count: number, first: number) =>
    source.draw(count, firstRow + plain.draws + first, { known: rare.resampled(count, first) });
  const refined = await collected(collecting, {
    draw: drawGiven,
    filled: plain.filled,
    drawn: plain.draws,
    mayStop: false,
  });
  const acceptance = refined.draws === 0 ? 1 : refined.met / refined.draws;
  return {
    points: collecting.points,
    method: "importance",
    draws: plain.draws + rare.draws + refined.draws,
    acceptance: rare.probability * acceptance,
    effectiveRows: Math.min(rows, plain.filled + rare.effective * acceptance),
    evaluations: source.evaluations() + rare.evaluations,
  };
}

interface Held {
  /** 1 for each row to keep. */
  readonly held: Uint8Array;
  /** Rows that meet the condition, whatever the constraints. */
  readonly met: number;
}

/** Which rows meet the condition and the constraints, the first `limit` of them counting as taken. */
function holdsIn({ tableOf }: PointSource, condition: BoundCondition | undefined, judge: RowJudge | undefined) {
  return (points: Float32Array, limit: number): Held => {
    const table = tableOf(points);
    const held = condition?.holds(table) ?? new Uint8Array(table.rows).fill(1);
    const met = held.reduce((total, value) => total + value, 0);
    judge?.judge(table, held, limit);
    return { held, met };
  };
}

interface Collecting {
  readonly request: TableSampleRequest;
  /** [rows · d], filled from the front. */
  readonly points: Float32Array;
  readonly held: (points: Float32Array, limit: number) => Held;
  readonly worst: () => ReturnType<RowJudge["worst"]>;
  readonly onPoints?: (points: Float32Array) => Promise<void>;
}

interface Phase {
  readonly draw: (count: number, first: number) => Promise<Float32Array>;
  /** Rows that are there already. */
  readonly filled: number;
  /** Draws they took. */
  readonly drawn: number;
  /** Whether to give up early where few rows meet the condition. */
  readonly mayStop: boolean;
}

interface Collected {
  readonly kind: "found" | "rare";
  readonly filled: number;
  readonly draws: number;
  readonly met: number;
}

/** Draws rows until as many as are wanted meet what they have to. */
async function collected(
  { request, points, held, worst, onPoints }: Collecting,
  { draw, filled: before, drawn: drawnBefore, mayStop }: Phase,
): Promise<Collected> {
  const { rows, mostDraws = Math.max(100_000, 100 * rows), onProgress } = request;
  const d = rows === 0 ? 0 : points.length / rows;
  let [found, met, draws, filled] = [0, 0, 0, before];
  while (filled < rows) {
    if (draws >= mostDraws) {
      if (mayStop && met < rareShare * draws) return { kind: "rare", filled, draws, met };
      throw tooRare(request, filled, drawnBefore + draws, worst());
    }
    const share = draws === 0 ? 1 : Math.max(found, 1) / draws;
    const wanted = Math.ceil((1.1 * (rows - filled)) / share);
    const count = Math.min(Math.max(wanted, fewestAtOnce), mostAtOnce, mostDraws - draws);
    const drawn = await draw(count, draws);
    const rowsHeld = held(drawn, rows - filled);
    met += rowsHeld.met;
    const from = filled;
    for (let row = 0; row < count; row++) {
      if (rowsHeld.held[row] === 0) continue;
      found++;
      if (filled < rows) points.set(drawn.subarray(row * d, (row + 1) * d), filled++ * d);
    }
    draws += count;
    if (filled > from) await onPoints?.(points.subarray(from * d, filled * d));
    if (mayStop && filled < rows && met < rareShare * draws) return { kind: "rare", filled, draws, met };
    onProgress?.({ stage: "sample", fraction: rows === 0 ? 1 : filled / rows });
  }
  return { kind: "found", filled, draws, met };
}

/** The levels of a column that the condition leaves and that can stand beside the cells that it gives. */
export function levelsUnder(
  { encoder }: Pick<TableModel, "encoder">,
  column: string,
  condition: BoundCondition | undefined,
  contradiction: GivenCellsJudge,
): readonly string[] {
  const test = condition?.tests.get(column) ?? (() => true);
  const levels = levelsInTraining(encoder, column, "balance")
    .filter(test)
    .filter((level) => contradiction(withCell(condition, column, level), "balance") === undefined);
  if (levels.length > 1 && !condition?.given.has(column)) return levels;
  throw failure("option", {
    where: "balance",
    expected: `a condition that leaves several levels of "${shorten(column)}"`,
    received: condition?.given.has(column) ? "one that gives it" : `one that leaves ${levels.length}`,
    remedy: "leave out the balance, or change the condition",
  });
}

/** The condition with one more cell given. */
export function withCell(condition: BoundCondition | undefined, column: string, text: string): BoundCondition {
  const { given = new Map(), equal = given, tests = new Map(), mixed = false, joint = [] } = condition ?? {};
  const others = new Map([...tests].filter(([name]) => name !== column));
  if (tests.get(column)?.(text) === false) throw neverHolds("balance", column);
  const holds = (table: CellTable) => condition?.holds(table) ?? new Uint8Array(table.rows).fill(1);
  const cell = [column, text] as const;
  return { given: new Map([...given, cell]), equal: new Map([...equal, cell]), tests: others, mixed, joint, holds };
}

/** Rows of the parts in turn: one of each, then the next of each. */
export function dealt(parts: readonly Float32Array[], rows: number, d: number): Float32Array {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const out = new Float32Array(rows * d);
  for (let row = 0; row < rows; row++) {
    const from = Math.floor(row / parts.length) * d;
    out.set(parts[row % parts.length]!.subarray(from, from + d), row * d);
  }
  return out;
}

/** Rows of each level. */
export function countsOf(levels: readonly (string | undefined)[], rows: number): Readonly<Record<string, number>> {
  return Object.fromEntries(levels.map((level, n) => [level ?? "", Math.ceil(Math.max(0, rows - n) / levels.length)]));
}

const methods = ["given", "rejection", "importance"] as const;

/** How rows were found, of all parts together. */
export function togetherOf(parts: readonly ConditionReport[]): ConditionReport {
  const draws = parts.reduce((total, part) => total + part.draws, 0);
  const weighted = parts.reduce((total, part) => total + part.acceptance * part.draws, 0);
  return {
    method: methods[Math.max(...parts.map(({ method }) => methods.indexOf(method)))] ?? "given",
    draws,
    acceptance: draws === 0 ? 1 : weighted / draws,
    effectiveRows: parts.reduce((total, part) => total + part.effectiveRows, 0),
  };
}

/** Throws where the column to balance is the label, and there is none. */
export function noLabel(): never {
  throw failure("option", {
    where: "balance",
    expected: "a model that was fitted with a label",
    received: "one without",
    remedy: "name the column to balance",
  });
}

function tooRare(
  { where, rows }: TableSampleRequest,
  found: number,
  draws: number,
  worst: ReturnType<RowJudge["worst"]>,
) {
  const constraint = worst && `${worst.broken} broke the constraint ${shorten(worst.constraint)}`;
  return failure("numeric", {
    where: where === undefined ? "constraints" : `where ${where}`,
    expected: `${rows} rows`,
    received: `${found} among ${draws} draws${constraint === undefined ? "" : `, of which ${constraint}`}`,
    remedy: `ask for fewer rows, or for ${where === undefined ? "constraints" : "a condition"} that more rows meet`,
  });
}
