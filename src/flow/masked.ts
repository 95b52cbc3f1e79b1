// masked: one flow for every conditional and every marginal. In each row a dimension is free (modelled), given (known and
// conditioned on) or absent (neither); the network reads which, and moves the free dimensions alone.
import { failure, invariant } from "../errors.ts";
import { fillUniform, type Random } from "../random.ts";
import { multiply } from "../tensor/arithmetic.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import { slice } from "../tensor/layout.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";
import type { VelocityField } from "./matching.ts";

/** What a dimension of a row is, as it stands in an array of states [rows · d]. */
export const dimensionStates = { free: 0, given: 1, absent: 2 } as const;
const { free, given, absent } = dimensionStates;

/** Dimensions start … end - 1, which are given, free or dropped together: those of one column of a table. */
export interface DimensionGroup {
  readonly start: number;
  readonly end: number;
}

/**
 * Dimensions that hold a value where the one at `at` lies from `low` to `high`; elsewhere the value is missing, and they hold noise. There
 * may be none, where nothing but presence itself is known.
 */
export interface Presence extends DimensionGroup {
  readonly at: number;
  readonly low: number;
  readonly high: number;
}

/**
 * How rows teach what is missing and values. In a share `unsaid` of them what says so is absent, and so are missing values: the law of
 * values alone. Else noise in the place of a missing value is modelled beside what says so, where that is free, and is absent elsewhere:
 * so which values are missing, which tells small tables' rows apart, is not learnt by heart with them.
 */
export interface PresenceLaw {
  readonly of: readonly Presence[];
  readonly unsaid: number;
  /**
   * Rows are drawn and scored in two parts (`chainOf`), which other rows teach. In a share `first` values are absent unless they are
   * given: the law of what is missing. In a share `told` missing values are absent and said to be missing: the law of values given that.
   * Where a value is free or given nothing says that it is there. Models of before have no parts.
   */
  readonly parts?: { readonly first: number; readonly told: number };
}

/** The law of the states that a row is trained with. Dimensions outside the groups are never given and never dropped. */
export interface MaskLaw {
  readonly groups: readonly DimensionGroup[];
  /** Probability that nothing is given; else every group is, with a probability that is uniform on [0, 1] from row to row. */
  readonly unconditional: number;
  /** Probability that groups are absent although they are known, which teaches marginals; how many, likewise. */
  readonly dropped: number;
  /** Dimensions that are given, and nothing else, with a probability of `share`, beside that of nothing given. */
  readonly alone?: DimensionGroup & { readonly share: number };
  /** What says which values are missing, and how rows teach it. */
  readonly presence?: PresenceLaw;
}

/** Columns of the context of points of d dimensions: given values, which are given, which are free; zeros elsewhere. */
export function contextWidth(d: number): number {
  return 3 * d;
}

/** The context [1, 3 d] of a row in which everything is free. */
export function freeContext(d: number): Tensor {
  return constant(
    floats(
      Array.from({ length: contextWidth(d) }, (_, k) => Number(k >= 2 * d)),
      [1, contextWidth(d)],
    ),
  );
}

/** The part of a context that says what is free, [rows, d]. */
export function freeMask(context: Tensor): Tensor {
  const width = Number(context.shape[1]);
  return slice(context, 1, (2 * width) / 3, width);
}

/** The field where it is free, zero elsewhere: points [rows, d]. */
export function onFree(field: VelocityField, context: Tensor): VelocityField {
  const mask = freeMask(context);
  return (x, t) => multiply(mask, field(x, t));
}

/** Throws code `option` unless the groups are ranges of d dimensions that do not overlap, and the shares are shares. */
export function checkMaskLaw({ groups, unconditional, dropped, alone, presence }: MaskLaw, d: number): void {
  const sorted = [...groups].sort((a, b) => a.start - b.start);
  const bad = sorted.find(
    ({ start, end }, n) => !(Number.isInteger(start) && start >= (sorted[n - 1]?.end ?? 0) && end > start && end <= d),
  );
  if (bad || !sorted.every(({ end }) => Number.isInteger(end)))
    throw failure("option", {
      where: "masks, groups",
      expected: `ranges of the ${d} dimensions that do not overlap`,
      received: JSON.stringify(bad ?? groups),
    });
  if (alone && !(Number.isInteger(alone.start) && alone.start >= 0 && alone.end > alone.start && alone.end <= d))
    throw failure("option", {
      where: "masks, alone",
      expected: `a range of the ${d} dimensions`,
      received: JSON.stringify(alone),
    });
  const strange = presence?.of.find(
    ({ at, start, end }) =>
      ![at, start, end].every(Number.isInteger) || !(at >= 0 && at < d && start >= 0 && start <= end && end <= d),
  );
  if (strange)
    throw failure("option", {
      where: "masks, presence",
      expected: `dimensions among the ${d}`,
      received: JSON.stringify(strange),
    });
  const shares = {
    unconditional,
    dropped,
    ...(presence && { "presence unsaid": presence.unsaid }),
    ...(presence?.parts && {
      "presence first": presence.parts.first,
      "presence told": presence.parts.told,
      "presence of all lessons": presence.unsaid + presence.parts.first + presence.parts.told,
    }),
    ...(alone && { "unconditional and alone": unconditional + alone.share }),
  };
  for (const [name, share] of Object.entries(shares))
    if (!(share >= 0 && share <= 1))
      throw failure("option", { where: `masks, ${name}`, expected: "a share of 0 to 1", received: String(share) });
}

/**
 * Uniform numbers that a row takes: whether to drop, with which chance, whom to spare; the same for giving; then both for each
 * group. They are drawn for so many rows at a time.
 */
const [drawsPerRow, drawsPerGroup, rowsAtOnce] = [6, 2, 4096];

/** What is known of rows beforehand, as arrays like their states. */
export interface RowsToMask {
  /** Not 0 where there is no value. */
  readonly gaps?: Uint8Array | undefined;
  /** The points; of a law with `presence` they are needed. */
  readonly values?: Float32Array;
}

/**
 * Draws states [rows · d] by the law; what `gaps` marks is absent. A row in which something is known keeps something free, unless all
 * that is left of it is missing.
 */
export function drawStates(
  law: MaskLaw,
  random: Random,
  d: number,
  rows: number,
  { gaps, values }: RowsToMask = {},
): Uint8Array {
  const { groups, alone, presence } = law;
  const states = new Uint8Array(rows * d);
  if (gaps) for (let k = 0; k < states.length; k++) if (gaps[k] !== 0) states[k] = absent;
  const outside = Array.from({ length: d }, (_, k) => k).filter((k) => !groups.some((g) => k >= g.start && k < g.end));
  const width = drawsPerRow + drawsPerGroup * groups.length + Number(presence !== undefined);
  const draws = new Float32Array(Math.min(rows, rowsAtOnce) * width);
  for (let row = 0; row < rows; row++) {
    const [base, from] = [(row % rowsAtOnce) * width, row * d];
    if (base === 0) fillUniform(random, draws.subarray(0, (rows - row) * width), { offset: row * width });
    const missing =
      presence?.of.filter((each) => states[from + each.at] !== absent && isMissing(each, values, from)) ?? [];
    const lesson = presence ? (draws[base + width - 1] ?? 0) : 0;
    if (presence && lesson < presence.unsaid) leaveUnsaid(states, from, presence.of, missing);
    const mustSpare = !outside.some((k) => states[from + k] === free);
    const change = (state: number, offset: number) => {
      const [chance, spared] = [draws[base + 3 * offset + 1] ?? 0, draws[base + 3 * offset + 2] ?? 0];
      const candidates: number[] = [];
      const chosen: number[] = [];
      for (let n = 0; n < groups.length; n++) {
        if (!hasFree(states, from, groups[n])) continue;
        candidates.push(n);
        if ((draws[base + drawsPerRow + drawsPerGroup * n + offset] ?? 0) < chance) chosen.push(n);
      }
      if (mustSpare && chosen.length === candidates.length) chosen.splice(Math.floor(spared * chosen.length), 1);
      for (const n of chosen) setFree(states, from, groups[n], state);
    };
    if ((draws[base] ?? 0) < law.dropped) change(absent, 0);
    const chance = draws[base + 3] ?? 0;
    if (alone && chance >= 1 - alone.share) {
      if (hasFreeBeside(states.subarray(from, from + d), alone)) setFree(states, from, alone, given);
    } else if (chance >= law.unconditional) change(given, 1);
    if (presence) teachPresence(states.subarray(from, from + d), presence, missing, lesson - presence.unsaid);
  }
  return states;
}

/** What a row teaches: `lesson` is a uniform number less the share of rows that are unsaid, below 0 in those. */
function teachPresence(
  row: Uint8Array,
  { of, parts = { first: 0, told: 0 } }: PresenceLaw,
  missing: readonly Presence[],
  lesson: number,
): void {
  const { first, told } = parts;
  const isFirst = lesson >= 0 && lesson < first && of.some(({ at }) => row[at] === free);
  if (isFirst) keepPresence(row, of);
  if (isFirst || lesson < 0 || lesson >= first + told) for (const each of missing) leaveMissing(row, each);
  else {
    for (const { start, end } of missing) row.fill(absent, start, end);
    for (const each of of) sayPresence(row, each);
  }
}

/** Leaves nothing free but what says what is missing. */
function keepPresence(row: Uint8Array, all: readonly Presence[]): void {
  const kept = all.filter(({ at }) => row[at] === free);
  row.forEach((state, k) => {
    if (state === free) row[k] = absent;
  });
  for (const { at } of kept) row[at] = free;
}

/** Says that a value is missing, where it is; where one is free or given, that says enough. */
function sayPresence(row: Uint8Array, { at, start, end }: Presence): void {
  if (start < end && row[start] !== absent) row[at] = absent;
  else if (row[at] === free) row[at] = given;
}

function isMissing({ at, low, high }: Presence, values: Float32Array | undefined, from: number): boolean {
  const said = values?.[from + at];
  invariant(said !== undefined, "rows of a law with presence have values");
  return !(said >= low && said <= high);
}

/** Leaves out what says which values are missing, and these; also where nothing is left, so that such rows do not count more than others. */
function leaveUnsaid(states: Uint8Array, from: number, all: readonly Presence[], missing: readonly Presence[]): void {
  for (const { at } of all) states[from + at] = absent;
  for (const { start, end } of missing) states.fill(absent, from + start, from + end);
}

/**
 * Noise in the place of a missing value stays free beside what says that it is missing, if that is free. Else, or where the value would
 * have been given, it is absent and what says so is given: rows are then chosen for what is given alone, which leaves the law of the
 * others as it is.
 */
function leaveMissing(row: Uint8Array, { at, start, end }: Presence): void {
  const state = row[start];
  if (start === end || state === absent || (state === free && row[at] === free)) return;
  row.fill(absent, start, end);
  row[at] = given;
}

/** Sets to absent, in place, what is given of missing values in rows whose presence is given: noise says nothing. */
export function withoutGivenNoise(
  { values, states }: { readonly values: Float32Array; readonly states: Uint8Array },
  presence: readonly Presence[],
  d: number,
): void {
  for (let from = 0; from < states.length; from += d)
    for (const each of presence)
      if (states[from + each.at] === given && isMissing(each, values, from))
        states.fill(absent, from + each.start, from + each.end);
}

/**
 * The states of rows in two: those in which nothing is free but what says what is missing, and those of the values given that, in which
 * missing ones are absent.
 */
export function statesInParts(
  { values, states }: { readonly values: Float32Array; readonly states: Uint8Array },
  presence: readonly Presence[],
  d: number,
): readonly [Uint8Array, Uint8Array] {
  const [first, then] = [states.slice(), states.slice()];
  for (let from = 0; from < states.length; from += d) {
    keepPresence(first.subarray(from, from + d), presence);
    const row = then.subarray(from, from + d);
    for (const each of presence) {
      if (row[each.at] !== absent && isMissing(each, values, from)) row.fill(absent, each.start, each.end);
      sayPresence(row, each);
    }
  }
  return [first, then];
}

function hasFree(states: Uint8Array, from: number, { start, end }: DimensionGroup = nothing): boolean {
  for (let k = start; k < end; k++) if (states[from + k] === free) return true;
  return false;
}

function hasFreeBeside(row: Uint8Array, { start, end }: DimensionGroup): boolean {
  return row.some((state, k) => state === free && (k < start || k >= end));
}

/** Changes what is free in a group. */
function setFree(states: Uint8Array, from: number, { start, end }: DimensionGroup = nothing, state: number): void {
  for (let k = start; k < end; k++) if (states[from + k] === free) states[from + k] = state;
}

const nothing: DimensionGroup = { start: 0, end: 0 };

/** Fills `out` [rows · 3 d] with the contexts of rows whose given values stand in `values` [rows · d]. */
export function fillContexts(values: Float32Array, states: Uint8Array, d: number, out: Float32Array): void {
  out.fill(0);
  for (let k = 0; k < states.length; k++) {
    const at = Math.floor(k / d) * contextWidth(d) + (k % d);
    if (states[k] === given) {
      out[at] = values[k] ?? 0;
      out[at + d] = 1;
    } else if (states[k] === free) out[at + 2 * d] = 1;
  }
}

/** The contexts of rows as an array [rows, 3 d]. */
export function contextsOf(values: Float32Array, states: Uint8Array, d: number): FloatArray {
  const rows = states.length / d;
  const out = new Float32Array(rows * contextWidth(d));
  fillContexts(values, states, d, out);
  return floats(out, [rows, contextWidth(d)]);
}

/** Sets to 0, in place, every value [rows · d] that is not free. */
export function keepFree(values: Float32Array, states: Uint8Array): void {
  for (let k = 0; k < values.length; k++) if (states[k] !== free) values[k] = 0;
}

/** log N of the free values of each row, in nats; 0 for a row without any. */
export function freeNormalLogDensity(points: Float32Array, states: Uint8Array, d: number): Float64Array {
  const total = new Float64Array(states.length / d);
  for (let k = 0; k < states.length; k++) {
    const row = Math.floor(k / d);
    if (states[k] === free) total[row] = (total[row] ?? 0) - 0.5 * (Math.log(2 * Math.PI) + (points[k] ?? 0) ** 2);
  }
  return total;
}
