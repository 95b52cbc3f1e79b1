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

/** The first place at which the running sum of the weights passes a share of their sum; the last place where none does. */
export function placeOfShare(weights: ArrayLike<number>, share: number): number {
  let total = 0;
  for (let place = 0; place < weights.length; place++) total += weights[place]!;
  let left = share * total;
  for (let place = 0; place < weights.length; place++) {
    left -= weights[place]!;
    if (left < 0) return place;
  }
  return weights.length - 1;
}
