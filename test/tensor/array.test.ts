// array: rows of arrays are cut out, picked by place and stacked.
import { describe, expect, it } from "vitest";
import { floats, pickedRows, rowsOf, stackedRows } from "../../src/tensor/array.ts";

const pairs = floats([0, 1, 10, 11, 20, 21], [3, 2]);

describe("rows of an array", () => {
  it("are picked by place, in the order asked for and as often", () => {
    expect(pickedRows(pairs, [2, 0, 2])).toEqual(floats([20, 21, 0, 1, 20, 21], [3, 2]));
    expect(pickedRows(floats([1, 2, 3]), [1])).toEqual(floats([2]));
    expect(pickedRows(pairs, [])).toEqual(floats([], [0, 2]));
  });

  it("are copies where they are picked and share memory where they are cut out", () => {
    const own = floats([0, 1, 10, 11], [2, 2]);
    const [picked, cut] = [pickedRows(own, [1]), rowsOf(own, 1, 2)];
    own.data[2] = 5;
    expect([picked.data[0], cut.data[0]]).toEqual([10, 5]);
  });

  it("come back whole when their parts are stacked", () => {
    expect(stackedRows([rowsOf(pairs, 0, 1), rowsOf(pairs, 1, 3)])).toEqual(pairs);
    expect(stackedRows([floats([1, 2]), floats([]), floats([3])])).toEqual(floats([1, 2, 3]));
  });
});
