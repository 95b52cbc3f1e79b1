// table-answers: how long work on tables takes to answer a signal, rows as they come, and what is said of odd tables.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CellTable, cellTableOf } from "../../../src/data/cell-table.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { type FittedTable, fitTable } from "../../../src/tasks/table/fit-table.ts";
import { imputeTable } from "../../../src/tasks/table/impute-table.ts";
import { extrapolationNotes } from "../../../src/tasks/table/rare-conditions.ts";
import { sampleTable } from "../../../src/tasks/table/sample-table.ts";
import { quickConfiguration, smallRows, smallTable } from "../../support/small-table.ts";
import { textsOf } from "./table-support.ts";

let engine: Engine;
let fitted: FittedTable;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  fitted = await fitTable(engine, { table: smallTable(2000), seed: 3, configuration: quickConfiguration(60) });
}, 60_000);
afterAll(() => engine.close());

/** Milliseconds from the signal to the end of work, which has to end by it. */
async function answerTime(
  work: (signal: AbortSignal, stop: () => void) => Promise<unknown>,
  after?: number,
): Promise<number> {
  const controller = new AbortController();
  let stopped = Number.NaN;
  const stop = () => {
    if (!controller.signal.aborted) stopped = performance.now();
    controller.abort();
  };
  const timer = after === undefined ? undefined : setTimeout(stop, after);
  await expect(work(controller.signal, stop)).rejects.toMatchObject({ code: "interrupted" });
  clearTimeout(timer);
  return performance.now() - stopped;
}

describe("a signal", () => {
  it("ends imputation soon while the table is copied, and after the last draw", async () => {
    const { model } = fitted;
    const many = smallTable(2000, 4);
    const early = await answerTime((signal) => imputeTable(engine, model, many, { seed: 1, draws: 200, signal }), 50);
    expect(early).toBeLessThan(1500);
    const few = smallTable(400, 4);
    const late = await answerTime((signal, stop) => {
      const onProgress = ({ fraction }: { readonly fraction: number }) => fraction >= 1 && stop();
      return imputeTable(engine, model, few, { seed: 1, draws: 5, signal, onProgress });
    });
    expect(late).toBeLessThan(1500);
  }, 60_000);

  it("ends the search for values of a rare condition soon", async () => {
    const where = "x > 13.1 && count < 14";
    const time = await answerTime(
      (signal) => sampleTable(engine, fitted.model, { rows: 20_000, seed: 1, where, signal, mostDraws: 600 }),
      1200,
    );
    expect(time).toBeLessThan(1500);
  }, 60_000);
});

describe("rows as they come", () => {
  const collect = async (request: { readonly where?: string; readonly rows: number }) => {
    const parts: CellTable[] = [];
    const onRows = async (part: CellTable) => {
      parts.push(part);
    };
    const streamed = await sampleTable(engine, fitted.model, { seed: 5, ...request, onRows });
    const whole = await sampleTable(engine, fitted.model, { seed: 5, ...request });
    return { parts, streamed, whole: textsOf(whole.table) };
  };

  it.each([{ rows: 20_000 }, { rows: 3000, where: "count >= 20" }, { rows: 40, where: "side == 'left'" }, { rows: 0 }])(
    "are those of the whole: %o",
    async (request) => {
      const { parts, streamed, whole } = await collect(request);
      expect(streamed.table.rows).toBe(0);
      expect(streamed.table.columns.map(({ name }) => name)).toEqual(Object.keys(whole));
      expect(parts.reduce((total, part) => total + part.rows, 0)).toBe(request.rows);
      for (const [name, cells] of Object.entries(whole))
        expect(parts.flatMap((part) => textsOf(part)[name] ?? [])).toEqual(cells);
      if (request.rows > 16_384) expect(parts.length).toBeGreaterThan(1);
    },
  );

  it("may be balanced, all at the end", async () => {
    const parts: CellTable[] = [];
    const onRows = async (part: CellTable) => void parts.push(part);
    await sampleTable(engine, fitted.model, { rows: 20, seed: 1, balance: "side", onRows });
    const sides = textsOf(parts[0]!)["side"] ?? [];
    sides.forEach((side, row) => expect(side).toBe(sides[row % 2]));
    expect(new Set(sides).size).toBe(2);
    expect(parts.map(({ rows }) => rows)).toEqual([20]);
  });
});

describe("imputation", () => {
  it("counts known cells with texts that the model does not know, and keeps them", async () => {
    const rows = smallRows(40, 9).map((row, n) => ({ ...row, side: n < 3 ? "middle" : row.side }));
    const { table, unknown } = await imputeTable(engine, fitted.model, cellTableOf(rows), { seed: 2, draws: 2 });
    expect(unknown).toBe(3);
    expect(textsOf(table)["side"]?.filter((cell) => cell === "middle")).toHaveLength(6);
  });

  it("refuses a column of the name it needs before it draws", async () => {
    const rows = cellTableOf(smallRows(20, 9).map((row) => ({ ...row, draw: 1 })));
    const onProgress = () => expect.fail("it has drawn");
    await expect(imputeTable(engine, fitted.model, rows, { seed: 2, draws: 2, onProgress })).rejects.toThrow(
      'expected no column "draw" beside those of several draws',
    );
    expect((await imputeTable(engine, fitted.model, rows, { seed: 2 })).table.rows).toBe(20);
  });
});

it("a condition that rows hardly meet is said to be extrapolation", () => {
  expect(extrapolationNotes({ acceptance: 1e-3, effectiveRows: 50 }, 100)).toEqual([]);
  expect(extrapolationNotes({ acceptance: 2e-9, effectiveRows: 50 }, 100)).toEqual([
    "the model extrapolates here: it gives the condition a share of about 2.0e-9",
  ]);
  expect(extrapolationNotes({ acceptance: 1e-3, effectiveRows: 9 }, 100)[0]).toContain("worth about 9 independent");
});

it("a block that has no time to train is named first in the report", async () => {
  const configuration = quickConfiguration(60);
  const { report } = await fitTable(engine, { table: smallTable(60), seed: 1, configuration, time: 1e-6 });
  expect(report.blocks.some(({ iterations }) => iterations === 0)).toBe(true);
  expect(report.notes[0]).toMatch(/^NOT TRAINED: blocks? .* of 2 ended with 0 iterations/);
  expect(fitted.report.notes.join()).not.toContain("NOT TRAINED");
});
