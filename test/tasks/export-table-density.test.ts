// export-table-density: files that take the columns of a table score its rows as localflow does.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as native from "onnxruntime-node";
import * as web from "onnxruntime-web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CellTable, cellTableOf, cellText } from "../../src/data/cell-table.ts";
import { decodeModel } from "../../src/onnx/decode.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { fillUniform, random, split } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { largestDifference } from "../../src/tasks/export-check.ts";
import { exportTable } from "../../src/tasks/export-table.ts";
import { checkTableReader } from "../../src/tasks/export-table-density-check.ts";
import { scoreTable } from "../../src/tasks/table/score-table.ts";
import type { TableModel } from "../../src/tasks/table/table-model.ts";
import { mixedColumns, sharedValues } from "../support/mixed-columns.ts";
import { orderConstraints, orders } from "../support/orders-table.ts";
import { python, pythonHas } from "../support/python.ts";
import { smallTable } from "../support/small-table.ts";
import { untrainedTable } from "../support/untrained-table.ts";

const hasOnnx = pythonHas("onnx", "onnxruntime", "numpy");
const folder = mkdtempSync(join(tmpdir(), "localflow-export-table-"));

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const integration = { kind: "fixed", method: "midpoint", evaluations: 4 } as const;

describe("the density of a table, as a file", () => {
  it.each([
    ["columns of every kind", () => untrainedTable(mixedColumns(2000))],
    ["values that many rows share", () => untrainedTable(sharedValues(600))],
    ["gaps in a column of numbers", () => untrainedTable(smallTable(300))],
    ["sums and dates", () => untrainedTable(cellTableOf(orders(300)), { constraints: orderConstraints })],
  ])("scores rows with %s as localflow does, empty cells too", async (_, made) => {
    const model = made();
    const exported = exportTable(model, { part: "density", integration, texts: false });
    const check = await checkTableReader(engine, model, exported, { rows: 200, seed: 2 });
    expect(check.outputs["partial"]?.maxDifference).toBe(0);
    expect(check.maxDifference).toBeLessThan(largestDifference);
  });

  it("encodes rows as localflow does, in loops too", async () => {
    const model = untrainedTable(mixedColumns(1000));
    const request = { part: "encoder", integration: { ...integration, evaluations: 120 }, texts: false } as const;
    const exported = exportTable(model, request);
    expect(exported.steps?.form).toBe("looped");
    expect(exported.outputs.map(({ name }) => name)).toEqual(["noise", "partial"]);
    const check = await checkTableReader(engine, model, exported, { rows: 100, seed: 3 });
    expect(check.maxDifference).toBeLessThan(largestDifference);
  });

  it("says what goes in, with names that do not collide", () => {
    const renamed = mixedColumns(1000).columns.map((column) =>
      column.name === "rain" ? { ...column, name: "noise" } : column,
    );
    const { inputs, outputs, metadata } = exportTable(untrainedTable({ rows: 1000, columns: renamed }), {
      part: "density",
    });
    expect(inputs.map(({ name, type }) => [name, type])).toEqual([
      ["level", "string"],
      ["noise_", "float64"],
      ["wide", "float64"],
      ["date", "float64"],
      ["moment", "float64"],
      ["flag", "string"],
      ["continuous", "float64"],
      ["stars", expect.stringMatching(/float64|string/)],
      ["places", "float32"],
    ]);
    expect(outputs.map(({ name, type }) => [name, type])).toEqual([
      ["log_density", "float64"],
      ["noise", "float32"],
      ["partial", "bool"],
    ]);
    const table: readonly { readonly name: string; readonly input: string; readonly kind: string }[] = JSON.parse(
      metadata["localflow.table"] ?? "",
    );
    expect(table.find(({ name }) => name === "noise")).toMatchObject({ input: "noise_", kind: "number" });
    expect(table.find(({ name }) => name === "date")).toMatchObject({ kind: "date", format: "YYYY-MM-DD" });
  });

  type Library = Pick<typeof web, "InferenceSession" | "Tensor">;
  type Cells = Readonly<Record<string, readonly string[] | Float64Array>>;

  /** Cells of a table of texts, numbers and gaps as they go into a file. */
  function cellsOf(model: TableModel, table: CellTable): Cells {
    const { inputs } = exportTable(model, { part: "density", integration });
    return Object.fromEntries(
      inputs.slice(0, -1).map(({ name, type }) => {
        const column = table.columns.find((each) => each.name === name)!;
        const texts = Array.from({ length: table.rows }, (_, row) => cellText(column, row));
        return type === "string"
          ? [name, texts.map((text) => text ?? "")]
          : [name, Float64Array.from(texts, (text) => (text === undefined ? Number.NaN : Number(text)))];
      }),
    );
  }

  async function scored(library: Library, bytes: Uint8Array, cells: Cells, places: Float32Array, rows: number) {
    const session = await library.InferenceSession.create(bytes, { logSeverityLevel: 4 });
    const tensors = Object.entries(cells).map(([name, values]) => [
      name,
      values instanceof Float64Array
        ? new library.Tensor("float64", values, [rows])
        : new library.Tensor("string", [...values], [rows]),
    ]);
    const all = {
      ...Object.fromEntries(tensors),
      places: new library.Tensor("float32", places, [rows, places.length / rows]),
    };
    const { log_density, partial } = await session.run(all);
    await session.release();
    return { logDensity: log_density?.data as Float64Array, partial: Array.from(partial?.data as Uint8Array) };
  }

  /** Rows, the places that `scoreTable` draws in their cells for a seed, and its scores. */
  async function reference(model: TableModel, table: CellTable, seed: number) {
    const { dimensions } = model.encoder;
    const places = new Float32Array(table.rows * dimensions.length);
    const shares = new Float32Array(table.rows);
    dimensions.forEach(({ column, part }, k) => {
      fillUniform(split(split(random(seed), "table", "score"), "cell", column, part), shares);
      shares.forEach((share, row) => {
        places[row * dimensions.length + k] = share;
      });
    });
    const { logDensity } = await scoreTable(engine, model, table, { integration, seed });
    return { places, logDensity };
  }

  it("takes texts, gaps and texts that it has never seen, in onnxruntime on Node, on WebAssembly and in Python", async () => {
    const model = untrainedTable(smallTable(300));
    const { bytes } = exportTable(model, { part: "density", integration });
    const decoded = decodeModel(bytes);
    expect(decodeModel(encodeModel(decoded))).toEqual(decoded);
    const rows = [
      { side: "left", x: 10.25, count: 20, vip: true },
      { side: null, x: null, count: 19, vip: false },
      { side: "above", x: 9, count: 25, vip: true },
      { side: "right", x: 1000, count: 0, vip: null },
    ];
    const table = cellTableOf(rows.map((row) => ({ ...row, fixed: "same", never: null })));
    const { places, logDensity } = await reference(model, table, 4);
    const cells = cellsOf(model, table);
    expect(Object.keys(cells)).toEqual(["side", "x", "count", "vip"]);
    expect(cells["side"]).toEqual(["left", "", "above", "right"]);
    for (const library of [native, web]) {
      const theirs = await scored(library as Library, bytes, cells, places, 4);
      theirs.logDensity.forEach((value, row) => {
        expect(Math.abs(value - (logDensity[row] ?? Number.NaN))).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
      });
      // Training rows have gaps in x alone.
      expect(theirs.partial).toEqual([0, 1, 1, 1]);
    }
    if (!hasOnnx) return;
    const path = join(folder, "density.onnx");
    writeFileSync(path, bytes);
    const program = `import json, sys, numpy, onnx, onnxruntime
onnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True)
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
cells, places = json.loads(sys.argv[2]), numpy.array(json.loads(sys.argv[3]), dtype=numpy.float32).reshape(4, -1)
feeds = {name: numpy.array(values, dtype=object if isinstance(values[0], str) else float) for name, values in cells.items()}
print(json.dumps(session.run(["log_density"], {**feeds, "places": places})[0].tolist()))`;
    const plain = JSON.stringify(cells, (_, value) => (value instanceof Float64Array ? [...value] : value)).replaceAll(
      "null",
      "NaN",
    );
    const theirs: number[] = JSON.parse(
      execFileSync(python, ["-c", program, path, plain, JSON.stringify([...places])], { encoding: "utf8" }),
    );
    theirs.forEach((value, row) => expect(value).toBeCloseTo(logDensity[row] ?? Number.NaN, 3));
  });
});
