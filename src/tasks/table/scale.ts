// scale: a strictly increasing, piecewise straight map of numbers to normal scores, and its exact inverse.
import { lastUpTo } from "../../data/ascending.ts";
import { normalScore } from "../../random.ts";
import { quantile, type Values } from "./profile.ts";

/** Points of the map: `at` and `scores` ascend strictly; the outer pieces go on beyond them. */
export interface Knots {
  readonly at: readonly number[];
  readonly scores: readonly number[];
}

export interface Scale {
  forward(value: number): number;
  inverse(score: number): number;
  /** The piece of the map that a score is on, counted from 0; the outer ones go on. */
  pieceAt(score: number): number;
  /** log of the derivative of `forward`. */
  logSlope(value: number): number;
}

/** The map through at least two knots. */
export function scaleThrough({ at, scores }: Knots): Scale {
  const piece = (items: readonly number[], item: number) => lastUpTo(items, item, 0, items.length - 1);
  const between = (from: readonly number[], to: readonly number[], item: number): number => {
    const n = piece(from, item);
    const share = (item - from[n]!) / (from[n + 1]! - from[n]!);
    return share <= 0.5 ? to[n]! + share * (to[n + 1]! - to[n]!) : to[n + 1]! - (1 - share) * (to[n + 1]! - to[n]!);
  };
  return {
    forward: (value) => between(at, scores, value),
    inverse: (score) => between(scores, at, score),
    pieceAt: (score) => piece(scores, score),
    logSlope(value) {
      const n = piece(at, value);
      return Math.log((scores[n + 1]! - scores[n]!) / (at[n + 1]! - at[n]!));
    },
  };
}

/** A piece of the map holds at least this share of the rows, and this many of them, … */
const leastShare = 1 / 500;
const leastRows = 100;
/** … or spans this much of N(0, 1), as towards the ends, where few rows are. */
const widestPiece = 0.25;

/**
 * Knots that give N(0, 1) to the values: halfway between neighbours, at the score of the share below, and at both outer
 * values, each at the score of the middle of its own share. With `all` at every such place, else as many as the rows
 * support; a value that many rows share keeps a piece of its own.
 */
export function quantileKnots(found: Values, all: boolean): Knots {
  const { values, counts } = found;
  if (values.length < 2) return aroundOne(values[0] ?? 0);
  const rows = counts.reduce((total, each) => total + each, 0);
  const least = Math.max(leastShare * rows, leastRows);
  const at = [values[0]!];
  const scores = [normalScore(counts[0]! / (2 * rows) - 0.5)];
  let below = 0;
  let keptBelow = 0;
  const keep = (place: number, score: number): void => {
    if (!(place > at.at(-1)! && score > scores.at(-1)!)) return;
    at.push(place);
    scores.push(score);
    keptBelow = below;
  };
  for (let n = 0; n < values.length - 1; n++) {
    below += counts[n]!;
    const score = normalScore(below / rows - 0.5);
    const isCommon = counts[n]! >= least || counts[n + 1]! >= least;
    const isDue = below - keptBelow >= least || score - scores.at(-1)! >= widestPiece;
    if (all || isCommon || isDue) keep(values[n]! / 2 + values[n + 1]! / 2, score);
  }
  const last = normalScore(0.5 - counts.at(-1)! / (2 * rows));
  while (at.length > 1 && !(values.at(-1)! > at.at(-1)! && last > scores.at(-1)!)) {
    at.pop();
    scores.pop();
  }
  keep(values.at(-1)!, last);
  return { at, scores };
}

/** Knots of a straight map that gives the quartiles of N(0, 1) to those of the values, or to the outer values. */
export function robustKnots(found: Values): Knots {
  const { values } = found;
  const score = normalScore(0.25);
  const [low, high] = [quantile(found, 0.25), quantile(found, 0.75)];
  if (high > low) return { at: [low, high], scores: [-score, score] };
  const [first, last] = [values[0] ?? 0, values.at(-1) ?? 0];
  return last > first ? { at: [first, last], scores: [-2, 2] } : aroundOne(first);
}

/** Knots of a straight map around one value. */
export function aroundOne(value: number): Knots {
  const reach = Math.max(1, Math.abs(value) / 2);
  return { at: [value - reach, value + reach], scores: [-1, 1] };
}
