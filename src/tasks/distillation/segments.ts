// segments: how the way from noise to data is cut into as many pieces as a student has evaluations.
import { failure } from "../../errors.ts";

/**
 * A piece of the way, in blocks from the data side: block n (from 0) at its own time t is the place n + t, so that noise is at
 * N and data at 0.
 */
export interface Segment {
  readonly from: number;
  readonly to: number;
}

/** Places closer than this are one. */
export const nearly = 1e-9;

/** Whether a piece lies in another one. */
export function isWithin(piece: Segment, { from, to }: Segment): boolean {
  return piece.from < from + nearly && piece.to > to - nearly;
}

/**
 * The pieces from noise to data. K = m N evaluations for N blocks: m even pieces of every block; any other K > N: every block
 * whole, then one cut more for the block whose pieces are longest, until K are there; K < N: neighbouring blocks together, so
 * that the longest group is as short as can be. Lengths are those of `distances` [N], how far each block moves its points.
 * Throws "option" unless K is a whole number from 1 to 64 N.
 */
export function segmentsOf(distances: readonly number[], evaluations: number): readonly Segment[] {
  const blocks = distances.length;
  const most = mostPieces * blocks;
  if (!(Number.isInteger(evaluations) && evaluations >= 1 && evaluations <= most))
    throw failure("option", {
      where: "evaluations",
      expected: `a whole number from 1 to ${most} for a chain of ${blocks} blocks`,
      received: String(evaluations),
    });
  if (evaluations < blocks) return groups(distances, evaluations);
  const pieces = piecesOf(distances, evaluations);
  return pieces.flatMap((count, n) => evenPieces(n, count)).reverse();
}

const mostPieces = 64;

/** Pieces of every block, data to noise. */
function piecesOf(distances: readonly number[], evaluations: number): readonly number[] {
  const whole = Math.floor(evaluations / distances.length);
  if (whole * distances.length === evaluations) return distances.map(() => whole);
  const pieces = distances.map(() => 1);
  for (let left = evaluations - pieces.length; left > 0; left--) {
    const lengths = distances.map((distance, n) => distance / (pieces[n] ?? 1));
    const longest = lengths.indexOf(Math.max(...lengths));
    pieces[longest] = (pieces[longest] ?? 1) + 1;
  }
  return pieces;
}

/** Block n in even pieces, data to noise. */
function evenPieces(n: number, count: number): readonly Segment[] {
  return Array.from({ length: count }, (_, k) => ({ from: n + (k + 1) / count, to: n + k / count }));
}

/** Neighbours together, so that the sum of the squared lengths of the groups is least (dynamic programming). */
function groups(distances: readonly number[], count: number): readonly Segment[] {
  const reach = [0];
  for (const distance of distances) reach.push((reach.at(-1) ?? 0) + distance);
  const length = (from: number, to: number) => (reach[from] ?? 0) - (reach[to] ?? 0);
  type Plan = { readonly cost: number; readonly cuts: readonly number[] };
  let plans: readonly (Plan | undefined)[] = reach.map((_, end) => (end === 0 ? { cost: 0, cuts: [0] } : undefined));
  for (let group = 0; group < count; group++)
    plans = reach.map((_, end) =>
      plans.slice(0, end).reduce<Plan | undefined>((best, plan, start) => {
        if (!plan) return best;
        const cost = plan.cost + length(end, start) ** 2;
        return best && best.cost <= cost ? best : { cost, cuts: [...plan.cuts, end] };
      }, undefined),
    );
  const cuts = plans.at(-1)?.cuts ?? [];
  return cuts
    .slice(1)
    .map((from, k) => ({ from, to: cuts[k] ?? 0 }))
    .reverse();
}
