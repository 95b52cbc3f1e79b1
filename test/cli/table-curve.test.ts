// table-curve: `localflow evaluate TABLE_MODEL HELD_OUT --curve --student …` as a command line.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cellTableOf } from "../../src/data/cell-table.ts";
import { encodeTableModel } from "../../src/tasks/table/table-model.ts";
import { localflow } from "../support/command-line.ts";
import { smallRows } from "../support/small-table.ts";
import { untrainedTable } from "../support/untrained-table.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-table-curve-"));
const at = (name: string) => join(folder, name);
const [model, student, train, test] = [at("table.safetensors"), at("student.safetensors"), at("a.csv"), at("b.csv")];
const rowsOf = (rows: number, seed: number) =>
  smallRows(rows, seed).map(({ side, x, count }) => ({ side, x: x ?? "", count }));

function put(path: string, rows: ReturnType<typeof rowsOf>): void {
  writeFileSync(path, `side,x,count\n${rows.map(({ side, x, count }) => `${side},${x},${count}`).join("\n")}\n`);
}

beforeAll(async () => {
  put(train, rowsOf(200, 1));
  put(test, rowsOf(100, 2));
  writeFileSync(model, encodeTableModel(untrainedTable(cellTableOf(rowsOf(200, 1)))));
  const quick = "--rows 256 --iterations 5 --batch-size 64 --threads 1 --seed 5".split(" ");
  const distilled = await localflow("distill", model, "-o", student, "--evaluations", "2", ...quick);
  expect(distilled).toMatchObject({ status: 0 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("evaluate --curve, of a table's model", () => {
  it("holds methods, chosen steps and students against held-out rows, in the JSON and on the page", async () => {
    const line = ["evaluate", model, test, "--train", train, "--seed", "1", "--threads", "1"];
    const more = ["--curve", "--student", student, "--report", at("r.html"), "--json", "--quiet"];
    const { status, out, err } = await localflow(...line, ...more);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    const { curve, curveFloor, measures } = JSON.parse(out);
    expect(measures).toHaveProperty("c2st");
    expect(curve.slice(-2)).toMatchObject([
      { sampler: "fixed steps", method: "chosen" },
      { sampler: "student", method: "maps", evaluations: 2 },
    ]);
    const estimate = { value: expect.any(Number), standardError: expect.any(Number) };
    for (const point of [...curve, curveFloor])
      expect(point.measures).toMatchObject({ c2st: estimate, quality: estimate, columnShapes: estimate });
    expect(curveFloor.rows).toBe(100);
    const page = readFileSync(at("r.html"), "utf8");
    expect(page).toContain("<h2>Quality against evaluations</h2>");
    const twin = page.match(/<script type="application\/json" id="localflow">([\s\S]*?)<\/script>/)?.[1] ?? "";
    expect(JSON.parse(twin).curve).toEqual(curve);
  });

  it("shows a table of its own, without a floor where there are no training rows", async () => {
    const { status, out } = await localflow("evaluate", model, test, "--seed", "1", "--threads", "1", "--curve");
    expect(status).toBe(0);
    expect(out).toMatch(/^rows by +evaluations +s per 1000 +c2st +quality/m);
    expect(out).toMatch(/^dopri5 1e-4 /m);
    expect(out).not.toContain("floor: training rows");
  });

  it("refuses another model's student", async () => {
    const other = at("other.safetensors");
    writeFileSync(other, encodeTableModel(untrainedTable(cellTableOf(rowsOf(200, 1)), { seed: 2 })));
    const { status, err } = await localflow("evaluate", other, test, "--curve", "--student", student, "--quiet");
    expect(err).toMatch(/expected a student of this model, got one of table\.safetensors/);
    expect(status).toBe(1);
  });
});
