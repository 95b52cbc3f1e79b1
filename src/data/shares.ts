// shares: weights as shares of their sum, and the place that a number from 0 to 1 falls on.

/** The sums of the weights up to each place, divided by the sum of all: ascending to 1. */
export function runningShares(weights: ArrayLike<number>): Float64Array {
  let total = 0;
  const sums = Float64Array.from(weights, (weight) => {
    total += weight;
    return total;
  });
  return sums.map((sum) => sum / total);
}

/** The first place at which the running sum of the weights passes a share of their sum; where rounding leaves none, the last with a weight. */
export function placeOfShare(weights: ArrayLike<number>, share: number): number {
  let total = 0;
  for (let place = 0; place < weights.length; place++) total += weights[place]!;
  let left = share * total;
  let last = weights.length - 1;
  for (let place = 0; place < weights.length; place++) {
    if (!(weights[place]! > 0)) continue;
    last = place;
    left -= weights[place]!;
    if (left < 0) break;
  }
  return last;
}
