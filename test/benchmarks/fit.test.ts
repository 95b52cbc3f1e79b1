// fit: a benchmark that is scaled down keeps the proportions of the whole.
import { describe, expect, it } from "vitest";
import { recipes, scaled } from "../../benchmarks/fit.ts";

const tree = recipes.find(({ name }) => name === "tree");

describe("scaled", () => {
  it("divides training, pushing, scoring and the decay's stretches alike", () => {
    expect(tree && scaled(tree, 10)).toEqual({
      ...tree,
      rows: 10_000,
      testRows: 2000,
      iterations: 150,
      decay: { factor: 0.9, every: 15 },
    });
  });

  it("is the authors' configuration at scale 1", () => {
    for (const recipe of recipes) expect(scaled(recipe, 1)).toEqual(recipe);
  });

  it("keeps a batch of rows and at least one of everything else", () => {
    for (const recipe of recipes)
      expect(scaled(recipe, 1e6)).toMatchObject({
        rows: recipe.batchSize,
        testRows: 1,
        iterations: 1,
        decay: { every: 1 },
      });
  });
});
