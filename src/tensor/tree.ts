// tree: plain nested objects and arrays whose leaves are tensors, arrays or anything else that is neither.

/** A leaf, or a list or record of trees. */
export type Tree<L> = L | readonly Tree<L>[] | { readonly [key: string]: Tree<L> };

/** The tree T with every leaf of type A replaced by B. */
export type MapTree<T, A, B> = T extends A
  ? B
  : T extends readonly (infer Item)[]
    ? readonly MapTree<Item, A, B>[]
    : T extends object
      ? { readonly [K in keyof T]: MapTree<T[K], A, B> }
      : never;

/** A leaf with its place, such as `blocks.0.weight`. */
export interface Leaf<L> {
  readonly path: string;
  readonly value: L;
}

/** Anything with a `shape` is a leaf: tensors, arrays and their specifications. */
interface Shaped {
  readonly shape: readonly unknown[];
}

function isLeaf<L extends Shaped>(tree: object): tree is L {
  return "shape" in tree && Array.isArray(tree.shape);
}

/** Every leaf in order of its place in the tree. */
export function leaves<L extends Shaped>(tree: object, path = ""): readonly Leaf<L>[] {
  if (isLeaf<L>(tree)) return [{ path, value: tree }];
  return Object.entries(tree).flatMap(([key, child]) => leaves<L>(child, path === "" ? key : `${path}.${key}`));
}

/** The leaves themselves, in the same order. */
export function leafList<L extends Shaped>(tree: object): readonly L[] {
  return leaves<L>(tree).map(({ value }) => value);
}

/** Applies a function to every leaf, keeping the structure. */
export function mapTree<A extends Shaped, B, T extends object>(
  tree: T,
  f: (leaf: A, path: string) => B,
  path = "",
): MapTree<T, A, B> {
  const walk = (node: object, at: string): unknown => {
    if (isLeaf<A>(node)) return f(node, at);
    const below = (key: string) => (at === "" ? key : `${at}.${key}`);
    if (Array.isArray(node)) return node.map((child, i) => walk(child, below(String(i))));
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, walk(child, below(key))]));
  };
  return walk(tree, path) as MapTree<T, A, B>;
}

/** The same structure with the leaves of a list, which is in the order of `leafList`; where the list ends, leaves stay. */
export function withLeaves<L extends Shaped, T extends object>(tree: T, list: readonly L[]): MapTree<T, L, L> {
  let next = 0;
  return mapTree<L, L, T>(tree, (leaf) => list[next++] ?? leaf);
}
