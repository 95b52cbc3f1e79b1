// rare-conditions: importance resampling for ranges that few rows meet: the cells of the condition first, the rest given them.
import { firstAbove } from "../../data/ascending.ts";
import { failure } from "../../errors.ts";
import { dimensionStates, withoutGivenNoise } from "../../flow/masked.ts";
import { fillNormal, fillUniform, type Random, random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { turns } from "../../runtime/pause.ts";
import { scoreMasked } from "../masked.ts";
import type { CellTest } from "./comparisons.ts";
import type { BoundCondition } from "./conditions.ts";
import { encoderFrom } from "./encoder.ts";
import { type ColumnSpan, type KnownPoints, presences, spansOf } from "./points.ts";
import type { TableModel } from "./table-model.ts";

export interface RareRequest {
  readonly condition: BoundCondition;
  readonly rows: number;
  readonly seed: number;
  /** Points whose given cells are set. */
  readonly known: (count: number) => KnownPoints;
  readonly signal?: AbortSignal;
}

export interface RareDraws {
  /** Points in which the condition's cells are given, drawn in proportion to the model's density of them. */
  resampled(count: number, first: number): KnownPoints;
  /** Share of the rows with the given cells that meet the tests, as the model sees it. */
  readonly probability: number;
  /** (sum of weights)^2 / sum of squared weights. */
  readonly effective: number;
  readonly draws: number;
  readonly evaluations: number;
}

const { free, given, absent } = dimensionStates;
/** Candidates for each row wanted, and how many there are at least and at most. */
const [perRow, fewest, most] = [4, 4096, 65_536];
/** Scores that are drawn, without the model, to find those of one column that pass. */
const mostTries = 4_000_000;
const tries = 65_536;
/** Fewer effective candidates than this say nothing of what the condition leaves. */
const leastEffective = 8;

/**
 * Every dimension is N(0, 1) by itself, so the cells of a column that pass a test are drawn from N(0, 1) with the others thrown
 * away, at no cost; the weight of a candidate is the model's density of the condition's cells, given the equalities, over N.
 */
export async function importanceDraws(
  engine: Engine,
  model: TableModel,
  { condition, rows, seed, known, signal }: RareRequest,
): Promise<RareDraws> {
  const count = Math.min(Math.max(perRow * rows, fewest), most);
  const d = model.encoder.dimensions.length;
  const key = split(random(seed), "table", "rare");
  const { values, states } = known(count);
  const scored = states.map((state) => (state === free ? absent : state));
  const turn = turns(signal, "sampling");
  let share = 1;
  let logNormal = new Float64Array(count);
  const spans = spansOf(model.encoder);
  for (const span of spans) {
    const test = condition.tests.get(span.column.name);
    if (test === undefined) continue;
    const passing = await passingScores(model, span, { test, key: split(key, span.column.name), count, turn });
    share *= passing.share;
    const width = span.end - span.start;
    for (let row = 0; row < count; row++) {
      const at = row * d + span.start;
      values.set(passing.scores.subarray(row * width, (row + 1) * width), at);
      scored.fill(free, at, at + width);
      states.fill(given, at, at + width);
    }
    logNormal = logNormal.map((total, row) => total + logNormalOf(passing.scores, row * width, (row + 1) * width));
    await turn();
  }
  withoutGivenNoise({ values, states }, presences(spans), d);
  const request = { given: values, state: scored, ...(signal && { signal }) };
  const logDensity: number[] = [];
  let evaluations = 0;
  for await (const chunk of scoreMasked(engine, model.density, request)) {
    logDensity.push(...chunk.logDensity);
    evaluations += chunk.evaluations;
  }
  const weights = Float64Array.from(logDensity, (value, row) => Math.exp(value - (logNormal[row] ?? 0)));
  const total = weights.reduce((a, b) => a + b, 0);
  const effective = total ** 2 / weights.reduce((sum, weight) => sum + weight ** 2, 0);
  if (!(effective >= leastEffective))
    throw failure("numeric", {
      where: "where",
      expected: "a condition that the model has an idea of",
      received: `one that it gives a probability of about ${((share * total) / count).toExponential(1)}`,
      remedy: "ask for a condition that more rows meet",
    });
  return {
    resampled: (wanted, first) => chosen({ values, states }, weights, d, wanted, split(key, "resample", first)),
    probability: Math.min(1, (share * total) / count),
    effective,
    draws: count,
    evaluations,
  };
}

interface Passing {
  readonly test: CellTest;
  readonly key: Random;
  readonly count: number;
  readonly turn: () => Promise<void>;
}

/** Scores [count · width] of cells of one column that pass, drawn from N(0, 1), and the share of all that does. */
async function passingScores({ encoder }: TableModel, span: ColumnSpan, { test, key, count, turn }: Passing) {
  const { schema, codes, version } = encoder.toJSON();
  const place = schema.columns.findIndex(({ name }) => name === span.column.name);
  const one = encoderFrom(
    { version, schema: { columns: schema.columns.slice(place, place + 1) }, codes: codes.slice(place, place + 1) },
    "encoder",
  );
  const width = span.end - span.start;
  const scores = new Float32Array(count * width);
  const noise = new Float32Array(tries * width);
  let [kept, tried] = [0, 0];
  while (kept < count && tried < mostTries) {
    fillNormal(key, noise, { offset: tried * width });
    const [column] = one.decode(noise, tries).columns;
    for (let row = 0; row < tries; row++) {
      const code = column?.codes[row] ?? -1;
      if (!test(code < 0 ? undefined : column?.texts.at(code))) continue;
      if (kept < count) scores.set(noise.subarray(row * width, (row + 1) * width), kept * width);
      kept++;
    }
    tried += tries;
    await turn();
  }
  if (kept < Math.min(count, leastEffective))
    throw failure("numeric", {
      where: `where, column "${span.column.name}"`,
      expected: "values that the column takes now and then",
      received: `${kept} among ${tried} draws of the column`,
      remedy: "ask for a condition that more rows meet",
    });
  for (let row = kept; row < count; row++) {
    const from = (row % kept) * width;
    scores.copyWithin(row * width, from, from + width);
  }
  return { scores, share: kept / tried };
}

function logNormalOf(scores: Float32Array, from: number, to: number): number {
  let total = 0;
  for (let k = from; k < to; k++) total -= 0.5 * (Math.log(2 * Math.PI) + (scores[k] ?? 0) ** 2);
  return total;
}

/** Points drawn with replacement in proportion to their weights. */
function chosen(points: KnownPoints, weights: Float64Array, d: number, wanted: number, key: Random): KnownPoints {
  const sums = new Float64Array(weights.length);
  let total = 0;
  weights.forEach((weight, row) => {
    total += weight;
    sums[row] = total;
  });
  const shares = new Float32Array(wanted);
  fillUniform(key, shares);
  const [values, states] = [new Float32Array(wanted * d), new Uint8Array(wanted * d)];
  shares.forEach((share, n) => {
    const row = firstAbove(sums, share * total);
    values.set(points.values.subarray(row * d, (row + 1) * d), n * d);
    states.set(points.states.subarray(row * d, (row + 1) * d), n * d);
  });
  return { values, states };
}

/** Below this share of the rows, or with fewer independent rows than this share of them, a condition is beyond what was learnt. */
const [knownShare, independentShare] = [1e-6, 0.1];

/** A sentence where rows under a rare condition say little: the share of rows that meet it, and what the rows found are worth. */
export function extrapolationNotes(
  { acceptance, effectiveRows }: { readonly acceptance: number; readonly effectiveRows: number },
  rows: number,
): readonly string[] {
  const reasons = [
    ...(acceptance < knownShare ? [`it gives the condition a share of about ${acceptance.toExponential(1)}`] : []),
    ...(effectiveRows < independentShare * rows
      ? [`the ${rows} rows are worth about ${Math.round(effectiveRows)} independent ones`]
      : []),
  ];
  return reasons.length === 0 ? [] : [`the model extrapolates here: ${reasons.join("; ")}`];
}
