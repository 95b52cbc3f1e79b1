// export-table: files whose sampler gives the columns of a table, held against localflow's own rows, cell by cell.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as native from "onnxruntime-node";
import * as web from "onnxruntime-web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cellTableOf, recordsOf } from "../../src/data/cell-table.ts";
import { decodeModel } from "../../src/onnx/decode.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { fillNormal, random, split } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { decodeStudent, encodeStudent } from "../../src/tasks/distillation/student-file.ts";
import { distillTable, sampleStudentTable } from "../../src/tasks/distillation/student-table.ts";
import { exportTable, exportTableStudent, type TableExportRequest } from "../../src/tasks/export-table.ts";
import { checkTableExport } from "../../src/tasks/export-table-check.ts";
import { sampleMasked } from "../../src/tasks/masked.ts";
import { sampleTable } from "../../src/tasks/table/sample-table.ts";
import { decodeTableModel, encodeTableModel, type TableModel } from "../../src/tasks/table/table-model.ts";
import { mixedColumns, sharedValues } from "../support/mixed-columns.ts";
import { orderConstraints, orders } from "../support/orders-table.ts";
import { python, pythonHas } from "../support/python.ts";
import { smallTable } from "../support/small-table.ts";
import { untrainedTable } from "../support/untrained-table.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const integration = { kind: "fixed", method: "midpoint", evaluations: 4 } as const;

type Values = Readonly<Record<string, ArrayLike<unknown>>>;
type Library = Pick<typeof web, "InferenceSession" | "Tensor">;

/** What a file gives, texts too, by a plain onnxruntime. */
async function run(
  library: Library,
  bytes: Uint8Array,
  feeds: Readonly<Record<string, Float32Array>>,
  rows: number,
): Promise<Values> {
  const session = await library.InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const tensors = Object.entries(feeds).map(([name, data]) => [
    name,
    new library.Tensor("float32", data, [rows, data.length / rows]),
  ]);
  const results = await session.run(Object.fromEntries(tensors));
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as ArrayLike<unknown>]));
}

function noiseOf({ encoder }: TableModel, rows: number, seed: number): Float32Array {
  const noise = new Float32Array(rows * encoder.dimensions.length);
  fillNormal(split(random(seed), "sample"), noise);
  return noise;
}

const exported = (model: TableModel, more: Partial<TableExportRequest> = {}) =>
  exportTable(model, { part: "sampler", integration, ...more });

describe("the sampler of a table as a file", () => {
  it.each([
    ["gaps, constants and booleans", untrainedTable(smallTable(400))],
    ["sums, dates and ordinals", untrainedTable(cellTableOf(orders(400)), { constraints: orderConstraints })],
    ["every kind of column", untrainedTable(mixedColumns(3000))],
    ["values that many rows share", untrainedTable(sharedValues(600))],
    ["levels in many digits", untrainedTable(mixedColumns(3000), { base: 3 })],
    [
      "straight scales, any values and many observed ones",
      untrainedTable(mixedColumns(3000), {
        schema: {
          wide: { kind: "number", scale: "robust", minimum: 2, maximum: 1e6 },
          rain: { kind: "number", values: "any", apart: [] },
          moment: { kind: "date", values: "observed" },
        },
      }),
    ],
  ])("gives localflow's own cells: %s", async (_, model) => {
    const check = await checkTableExport(engine, model, exported(model), { rows: 600, seed: 3 });
    expect(check).toMatchObject({ differing: 0 });
    expect(check.maxDifference).toBeLessThan(1e-4);
    expect(check.ties).toBeLessThan(0.01 * check.cells);
  });

  it("is found out where it is another model's, by its encoder or by its weights alone", async () => {
    const model = untrainedTable(smallTable(400));
    for (const other of [untrainedTable(smallTable(400, 2)), untrainedTable(smallTable(400), { seed: 2 })])
      expect((await checkTableExport(engine, model, exported(other), { rows: 200 })).differing).toBeGreaterThan(20);
  });

  it("gives the same in onnxruntime-web, with the texts of levels and gaps", async () => {
    const model = untrainedTable(smallTable(400));
    const { bytes } = exported(model);
    const feeds = { noise: noiseOf(model, 50, 7) };
    const theirs = await run(web, bytes, feeds, 50);
    const ours = await run(native, bytes, feeds, 50);
    expect(Object.keys(theirs)).toEqual([
      "side",
      "x",
      "count",
      "vip",
      "fixed",
      "never",
      "side text",
      "vip text",
      "fixed text",
      "never text",
    ]);
    for (const [name, values] of Object.entries(ours))
      expect(Array.from(theirs[name] ?? [])).toEqual(Array.from(values));
    const { table } = await sampleTable(engine, model, { rows: 50, seed: 7, integration });
    const rows = [...recordsOf(table)];
    rows.forEach((row, n) => {
      expect(ours["side text"]?.[n]).toBe(row["side"]);
      expect(ours["fixed text"]?.[n]).toBe("same");
      expect(Number(ours["never"]?.[n])).toBe(-1);
      expect(Number.isNaN(ours["x"]?.[n])).toBe(row["x"] === null);
    });
    expect(rows.some((row) => row["x"] === null)).toBe(true);
  });

  it("names its outputs as the columns, whatever they are called", async () => {
    const hostile = {
      id: "noise",
      level: "",
      rain: "__proto__",
      wide: "points/v1",
      date: "samples",
      moment: "constant0",
      flag: "a\u0000b",
      continuous: "continuous text",
    };
    const model = untrainedTable(mixedColumns(500, hostile));
    const file = exported(model);
    expect(file.inputs.map(({ name }) => name)).toEqual(["noise_"]);
    const table: readonly { readonly name: string; readonly output: string; readonly text?: string }[] = JSON.parse(
      file.metadata["localflow.table"] ?? "",
    );
    expect(table.map(({ name }) => name)).toEqual(model.encoder.schema.columns.map(({ name }) => name));
    const outputs = table.map(({ output }) => output);
    expect(outputs).toEqual([
      "noise",
      "column_2",
      "column_3",
      "points/v1",
      "samples",
      "constant0",
      "a_b",
      "continuous text",
      "stars",
    ]);
    const values = await run(native, file.bytes, { noise_: noiseOf(model, 20, 1) }, 20);
    expect(Object.keys(values)).toEqual([...outputs, ...table.flatMap(({ text = [] }) => text)]);
    expect((await checkTableExport(engine, model, file, { rows: 100 })).differing).toBe(0);
  });

  it("leaves out ids and texts that localflow writes anew, and checks the other cells", async () => {
    const table = mixedColumns(300);
    const texts = Array.from({ length: 300 }, (_, n) => ({ code: `AB-${1000 + ((n * 7919) % 9000)}`, side: n % 2 }));
    const codes = cellTableOf(texts).columns;
    const whole = { rows: 300, columns: [...table.columns, ...codes] };
    const model = untrainedTable(whole, { schema: { code: { kind: "text", regenerate: true } } });
    expect(model.encoder.schema.columns.find(({ name }) => name === "code")).toHaveProperty("regenerate");
    const file = exported(model);
    expect(file.outputs.map(({ name }) => name)).not.toContain("code");
    expect(await checkTableExport(engine, model, file, { rows: 100 })).toMatchObject({ differing: 0 });
  });

  it("takes any number of rows, none too", async () => {
    const model = untrainedTable(mixedColumns(300));
    const { bytes } = exported(model);
    for (const rows of [0, 1, 3]) {
      const session = await native.InferenceSession.create(bytes);
      const d = model.encoder.dimensions.length;
      const results = await session.run({ noise: new native.Tensor("float32", new Float32Array(rows * d), [rows, d]) });
      for (const { dims } of Object.values(results)) expect(dims).toEqual([rows]);
      await session.release();
    }
  });

  it("says what its columns are, and which constraints it does not keep", () => {
    const model = untrainedTable(cellTableOf(orders(300)), { constraints: orderConstraints });
    const { metadata, bytes } = exported(model, { source: "orders.safetensors" });
    const table = JSON.parse(metadata["localflow.table"] ?? "");
    expect(table.find(({ name }: { name: string }) => name === "start")).toMatchObject({
      kind: "date",
      format: "YYYY-MM-DD",
    });
    expect(table.find(({ name }: { name: string }) => name === "country").levels.sort()).toEqual([
      "DE",
      "FR",
      "IT",
      "NO",
    ]);
    expect(JSON.parse(metadata["localflow.constraints_not_applied"] ?? "")).toEqual([
      "low <= high",
      "start <= end",
      "combinations(city, country)",
    ]);
    const turned = untrainedTable(cellTableOf(orders(300)), { constraints: ["tax + net == total && low <= high"] });
    expect(exported(turned).metadata["localflow.constraints_not_applied"]).toContain("low <= high");
    const alone = untrainedTable(cellTableOf(orders(300)), { constraints: ["tax + net == total"] });
    expect(alone.encoder.toJSON().sums).toHaveLength(1);
    expect(exported(alone).metadata).not.toHaveProperty("localflow.constraints_not_applied");
    const decoded = decodeModel(bytes);
    expect(decoded.metadata).toMatchObject({ "localflow.model": "orders.safetensors", "localflow.method": "midpoint" });
    expect(decodeModel(encodeModel(decoded))).toEqual(decoded);
    expect(exported(model, { texts: false }).outputs.some(({ type }) => type === "string")).toBe(false);
  });

  it("gives velocities at the encoder's points, with the encoder beside them", async () => {
    const model = untrainedTable(smallTable(200));
    const { inputs, metadata } = exportTable(model, { part: "velocity" });
    expect(inputs).toMatchObject([{ name: "x", shape: ["rows", model.encoder.dimensions.length] }, { name: "t" }]);
    expect(JSON.parse(metadata["localflow.encoder"] ?? "")).toMatchObject({ version: 1 });
    expect(() => exportTable(model, { part: "density", conditional: true })).toThrow(
      /conditional: expected the part sampler/,
    );
  });
});

describe("a conditional sampler", () => {
  const model = untrainedTable(mixedColumns(2000));
  it.each([4, 400])("draws the rest of a row given any of its columns, by %i evaluations", async (evaluations) => {
    const file = exported(model, { conditional: true, integration: { ...integration, evaluations } });
    expect(file.inputs.map(({ name }) => name)).toEqual(["noise", "given", "state"]);
    expect(file.steps?.form).toBe(evaluations === 4 ? "unrolled" : "looped");
    const check = await checkTableExport(engine, model, file, { rows: 300, seed: 2 });
    expect(check).toMatchObject({ differing: 0 });
  });

  it("says which points to give for a cell, and gives the cell back", async () => {
    const file = exported(model, { conditional: true });
    const table: readonly {
      name: string;
      levels?: string[];
      points?: { start: number; end: number; levels?: number[][]; gap?: { value: number; gap: number } };
    }[] = JSON.parse(file.metadata["localflow.table"] ?? "");
    const d = model.encoder.dimensions.length;
    const level = table.find(({ name }) => name === "level");
    const flag = table.find(({ name }) => name === "flag");
    const rows = level?.levels?.length ?? 0;
    const [given, state] = [new Float32Array(rows * d), new Float32Array(rows * d)];
    for (let row = 0; row < rows; row++) {
      level?.points?.levels?.[row]?.forEach((score, k) => {
        given[row * d + (level.points?.start ?? 0) + k] = score;
        state[row * d + (level.points?.start ?? 0) + k] = 1;
      });
      const isGap = row % 2 === 0;
      const scores = [isGap ? flag?.points?.gap?.gap : flag?.points?.gap?.value, flag?.points?.levels?.[1]?.[0]];
      scores.forEach((score, k) => {
        given[row * d + (flag?.points?.start ?? 0) + k] = score ?? Number.NaN;
        state[row * d + (flag?.points?.start ?? 0) + k] = 1;
      });
    }
    const values = await run(native, file.bytes, { noise: noiseOf(model, rows, 1), given, state }, rows);
    expect(rows).toBeGreaterThan(100);
    expect(Array.from(values["level"] ?? [], Number)).toEqual(Array.from({ length: rows }, (_, n) => n));
    expect(Array.from(values["flag"] ?? [], Number)).toEqual(
      Array.from({ length: rows }, (_, n) => (n % 2 === 0 ? -1 : 1)),
    );
  });
});

describe("noise inside the file", () => {
  it("takes the number of rows, and a seed repeats them in the same runtime", async () => {
    const model = untrainedTable(smallTable(300));
    const file = exported(model, { noise: { seed: 5 } });
    expect(file.inputs).toMatchObject([{ name: "rows", type: "int64", shape: [] }]);
    expect(file.metadata["localflow.noise"]).toMatch(/differ between runtimes/);
    const draw = async (library: Library) => {
      const session = await library.InferenceSession.create(file.bytes, { logSeverityLevel: 4 });
      const { x } = await session.run({ rows: new library.Tensor("int64", BigInt64Array.of(2000n), []) });
      await session.release();
      return Array.from(x?.data as Float64Array);
    };
    const first = await draw(native);
    expect(first).toHaveLength(2000);
    expect(await draw(native)).toEqual(first);
    const { table } = await sampleTable(engine, model, { rows: 2000, seed: 1, integration });
    const own = [...recordsOf(table)].map((row) => row["x"] as number | null);
    const gaps = (list: readonly (number | null)[]) =>
      list.filter((value) => value === null || Number.isNaN(value)).length;
    const mean = (list: readonly (number | null)[]) => {
      const known = list.filter((value): value is number => value !== null && !Number.isNaN(value));
      return known.reduce((total, value) => total + value, 0) / known.length;
    };
    for (const drawn of [first, await draw(web)]) {
      expect(Math.abs(gaps(drawn) - gaps(own))).toBeLessThan(5 * Math.sqrt(2 * 0.25 * 2000));
      expect(Math.abs(mean(drawn) - mean(own))).toBeLessThan(0.25);
    }
  });
});

describe("a student of a table", () => {
  it("draws rows like its teacher's of the same noise, keeps what it is in its file, and is exported", async () => {
    const model = untrainedTable(cellTableOf(orders(300)), { constraints: ["total == net + tax", "low <= high"] });
    const request = { evaluations: 2, teacherName: "orders", seed: 1, rows: 2048, iterations: 200, batchSize: 128 };
    const { student, report } = await distillTable(engine, model, request);
    expect(report.distance.final).toBeLessThan(0.1);
    const read = decodeStudent(encodeStudent(student));
    const drawn = await sampleStudentTable(engine, read, { rows: 300, seed: 3 });
    expect(drawn.constraints?.acceptance).toBeLessThan(1);
    const rows = [...recordsOf(drawn.table)];
    expect(rows).toHaveLength(300);
    for (const row of rows) {
      expect(row["low"] === null || Number(row["low"]) <= Number(row["high"])).toBe(true);
      expect(Number(row["total"])).toBeCloseTo(Number(row["net"]) + Number(row["tax"]), 6);
    }
    const { constraints: _, ...free } = model;
    const teacher = [...recordsOf((await sampleTable(engine, free, { rows: 300, seed: 3 })).table)];
    const table = { encoder: model.encoder };
    const same = [...recordsOf((await sampleStudentTable(engine, { ...read, table }, { rows: 300, seed: 3 })).table)];
    const equal = same.filter((row, n) => row["city"] === teacher[n]?.["city"]).length;
    expect(equal).toBeGreaterThan(240);
    const check = await checkTableExport(engine, read, exportTableStudent(read), { rows: 200 });
    expect(check).toMatchObject({ differing: 0 });
  });
});

const hasOnnx = pythonHas("onnx", "onnxruntime", "numpy");

describe.skipIf(!hasOnnx)(
  `Python's tools (skipped unless ${python} has onnx and onnxruntime; LOCALFLOW_PYTHON)`,
  () => {
    it("find the files well-formed and run them, texts included", async () => {
      const folder = mkdtempSync(join(tmpdir(), "localflow-export-table-"));
      try {
        const model = untrainedTable(mixedColumns(600));
        const files = [
          exported(model),
          exported(model, { conditional: true }),
          exported(model, { noise: {} }),
          exported(model, { integration: { ...integration, evaluations: 400 } }),
        ];
        const paths = files.map(({ bytes }, n) => {
          const path = join(folder, `${n}.onnx`);
          writeFileSync(path, bytes);
          return path;
        });
        const program = `import json, sys, numpy, onnx, onnxruntime
for path in sys.argv[1:]: onnx.checker.check_model(onnx.load(path), full_check=True)
run = lambda path, feeds: onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(["level", "level text", "rain"], feeds)
d = len(json.loads(onnxruntime.InferenceSession(sys.argv[1]).get_modelmeta().custom_metadata_map["localflow.dimensions"]))
level, text, rain = run(sys.argv[1], {"noise": numpy.zeros((4, d), numpy.float32)})
drawn = run(sys.argv[3], {"rows": numpy.array(50, dtype=numpy.int64)})
print(json.dumps([level.tolist(), text.tolist(), rain.dtype.name, len(drawn[0])]))`;
        const [levels, texts, type, count] = JSON.parse(
          execFileSync(python, ["-c", program, ...paths], { encoding: "utf8" }),
        );
        const known = JSON.parse(files[0]?.metadata["localflow.table"] ?? "").find(
          ({ name }: { name: string }) => name === "level",
        ).levels;
        expect(texts).toEqual(levels.map((place: number) => known[place]));
        expect([type, count]).toEqual(["float64", 50]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  },
);

describe("the untrained models of these tests", () => {
  it("are models that a file can hold, and masked", async () => {
    const model = decodeTableModel(encodeTableModel(untrainedTable(smallTable(100))));
    const d = model.encoder.dimensions.length;
    for await (const { points } of sampleMasked(engine, model.density, {
      given: new Float32Array(d),
      state: new Uint8Array(d),
      seed: 1,
    }))
      expect(points.shape).toEqual([1, d]);
  });
});
