// conditional: students of tables that can be told cells draw the rest of a row near to where their teacher does.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordsOf } from "../../../src/data/cell-table.ts";
import { dimensionStates } from "../../../src/flow/masked.ts";
import { random } from "../../../src/random.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { createTransport } from "../../../src/runtime/transport.ts";
import { carriedGiven } from "../../../src/tasks/distillation/conditional.ts";
import { distillDensity } from "../../../src/tasks/distillation/distill.ts";
import { createCarrier, distance, noiseRows } from "../../../src/tasks/distillation/pool.ts";
import { segmentsOf } from "../../../src/tasks/distillation/segments.ts";
import type { Student } from "../../../src/tasks/distillation/student.ts";
import { decodeStudent, encodeStudent } from "../../../src/tasks/distillation/student-file.ts";
import {
  distillTable,
  type StudentTableSample,
  sampleStudentTable,
} from "../../../src/tasks/distillation/student-table.ts";
import { sampleTable } from "../../../src/tasks/table/sample-table.ts";
import { affineModel, rotation } from "../../support/affine-model.ts";
import { smallTable } from "../../support/small-table.ts";
import { untrainedTable } from "../../support/untrained-table.ts";

const model = untrainedTable(smallTable(300));
const d = model.encoder.dimensions.length;
const request = { teacherName: "t", seed: 1, rows: 2048, batchSize: 128, evaluations: 2 } as const;

let engine: Engine;
let student: Student;
let apart = Number.NaN;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  const made = await distillTable(engine, model, { ...request, iterations: 300, conditional: true });
  apart = made.report.conditional?.distance ?? Number.NaN;
  student = decodeStudent(encodeStudent(made.student));
}, 120_000);
afterAll(() => engine.close());

const rowsOf = (table: Parameters<typeof recordsOf>[0]) => [...recordsOf(table)];

describe("the pool of a conditional student", () => {
  it("has rows whose given values stay and whose rest goes where the teacher takes it", async () => {
    const { chain, record } = model.density;
    const carrier = await createCarrier(engine, chain, { masks: true });
    const [rows, masks] = [200, record.configuration.training.masks!];
    const how = { masks, key: random("given"), d };
    const segments = segmentsOf([1, 1], 4);
    const { pool, contexts = new Float32Array() } = await carriedGiven(
      carrier,
      noiseRows(random("rows"), rows, d),
      segments,
      how,
    ).finally(() => carrier.release());
    expect(pool).toHaveLength(5);
    const states = new Uint8Array(rows * d);
    const points = pool[0]!.slice();
    for (let row = 0; row < rows; row++)
      for (let k = 0; k < d; k++) {
        const at = (part: number) => contexts[3 * row * d + part * d + k];
        const [i, isGiven, isFree] = [row * d + k, at(1) === 1, at(2) === 1];
        states[i] = isFree ? dimensionStates.free : isGiven ? dimensionStates.given : dimensionStates.absent;
        if (isGiven) points[i] = at(0) ?? Number.NaN;
        if (!isFree) for (const place of pool) expect(place[i]).toBe(0);
      }
    expect(new Set(states).size).toBe(3);
    const integration = { kind: "adaptive", method: "dopri5", rtol: 1e-6, atol: 1e-6 } as const;
    const transport = await createTransport(engine, chain, {
      direction: -1,
      integration,
      divergence: { kind: "none" },
    });
    const moved = await transport.run(points, { states }).finally(() => transport.release());
    const free = (values: Float32Array) => values.filter((_, i) => states[i] === dimensionStates.free);
    expect(distance(free(moved.points), free(pool.at(-1)!))).toBeLessThan(1e-3);
  });
});

describe("a conditional student", () => {
  it("is near its teacher where cells are given, and keeps that in its file", () => {
    expect(apart).toBeLessThan(0.1);
    expect(student.record.training.conditional?.distance).toBe(apart);
    expect(student.record.training.distance.final).toBeLessThan(0.1);
  });

  it("draws rows with given cells like the teacher's of the same noise", async () => {
    const where = 'side == "left"';
    const own = await sampleStudentTable(engine, student, { rows: 200, seed: 3, where });
    expect(own).toMatchObject({ evaluations: 400, condition: { method: "given", draws: 200, acceptance: 1 } });
    const theirs = rowsOf((await sampleTable(engine, model, { rows: 200, seed: 3, where })).table);
    const drawn = rowsOf(own.table);
    expect(drawn).toHaveLength(200);
    for (const row of drawn) expect(row["side"]).toBe("left");
    const equal = drawn.filter((row, n) => row["vip"] === theirs[n]?.["vip"]).length;
    expect(equal).toBeGreaterThan(170);
    const numbers = drawn.flatMap((row, n) => {
      const [a, b] = [row["x"], theirs[n]?.["x"]];
      return typeof a === "number" && typeof b === "number" ? [Math.abs(a - b)] : [];
    });
    expect(numbers.length).toBeGreaterThan(100);
    expect(numbers.reduce((a, b) => a + b, 0) / numbers.length).toBeLessThan(0.15);
  });

  it("is heard in what is given: other cells give other rows", async () => {
    const drawn = async (where: string) =>
      rowsOf((await sampleStudentTable(engine, student, { rows: 100, seed: 3, where })).table).map(
        (row) => row["count"],
      );
    const theirs = async (where: string) =>
      rowsOf((await sampleTable(engine, model, { rows: 100, seed: 3, where })).table).map((row) =>
        Number(row["count"]),
      );
    const mean = (values: readonly unknown[]) => values.reduce<number>((a, b) => a + Number(b), 0) / values.length;
    const [few, many] = ["x == 8", "x == 12"] as const;
    expect(await drawn(few)).not.toEqual(await drawn(many));
    const [own, teachers] = [
      mean(await drawn(many)) - mean(await drawn(few)),
      mean(await theirs(many)) - mean(await theirs(few)),
    ];
    expect(Math.abs(own - teachers)).toBeLessThan(0.8);
  });

  it("draws rows again that do not meet the rest of a condition, and whole rows without one", async () => {
    const where = 'side == "right" && x > 10';
    const { table, condition } = await sampleStudentTable(engine, student, { rows: 50, seed: 4, where });
    expect(condition?.method).toBe("rejection");
    expect(condition?.acceptance).toBeLessThan(1);
    for (const row of rowsOf(table)) {
      expect(row["side"]).toBe("right");
      expect(Number(row["x"])).toBeGreaterThan(10);
    }
    const whole = await sampleStudentTable(engine, student, { rows: 30, seed: 4 });
    expect(whole.condition).toBeUndefined();
    expect(new Set(rowsOf(whole.table).map((row) => row["side"])).size).toBe(2);
  });

  it("shares rows evenly among the levels of a column, under a condition too", async () => {
    const request = { rows: 41, seed: 4, balance: "side" } as const;
    const sides = (drawn: StudentTableSample) => rowsOf(drawn.table).map((row) => row["side"]);
    const free = await sampleStudentTable(engine, student, request);
    const [first, second] = sides(free);
    expect([first, second].sort()).toEqual(["left", "right"]);
    expect(sides(free)).toEqual(Array.from({ length: 41 }, (_, n) => (n % 2 === 0 ? first : second)));
    expect(free).toMatchObject({ evaluations: 82, balance: { column: "side", rows: { left: 20, right: 21 } } });
    const bound = await sampleStudentTable(engine, student, { ...request, where: "x > 10" });
    expect(sides(bound)).toEqual(sides(free));
    for (const row of rowsOf(bound.table)) expect(Number(row["x"])).toBeGreaterThan(10);
    expect(bound.condition?.method).toBe("rejection");
    const given = sampleStudentTable(engine, student, { ...request, where: 'side == "left"' });
    await expect(given).rejects.toThrow(/balance: expected a condition that leaves several levels of "side"/);
  });

  it("keeps the label of its teacher, by which rows are balanced where no column is named", async () => {
    const balanced = (of: Student) => sampleStudentTable(engine, of, { rows: 4, seed: 4, balance: true });
    await expect(balanced(student)).rejects.toThrow(/balance: expected a model that was fitted with a label/);
    const labelled = { ...student, table: { ...student.table!, label: "side" } };
    const read = decodeStudent(encodeStudent(labelled));
    expect(read.table?.label).toBe("side");
    expect((await balanced(read)).balance).toEqual({ column: "side", rows: { left: 2, right: 2 } });
    const strange = encodeStudent({ ...student, table: { ...student.table!, label: "sides" } });
    expect(() => decodeStudent(strange)).toThrow(/label: expected a column of the model, got "sides"/);
  });

  it("has a file that is refused when its networks do not read what it says", () => {
    const { conditional: _, ...training } = student.record.training;
    const maps = student.maps.map(({ part: _, ...map }) => map);
    const other = { ...student, maps, record: { ...student.record, training } };
    expect(() => decodeStudent(encodeStudent(other))).toThrow(/networks that read another context/);
  });

  it("is refused of a model without masks and by other objectives, and conditions of a plain student", async () => {
    const plain = affineModel({ matrix: rotation(1), blocks: 2 });
    await expect(distillDensity(engine, plain, { ...request, iterations: 1, conditional: true })).rejects.toThrow(
      /conditional: expected a model that was trained with masks/,
    );
    const settings = { ...request, iterations: 1, conditional: true, objective: "consistency" } as const;
    await expect(distillTable(engine, model, settings)).rejects.toThrow(/expected the objective regression beside it/);
    const { student: whole } = await distillTable(engine, model, { ...request, iterations: 1 });
    await expect(sampleStudentTable(engine, whole, { rows: 1, seed: 1, where: 'side == "left"' })).rejects.toThrow(
      /where: expected a student that can be told cells, .*--conditional/,
    );
    await expect(sampleStudentTable(engine, whole, { rows: 1, seed: 1, balance: "side" })).rejects.toThrow(
      /balance: expected a student that can be told cells, .*--conditional/,
    );
  });
});
