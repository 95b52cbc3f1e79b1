// tree: leaves have places, and mapping keeps the structure.
import { describe, expect, it } from "vitest";
import { floats, type NDArray } from "../../src/tensor/array.ts";
import { type Leaf, leafList, leaves, mapTree, withLeaves } from "../../src/tensor/tree.ts";

const array = (n: number): NDArray => floats([n]);
const tree = {
  layers: [
    { weight: array(1), bias: array(2) },
    { weight: array(3), bias: array(4) },
  ],
  scale: array(5),
  nothing: [],
};

const first = (leaf: NDArray) => Number(leaf.data[0]);

describe("a tree", () => {
  it("lists its leaves by their places, in order", () => {
    const found: readonly Leaf<NDArray>[] = leaves<NDArray>(tree);
    expect(found.map(({ path, value }) => [path, first(value)])).toEqual([
      ["layers.0.weight", 1],
      ["layers.0.bias", 2],
      ["layers.1.weight", 3],
      ["layers.1.bias", 4],
      ["scale", 5],
    ]);
  });

  it("takes the leaves of a list in their order, and keeps its own where the list ends", () => {
    expect(leafList<NDArray>(tree).map(first)).toEqual([1, 2, 3, 4, 5]);
    const other = withLeaves<NDArray, typeof tree>(tree, [array(6), array(7)]);
    expect(leafList<NDArray>(other).map(first)).toEqual([6, 7, 3, 4, 5]);
    expect(other.layers.map(({ weight, bias }) => [first(weight), first(bias)])).toEqual([
      [6, 7],
      [3, 4],
    ]);
  });

  it("is mapped leaf by leaf into the same structure", () => {
    const doubled = mapTree<NDArray, number, typeof tree>(tree, (leaf) => 2 * first(leaf));
    expect(doubled).toEqual({
      layers: [
        { weight: 2, bias: 4 },
        { weight: 6, bias: 8 },
      ],
      scale: 10,
      nothing: [],
    });
    expect(tree.scale.data[0]).toBe(5);
  });

  it("tells the function the same places that leaves lists", () => {
    const places: string[] = [];
    mapTree<NDArray, undefined, typeof tree>(tree, (_, path) => void places.push(path));
    expect(places).toEqual(leaves<NDArray>(tree).map(({ path }) => path));
  });

  it("may be one leaf, whose place is nameless or the one given", () => {
    expect(leaves(array(1)).map(({ path }) => path)).toEqual([""]);
    expect(leaves([array(1)], "model").map(({ path }) => path)).toEqual(["model.0"]);
    expect(mapTree<NDArray, string, NDArray>(array(7), (leaf, path) => `${path}:${first(leaf)}`, "model")).toBe(
      "model:7",
    );
  });

  it("does not look inside leaves", () => {
    const leaf = { shape: [2], inner: { shape: [3] } };
    expect(leaves([leaf]).map(({ value }) => value)).toEqual([leaf]);
  });

  it("survives mapping with the identity", () => {
    expect(mapTree<NDArray, NDArray, typeof tree>(tree, (leaf) => leaf)).toEqual(tree);
  });
});
