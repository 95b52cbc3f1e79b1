// sample-table: rows drawn from a model of a table, as they come or under a condition and constraints that all of them meet.
import type { CellTable } from "../../data/cell-table.ts";
import { listNames, shorten } from "../../data/columns.ts";
import { callback, checkRequest, type Rules, required, text, whole } from "../../data/requests.ts";
import { failure } from "../../errors.ts";
import type { Integration } from "../../ode/integration.ts";
import type { Engine } from "../../runtime/contract.ts";
import { checkSignal } from "../../runtime/pause.ts";
import type { Progress } from "../progress.ts";
import type { BoundCondition } from "./conditions.ts";
import type { RowJudge } from "./constraint-judges.ts";
import { computedUnder } from "./contradictions.ts";
import { extrapolationNotes, importanceDraws } from "./rare-conditions.ts";
import { checkGiven, controls, integration, seed } from "./request-rules.ts";
import {
  type AskedRows,
  type DrawnRows,
  type HeldRows,
  heldRows,
  isTested,
  type KindsReport,
  rowKinds,
} from "./row-kinds.ts";
import { knownPoints, pointSource } from "./table-draws.ts";
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

export interface TableSample extends KindsReport {
  /** Columns in the order of the training table, cells written as there; text and text ids are left out. */
  readonly table: CellTable;
  /** What is to be known of the rows of a condition that the model knows little of. */
  readonly notes?: readonly string[];
}

const requestRules: Rules<TableSampleRequest> = {
  rows: required(whole({ atLeast: 0 })),
  seed: required(seed),
  where: text,
  balance: {
    expected: "the name of a column, or true for the label",
    holds: (value) => value === true || typeof value === "string",
  },
  mostDraws: whole({ atLeast: 1 }),
  integration,
  onRows: callback,
  ...controls,
};

/** Rows drawn at once, and the share of them below which ranges are drawn first. */
const [fewestAtOnce, mostAtOnce, rareShare] = [512, 32_768, 0.05];

/**
 * Draws rows that meet the model's constraints. Row i depends on the seed and i; under a condition or constraints on
 * the seed. The same seed gives the same rows. Throws "option" for a condition that cannot be read or met, "numeric"
 * where too few draws meet it, "interrupted" when the signal fires.
 */
export async function sampleTable(
  engine: Engine,
  model: TableModel,
  request: TableSampleRequest,
): Promise<TableSample> {
  checkGiven({ engine, model });
  checkRequest(request, requestRules, "sampleTable");
  const { rows, onRows } = request;
  const kinds = rowKinds(model, request);
  const { condition, column } = kinds;
  const { tableOf } = pointSource(engine, model, request, condition, column);
  let taken = 0;
  const handOver = async (points: Float32Array): Promise<void> => {
    const part = tableOf(points, taken);
    taken += part.rows;
    await onRows?.(part);
  };
  const onPoints = onRows && kinds.count === 1 && { onPoints: handOver };
  const { points, ...found } = await kinds.drawn((asked) =>
    drawRows(engine, model, { ...request, rows: asked.rows }, { ...asked, ...onPoints }),
  );
  if (onRows && !onPoints) await handOver(points);
  checkSignal(request.signal, "sampling");
  const notes = found.condition?.method === "importance" ? extrapolationNotes(found.condition, rows) : [];
  return {
    table: tableOf(onRows ? new Float32Array(0) : points),
    ...found,
    ...(notes.length > 0 && { notes }),
  };
}

/** Rows of one kind: as they come where nothing is tested, by rejection, or by importance where few of them would do. */
async function drawRows(
  engine: Engine,
  model: TableModel,
  request: TableSampleRequest,
  { condition, judge, firstRow, onPoints }: AskedRows & Pick<Collecting, "onPoints">,
): Promise<DrawnRows> {
  const { rows, seed, integration, signal, onProgress } = request;
  const hasTests = isTested(condition);
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
    held: (points, limit) => heldRows(source.tableOf(points), condition, judge, limit),
    obstacles: () => obstaclesOf(model, condition, judge),
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

interface Collecting {
  readonly request: TableSampleRequest;
  /** [rows · d], filled from the front. */
  readonly points: Float32Array;
  readonly held: (points: Float32Array, limit: number) => HeldRows;
  /** What kept draws from being rows, each with the comma before it. */
  readonly obstacles: () => string;
  /** Given the rows as they are found. */
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
  { request, points, held, obstacles, onPoints }: Collecting,
  { draw, filled: before, drawn: drawnBefore, mayStop }: Phase,
): Promise<Collected> {
  const { rows, mostDraws = Math.max(100_000, 100 * rows), onProgress } = request;
  const d = rows === 0 ? 0 : points.length / rows;
  let [found, met, draws, filled] = [0, 0, 0, before];
  while (filled < rows) {
    if (draws >= mostDraws) {
      if (mayStop && met < rareShare * draws) return { kind: "rare", filled, draws, met };
      throw tooRare(request, filled, drawnBefore + draws, obstacles());
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

/** The constraint that draws broke most often, and those that compute what the condition asks for. */
function obstaclesOf(
  { constraints = [], encoder }: TableModel,
  condition: BoundCondition | undefined,
  judge: RowJudge | undefined,
): string {
  const worst = judge?.worst();
  const computed = condition === undefined ? [] : computedUnder(condition, constraints, encoder);
  return [
    ...(worst ? [`, of which ${worst.broken} broke the constraint ${shorten(worst.constraint)}`] : []),
    ...computed.map(({ text, columns }) => `, with ${listNames(columns)} computed by the constraint ${shorten(text)}`),
  ].join("");
}

function tooRare({ where, rows }: TableSampleRequest, found: number, draws: number, obstacles: string) {
  return failure("numeric", {
    where: where === undefined ? "constraints" : `where ${where}`,
    expected: `${rows} rows`,
    received: `${found} among ${draws} draws${obstacles}`,
    remedy: `ask for fewer rows, or for ${where === undefined ? "constraints" : "a condition"} that more rows meet`,
  });
}
