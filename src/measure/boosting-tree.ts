// boosting-tree: one regression tree, grown leaf by leaf where the loss falls most, and its values for rows
import type { BinnedTable } from "./boosting-bins.ts";
import {
  bestSplit,
  fillHistogram,
  histogramLayout,
  type Split,
  type SplitLimits,
  type Sums,
  setWords,
} from "./boosting-split.ts";

export interface TreeLimits extends SplitLimits {
  /** Leaves of a tree at most, at least 2. */
  readonly leaves: number;
  /** Factor of every leaf's value. */
  readonly learningRate: number;
}

/** A tree over binned rows. Node 0 is the root; a node whose `left` is 0 is a leaf. */
export interface Tree {
  readonly column: Uint32Array;
  /** Cells that go left, `setWords` words a node. */
  readonly leftCells: Uint32Array;
  readonly left: Uint32Array;
  readonly right: Uint32Array;
  readonly value: Float64Array;
  /** How much each node's split lowered twice the loss. */
  readonly gain: Float64Array;
}

export interface TreeGrower {
  /**
   * Grows the tree that follows the derivatives [table.rows] of the loss over `rows` (which it reorders), and adds its
   * values for these rows to `scores` [table.rows].
   */
  grow(rows: Uint32Array, gradient: Float64Array, hessian: Float64Array, scores: Float64Array): Tree;
}

/** A part of the rows that the tree has separated so far: those from `start` to `end`. */
interface Leaf {
  readonly node: number;
  readonly start: number;
  readonly end: number;
  readonly sums: Sums;
  readonly histogram: Float64Array;
  readonly split: Split | undefined;
}

/** Derivatives of the loss by the score of each row of the table. */
interface Derivatives {
  readonly gradient: Float64Array;
  readonly hessian: Float64Array;
}

/** Grows trees on one table; what it works with is allocated once. */
export function treeGrower(table: BinnedTable, limits: TreeLimits): TreeGrower {
  const layout = histogramLayout(table);
  const histograms: Float64Array[] = [];
  const histogramOf = (leaf: number) => (histograms[leaf] ??= new Float64Array(layout.length));
  const gathered = { gradient: new Float64Array(table.rows), hessian: new Float64Array(table.rows) };
  const scratch = new Uint32Array(table.rows);

  const fill = (histogram: Float64Array, rows: Uint32Array, derivatives: Derivatives): Sums => {
    const sums = gather(rows, derivatives, gathered);
    fillHistogram(histogram, layout, table, { rows, ...gathered });
    return sums;
  };
  const searched = (leaf: Omit<Leaf, "split">): Leaf => {
    const isLarge = leaf.end - leaf.start >= 2 * limits.leastRows;
    return { ...leaf, split: isLarge ? bestSplit(leaf.histogram, layout, table, leaf.sums, limits) : undefined };
  };
  /** The two sides of a leaf, the smaller one first; the larger one takes over its histogram, less the smaller one's. */
  const divided = (leaf: Leaf, split: Split, node: number, rows: Uint32Array, free: Float64Array, d: Derivatives) => {
    const { start, end, sums, histogram } = leaf;
    const middle = start + partition(rows.subarray(start, end), split, table, scratch);
    const left = { node, start, end: middle, sums: split.left };
    const right = { node: node + 1, start: middle, end, sums: difference(sums, split.left) };
    const [small, large] = middle - start <= end - middle ? [left, right] : [right, left];
    fill(free, rows.subarray(small.start, small.end), d);
    for (let i = 0; i < free.length; i++) histogram[i]! -= free[i]!;
    return { small: searched({ ...small, histogram: free }), large: searched({ ...large, histogram }) };
  };

  return {
    grow: (rows, gradient, hessian, scores) => {
      const derivatives = { gradient, hessian };
      const tree = emptyTree(limits.leaves);
      const histogram = histogramOf(0);
      const sums = fill(histogram, rows, derivatives);
      const leaves = [searched({ node: 0, start: 0, end: rows.length, sums, histogram })];
      while (leaves.length < limits.leaves) {
        const chosen = mostGain(leaves);
        const leaf = leaves[chosen]!;
        if (leaf.split === undefined) break;
        const next = 2 * leaves.length - 1;
        record(tree, leaf.node, leaf.split, next);
        const { small, large } = divided(leaf, leaf.split, next, rows, histogramOf(leaves.length), derivatives);
        leaves[chosen] = large;
        leaves.push(small);
      }
      for (const leaf of leaves) {
        const value = (-limits.learningRate * leaf.sums.gradient) / (leaf.sums.hessian + limits.l2 + Number.EPSILON);
        tree.value[leaf.node] = value;
        for (let i = leaf.start; i < leaf.end; i++) scores[rows[i]!]! += value;
      }
      return tree;
    },
  };
}

/** Adds the tree's values for `rows` of a table, binned like the one it was grown on, to `scores` [table.rows]. */
export function addTree(tree: Tree, { columns }: BinnedTable, rows: Uint32Array, scores: Float64Array): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    let node = 0;
    while (tree.left[node]! !== 0) {
      const cell = columns[tree.column[node]!]!.cells[row]!;
      node = isIn(tree.leftCells, setWords * node, cell) ? tree.left[node]! : tree.right[node]!;
    }
    scores[row]! += tree.value[node]!;
  }
}

function emptyTree(leaves: number): Tree {
  const nodes = 2 * leaves - 1;
  return {
    column: new Uint32Array(nodes),
    leftCells: new Uint32Array(setWords * nodes),
    left: new Uint32Array(nodes),
    right: new Uint32Array(nodes),
    value: new Float64Array(nodes),
    gain: new Float64Array(nodes),
  };
}

function record(tree: Tree, node: number, split: Split, next: number): void {
  tree.column[node] = split.column;
  tree.leftCells.set(split.leftCells, setWords * node);
  tree.left[node] = next;
  tree.right[node] = next + 1;
  tree.gain[node] = split.gain;
}

/** Place of the leaf whose split gains most. */
function mostGain(leaves: readonly Leaf[]): number {
  let best = 0;
  for (let i = 1; i < leaves.length; i++)
    if ((leaves[i]!.split?.gain ?? 0) > (leaves[best]!.split?.gain ?? 0)) best = i;
  return best;
}

/** Brings the rows that go left to the front, both sides in their order; how many they are. */
function partition(rows: Uint32Array, split: Split, { columns }: BinnedTable, scratch: Uint32Array): number {
  const { cells } = columns[split.column]!;
  let [left, right] = [0, 0];
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (isIn(split.leftCells, 0, cells[row]!)) rows[left++] = row;
    else scratch[right++] = row;
  }
  rows.set(scratch.subarray(0, right), left);
  return left;
}

function isIn(set: Uint32Array, start: number, cell: number): boolean {
  return ((set[start + (cell >>> 5)]! >>> (cell & 31)) & 1) === 1;
}

/** Copies the derivatives of `rows` to the front of `into` and sums them. */
function gather(rows: Uint32Array, { gradient, hessian }: Derivatives, into: Derivatives): Sums {
  let [gradients, hessians] = [0, 0];
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    gradients += into.gradient[i] = gradient[row]!;
    hessians += into.hessian[i] = hessian[row]!;
  }
  return { gradient: gradients, hessian: hessians, count: rows.length };
}

function difference(whole: Sums, part: Sums): Sums {
  return {
    gradient: whole.gradient - part.gradient,
    hessian: whole.hessian - part.hessian,
    count: whole.count - part.count,
  };
}
