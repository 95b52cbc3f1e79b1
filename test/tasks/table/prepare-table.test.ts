// prepare-table: what a fit of a table is trained on can be had without training, and is what fitTable trains on.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { fitDensity } from "../../../src/tasks/density.ts";
import { spreadPlaces } from "../../../src/tasks/rows.ts";
import { fitTable } from "../../../src/tasks/table/fit-table.ts";
import { preparedTable, type TableRequest, tableFindings, tablePlan } from "../../../src/tasks/table/prepare-table.ts";
import type { SchemaOverrides } from "../../../src/tasks/table/schema-file.ts";
import { quickConfiguration, smallTable } from "../../support/small-table.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const planOf = (request: TableRequest) => tablePlan(request, tableFindings(request));
const requestFor = (rows: number, others: Partial<TableRequest> = {}): TableRequest => ({
  table: smallTable(rows),
  seed: 3,
  configuration: quickConfiguration(4),
  ...others,
});

describe("a prepared table", () => {
  it("is what fitTable trains on: the same weights, recipe and likelihoods", async () => {
    const request = requestFor(200, { label: "side", constraints: ["count >= 0"] });
    const plan = planOf(request);
    const prepared = preparedTable(plan);
    const { model, report } = await fitTable(engine, request);
    const alone = await fitDensity(engine, prepared.request);
    expect(model.density.record.configuration).toEqual(plan.configuration);
    expect(model.density.record.columns).toEqual(prepared.request.columns);
    expect(alone.model.chain).toEqual(model.density.chain);
    const volumes = Array.from(spreadPlaces(20_160, 10_000), (point) => prepared.training.volumes[point] ?? 0);
    const nll = -alone.scores.train.reduce((total, score, n) => total + score + (volumes[n] ?? 0), 0) / volumes.length;
    expect(report.train).toMatchObject({ rows: 10_000, nll: expect.closeTo(nll, 9) });
  });

  it("holds few rows several times, and the rows of a large table once", () => {
    const { copies, request, judged } = preparedTable(planOf(requestFor(200)));
    expect(copies).toBe(Math.ceil(20_000 / 180));
    expect(request.rows.shape).toEqual([180 * copies, 5]);
    expect([request.validation?.shape, judged?.points.rows]).toEqual([[20 * copies, 5], 20 * copies]);
    expect(preparedTable(planOf(requestFor(30_000))).copies).toBe(1);
  });

  it("has no value where held-out rows have gaps or levels that no training row has", () => {
    const rows = (count: number, hasGaps: boolean) =>
      cellTableOf(
        Array.from({ length: count }, (_, n) => ({
          a: hasGaps && n === 1 ? null : n % 7,
          b: hasGaps && n === 2 ? "new" : n % 2 ? "u" : "v",
        })),
      );
    const { request } = preparedTable(planOf({ table: rows(100, false), seed: 1, validation: rows(10, true) }));
    expect(request.rows.data.some(Number.isNaN)).toBe(false);
    const held = Array.from(request.validation?.data.slice(0, 8) ?? [], Number.isNaN);
    expect(held).toEqual([false, false, true, false, false, true, false, false]);
  });

  it("gives the label a share of its own, and rows held out in a file all others to train on", () => {
    expect(planOf(requestFor(200, { label: "vip" })).configuration.training.masks).toMatchObject({
      alone: { share: 0.5 },
    });
    expect(planOf(requestFor(200)).configuration.training.masks).not.toHaveProperty("alone");
    const { train, heldOut } = planOf(requestFor(200, { validation: smallTable(50, 2) }));
    expect([train.rows, heldOut?.rows]).toEqual([200, 50]);
  });

  it("is refused without anything to learn, once its columns are known", () => {
    const request = { table: cellTableOf([{ a: 1, b: "x" }]), seed: 1 };
    const findings = tableFindings(request);
    expect(findings.schema.columns.map(({ kind }) => kind)).toEqual(["constant", "constant"]);
    expect(() => tablePlan(request, findings)).toThrow(/table: expected a column with at least two different values/);
  });
});

describe("numbers for which a schema names a map", () => {
  const table = cellTableOf(Array.from({ length: 300 }, (_, n) => ({ a: [1, 2, 5, 10, 100][n % 5], b: Math.sin(n) })));
  const columnFor = (schema: SchemaOverrides) => {
    const request = { table, seed: 1, schema };
    const { schema: found } = tableFindings(request);
    return { found: found.columns[0], code: planOf(request).encoder.toJSON().codes[0]?.value.kind };
  };

  it("are said to be any of their grid, as they are written", () => {
    expect(columnFor({})).toMatchObject({ found: { values: "observed" }, code: "values" });
    for (const values of [{}, { values: "any" }] as const)
      for (const scale of ["robust", "smooth", "quantile"] as const)
        expect(columnFor({ a: { kind: "number", scale, ...values } })).toMatchObject({
          found: { values: "any", scale },
          code: "scale",
        });
  });

  it("are not written as observed values alone, dates neither: a schema that asks for both is refused", () => {
    const days = cellTableOf(
      Array.from({ length: 300 }, (_, n) => ({ day: `2024-01-${11 + ((n * n) % 7)}`, b: Math.sin(n) })),
    );
    const dates = (values: object) =>
      tableFindings({ table: days, seed: 1, schema: { day: { kind: "date", scale: "robust", ...values } } }).schema
        .columns[0];
    expect(dates({})).toMatchObject({ values: "any", scale: "robust" });
    expect(() => dates({ values: "observed" })).toThrow(/^schema column "day": expected "values": "any"/);
    expect(() => columnFor({ a: { kind: "number", scale: "robust", values: "observed" } })).toThrow(
      /^schema column "a": expected "values": "any" beside "scale": .*, got "values": "observed"; leave out/,
    );
  });
});
