// weighed-draws: draws of gaps by the two laws that a masked model has of them: given what is known, and of whole rows.
import { placeOfShare } from "../../data/shares.ts";
import { failure } from "../../errors.ts";
import { dimensionStates } from "../../flow/masked.ts";
import { fillUniform, random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { createMaskedScoring, type MaskedRows, sampleMasked } from "../masked.ts";
import type { Progress } from "../progress.ts";
import { gathered, type KnownPoints } from "./points.ts";
import type { DrawControls } from "./table-draws.ts";
import type { TableModel } from "./table-model.ts";

/** Which row of a table each of the points to fill belongs to, and in which draw of it, from 0 on. */
export interface FillPlaces {
  readonly rows: Uint32Array;
  readonly draws: Uint32Array;
  /** Candidates of a row, which as many draws of it share: at least 2. */
  readonly candidates: number;
}

/** Judges points that are drawn for some places: 1 for those that may stay. */
export type MeetsTest = (drawn: Float32Array, places: readonly number[]) => Promise<Uint8Array>;

export interface WeighedRows {
  /** Places none of whose candidates may stay; their values are as they were. */
  readonly open: readonly number[];
  /** How many rows were drawn. */
  readonly drawn: number;
  readonly evaluations: number;
}

const { free, given } = dimensionStates;
/** Multiples of this, modulo 1, are spread over [0, 1) as evenly as can be, however many there are. */
const goldenShare = (Math.sqrt(5) - 1) / 2;
/** The geometric mean: neither law is known to be the better one. */
const wholeShare = 0.5;
/** Candidates of a row, as long as there are no more values in them. */
const [mostCandidates, mostValues] = [128, 2 ** 17];
/** Values of all candidates on demand, which are held at once: each takes some 26 bytes. */
const mostAskedValues = 2 ** 27;

/** How many candidates a row has where nothing is said: of rows with gaps that have so many values together. */
export function candidatesFor(values: number): number {
  return Math.max(1, Math.min(mostCandidates, Math.floor(mostValues / Math.max(1, values))));
}

/** Fewer candidates than this leave next to nothing to choose from. */
const fewCandidates = 10;

/** Says how few candidates a row has where nothing is said, of rows with gaps that have so many values together, if they are few. */
export function candidatesNotes(values: number): readonly string[] {
  const candidates = candidatesFor(values);
  if (candidates >= fewCandidates) return [];
  const chosen =
    candidates === 1
      ? "draws are kept as they come, 1 candidate for each row"
      : `draws are chosen from only ${candidates} candidates for each row`;
  return [
    `${chosen}: rows with gaps have ${values} values together, and by default all candidates have at most ${mostValues}; --candidates C (\`candidates\`) draws more for each row, which takes longer`,
  ];
}

/** Throws "option" for more candidates of each row than can be held at once, of rows with gaps that have so many values together. */
export function checkCandidates(candidates: number, values: number): void {
  const most = Math.max(1, Math.floor(mostAskedValues / Math.max(1, values)));
  if (candidates <= most) return;
  throw failure("option", {
    where: "candidates",
    expected: `at most ${most} for rows with gaps that have ${values} values together`,
    received: String(candidates),
    remedy: "candidates of all rows are held at once: fill fewer rows at a time for more",
  });
}

/**
 * Fills `values` [places · d]. Candidates x for the gaps of a row come from the flow given what is known, of density q(x | known); the
 * flow of whole rows has another law of them, proportional to p(known, x), and most rows were trained with it. A candidate
 * is taken with a probability proportional to (p / q)^(1/2), so that draws follow the geometric mean of both laws (sampling importance
 * resampling, D. Rubin 1988). The draws of a row are spread evenly over the weights; one that may not stay gives way to others.
 */
export async function weighedRows(
  engine: Engine,
  model: TableModel,
  points: KnownPoints,
  { places, meets, values }: { readonly places: FillPlaces; readonly meets: MeetsTest; readonly values: Float32Array },
  controls: DrawControls,
): Promise<WeighedRows> {
  const d = model.encoder.dimensions.length;
  const open: number[] = [];
  let [firstRow, evaluations] = [0, 0];
  const pools = poolsOf(places);
  for (const [number, { members, rows }] of pools.entries()) {
    const onProgress = ({ fraction, ...rest }: Progress) =>
      controls.onProgress?.({ ...rest, fraction: (number + fraction) / pools.length });
    const asked = Array.from({ length: rows.length * places.candidates }, (_, n) => rows[n % rows.length]!);
    const known = {
      given: gathered(points.values, new Float32Array(asked.length * d), asked, d),
      state: gathered(points.states, new Uint8Array(asked.length * d), asked, d),
    };
    const drawn = await candidatesOf(engine, model, known, { ...controls, onProgress, firstRow });
    const pool = { drawn: drawn.values, rows: rows.length, weights: weightsOf(drawn.logWeights, rows.length) };
    for (const place of await settled(pool, members, places, { meets, values, seed: controls.seed, d }))
      open.push(place);
    firstRow += asked.length;
    evaluations += drawn.evaluations;
  }
  return { open, drawn: firstRow, evaluations };
}

/** A place to fill and which of the rows of its pool it takes its candidates from. */
interface Member {
  readonly place: number;
  readonly row: number;
}

/** Draws of a row in groups that share candidates: `rows` has one place for each row of the table. */
function poolsOf({ rows, draws, candidates }: FillPlaces): readonly { members: Member[]; rows: number[] }[] {
  const pools: { members: Member[]; rows: number[]; found: Map<number, number> }[] = [];
  rows.forEach((row, place) => {
    const number = Math.floor(draws[place]! / candidates);
    pools[number] ??= { members: [], rows: [], found: new Map() };
    const pool = pools[number];
    const known = pool.found.get(row) ?? pool.rows.push(place) - 1;
    pool.found.set(row, known);
    pool.members.push({ place, row: known });
  });
  return pools;
}

/** Draws given what is known, and the logs of their weights. */
async function candidatesOf(
  engine: Engine,
  model: TableModel,
  known: MaskedRows,
  { integration, onProgress, signal, ...controls }: DrawControls & { readonly firstRow: number },
) {
  const how = { ...(integration && { integration }) };
  const half = (before: number) => ({
    onProgress: ({ fraction }: Progress) => onProgress?.({ stage: "sample", fraction: before + fraction / 2 }),
    ...(signal && { signal }),
  });
  const asked = { ...known, ...how, ...controls, ...half(0), logDensity: true };
  const values = known.given.slice();
  const logWeights = new Float64Array(values.length / model.encoder.dimensions.length);
  let [at, row, evaluations] = [0, 0, 0];
  for await (const chunk of sampleMasked(engine, model.density, asked)) {
    chunk.points.data.forEach((value, k) => {
      if (known.state[at + k] === free) values[at + k] = value;
    });
    for (const value of chunk.logDensity ?? []) logWeights[row++] = -wholeShare * value;
    at += chunk.points.data.length;
    evaluations += chunk.evaluations;
  }
  const scoring = await createMaskedScoring(engine, model.density, how);
  try {
    const state = known.state.map((value) => (value === given ? free : value));
    row = 0;
    for await (const chunk of scoring.score({ given: values, state, ...half(0.5) })) {
      for (const value of chunk.logDensity) logWeights[row++]! += wholeShare * value;
      evaluations += chunk.evaluations;
    }
  } finally {
    await scoring.release();
  }
  return { values, logWeights, evaluations };
}

/** Weights of candidates that stand row after row, again and again: the largest of a row is 1. */
function weightsOf(logWeights: Float64Array, rows: number): Float64Array {
  const largest = new Float64Array(rows).fill(Number.NEGATIVE_INFINITY);
  logWeights.forEach((value, n) => {
    if (Number.isFinite(value) && value > largest[n % rows]!) largest[n % rows] = value;
  });
  return logWeights.map((value, n) => (Number.isFinite(value) ? Math.exp(value - largest[n % rows]!) : 0));
}

/** Candidates [count · rows · d] and their weights. */
interface Pool {
  readonly drawn: Float32Array;
  readonly rows: number;
  readonly weights: Float64Array;
}

interface Filling {
  readonly meets: MeetsTest;
  readonly values: Float32Array;
  readonly seed: number;
  readonly d: number;
}

/** Takes a candidate for each place; where it may not stay, another one. Gives the places where none may. */
async function settled(
  { drawn, rows, weights }: Pool,
  members: readonly Member[],
  { rows: rowOf, draws, candidates }: FillPlaces,
  { meets, values, seed, d }: Filling,
): Promise<readonly number[]> {
  const start = new Float32Array(1 + rowOf.reduce((last, row) => Math.max(last, row), 0));
  fillUniform(split(random(seed), "table", "candidates"), start);
  const left = new Map<number, Float64Array>();
  const open: number[] = [];
  let waiting = members;
  while (waiting.length > 0) {
    const chosen = waiting.flatMap(({ place, row }) => {
      const own = left.get(place) ?? Float64Array.from({ length: candidates }, (_, n) => weights[n * rows + row]!);
      const share = (start[rowOf[place]!]! + draws[place]! * goldenShare) % 1;
      const candidate = own.some((weight) => weight > 0) ? placeOfShare(own, share) : undefined;
      if (candidate === undefined) open.push(place);
      return candidate === undefined ? [] : [{ place, row, own, candidate }];
    });
    const from = chosen.map(({ row, candidate }) => candidate * rows + row);
    const attempt = gathered(drawn, new Float32Array(from.length * d), from, d);
    const met = await meets(
      attempt,
      chosen.map(({ place }) => place),
    );
    waiting = chosen.filter(({ place, own, candidate }, n) => {
      if (met[n] === 1) values.set(attempt.subarray(n * d, (n + 1) * d), place * d);
      else left.set(place, own.with(candidate, 0));
      return met[n] !== 1;
    });
  }
  return open;
}
