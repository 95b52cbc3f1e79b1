// table-export: `export` and `distill` of the models of tables as whole command lines.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cellTableOf } from "../../src/data/cell-table.ts";
import { decodeModel } from "../../src/onnx/decode.ts";
import { encodeDensityModel } from "../../src/tasks/density-model.ts";
import { encodeTableModel } from "../../src/tasks/table/table-model.ts";
import { localflow } from "../support/command-line.ts";
import { orderConstraints, orders } from "../support/orders-table.ts";
import { smallModel } from "../support/small-model.ts";
import { smallTable } from "../support/small-table.ts";
import { untrainedTable } from "../support/untrained-table.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-table-export-"));
const at = (name: string) => join(folder, name);
const [table, numbers] = [at("table.safetensors"), at("numbers.safetensors")];
const quiet = ["--threads", "1", "--force", "--json"];
beforeAll(() => {
  writeFileSync(table, encodeTableModel(untrainedTable(smallTable(300))));
  writeFileSync(numbers, encodeDensityModel(smallModel()));
});
afterAll(() => rmSync(folder, { recursive: true }));

const columns = ["side", "x", "count", "vip", "fixed", "never"];
const names = (ports: readonly { readonly name: string }[]) => ports.map(({ name }) => name);

describe("localflow export of a table's model", () => {
  it("writes an output for every column, checks the cells and reports them", async () => {
    const file = at("rows.onnx");
    const { status, out, err } = await localflow("export", table, "-o", file, "--check", "--seed", "2", ...quiet);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    const result = JSON.parse(out);
    expect(names(result.outputs)).toEqual([...columns, "side text", "vip text", "fixed text", "never text"]);
    expect(result).toMatchObject({ part: "sampler", blocks: 2, method: "rk4", evaluations: 16 });
    expect(result.check).toMatchObject({ rows: 256, seed: 2, cells: 256 * columns.length, differing: 0 });
    expect(result.check.fromAdaptive).toBeLessThan(0.05);
    expect(decodeModel(readFileSync(file)).metadata["localflow.columns"]).toBe(JSON.stringify(columns));
  });

  it("says on standard error and in JSON which constraints it does not keep and which texts it is without", async () => {
    const [path, file] = [at("orders.safetensors"), at("orders.onnx")];
    const rows = orders(300).map((row, n) => ({ ...row, ticket: `T-${1000 + ((n * 7919) % 9000)}` }));
    const schema = { ticket: { kind: "id", regenerate: true } } as const;
    writeFileSync(path, encodeTableModel(untrainedTable(cellTableOf(rows), { constraints: orderConstraints, schema })));
    const { status, out, err } = await localflow("export", path, "-o", file, ...quiet);
    expect(status).toBe(0);
    const notes = [
      'a file neither draws rows again nor reads combinations: its rows need not meet ["low <= high","start <= end","combinations(city, country)"]',
      'a file cannot write texts anew as sample does: it is without ["ticket"]',
    ];
    expect(err).toBe(notes.map((note) => `localflow: note: ${note}\n`).join(""));
    expect(JSON.parse(out).notes).toEqual(notes);
    const { metadata, graph } = decodeModel(readFileSync(file));
    expect(metadata["localflow.texts_left_out"]).toBe('["ticket"]');
    expect(names(graph.outputs)).not.toContain("ticket");
  });

  it("takes known cells, draws its own noise and leaves texts out where that is asked for", async () => {
    const file = at("conditional.onnx");
    const line = [
      "export",
      table,
      "-o",
      file,
      "--conditional",
      "--no-texts",
      "--noise",
      "seed",
      "--seed",
      "1",
      "--check",
    ];
    const { status, out } = await localflow(...line, "--threads", "1", "--force");
    expect(status).toBe(0);
    expect(out).toMatch(/inputs +rows int64 \[\], given float32 \[rows, 5\], state float32 \[rows, 5\]/);
    expect(out).toMatch(/check +256 rows, seed 1: 1536 cells are localflow's own but for \d+ ties, numbers within /);
    const { graph } = decodeModel(readFileSync(file));
    expect(names(graph.outputs)).toEqual(columns);
    expect(graph.texts).toBeUndefined();
  });

  it.each([
    [
      ["--part", "density"],
      ["side", "x", "count", "vip", "places"],
      ["log_density", "noise", "partial"],
    ],
    [["--part", "velocity", "--block", "2"], ["x", "t"], ["velocity"]],
  ])("has the other parts in the encoder's points: %o", async (more, inputs, outputs) => {
    const line = ["export", table, "-o", at("part.onnx"), ...more, "--check", "--seed", "1", ...quiet];
    const result = JSON.parse((await localflow(...line)).out);
    expect([names(result.inputs), names(result.outputs)]).toEqual([inputs, outputs]);
    expect(result.check.maxDifference).toBeLessThan(1e-4);
  });

  it.each([
    [numbers, ["--conditional"], /--conditional: expected the model of a table, got a model of numbers/],
    [numbers, ["--no-texts"], /--no-texts: expected the model of a table/],
    [numbers, ["--part", "encoder", "--noise", "seed"], /noise: expected the part sampler beside it, got encoder/],
    [table, ["--seed", "1"], /--seed: expected --check beside it, whose rows it draws, or --noise seed/],
  ])("refuses %s with %o", async (model, more, message) => {
    const { status, err } = await localflow("export", model, "-o", at("none.onnx"), ...more);
    expect(status).not.toBe(0);
    expect(err).toMatch(message);
  });

  it("lets a sampler of numbers draw its noise itself too", async () => {
    const line = ["export", numbers, "-o", at("own.onnx"), "--noise", "seed", "--check", "--seed", "3", ...quiet];
    const result = JSON.parse((await localflow(...line)).out);
    expect(names(result.inputs)).toEqual(["rows"]);
    expect(result.check.maxDifference).toBeLessThan(1e-4);
  });
});

describe("localflow distill of a table's model", () => {
  it("writes a student that draws rows of the table, is inspected and exported, and evaluated as a table only", async () => {
    const student = at("student.safetensors");
    const small = ["--rows", "4096", "--iterations", "20", "--seed", "1"];
    const made = await localflow("distill", table, "-o", student, "--evaluations", "2", ...small, ...quiet, "--quiet");
    expect(made).toMatchObject({ status: 0, err: "" });
    const rows = at("rows.csv");
    const drawn = JSON.parse((await localflow("sample", student, "-n", "40", "-o", rows, "--seed", "2", ...quiet)).out);
    expect(drawn).toMatchObject({ rows: 40, evaluations: 80, seed: 2 });
    const lines = readFileSync(rows, "utf8").trim().split("\n");
    expect(lines[0]).toBe(columns.join(","));
    expect(lines).toHaveLength(41);
    for (const line of lines.slice(1)) expect(line).toMatch(/^(left|right),[\d.]*,\d+,(true|false),same,$/);
    expect((await localflow("inspect", student)).out).toContain(`rows of a table: ${columns.join(", ")}`);
    const file = await localflow("export", student, "-o", at("student.onnx"), "--check", "--seed", "1", ...quiet);
    expect(JSON.parse(file.out)).toMatchObject({ evaluations: 2, check: { differing: 0 } });
    const refused = await localflow("evaluate", student, rows);
    expect(refused.status).toBe(1);
    expect(refused.err).toMatch(
      /expected a student of rows of numbers, got a student of a table \(table\.safetensors\)/,
    );
    const given = await localflow("sample", student, "-n", "4", "--where", 'side == "left"');
    expect(given.err).toMatch(
      /--where: expected a student that can be told cells, got one of whole rows; distil one with --conditional/,
    );
  });

  it("writes a conditional one that draws rows with the cells of a condition", async () => {
    const student = at("conditional.safetensors");
    const small = ["--rows", "1024", "--iterations", "20", "--seed", "1", "--conditional"];
    const made = await localflow("distill", table, "-o", student, "--evaluations", "2", ...small, ...quiet, "--quiet");
    expect(made).toMatchObject({ status: 0, err: "" });
    expect(JSON.parse(made.out).conditional.distance).toBeLessThan(1);
    const rows = at("left.csv");
    const line = ["sample", student, "-n", "30", "-o", rows, "--where", 'side == "left"', "--seed", "2"];
    const drawn = JSON.parse((await localflow(...line, ...quiet)).out);
    expect(drawn).toMatchObject({ rows: 30, evaluations: 60, condition: { method: "given", draws: 30 } });
    for (const row of readFileSync(rows, "utf8").trim().split("\n").slice(1)) expect(row).toMatch(/^left,/);
    const even = ["sample", student, "-n", "5", "--balance", "side", "-o", at("even.csv"), "--seed", "2"];
    const balanced = JSON.parse((await localflow(...even, ...quiet)).out);
    expect(balanced).toMatchObject({ evaluations: 10, balance: { column: "side", rows: { left: 2, right: 3 } } });
    const plain = await localflow("distill", numbers, "-o", student, "--evaluations", "2", "--conditional", "--force");
    expect(plain.err).toMatch(/--conditional: expected the model of a table, got a model of rows of numbers/);
  });
});
