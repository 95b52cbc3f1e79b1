// closest-record-tree: exact nearest neighbours of many points of mixed columns, by a tree of boxes
import { distanceUpTo } from "./closest-record-space.ts";
import type { Steps } from "./steps.ts";

export interface Neighbours {
  /** Distances [queries · k], ascending for each query; Infinity where there are fewer points. */
  readonly distances: Float64Array;
  /** Which point it is, -1 where there is none. */
  readonly rows: Int32Array;
}

/** Points of a leaf at most. */
const leafPoints = 12;
/** Of 20 000 points of 200 columns a query looks at all in some milliseconds. */
const queriesPerStep = 32;

/**
 * The `k` points nearest to each query by `distanceUpTo`, exactly; both are [rows · d]. Among equally near ones any may
 * be named, always the same. About n log n work where columns depend on each other, n^2 at worst.
 */
export function* nearestSteps(points: Float32Array, queries: Float32Array, d: number, k = 1): Steps<Neighbours> {
  const count = queries.length / d;
  const distances = new Float64Array(count * k).fill(Number.POSITIVE_INFINITY);
  const rows = new Int32Array(count * k).fill(-1);
  if (points.length === 0) return { distances, rows };
  const tree = boxTree(points, d);
  const query = new Float32Array(d);
  for (let row = 0; row < count; row++) {
    query.set(queries.subarray(row * d, (row + 1) * d));
    search(tree, 0, query, d, distances.subarray(row * k, (row + 1) * k), rows.subarray(row * k, (row + 1) * k));
    if (row % queriesPerStep === 0) yield;
  }
  return { distances, rows };
}

interface BoxTree {
  readonly nodes: readonly BoxNode[];
  /** Ends of the nodes' boxes [nodes · d]. */
  readonly low: Float32Array;
  readonly high: Float32Array;
  /** The points in the order of the leaves, and which they are. */
  readonly points: Float32Array;
  readonly order: Uint32Array;
}

/** Points from `start` to below `end`; the children are the nodes `left` and `left` + 1, a leaf has 0. */
interface BoxNode {
  readonly start: number;
  readonly end: number;
  left: number;
}

function boxTree(points: Float32Array, d: number): BoxTree {
  const order = Uint32Array.from({ length: points.length / d }, (_, row) => row);
  const nodes: BoxNode[] = [{ start: 0, end: order.length, left: 0 }];
  const [low, high]: [number[], number[]] = [[], []];
  for (let n = 0; n < nodes.length; n++) {
    const node = nodes[n]!;
    const rows = order.subarray(node.start, node.end);
    const column = addBox(points, rows, d, low, high);
    if (rows.length <= leafPoints) continue;
    const middle = divided(points, rows, d, column);
    if (middle === 0) continue;
    node.left = nodes.length;
    const place = node.start + middle;
    nodes.push({ start: node.start, end: place, left: 0 }, { start: place, end: node.end, left: 0 });
  }
  const ordered = new Float32Array(points.length);
  order.forEach((row, i) => {
    ordered.set(points.subarray(row * d, (row + 1) * d), i * d);
  });
  return { nodes, low: Float32Array.from(low), high: Float32Array.from(high), points: ordered, order };
}

/** Adds the box of some points; gives the column along which it is widest, as far as distances see it. */
function addBox(points: Float32Array, rows: Uint32Array, d: number, low: number[], high: number[]): number {
  let [widest, width] = [0, -1];
  for (let c = 0; c < d; c++) {
    let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = 0; i < rows.length; i++) {
      const value = points[rows[i]! * d + c]!;
      if (value < from) from = value;
      if (value > to) to = value;
    }
    low.push(from);
    high.push(to);
    const found = Math.min(1, to - from);
    if (found > width) [widest, width] = [c, found];
  }
  return widest;
}

/** Sorts `rows` by a column and gives the place nearest to the middle at which its value changes; 0 where it never does. */
function divided(points: Float32Array, rows: Uint32Array, d: number, column: number): number {
  rows.sort((a, b) => points[a * d + column]! - points[b * d + column]! || a - b);
  const changes = (place: number) =>
    points[rows[place - 1]! * d + column]! !== points[rows[place]! * d + column]! ? place : 0;
  const middle = rows.length >>> 1;
  for (let step = 0; step < middle; step++) {
    const place = changes(middle - step) || (middle + step < rows.length ? changes(middle + step) : 0);
    if (place > 0) return place;
  }
  return changes(rows.length - 1);
}

/** Looks below node `n` for points nearer than those found so far, the nearer box first. */
function search(
  tree: BoxTree,
  n: number,
  query: Float32Array,
  d: number,
  distances: Float64Array,
  rows: Int32Array,
): void {
  const { left, start, end } = tree.nodes[n]!;
  if (left === 0) {
    scan(tree, start, end, query, d, distances, rows);
    return;
  }
  const last = distances.length - 1;
  const [a, b] = [boxDistance(tree, left, query, d), boxDistance(tree, left + 1, query, d)];
  const nearer = a <= b ? left : left + 1;
  if (Math.min(a, b) < distances[last]!) search(tree, nearer, query, d, distances, rows);
  if (Math.max(a, b) < distances[last]!) search(tree, 2 * left + 1 - nearer, query, d, distances, rows);
}

/** The least distance that a point of the box can have. */
function boxDistance({ low, high }: BoxTree, n: number, query: Float32Array, d: number): number {
  let total = 0;
  for (let c = 0, at = n * d; c < d; c++, at++) {
    const x = query[c]!;
    const outside = x < low[at]! ? low[at]! - x : x > high[at]! ? x - high[at]! : 0;
    total += Math.min(outside, 1);
  }
  return total;
}

function scan(
  { points, order }: BoxTree,
  start: number,
  end: number,
  query: Float32Array,
  d: number,
  distances: Float64Array,
  rows: Int32Array,
): void {
  const last = distances.length - 1;
  for (let i = start; i < end; i++) {
    const worst = distances[last]!;
    const total = distanceUpTo(worst, points, i, query, 0, d);
    if (!(total < worst)) continue;
    let place = last;
    for (; place > 0 && distances[place - 1]! > total; place--) {
      distances[place] = distances[place - 1]!;
      rows[place] = rows[place - 1]!;
    }
    distances[place] = total;
    rows[place] = order[i]!;
  }
}
