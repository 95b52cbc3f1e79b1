// smooth-knots: the map of numbers to scores for few rows: quantiles no finer than the rows tell them.
import { countBelow } from "../../data/ascending.ts";
import { runningShares } from "../../data/shares.ts";
import { normalScore } from "../../random.ts";
import type { Values } from "./profile.ts";
import { aroundOne, type Knots, scaleThrough } from "./scale.ts";
import { type Neighbourhoods, neighbourhoods } from "./smooth-columns.ts";

/** Each value is smoothed over the spread of so large a share of the rows around it, … */
const aroundShare = 0.5;
/** … and over this much of the spread of all at least, where rows share values. */
const leastWidth = 0.2;
/** The map has so many pieces of even width, and as many with even shares of the rows. */
const pieces = 64;
/** Knots are at least so far apart, of the range of the values and in score before it is scaled. */
const [leastRun, leastRise] = [1e-9, 1e-4];

/**
 * Knots at the normal scores of a smooth distribution function of the values: the mean of logistic ones around each value, as wide as a
 * normal law with the quartiles of the half of the rows around it. The scores of the values have variance 1. Where quantiles
 * leap from one cluster of values to the next, this map goes the whole way: a point that is a little off stays with its cluster.
 */
export function smoothKnots(found: Values): Knots {
  const { values, counts } = found;
  if (values.length < 2) return aroundOne(values[0] ?? 0);
  // Values of any size are squared and subtracted as parts of the largest.
  const unit = Math.max(Math.abs(values[0]!), Math.abs(values.at(-1)!));
  const parts = values.map((value) => value / unit);
  const near = neighbourhoods({ values: parts, counts });
  const { own } = near;
  const widths = widthsOf(parts, near);
  const score = (place: number): number => {
    let below = 0;
    for (let n = 0; n < parts.length; n++) below += own[n]! * logisticShare((place / unit - parts[n]!) / widths[n]!);
    return normalScore(below - 0.5);
  };
  const knots = risingKnots(placesOf(values, runningShares(counts)), score);
  const { mean, deviation } = momentsOf(values.map(scaleThrough(knots).forward), own);
  return { at: knots.at, scores: knots.scores.map((each) => (each - mean) / deviation) };
}

/** The share of a logistic law of variance 1 below x. */
function logisticShare(x: number): number {
  return 0.5 + 0.5 * Math.tanh((x * Math.PI) / (2 * Math.sqrt(3)));
}

/** How wide each value is smoothed: as a normal law with the quartiles of the rows around it. */
function widthsOf(values: Float64Array, { own, at, around }: Neighbourhoods): Float64Array {
  const { deviation } = momentsOf(values, own);
  const tenths = (at(0.9) - at(0.1)) / (2 * normalScore(0.4));
  const least = leastWidth * (tenths > 0 ? Math.min(deviation, tenths) : deviation);
  return values.map((_, n) => Math.max(around(n, aroundShare) / (2 * normalScore(aroundShare / 2)), least));
}

/** Ascending places for knots, the outer values among them. */
function placesOf(values: Float64Array, shares: Float64Array): readonly number[] {
  const [first, last] = [values[0]!, values.at(-1)!];
  const even = Array.from({ length: pieces - 1 }, (_, n) => first * (1 - (n + 1) / pieces) + last * ((n + 1) / pieces));
  const byShare = Array.from({ length: pieces - 1 }, (_, n) => values[countBelow(shares, (n + 1) / pieces)] ?? last);
  const inner = [...even, ...byShare].filter((place) => place > first && place < last);
  return [first, ...inner.sort((a, b) => a - b), last];
}

/** Knots at those of the places that ascend, their scores too; at the outer ones in any case. */
function risingKnots(places: readonly number[], scoreOf: (place: number) => number): Knots {
  const [first, last] = [places[0]!, places.at(-1)!];
  const run = leastRun * last - leastRun * first;
  const [at, scores] = [[first], [scoreOf(first)]];
  const end = scoreOf(last);
  for (const place of places) {
    const score = scoreOf(place);
    if (place <= at.at(-1)! + run || score <= scores.at(-1)! + leastRise) continue;
    if (place >= last - run || score >= end - leastRise) break;
    at.push(place);
    scores.push(score);
  }
  return { at: [...at, last], scores: [...scores, end] };
}

function momentsOf(values: Float64Array, shares: Float64Array) {
  const mean = values.reduce((sum, value, n) => sum + shares[n]! * value, 0);
  const variance = values.reduce((sum, value, n) => sum + shares[n]! * (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(variance) };
}
