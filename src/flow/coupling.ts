// coupling: which right end meets which left end in a minibatch.
import { failure, type LocalFlowError } from "../errors.ts";
import { type Step, stepScales } from "./steps.ts";

/**
 * dependent: x_r is the diffusion of the same x_l (the paper's choice). shuffled: of another row of the batch. independent:
 * of a second minibatch. optimal-transport: of a second minibatch, paired so that the squared distances are least.
 * The free block's x_r is noise, so only optimal transport changes anything there.
 */
export type Coupling = "dependent" | "shuffled" | "independent" | "optimal-transport";

/** Rows of a batch that are paired together by optimal transport: the cost of a pairing grows with the cube of this. */
const groupSize = 256;

/**
 * The optimal-transport pairing: reorders sources and noise (both [rows, d], in place) within groups of 256 rows so that the
 * total squared distance between left ends and right ends is least.
 */
export function pairByTransport(
  step: Step,
  left: Float32Array,
  source: Float32Array,
  noise: Float32Array,
  d: number,
): void {
  const rows = left.length / d;
  const { keep, spread } = stepScales(step);
  for (let start = 0; start < rows; start += groupSize) {
    const n = Math.min(groupSize, rows - start);
    const cost = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        let distance = 0;
        for (let k = 0; k < d; k++) {
          const a = (start + i) * d + k;
          const b = (start + j) * d + k;
          distance += ((left[a] ?? 0) - keep * (source[b] ?? 0) - spread * (noise[b] ?? 0)) ** 2;
        }
        cost[i * n + j] = distance;
      }
    const assignment = cheapestAssignment(cost, n);
    for (const values of [source, noise]) reorder(values.subarray(start * d, (start + n) * d), assignment, d);
  }
}

function reorder(values: Float32Array, order: Int32Array, d: number): void {
  const before = values.slice();
  order.forEach((from, to) => {
    values.set(before.subarray(from * d, (from + 1) * d), to * d);
  });
}

/**
 * The assignment row -> column of least total cost for an n x n cost matrix, by shortest augmenting paths with potentials
 * (Kuhn and Munkres; Jonker and Volgenant), O(n^3). Throws a "numeric" error when no assignment has a finite cost.
 */
export function cheapestAssignment(cost: Float64Array, n: number): Int32Array {
  const rowPotential = new Float64Array(n + 1);
  const columnPotential = new Float64Array(n + 1);
  const rowOfColumn = new Int32Array(n + 1);
  const previous = new Int32Array(n + 1);
  const distance = new Float64Array(n + 1);
  const visited = new Uint8Array(n + 1);
  /** The column nearest to those that the path has visited; the potentials change so that its reduced distance is 0. */
  const nearestFrom = (column: number): number => {
    visited[column] = 1;
    const current = rowOfColumn[column] ?? 0;
    let nearest = Number.POSITIVE_INFINITY;
    let next = 0;
    for (let j = 1; j <= n; j++) {
      if (visited[j]) continue;
      const reduced = (cost[(current - 1) * n + j - 1] ?? 0) - (rowPotential[current] ?? 0) - (columnPotential[j] ?? 0);
      if (reduced < (distance[j] ?? 0)) {
        distance[j] = reduced;
        previous[j] = column;
      }
      if ((distance[j] ?? 0) < nearest) {
        nearest = distance[j] ?? 0;
        next = j;
      }
    }
    if (!Number.isFinite(nearest)) throw infiniteDistance(nearest);
    for (let j = 0; j <= n; j++) {
      if (visited[j]) {
        const matched = rowOfColumn[j] ?? 0;
        rowPotential[matched] = (rowPotential[matched] ?? 0) + nearest;
        columnPotential[j] = (columnPotential[j] ?? 0) - nearest;
      } else distance[j] = (distance[j] ?? 0) - nearest;
    }
    return next;
  };
  /** Matches the path's columns anew, from the free one at its end back to the row that it started from. */
  const augment = (end: number): void => {
    for (let column = end; column !== 0; ) {
      const before = previous[column] ?? 0;
      rowOfColumn[column] = rowOfColumn[before] ?? 0;
      column = before;
    }
  };
  for (let row = 1; row <= n; row++) {
    distance.fill(Number.POSITIVE_INFINITY);
    visited.fill(0);
    rowOfColumn[0] = row;
    let column = 0;
    do column = nearestFrom(column);
    while (rowOfColumn[column] !== 0);
    augment(column);
  }
  const assignment = new Int32Array(n);
  for (let j = 1; j <= n; j++) assignment[(rowOfColumn[j] ?? 1) - 1] = j - 1;
  return assignment;
}

function infiniteDistance(received: number): LocalFlowError {
  return failure("numeric", {
    where: "optimal-transport pairing",
    expected: "finite distances",
    received: String(received),
    remedy: "check the points for values that are not finite",
  });
}
