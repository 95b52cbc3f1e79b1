// allotment: the best choice from every list within a budget, held against all choices there are.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leastSum, type Option } from "../../../src/tasks/distillation/allotment.ts";

/** Every way to choose one option of each list. */
function every(lists: readonly (readonly Option[])[]): readonly (readonly Option[])[] {
  return lists.reduce<readonly (readonly Option[])[]>(
    (ways, list) => ways.flatMap((way) => list.map((option) => [...way, option])),
    [[]],
  );
}

const sum = (options: readonly Option[], of: keyof Option) => options.reduce((total, option) => total + option[of], 0);

describe("the allotment of a budget", () => {
  it("has the least sum of costs of all choices within the budget", () => {
    const option = fc.record({ effort: fc.nat(4), cost: fc.nat(20) });
    const lists = fc.array(fc.array(option, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(lists, fc.nat(10), (lists, budget) => {
        const within = every(lists).filter((way) => sum(way, "effort") <= budget);
        const found = leastSum(lists, budget);
        if (within.length === 0) expect(found).toEqual([]);
        else {
          expect(sum(found, "effort")).toBeLessThanOrEqual(budget);
          expect(sum(found, "cost")).toBe(Math.min(...within.map((way) => sum(way, "cost"))));
        }
      }),
    );
  });

  it("never takes what has no finite cost", () => {
    const list = [
      { effort: 1, cost: Number.NaN },
      { effort: 1, cost: Number.POSITIVE_INFINITY },
      { effort: 2, cost: 5 },
    ];
    expect(leastSum([list], 2)).toEqual([{ effort: 2, cost: 5 }]);
  });
});
