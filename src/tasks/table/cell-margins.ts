// cell-margins: how far points stay from the edges of cells, so that float32 and a network's errors keep them inside; written once
// for the encoder and for the files that encode.

/** A score beyond this is brought back to it: float32 and the networks take no more. */
export const farthestScore = 32;
/** How far, in probability, points stay from an inner edge of a cell of N(0, 1), or a quarter of the cell. */
export const probabilityMargin = 1e-6;
/** Points stay so far, in probability, from 0 and 1. */
export const leastProbability = 1e-10;
/** Of a cell of a grid: the share that is left out on each side, and what float32 rounds off a score of size 1. */
export const gridMargin = { share: 1e-3, rounding: 2 ** -22 } as const;

/** A score that is no farther out than the farthest, 0 where there is none. */
export function clamped(score: number): number {
  return Number.isNaN(score) ? 0 : Math.min(Math.max(score, -farthestScore), farthestScore);
}
