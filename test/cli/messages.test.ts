// messages: what command lines say when something is odd: in the words of their options, with a way out, before the work.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { run } from "../../src/cli/program.ts";
import { encodeDensityModel } from "../../src/tasks/density-model.ts";
import { localflow, type Outcome } from "../support/command-line.ts";
import { smallModel } from "../support/small-model.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-messages-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const model = at("m.safetensors");
writeFileSync(model, encodeDensityModel(smallModel()));
const longest = "x".repeat(10_001);
writeFileSync(at("header.csv"), "a,b\n");
writeFileSync(at("one.csv"), "a\n1\n");

async function refused(line: readonly string[], message: RegExp, status: number): Promise<void> {
  const outcome = await localflow(...line, "--threads", "1");
  expect(outcome.err).toMatch(message);
  expect(outcome.err).toMatch(/^localflow: [^\n]*\n$/);
  expect(outcome).toMatchObject({ status, out: "" });
}

it.each(["m.st", "m", "M.SAFETENSORS"])("a model is a model under the name %s, too", async (name) => {
  copyFileSync(model, at(name));
  const [known, other] = [await localflow("inspect", model, "--json"), await localflow("inspect", at(name), "--json")];
  expect(known).toMatchObject({ status: 0, out: expect.stringContaining('"kind":"model"') });
  expect(other).toEqual(known);
  expect(await localflow("sample", at(name), "-n", "2", "--seed", "1", "--threads", "1")).toMatchObject({ status: 0 });
});

describe("a command line", () => {
  it.each<[readonly string[], RegExp, number]>([
    [
      ["distill", model, "-o", at("y.bin"), "--evaluations", "2"],
      /-o, --output: expected a name ending in \.safetensors, got ".*y\.bin"/,
      2,
    ],
    [
      ["distill", model, "-o", "-", "--evaluations", "2"],
      /-o, --output: expected a file name for the student, got -/,
      2,
    ],
    [
      ["fit", at("header.csv"), "-o", at("y.st")],
      /-o, --output: expected a name ending in \.safetensors, got ".*y\.st"$/m,
      2,
    ],
    [["fit", at("header.csv"), "-o", "-"], /-o, --output: expected a file name for the model, got -$/m, 2],
    [["import", model, "-o", at("y")], /-o, --output: expected a name ending in \.safetensors, got ".*y"$/m, 2],
    [["import", model, "-o", folder], /: expected a file name, got a folder$/m, 1],
    [
      ["export", model, "-o", at("m.onnx"), "--part", "velocity", "--block", "9"],
      /: --block: expected 1 to 3, got 9/,
      2,
    ],
    [
      ["export", model, "-o", at("m.onnx"), "--evaluations", "3"],
      /: --evaluations: expected at least 4 for one step/,
      2,
    ],
    [["reproduce", "nosuch", "-o", at("none")], /: reproduce: expected one of tree, .*, got "nosuch"$/m, 2],
    [
      ["import", model, "-o", at("i.safetensors"), "--preset", "tree-2026"],
      /got a localflow model; it needs no import/,
      1,
    ],
    [["sample", model, "-n", "1", "--where", longest], /--where: expected at most 10000 characters, got 10001/, 2],
    [["inspect", at("header.csv")], /header\.csv: expected rows, got a header without rows/, 1],
    [
      ["sample", model, "-n", "1", "--where", "x == 1"],
      /--where: expected the model of a table, got one of rows of/,
      2,
    ],
    [
      ["sample", "moons", "-n", "1", "--where", "x == 1"],
      /--where: expected another model than a built-in density;/,
      2,
    ],
    [
      ["score", model, at("one.csv"), "--contributions"],
      /--contributions: expected the model of a table, got one of/,
      2,
    ],
  ])("line %$ is refused in its own words", async (line, message, status) => {
    await refused(line, message, status);
    for (const name of ["y.bin", "m.onnx", "i.safetensors"]) expect(existsSync(at(name))).toBe(false);
  });

  it("is told when its evaluations make no whole steps", async () => {
    const line = ["export", model, "-o", at("few.onnx"), "--force", "--evaluations"];
    const note = "localflow: --evaluations 7: rk4 takes whole steps; using 4\n";
    expect(await localflow(...line, "7")).toMatchObject({ status: 0, err: note });
    expect(await localflow(...line, "7", "--quiet")).toMatchObject({ status: 0, err: "" });
    expect(await localflow(...line, "8")).toMatchObject({ status: 0, err: "" });
  });

  it("counts one row as one", async () => {
    const { out } = await localflow("inspect", at("one.csv"), "--no-estimate");
    expect(out).toMatch(/^1 row, 1 numeric column, /);
    expect((await localflow("inspect", at("one.csv"), "--task", "table")).out).toMatch(/^1 row, /);
    const drawn = await localflow("sample", "moons", "-n", "1", "-o", at("drawn.csv"));
    expect(drawn.out).toMatch(/^1 point of moons in /);
  });

  it.each(["fit", "inspect"])("%s - with a table on standard input hears of --task table", (command) => {
    const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
    const line = ["--import", "tsx", main, command, "-", ...(command === "fit" ? ["-o", at("t.safetensors")] : [])];
    const { status, stderr } = spawnSync(process.execPath, line, { input: "a,b\n1,x\n2,y\n", encoding: "utf8" });
    expect(stderr).toMatch(/^localflow: standard input line 2 .* or learn texts and gaps too with --task table\n$/);
    expect(status).toBe(1);
  });
});

describe("an interrupt", () => {
  async function interrupted(...line: readonly string[]): Promise<Outcome> {
    let [out, err] = ["", ""];
    const status = await run([...line, "--threads", "1"], {
      out: async (content) => {
        out += String(content);
      },
      err: (text) => {
        err += text;
      },
      interactive: false,
      color: false,
      width: () => 80,
      signal: AbortSignal.abort(),
    });
    return { status, out, err };
  }
  writeFileSync(at("rows.csv"), `width,height,price\n${"1,2,3\n2,1,5\n4,4,1\n".repeat(5)}`);

  it.each<[string, ...string[]]>([
    ["sample", model, "-n", "5"],
    ["sample", "moons", "-n", "5", "-o", at("moons.csv")],
    ["score", model, at("rows.csv")],
    ["evaluate", model, at("rows.csv"), "--quiet"],
    ["export", model, "-o", at("stopped.onnx"), "--check"],
    ["picture", model, "-o", at("stopped.svg"), "--kind", "samples", "--columns", "width,price"],
  ])("of %s is told in the same words", async (...line) => {
    const { status, err } = await interrupted(...line);
    expect(err).toBe(`localflow: ${line[0]}: expected to finish, got an interrupt\n`);
    expect(status).toBe(130);
  });
});
