// level-order: levels stand in the order that the other columns suggest.
import { expect, test } from "vitest";
import { readCellTable } from "../../../src/data/cell-files.ts";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { levelOrders } from "../../../src/tasks/table/level-order.ts";
import { scattered, textsOf, thereAndBack } from "./table-support.ts";

function ordered(table: Parameters<typeof detectSchema>[0], name: string): string {
  const { columns } = detectSchema(table);
  const column = columns.find((each) => each.name === name);
  if (column?.kind !== "category") throw new Error(`${name} is no category`);
  const texts = levelOrders(columns, table)
    .get(name)!
    .map((place) => column.levels[place]!.text);
  return texts[0]! < texts.at(-1)! ? texts.join(" ") : texts.reverse().join(" ");
}

test("by numbers that rise with the level, whatever is common", () => {
  const rows = scattered(3000, 100).map((n, row) => {
    const level = n < 5 ? 0 : n < 60 ? 1 : n < 70 ? 2 : n < 90 ? 3 : 4;
    return { level: "ABCDE"[level]!, size: level * 10 + ((row * 7) % 13), odd: (row * 31) % 17 };
  });
  expect(ordered(cellTableOf(rows), "level")).toBe("A B C D E");
});

test("by other categories alone", () => {
  const rows = scattered(4000, 6, 3).map((level, row) => {
    const near = Math.max(0, Math.min(5, level + [-1, 0, 0, 0, 1][row % 5]!));
    return { one: "ABCDEF"[level]!, two: "UVWXYZ"[near]! };
  });
  expect(ordered(cellTableOf(rows), "one")).toBe("A B C D E F");
});

test("the colours of diamonds come out from D to J, but for neighbours", async () => {
  const order = ordered(await readCellTable("demo/diamonds.csv"), "color").split(" ");
  order.forEach((color, place) => {
    expect(Math.abs("DEFGHIJ".indexOf(color) - place)).toBeLessThanOrEqual(1);
  });
});

test("levels that go with nothing still come back", () => {
  const table = cellTableOf(scattered(300, 7).map((n) => ({ a: "pqrstuv"[n]! })));
  expect(textsOf(thereAndBack(table).back)).toEqual(textsOf(table));
});
