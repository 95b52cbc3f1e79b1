// Values that many rows share: found beside what grids bring about, drawn as often as they occur, likely by their share alone.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import { normalBelow } from "../../../src/measure/tails.ts";
import { fillNormal, random } from "../../../src/random.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { pileCells, pilesIn, withPiles } from "../../../src/tasks/table/piles.ts";
import type { Values } from "../../../src/tasks/table/profile.ts";
import { quantileKnots, scaleThrough } from "../../../src/tasks/table/scale.ts";

function valuesOf(list: readonly number[]): Values {
  const counts = new Map<number, number>();
  for (const value of list) counts.set(value, (counts.get(value) ?? 0) + 1);
  const values = [...counts.keys()].sort((a, b) => a - b);
  return {
    values: Float64Array.from(values),
    counts: Float64Array.from(values, (value) => counts.get(value) ?? 0),
    texts: values.map(String),
  };
}

function spread(count: number, step: number): readonly number[] {
  const scores = new Float32Array(count);
  fillNormal(random(3), scores);
  return Array.from(scores, (z) => Math.round((30 + 8 * z) / step) * step);
}
const times = (count: number, value: number) => Array.from({ length: count }, () => value);

describe("values that are classes of their own", () => {
  test("are those that far more rows share than a grid brings about", () => {
    expect(pilesIn(valuesOf([...spread(360, 0.01), ...times(90, 25)]), 0.01)).toEqual([25]);
    expect(pilesIn(valuesOf([...spread(360, 0.01), ...times(30, 60), ...times(60, 0)]), 0.01)).toEqual([0, 60]);
    expect(pilesIn(valuesOf([...spread(360, 0.01), ...times(15, 25)]), 0.01)).toEqual([]);
    expect(pilesIn(valuesOf([...spread(450, 5), ...times(20, 25)]), 5)).toEqual([]);
    expect(pilesIn(valuesOf([...spread(40, 0.01), ...times(360, 0), ...times(100, 99)]), 0.01)).toEqual([0, 99]);
  });

  test("of many rows are found where they are a 500th of them and a hundred", () => {
    const rows = spread(20_000, 1e-6);
    expect(pilesIn(valuesOf([...rows, ...times(110, 7)]), 1e-6)).toEqual([7]);
    expect(pilesIn(valuesOf([...rows, ...times(90, 7)]), 1e-6)).toEqual([]);
  });
});

describe("a map with cells for piles", () => {
  const list = [...spread(300, 0.01), ...times(60, 0), ...times(90, 25), ...times(50, 60)];
  const others = valuesOf(list.slice(0, 300));
  const piles = valuesOf(list.slice(300));
  const map = withPiles(quantileKnots(others, false), others, piles, 0.01);
  const scale = scaleThrough(map);

  test("gives each pile its share of the rows", () => {
    const shares = pileCells(map).map(({ value, low, high }) => [value, Number((high - low).toFixed(3))]);
    expect(shares[1]).toEqual([25, expect.closeTo(90 / 500, 2)]);
    const drawn = (from: number, to: number) => normalBelow(scale.forward(to)) - normalBelow(scale.forward(from));
    expect(drawn(24.995, 25.005)).toBeCloseTo(0.18, 2);
    expect(normalBelow(scale.forward(0.005))).toBeCloseTo(0.12, 2);
    expect(1 - normalBelow(scale.forward(59.995))).toBeCloseTo(0.1, 2);
  });

  test("gives others the order and the shares that they have", () => {
    for (const value of [12, 20, 24.9, 25.1, 30, 41]) {
      const below = list.filter((each) => each < value).length / list.length;
      expect(Math.abs(normalBelow(scale.forward(value)) - below)).toBeLessThan(0.03);
    }
  });

  test("leaves neighbours on a coarse grid what they have", () => {
    const others = valuesOf([1, 2, 3, 4, 6, 7, 8, 9].flatMap((value) => times(50, value)));
    const map = withPiles(quantileKnots(others, true), others, valuesOf(times(200, 5)), 1);
    const { forward } = scaleThrough(map);
    const share = (value: number) => normalBelow(forward(value + 0.5)) - normalBelow(forward(value - 0.5));
    expect(share(5)).toBeCloseTo(200 / 600, 3);
    for (const value of [2, 3, 4, 6, 7, 8]) expect(share(value)).toBeCloseTo(50 / 600, 3);
  });

  test("rises strictly whatever the values", () => {
    const value = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.double({ noNaN: true, min: -1e15, max: 1e15 }));
    fc.assert(
      fc.property(
        fc.uniqueArray(value, { minLength: 3, maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 40, maxLength: 40 }),
        (list, count, sizes) => {
          const apart = list.slice(0, Math.min(count, list.length - 1)).map((each) => each + 0);
          const rest = list.slice(apart.length).map((each) => each + 0);
          const cells = (parts: readonly number[]): Values => {
            const counts = new Map(parts.map((each, n) => [each, sizes[n] ?? 1]));
            const values = Float64Array.from(counts.keys()).sort();
            return { values, counts: values.map((each) => counts.get(each) ?? 1), texts: [...values].map(String) };
          };
          const {
            at,
            scores,
            piles: found,
          } = withPiles(quantileKnots(cells(rest), false), cells(rest), cells(apart), undefined);
          for (const knots of [at, scores])
            for (let n = 1; n < knots.length; n++) expect(knots[n]).toBeGreaterThan(knots[n - 1] ?? Number.NaN);
          expect(scores.every(Number.isFinite)).toBe(true);
          for (const { piece, value: pile } of found) {
            expect(at[piece]).toBeLessThanOrEqual(pile);
            expect(at[piece + 1]).toBeGreaterThanOrEqual(pile);
          }
        },
      ),
      { numRuns: 300, seed: 5 },
    );
  });
});

describe("columns whose rows share values", () => {
  const fees = [...times(90, 25), ...spread(360, 0.01)];
  const rows = fees.map((fee) => ({
    fee: fee.toFixed(2),
    when: fee === 25 ? "9999-12-31" : `2024-0${1 + (fee % 1 > 0.5 ? 1 : 0)}-${10 + Math.floor(fee % 18)}`,
  }));
  const table = cellTableOf(rows);
  const schema = detectSchema(table, { when: { kind: "date", values: "any" } });
  const encoder = tableEncoder(schema, table);

  test("are told, dates too", () => {
    expect(schema.columns[0]).toMatchObject({
      apart: [25],
      reason: expect.stringMatching(/; 25\.00 is a class of its own$/),
    });
    expect(schema.columns[1]).toMatchObject({ apart: expect.arrayContaining([Date.UTC(9999, 11, 31)]) });
    const none = detectSchema(table, { fee: { kind: "number", apart: [] } });
    expect(none.columns[0]).not.toHaveProperty("apart");
  });

  test("are told as given by the schema where they are, dates too", () => {
    const given = (when: object) =>
      detectSchema(table, { fee: { kind: "number", apart: [25] }, when: { kind: "date", ...when } }).columns.map(
        ({ reason }) => reason,
      );
    const [fee, when] = given({ apart: ["9999-12-31"] });
    expect(fee).toMatch(/^given by the schema; numbers from .*; 25\.00 is a class of its own$/);
    expect(when).toMatch(
      /^given by the schema; all cells are dates or times of the form YYYY-MM-DD, from .*; 9999-12-31 is a class of its own$/,
    );
    expect(given({ apart: ["9999-12-31"], format: "YYYY-MM-DD" })[1]).toMatch(
      /^given by the schema, from 2024-01-\d\d to/,
    );
  });

  test("are shown the nearest that rows have, of one that no row has, where it is a value at all", () => {
    const given = (apart: readonly string[]) => () =>
      detectSchema(table, { when: { kind: "date", apart: [...apart] } });
    expect(given(["9999-12-30"])).toThrow("expected values that rows have, got 9999-12-30; the nearest is 9999-12-31");
    expect(given(["31.12.9999"])).toThrow("expected values that rows have, got 31.12.9999; write them as in the table");
    const wanted = fees.reduce((a, b) => (Math.abs(b - 26.001) < Math.abs(a - 26.001) ? b : a));
    expect(() => detectSchema(table, { fee: { apart: [26.001] } })).toThrow(
      `got 26.001; the nearest is ${Number(wanted.toFixed(2))}`,
    );
  });

  test("say nothing of the tail of the others, which is judged without them", () => {
    const reasonOf = (list: readonly number[]) =>
      detectSchema(cellTableOf(list.map((value) => ({ value: value.toFixed(2) })))).columns[0]?.reason;
    const normal = spread(360, 0.01);
    expect(reasonOf([...normal, ...times(350, 30)])).toMatch(/ different; 30\.00 is a class of its own$/);
    expect(reasonOf([...normal, 4000, ...times(350, 30)])).toMatch(/ different, heavy tail; 30\.00 is a class/);
  });

  test("come back from their points, and are likely by their share, on the finest grid", () => {
    const points = encoder.encode(table, { key: random(2) });
    const back = encoder.decode(points.values, table.rows);
    expect(back.columns[0]?.codes.length).toBe(450);
    const texts = (column: (typeof back.columns)[number] | undefined) =>
      Array.from(column?.codes ?? [], (code) => column?.texts.at(code));
    expect(texts(back.columns[0])).toEqual(rows.map(({ fee }) => fee));
    expect(texts(back.columns[1])).toEqual(rows.map(({ when }) => when));
    const volumes = encoder.logVolumes(table, points);
    const logNormal = -0.5 * (points.values[0] ?? 0) ** 2 - 0.5 * Math.log(2 * Math.PI);
    expect((volumes[0] ?? 0) + logNormal).toBeCloseTo(Math.log(0.2), 1);
  });

  test.each([
    [
      { kind: "number", apart: [25.5] },
      /^schema column "fee", field "apart": expected values that rows have, got 25.5; the nearest is 25\.\d+$/,
    ],
    [{ kind: "number", apart: [25, 25] }, /expected each value once, got 25 twice$/],
    [
      { kind: "number", apart: [25], values: "observed" },
      /^schema column "fee": expected "values": "any" beside "apart"/,
    ],
    [
      { kind: "number", apart: [25], step: 10 },
      /field "apart": expected values that the step and the bounds of the column allow, got 25.00; leave it out/,
    ],
    [{ kind: "number", apart: [25], maximum: 20 }, /expected values that the step and the bounds of the column allow/],
  ] as const)("are refused where they cannot be: %j", (override, message) => {
    expect(() => detectSchema(table, { fee: { ...override, apart: [...override.apart] } })).toThrow(message);
  });
});
