// fill-in-turns: the gaps of rows filled so that each column is drawn from rows that tell of it, not from complete rows alone.
import { dimensionStates } from "../../flow/masked.ts";
import { fillUniform, random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import type { Progress } from "../progress.ts";
import { canFill } from "./fill-cells.ts";
import { type FillControls, type FilledRows, filledRows } from "./fill-rounds.ts";
import { fillTurns } from "./fill-turns.ts";
import { type ColumnSpan, gathered, type KnownPoints } from "./points.ts";
import type { TableModel } from "./table-model.ts";
import type { FillPlaces, MeetsTest } from "./weighed-draws.ts";

const { free, given } = dimensionStates;

/** How rows are filled, and what they have to meet: judges may remember what they let stay, so a first look has one of its own. */
interface Filling {
  readonly spans: readonly ColumnSpan[];
  readonly places: FillPlaces;
  readonly meets: MeetsTest;
  readonly meetsAtFirst: MeetsTest;
}

/**
 * Draws what is free in `points`. Columns that every training row knew are drawn first, together with what else may be missing, as rows
 * of the model are: given complete rows alone they would be like those. Then the others are, given all that, in turns (`fillTurns`).
 * Rows that so meet nothing of what they have to are drawn once more, all at once.
 */
export async function filledInTurns(
  engine: Engine,
  model: TableModel,
  points: KnownPoints,
  { spans, places, meets, meetsAtFirst }: Filling,
  controls: FillControls,
): Promise<FilledRows> {
  const d = model.encoder.dimensions.length;
  const whole = wholeRows(points.states, spans, d);
  const asDrawn = { places: { ...places, candidates: 1 }, meets: meetsAtFirst };
  const { onProgress: _, ...quietly } = controls;
  const otherwise = { ...quietly, seed: derivedSeed(controls.seed) };
  const first = await filledPart(engine, model, { values: points.values, d, part: whole }, asDrawn, otherwise);
  const known = keptOf(points, first, spans, whole.rows, d);
  const turns = fillTurns(model, spans, known.states, d);
  const isOpen = (turn: number, place: number) =>
    turns[turn]?.subarray(place * d, (place + 1) * d).includes(free) ?? false;
  const isDone = (turn: number, place: number) => !turns.some((_, later) => later > turn && isOpen(later, place));
  const began = new Set(whole.rows);
  const steps = turns.flatMap((states, turn) => {
    const rows = Array.from(places.rows.keys()).filter((place) => isOpen(turn, place));
    const isOwn = (place: number) => turn > 0 || began.has(place);
    const judged = judgedWhere((place) => isDone(turn, place), meets, d);
    return [
      { rows: rows.filter((place) => !isOwn(place)), states, how: { places, meets: judged } },
      { rows: rows.filter(isOwn), states, how: { places: ownPlaces(places), meets: judged } },
    ].filter((step) => step.rows.length > 0);
  });
  const unmet = new Set<number>();
  let [values, evaluations] = [known.values, first.evaluations];
  for (const [number, { rows, states, how }] of steps.entries()) {
    const onProgress = ({ fraction, ...rest }: Progress) =>
      controls.onProgress?.({ ...rest, fraction: (number + fraction) / steps.length });
    const part = { rows: rows.filter((place) => !unmet.has(place)), states };
    const filled = await filledPart(engine, model, { values, d, part }, how, { ...controls, onProgress });
    values = filled.values;
    for (const place of filled.unmet) unmet.add(place);
    evaluations += filled.evaluations;
  }
  const again = [...unmet].filter((place) => began.has(place) || isOpen(1, place));
  const part = { rows: again, states: points.states };
  const last = await filledPart(engine, model, { values, d, part }, { places, meets }, quietly);
  for (const place of again) if (!last.unmet.has(place)) unmet.delete(place);
  return { values: last.values, unmet, evaluations: evaluations + last.evaluations };
}

/** Places each of which knows something else, drawn before, so that draws of a row cannot share their candidates; together they have as many. */
function ownPlaces({ rows, draws, candidates }: FillPlaces): FillPlaces {
  const mostDraws = draws.reduce((most, draw) => Math.max(most, draw + 1), 1);
  return {
    rows: Uint32Array.from(rows.keys()),
    draws: new Uint32Array(rows.length),
    candidates: Math.ceil(candidates / mostDraws),
  };
}

/** Judges points of some places alone; those of others are not whole yet, and may stay. */
function judgedWhere(isWhole: (place: number) => boolean, meets: MeetsTest, d: number): MeetsTest {
  return async (attempt, places) => {
    const met = new Uint8Array(places.length).fill(1);
    const whole = [...places.keys()].filter((n) => isWhole(places[n]!));
    const points = gathered(attempt, new Float32Array(whole.length * d), whole, d);
    const found = await meets(
      points,
      whole.map((n) => places[n]!),
    );
    whole.forEach((n, k) => {
      met[n] = found[k]!;
    });
    return met;
  };
}

/** Rows to draw, and the states of all. */
interface Part {
  readonly rows: readonly number[];
  readonly states: Uint8Array;
}

/** Rows in which both a column that every training row knew and another are to be filled, as they are drawn: gaps may stay gaps. */
function wholeRows(states: Uint8Array, spans: readonly ColumnSpan[], d: number): Part {
  const isOpen = (row: number) => (span: ColumnSpan) =>
    canFill(span) && states[row * d + span.start + Number(span.hasGap)] === free;
  const rows = Array.from({ length: states.length / d }, (_, row) => row).filter((row) => {
    const open = spans.filter(isOpen(row));
    return open.some(({ hasGap }) => hasGap) && open.some(({ hasGap }) => !hasGap);
  });
  if (rows.length === 0) return { rows, states };
  const asked = states.slice();
  for (const row of rows)
    for (const span of spans) if (span.hasGap && isOpen(row)(span)) asked[row * d + span.start] = free;
  return { rows, states: asked };
}

/** The points in which what was drawn of columns that every training row knew is given. */
function keptOf(
  { values, states }: KnownPoints,
  { values: drawn, unmet }: FilledRows,
  spans: readonly ColumnSpan[],
  rows: readonly number[],
  d: number,
): KnownPoints {
  if (rows.length === 0) return { values, states };
  const kept = { values: values.slice(), states: states.slice() };
  for (const row of rows.filter((each) => !unmet.has(each)))
    for (const { start, end, hasGap } of spans) {
      if (hasGap || states[row * d + start] !== free) continue;
      kept.values.set(drawn.subarray(row * d + start, row * d + end), row * d + start);
      kept.states.fill(given, row * d + start, row * d + end);
    }
  return kept;
}

/** Fills some of the rows; the values of the others stay, and `unmet` counts among all. */
async function filledPart(
  engine: Engine,
  model: TableModel,
  { values, d, part: { rows, states } }: { readonly values: Float32Array; readonly d: number; readonly part: Part },
  { places, meets }: Pick<Filling, "places" | "meets">,
  controls: FillControls,
): Promise<FilledRows> {
  if (rows.length === 0) return { values, unmet: new Set(), evaluations: 0 };
  const points = {
    values: gathered(values, new Float32Array(rows.length * d), rows, d),
    states: gathered(states, new Uint8Array(rows.length * d), rows, d),
  };
  const own = {
    rows: Uint32Array.from(rows, (row) => places.rows[row]!),
    draws: Uint32Array.from(rows, (row) => places.draws[row]!),
    candidates: places.candidates,
  };
  const judged: MeetsTest = (attempt, asked) =>
    meets(
      attempt,
      asked.map((n) => rows[n]!),
    );
  const filled = await filledRows(engine, model, points, { places: own, meets: judged }, controls);
  const out = values.slice();
  rows.forEach((row, n) => {
    out.set(filled.values.subarray(n * d, (n + 1) * d), row * d);
  });
  return { ...filled, values: out, unmet: new Set([...filled.unmet].map((n) => rows[n]!)) };
}

/** Another seed: what is drawn first must not be made of the noise that the rest is made of. */
function derivedSeed(seed: number): number {
  const number = new Float32Array(1);
  fillUniform(split(random(seed), "table", "first fill"), number);
  return Math.floor(number[0]! * 2 ** 24);
}
