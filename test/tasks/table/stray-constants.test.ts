// stray-constants: rows that have another value where all training rows have one are told, and no others.
import { expect, it } from "vitest";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { strayConstants } from "../../../src/tasks/table/stray-constants.ts";

const train = cellTableOf(
  Array.from({ length: 40 }, (_, n) => ({ x: n, unit: "kg", rate: "1.50", part: n % 2 ? "a" : null, never: null })),
);
const schema = detectSchema(train, { unit: { gaps: ["-"] } });
const strayIn = (rows: readonly Record<string, unknown>[]) =>
  strayConstants(tableEncoder(schema, train), cellTableOf(rows));

it("counts rows once, and names the columns in which they have other values", () => {
  const usual = { x: 1, unit: "kg", rate: "1.50", part: "a", never: null };
  expect(
    strayIn([usual, { ...usual, unit: "lb", rate: "2" }, { ...usual, unit: "lb" }, { ...usual, part: "b" }]),
  ).toEqual({ strayRows: 3, strayColumns: ["unit", "rate", "part"] });
  expect(strayIn([{ ...usual, never: "now" }])).toEqual({ strayRows: 1, strayColumns: ["never"] });
});

it("takes gaps, numbers that are written in other ways, values of other columns and lacking columns for nothing", () => {
  expect(
    strayIn([
      { x: 99, unit: "-", rate: "1.5", part: null, never: null },
      { x: -5, unit: null, rate: null, part: "a", never: null },
    ]),
  ).toEqual({ strayRows: 0, strayColumns: [] });
  expect(strayIn([{ x: 3 }])).toEqual({ strayRows: 0, strayColumns: [] });
});
