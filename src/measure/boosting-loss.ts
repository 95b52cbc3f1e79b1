// boosting-loss: what boosted trees minimise, with its derivatives: logistic, softmax and squared error

/** A loss of scores [outputs · rows], one output after the other. Its means and sums run over the given rows. */
export interface Loss {
  readonly outputs: number;
  /** The best constant score of each output. */
  start(rows: Uint32Array): Float64Array;
  /** Writes the first and second derivatives by the scores, in their layout. */
  derivatives(scores: Float64Array, rows: Uint32Array, gradient: Float64Array, hessian: Float64Array): void;
  /** Mean over the rows. */
  mean(scores: Float64Array, rows: Uint32Array): number;
}

/** Half the squared error of the scores against `target` [rows]. */
export function squaredLoss(target: Float64Array): Loss {
  return {
    outputs: 1,
    start: (rows) => Float64Array.of(meanOver(rows, (row) => target[row]!)),
    derivatives: (scores, rows, gradient, hessian) => {
      for (const row of rows) {
        gradient[row] = scores[row]! - target[row]!;
        hessian[row] = 1;
      }
    },
    mean: (scores, rows) => meanOver(rows, (row) => (scores[row]! - target[row]!) ** 2 / 2),
  };
}

/** -log of the probability 1 / (1 + exp(-score)) of class 1, or what is left for class 0; `target` [rows] holds classes. */
export function logisticLoss(target: Int32Array): Loss {
  return {
    outputs: 1,
    start: (rows) => {
      const share = atLeastEpsilon(meanOver(rows, (row) => target[row]!));
      return Float64Array.of(Math.log(share) - Math.log(atLeastEpsilon(1 - share)));
    },
    derivatives: (scores, rows, gradient, hessian) => {
      for (const row of rows) {
        const probability = logistic(scores[row]!);
        gradient[row] = probability - target[row]!;
        hessian[row] = probability * (1 - probability);
      }
    },
    mean: (scores, rows) =>
      meanOver(rows, (row) => {
        const score = scores[row]!;
        return Math.log1p(Math.exp(-Math.abs(score))) + Math.max(score, 0) - target[row]! * score;
      }),
  };
}

/** -log of the softmax probability of the class that `target` [rows] holds. */
export function softmaxLoss(target: Int32Array, classes: number): Loss {
  const probabilities = new Float64Array(classes);
  return {
    outputs: classes,
    start: (rows) => {
      const counts = new Float64Array(classes);
      for (const row of rows) counts[target[row]!]!++;
      return counts.map((count) => Math.log(atLeastEpsilon(count / rows.length)));
    },
    derivatives: (scores, rows, gradient, hessian) => {
      const stride = target.length;
      for (const row of rows) {
        softmax(scores, row, stride, probabilities);
        for (let k = 0; k < classes; k++) {
          const probability = probabilities[k]!;
          gradient[k * stride + row] = probability - (target[row] === k ? 1 : 0);
          hessian[k * stride + row] = probability * (1 - probability);
        }
      }
    },
    mean: (scores, rows) =>
      meanOver(rows, (row) => {
        softmax(scores, row, target.length, probabilities);
        return -Math.log(atLeastEpsilon(probabilities[target[row]!]!));
      }),
  };
}

export function logistic(score: number): number {
  return 1 / (1 + Math.exp(-score));
}

/** Writes the softmax of the scores at row, row + stride, row + 2 stride … into `out` [classes]. */
export function softmax(scores: Float64Array, row: number, stride: number, out: Float64Array): void {
  let largest = -Infinity;
  for (let k = 0; k < out.length; k++) largest = Math.max(largest, scores[k * stride + row]!);
  let total = 0;
  for (let k = 0; k < out.length; k++) total += out[k] = Math.exp(scores[k * stride + row]! - largest);
  for (let k = 0; k < out.length; k++) out[k]! /= total;
}

function atLeastEpsilon(share: number): number {
  return Math.max(share, Number.EPSILON);
}

function meanOver(rows: Uint32Array, value: (row: number) => number): number {
  let total = 0;
  for (const row of rows) total += value(row);
  return total / rows.length;
}
