// piles: values that so many rows share that they are classes of their own among the numbers or dates of a column.
import { countBelow } from "../../data/ascending.ts";
import { normalBelow } from "../../measure/tails.ts";
import { normalScore } from "../../random.ts";
import { clamped } from "./cell-margins.ts";
import { kept, type Values } from "./profile.ts";
import { type Knots, scaleThrough } from "./scale.ts";
import { mostApart } from "./schema.ts";
import { neighbourhoods } from "./smooth-columns.ts";

/** A value that is a class of its own has at least so many rows, … */
const leastRows = 10;
/** … and so large a share of few rows, or, of more, so many of them and so large a share; … */
const [shareOfFew, rowsOfMore, shareOfMore] = [0.05, 100, 1 / 500];
/** … so many times as many as the rows around it lead to expect of a step of the grid. */
const beyondExpected = 10;
/** The rows around it are the first of these shares of the others that is not one value. */
const sharesAround = [0.5, 0.75, 0.9, 1];

/** A value of too few rows to be a class of its own is told where it has so large a share, and ten rows as well. */
const shareTold = 0.02;

/** The values at which rows pile up, beside what a grid of `step`, if there is one, brings about; they ascend. */
export function pilesIn(found: Values, step?: number): readonly number[] {
  return pilesFrom(leastOf(found), found, step);
}

/** Values that would be among `pilesIn` if they had more rows; they ascend. */
export function smallPilesIn(found: Values, step?: number): readonly number[] {
  const [told, least] = [Math.max(leastRows, shareTold * rowsIn(found.counts)), leastOf(found)];
  const isSmall = (value: number) => found.counts[found.values.indexOf(value)]! < least;
  return told < least ? pilesFrom(told, found, step).filter(isSmall) : [];
}

/** The least rows of a value that is a class of its own. */
function leastOf({ counts }: Values): number {
  const rows = rowsIn(counts);
  return Math.max(leastRows, Math.min(shareOfFew * rows, Math.max(rowsOfMore, shareOfMore * rows)));
}

/** Of the values that so many rows have those at which they pile up. */
function pilesFrom(least: number, found: Values, step = 0): readonly number[] {
  const { values, counts } = found;
  const rows = rowsIn(counts);
  const isPile = (n: number): boolean => {
    const others = kept(found, (place) => place !== n);
    const { around } = neighbourhoods(others);
    const nearest = Math.min(countBelow(others.values, values[n]!), others.values.length - 1);
    const share = sharesAround.find((each) => around(nearest, each) > 0);
    if (share === undefined) return false;
    const width = around(nearest, share) + 2 * distanceTo(others.values, values[n]!);
    return counts[n]! * width > beyondExpected * share * step * rows;
  };
  const common = Array.from(values.keys()).filter((n) => counts[n]! >= least);
  return common.length > mostApart ? [] : common.filter(isPile).map((n) => values[n]!);
}

/** A piece of a map, from knot `piece` to the next, that is the cell of one value. */
export interface Pile {
  readonly piece: number;
  readonly value: number;
}

/** The cells of the piles of a map: the probabilities, under N(0, 1), between which they lie. */
export function pileCells({
  scores,
  piles = [],
}: Pick<Knots, "scores"> & { readonly piles?: readonly Pile[] }): readonly {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}[] {
  return piles.map(({ piece, value }) => ({
    value,
    low: normalBelow(scores[piece]!),
    high: normalBelow(scores[piece + 1]!),
  }));
}

/** Of the range of the values: how far the cell of a pile reaches on either side where there is no grid. */
const reachWithoutGrid = 1e-9;
/** So much of the others' probability is spread evenly over the range, so that the map rises everywhere, … */
const evenShare = 1e-4;
/** … by this much from one knot to the next at least, and so much is left at the ends. */
const [leastRise, leastEnd] = [1e-12, 1e-8];

/**
 * The map `knots` of the values `others`, with a cell for each of `piles`, as probable as its rows are among all: what is below it among
 * the others stays below.
 */
export function withPiles(
  knots: Knots,
  others: Values,
  piles: Values,
  step: number | undefined,
): Knots & { readonly piles: readonly Pile[] } {
  const cells = cellsOf(piles.values, others.values, step);
  // Both edges of a cell stand for its value: what others have up to there is below it, however wide it is.
  const valueAt = new Map(cells.flatMap(([low, high], n) => [low, high].map((edge) => [edge, piles.values[n]!])));
  const isInside = (place: number) => cells.some(([low, high]) => low <= place && place <= high);
  const places = [...valueAt.keys(), ...knots.at.filter((place) => !isInside(place))].sort((a, b) => a - b);
  const [first, last] = [places[0]!, places.at(-1)!];
  const scale = scaleThrough(knots);
  const otherRows = rowsIn(others.counts);
  const rows = otherRows + rowsIn(piles.counts);
  const shareBelow = (place: number): number => {
    const even = place / (last - first) - first / (last - first);
    const score = clamped(scale.forward(valueAt.get(place) ?? place));
    const ofOthers = (1 - evenShare) * normalBelow(score) + evenShare * even;
    const inPiles = rowsIn(piles.counts.filter((_, n) => piles.values[n]! < place));
    return (inPiles + otherRows * ofOthers) / rows;
  };
  const [at, scores]: [number[], number[]] = [[], []];
  let below = 0;
  for (const place of places) {
    const share = leastEnd + (1 - 2 * leastEnd) * shareBelow(place);
    if (share <= below + leastRise && !valueAt.has(place)) continue;
    below = Math.max(share, below + leastRise);
    at.push(place);
    scores.push(normalScore(below - 0.5));
  }
  return { at, scores, piles: cells.map(([low], n) => ({ piece: at.indexOf(low), value: piles.values[n]! })) };
}

/** From where to where each pile's cell reaches: half a step of the grid or, without one, hardly beyond the value; cells that touch share an edge. */
function cellsOf(
  piles: Float64Array,
  others: Float64Array,
  step: number | undefined,
): readonly (readonly [number, number])[] {
  const range = Math.max(others.at(-1)!, piles.at(-1)!) - Math.min(others[0]!, piles[0]!);
  const reachOf = (value: number): number => {
    if (step !== undefined) return step / 2;
    return Math.max(
      Math.min(reachWithoutGrid * range, distanceTo(others, value) / 4),
      Number.EPSILON * Math.abs(value),
      Number.MIN_VALUE,
    );
  };
  const edgeBetween = (value: number, next: number): number | undefined =>
    next - value <= 1.001 * (reachOf(value) + reachOf(next)) ? value / 2 + next / 2 : undefined;
  return Array.from(piles, (value, n) => {
    const [before, after] = [piles[n - 1], piles[n + 1]];
    const low = before === undefined ? undefined : edgeBetween(before, value);
    const high = after === undefined ? undefined : edgeBetween(value, after);
    return [low ?? value - reachOf(value), high ?? value + reachOf(value)];
  });
}

/** From a value to the nearest of others, which ascend. */
function distanceTo(others: Float64Array, value: number): number {
  const next = countBelow(others, value);
  return Math.min(
    value - (others[next - 1] ?? Number.NEGATIVE_INFINITY),
    (others[next] ?? Number.POSITIVE_INFINITY) - value,
  );
}

function rowsIn(counts: Float64Array): number {
  return counts.reduce((total, count) => total + count, 0);
}
