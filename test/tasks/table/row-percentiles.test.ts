// row-percentiles: rows stand among training rows that lack the same numbers, where these are enough; notes tell of the others.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import { random } from "../../../src/random.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { percentileOf, quantilesOf } from "../../../src/tasks/quantiles.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { type TableEncoder, tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { fitTable } from "../../../src/tasks/table/fit-table.ts";
import { numberGaps, quantilesByGaps } from "../../../src/tasks/table/gap-quantiles.ts";
import { pointsOf } from "../../../src/tasks/table/points.ts";
import { rowPercentiles } from "../../../src/tasks/table/row-percentiles.ts";
import { scoreTable } from "../../../src/tasks/table/score-table.ts";
import { decodeTableModel, encodeTableModel, type TableModel } from "../../../src/tasks/table/table-model.ts";
import { quickConfiguration, smallRows } from "../../support/small-table.ts";
import { scattered } from "./table-support.ts";

interface Row {
  readonly size: string | null;
  readonly x: number | null;
  readonly y: number;
  readonly day: string | null;
}

const training = scattered(200, 1000).map((n, row): Row => {
  const day = new Date(Date.UTC(2024, 0, 1 + (n % 300))).toISOString().slice(0, 10);
  return { size: row % 4 === 0 ? null : "SM"[row % 2]!, x: row % 3 === 0 ? null : n, y: n + row, day };
});
training.push(...training.slice(0, 9).map((row) => ({ ...row, day: null })));

let encoder: TableEncoder;
beforeAll(() => {
  const table = cellTableOf(training);
  encoder = tableEncoder(detectSchema(table), table);
});

const pointsIn = (rows: readonly Row[]) => pointsOf(encoder, cellTableOf(rows), { key: random(1) });
const [usual, other] = [
  { size: "S", x: 5, y: 7, day: "2024-02-01" },
  { size: "M", x: 5, y: 7, day: "2024-02-01" },
];

describe("quantiles by gaps", () => {
  const gapsOf = (rows: readonly Row[]) => numberGaps(encoder, pointsIn(rows)) ?? (() => [-1]);

  it("are of rows that lack the same numbers and dates; gaps of categories do not part rows", () => {
    const rows = [usual, { ...usual, x: null }, { ...usual, day: null }, { ...usual, size: null, x: null, day: null }];
    const found = gapsOf(rows);
    expect(rows.map((_, row) => found(row))).toEqual([[], [1], [3], [1, 3]]);
  });

  it("are kept of sets of gaps that 100 different rows have, however many points these have", () => {
    const rows = [usual, { ...usual, x: null }, { ...usual, day: null }];
    const found = gapsOf(rows);
    const points = (point: number, count: number, different = count) =>
      Array.from({ length: count }, (_, n) => ({ point, row: n % different, logDensity: 10 * point + n }));
    const scored = [...points(1, 100), ...points(0, 130), ...points(2, 500, 99)];
    expect(quantilesByGaps(found, scored)).toEqual([
      { gaps: [], logDensityQuantiles: quantilesOf(points(0, 130).map(({ logDensity }) => logDensity)) },
      { gaps: [1], logDensityQuantiles: quantilesOf(points(1, 100).map(({ logDensity }) => logDensity)) },
    ]);
    expect(quantilesByGaps(found, points(0, 99))).toEqual([]);
  });

  it("are not asked for where no number has gaps", () => {
    const table = cellTableOf(training.map(({ size, y }) => ({ size, y })));
    const plain = tableEncoder(detectSchema(table), table);
    expect(numberGaps(plain, pointsOf(plain, table, { key: random(1) }))).toBeUndefined();
  });
});

describe("percentiles", () => {
  const all = quantilesOf([0, 100]);
  const kept = [
    { gaps: [], logDensityQuantiles: quantilesOf([10, 20]) },
    { gaps: [1], logDensityQuantiles: quantilesOf([40, 80]) },
  ];
  const percentilesOf = (rows: readonly Row[], training: Omit<TableModel["training"], "rows">) =>
    rowPercentiles(
      { encoder, training: { rows: 200, ...training } },
      new Float64Array(rows.length).fill(50),
      pointsIn(rows),
    );
  const why =
    "densities of other numbers are in other units, so such a percentile also says which gaps the training rows have; the model's contributions show which cell is odd";
  const few = `since fewer than 100 of the training rows that were scored have the same gaps: ${why}`;
  const earlier = `since the model was fitted by an earlier release, which kept no percentiles by gaps: ${why}`;
  const xGap = { ...usual, x: null };
  const dayGap = { ...usual, day: null };

  it("are among the rows that lack the same numbers, with no note", () => {
    const found = percentilesOf([usual, xGap, { ...xGap, size: null }], {
      logDensityQuantiles: all,
      quantilesByGaps: kept,
    });
    expect(found).toEqual({ percentiles: Float64Array.of(100, 25, 25), partialRows: 0, percentileNotes: [] });
  });

  it("are among all rows where too few lack the same, which a note says with their number and columns", () => {
    const how = { logDensityQuantiles: all, quantilesByGaps: kept };
    const one = percentilesOf([usual, dayGap], how);
    expect(one.percentiles).toEqual(Float64Array.of(100, 50));
    expect(one.percentileNotes).toEqual([`1 row with gaps among day stands among all training rows, ${few}`]);
    expect(percentilesOf([dayGap, { ...dayGap, x: null }, xGap], how).percentileNotes).toEqual([
      `2 rows with gaps among x, day stand among all training rows, ${few}`,
    ]);
    expect(percentilesOf([usual, other, dayGap], { ...how, quantilesByGaps: kept.slice(1) }).percentileNotes).toEqual([
      `1 row with gaps among day and 2 rows without gaps in numbers stand among all training rows, ${few}`,
    ]);
  });

  it("of a model that knows nothing of gaps are among all rows, and a note tells of rows with gaps alone", () => {
    const found = percentilesOf([usual, xGap], { logDensityQuantiles: all });
    expect(found.percentiles).toEqual(Float64Array.of(50, 50));
    expect(found.percentileNotes).toEqual([`1 row with gaps among x stands among all training rows, ${earlier}`]);
    expect(percentilesOf([usual, other], { logDensityQuantiles: all }).percentileNotes).toEqual([]);
  });

  it("are none of rows with a cell left out, of which no note tells either, and none at all where the model has none", () => {
    const partial = { ...dayGap, size: "XL" };
    const found = percentilesOf([partial, usual], { logDensityQuantiles: all, quantilesByGaps: kept });
    expect(found).toEqual({ percentiles: Float64Array.of(Number.NaN, 100), partialRows: 1, percentileNotes: [] });
    expect(percentilesOf([partial, dayGap], {})).toEqual({ partialRows: 1, percentileNotes: [] });
  });
});

describe("a model of a table with gaps in numbers of tiny units", () => {
  let engine: Engine;
  let model: TableModel;
  /** x in thousandths: a density per unit of complete rows is a thousandth of what it was, and far below that of rows with a gap. */
  const tableOf = (rows: number, seed: number) =>
    cellTableOf(
      smallRows(rows, seed).map(({ side, x, count }) => ({ side, x: x === null ? null : Math.round(1000 * x), count })),
    );
  beforeAll(async () => {
    engine = await createEngine({ threads: 1 });
    ({ model } = await fitTable(engine, { table: tableOf(700, 1), seed: 3, configuration: quickConfiguration(400) }));
  }, 60_000);
  afterAll(() => engine.close());

  it("says of new rows how unusual they are among rows with the same gaps", async () => {
    expect(model.training.quantilesByGaps?.map(({ gaps }) => gaps)).toEqual([[], [1]]);
    const rows = tableOf(500, 8);
    const isGap = (row: number) => (rows.columns[1]?.codes[row] ?? -1) < 0;
    const meansOf = async (of: TableModel) => {
      const { percentiles = new Float64Array(0), percentileNotes } = await scoreTable(engine, of, rows);
      const mean = (values: Float64Array) => values.reduce((total, value) => total + value, 0) / values.length;
      const [gaps, others] = [true, false].map((gap) => mean(percentiles.filter((_, row) => isGap(row) === gap)));
      return { gaps, others, percentileNotes };
    };
    const { quantilesByGaps: _, ...before } = model.training;
    const [now, then] = [await meansOf(model), await meansOf({ ...model, training: before })];
    expect(Math.abs((now.gaps ?? 0) - 50)).toBeLessThan(12);
    expect(Math.abs((now.others ?? 0) - 50)).toBeLessThan(12);
    expect(now.percentileNotes).toEqual([]);
    expect(then.gaps).toBeGreaterThan(80);
    expect(then.percentileNotes).toHaveLength(1);
  });

  it("keeps the quantiles in its file, which is read without them too, and refuses such as fall", async () => {
    expect(decodeTableModel(encodeTableModel(model)).training).toEqual(model.training);
    const { quantilesByGaps = [], ...before } = model.training;
    expect(decodeTableModel(encodeTableModel({ ...model, training: before })).training).toEqual(before);
    const falling = quantilesByGaps.map((each) => ({
      ...each,
      logDensityQuantiles: each.logDensityQuantiles.toReversed(),
    }));
    const damaged = encodeTableModel({ ...model, training: { ...before, quantilesByGaps: falling } });
    expect(() => decodeTableModel(damaged, "m")).toThrow(/quantilesByGaps.*not ascending/);
  });

  it("says the percentile that its quantiles give", async () => {
    const rows = tableOf(40, 9);
    const { percentiles, logDensity } = await scoreTable(engine, model, rows);
    const [complete, lacking] = model.training.quantilesByGaps ?? [];
    const expected = logDensity.map((value, row) => {
      const own = (rows.columns[1]?.codes[row] ?? -1) < 0 ? lacking : complete;
      return percentileOf(own?.logDensityQuantiles ?? [], value);
    });
    expect(percentiles).toEqual(expected);
    expect(percentiles?.some((value) => value > 0 && value < 100)).toBe(true);
  });
});
