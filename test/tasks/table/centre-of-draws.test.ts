// centre-of-draws: numbers have the mean of their draws, but for classes of their own.
import { describe, expect, it } from "vitest";
import { cellColumnBuilder, cellTableOf, recordsOf } from "../../../src/data/cell-table.ts";
import { centreOfDraws } from "../../../src/tasks/table/centre-of-draws.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { tableEncoder } from "../../../src/tasks/table/encoder.ts";

const never = "9999-12-31";
/** Days of 2024, and a day that a quarter of the rows have. */
const training = cellTableOf(
  Array.from({ length: 400 }, (_, row) => {
    const day = new Date(Date.UTC(2024, 0, 1 + ((row * 7) % 360)));
    return { until: row % 4 === 0 ? never : day.toISOString().slice(0, 10) };
  }),
);
const schema = detectSchema(training);
const { codes } = tableEncoder(schema, training).toJSON();

function centre(...draws: readonly string[]): unknown {
  const builder = cellColumnBuilder("until", "draws");
  for (const draw of draws) builder.addText(draw, "text");
  const cells = builder.column();
  const column = centreOfDraws(schema.columns[0]!, codes[0]!, { cells, draws: draws.length }, Uint32Array.of(0));
  return [...recordsOf({ rows: 1, columns: [column] })][0]?.["until"];
}

describe("the centre of draws of dates with a class of its own", () => {
  it("is that class where more draws have it than have none", () => {
    expect(schema.columns[0]).toMatchObject({ kind: "date", apart: [Date.parse(never)] });
    expect(centre(never, "2024-03-01", never)).toBe(never);
  });

  it("else is the median of the others alone, which one that strays does not move", () => {
    expect(centre("2024-03-01", never, "2024-03-05", "2024-03-03")).toBe("2024-03-03");
    expect(centre("2024-03-01", "2024-03-02", "6612-01-01")).toBe("2024-03-02");
    expect(centre("2024-03-01", never)).toBe("2024-03-01");
  });
});
