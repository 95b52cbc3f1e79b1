// levels-code: levels as cells of N(0, 1), cut at the normal scores of their shares; many levels as digits, cell in cell.
import { lastUpTo } from "../../data/ascending.ts";
import { normalScore } from "../../random.ts";

/**
 * A digit splits the levels of the digit before into at most `base` runs, each a cell of N(0, 1) as probable as its run is
 * among them. So every point decodes to a level, and levels drawn as often as they were counted have digits that are
 * independent and N(0, 1).
 */
export interface LevelsCode {
  /** Number of digits. */
  readonly digits: number;
  /** The probabilities between which the digit's cell of a level lies. */
  cell(level: number, digit: number): { readonly low: number; readonly high: number };
  /** The level at `scores[at, at + digits)`. */
  decode(scores: ArrayLike<number>, at: number): number;
}

/** No level counts as rarer than this share, so that float32 holds a point of every cell. */
const leastShare = 1e-6;

/** The code of levels in their order, for counts of at least one level; `base` >= 2 is the most cells of a digit. */
export function levelsCode(counts: ArrayLike<number>, base: number): LevelsCode {
  const levels = counts.length;
  const upTo = sumsOf(counts);
  const digits = digitsOf(levels, base);
  const sizes = Array.from({ length: digits }, (_, digit) => base ** (digits - 1 - digit));
  const share = (start: number, size: number): number => {
    const parent = Math.floor(start / (size * base)) * size * base;
    const [from, to] = [upTo[parent]!, upTo[Math.min(levels, parent + size * base)]!];
    return (upTo[Math.min(start, levels)]! - from) / (to - from);
  };
  const edges = sizes.map((size) =>
    Float64Array.from({ length: Math.ceil(levels / size) }, (_, run) => {
      const probability = share(run * size, size);
      return probability === 0 ? Number.NEGATIVE_INFINITY : normalScore(probability - 0.5);
    }),
  );
  return {
    digits,
    cell(level, digit) {
      const size = sizes[digit]!;
      const start = Math.floor(level / size) * size;
      const isLast = start + size >= levels || (start + size) % (size * base) === 0;
      return { low: share(start, size), high: isLast ? 1 : share(start + size, size) };
    },
    decode(scores, at) {
      let start = 0;
      let end = levels;
      sizes.forEach((size, digit) => {
        const run = lastBelow(edges[digit]!, start / size, Math.ceil(end / size), scores[at + digit]!);
        start = run * size;
        end = Math.min(end, start + size);
      });
      return start;
    },
  };
}

/** How many digits it takes to tell so many levels apart. */
export function digitsOf(levels: number, base: number): number {
  let digits = 1;
  for (let reach = base; reach < levels; reach *= base) digits++;
  return digits;
}

/** Sums of the counts before each level, and of all. */
function sumsOf(counts: ArrayLike<number>): Float64Array {
  let total = 0;
  for (let level = 0; level < counts.length; level++) total += counts[level]!;
  const least = total === 0 ? 1 : leastShare * total;
  const sums = new Float64Array(counts.length + 1);
  for (let level = 0; level < counts.length; level++) sums[level + 1] = sums[level]! + Math.max(counts[level]!, least);
  return sums;
}

/** The last of edges[from, to) that is not above `score`, the first being below every score. */
function lastBelow(edges: Float64Array, from: number, to: number, score: number): number {
  return lastUpTo(edges, Number.isNaN(score) ? 0 : score, from, to);
}
