// middle: cells that are given lie in the middle of their place, whatever the noise, and come back as they were.
import { describe, expect, it } from "vitest";
import { cellTableOf, cellText } from "../../../src/data/cell-table.ts";
import { random } from "../../../src/random.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { filledScore, spansOf } from "../../../src/tasks/table/points.ts";

const table = cellTableOf(
  Array.from({ length: 90 }, (_, n) => ({
    size: n % 5 === 0 ? null : 1 + n * 3,
    color: ["red", "green", "blue"][n % 3],
    paid: n % 9 < 4,
  })),
);
const encoder = tableEncoder(detectSchema(table), table);
const pointsBy = (seed: number, middle: boolean) => encoder.encode(table, { key: random(seed), middle }).values;
const d = encoder.dimensions.length;
const isLevel = (k: number) =>
  encoder.dimensions[k % d]?.column !== "size" || encoder.dimensions[k % d]?.part === "gap";

describe("points of given cells", () => {
  it("have levels and gaps in the middle of their cells, and numbers anywhere in theirs", () => {
    const [one, other] = [pointsBy(1, true), pointsBy(2, true)];
    const differ = [...one.keys()].filter((k) => one[k] !== other[k]);
    expect(differ.length).toBeGreaterThan(60);
    expect(differ.filter(isLevel)).toEqual([]);
    const spread = [...pointsBy(1, false).keys()].filter((k) => isLevel(k) && pointsBy(1, false)[k] !== one[k]);
    expect(spread.length).toBeGreaterThan(200);
    const red = encoder.dimensions.findIndex(({ column }) => column === "color");
    const reds = new Set(Array.from({ length: 30 }, (_, n) => one[3 * n * d + red]));
    expect(reds.size).toBe(1);
  });

  it("are read as the cells they were", () => {
    const back = encoder.decode(pointsBy(3, true), table.rows);
    for (const [place, column] of table.columns.entries())
      for (let row = 0; row < table.rows; row++)
        expect(cellText(back.columns[place]!, row)).toBe(cellText(column, row));
  });

  it("say that a cell is no gap by the score of the median among filled ones", () => {
    const span = spansOf(encoder).find(({ column }) => column.name === "size")!;
    const scores = Array.from({ length: 200 }, (_, seed) => pointsBy(seed, false)[d + span.start]!).sort(
      (a, b) => a - b,
    );
    expect(span.hasGap).toBe(true);
    expect(Math.abs(filledScore(span) - scores[100]!)).toBeLessThan(0.3);
  });
});
