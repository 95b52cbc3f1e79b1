// k-means: where the components of a mixture start.
import { placeOfShare } from "../data/shares.ts";
import { fillUniform, type Random, split } from "../random.ts";

/** Rounds of Lloyd's iteration. */
const rounds = 5;

/**
 * Nearest of k centres for each row of [n · d]: k-means++ seeds (each drawn with probability in proportion to its squared
 * distance from those before), then a few rounds of Lloyd's iteration.
 * Source: D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding" (2007).
 */
export function nearestOfMeans(rows: Float64Array, d: number, k: number, random: Random): Uint32Array {
  const centres = seeds(rows, d, k, random);
  const nearest = new Uint32Array(rows.length / d);
  assign(rows, d, centres, nearest);
  for (let round = 0; round < rounds; round++) {
    recentre(rows, d, centres, nearest);
    assign(rows, d, centres, nearest);
  }
  return nearest;
}

function seeds(rows: Float64Array, d: number, k: number, random: Random): Float64Array {
  const count = rows.length / d;
  const uniform = new Float32Array(k);
  fillUniform(split(random, "seeds"), uniform);
  const centres = new Float64Array(k * d);
  const distances = new Float64Array(count).fill(1);
  for (let c = 0; c < k; c++) {
    const row = placeOfShare(distances, uniform[c] ?? 0);
    centres.set(rows.subarray(row * d, (row + 1) * d), c * d);
    for (let i = 0; i < count; i++) {
      const distance = squared(rows, i, centres, c, d);
      distances[i] = c === 0 ? distance : Math.min(distances[i] ?? 0, distance);
    }
  }
  return centres;
}

function assign(rows: Float64Array, d: number, centres: Float64Array, nearest: Uint32Array): void {
  const k = centres.length / d;
  for (let i = 0; i < nearest.length; i++) {
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    for (let c = 0; c < k; c++) {
      const distance = squared(rows, i, centres, c, d);
      if (distance < least) [best, least] = [c, distance];
    }
    nearest[i] = best;
  }
}

/** Centres at the means of their rows; one without rows stays where it is. */
function recentre(rows: Float64Array, d: number, centres: Float64Array, nearest: Uint32Array): void {
  const counts = new Float64Array(centres.length / d);
  const sums = new Float64Array(centres.length);
  nearest.forEach((c, i) => {
    counts[c] = (counts[c] ?? 0) + 1;
    for (let j = 0; j < d; j++) sums[c * d + j]! += rows[i * d + j]!;
  });
  sums.forEach((sum, at) => {
    const count = counts[Math.floor(at / d)] ?? 0;
    if (count > 0) centres[at] = sum / count;
  });
}

function squared(rows: Float64Array, i: number, centres: Float64Array, c: number, d: number): number {
  let total = 0;
  for (let j = 0; j < d; j++) {
    const difference = rows[i * d + j]! - centres[c * d + j]!;
    total += difference * difference;
  }
  return total;
}
