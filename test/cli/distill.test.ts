// distill: the command line of a student: how it is made, what it does, what it refuses and sends to its teacher.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandLine, localflow, type Outcome } from "../support/command-line.ts";
import { normals } from "../support/repetition.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-distill-"));
const at = (name: string) => join(folder, name);
const [teacher, student, test] = [at("teacher.safetensors"), at("student.safetensors"), at("test.csv")];
const quick = "--rows 512 --iterations 20 --batch-size 64 --threads 1 --seed 5".split(" ");
/** The command line that makes the student, with another output. */
const distilling = (output: string, ...more: readonly string[]) => [
  "distill",
  teacher,
  "-o",
  output,
  "--evaluations",
  "2",
  ...quick,
  ...more,
];

async function json(args: readonly string[]): Promise<Record<string, unknown>> {
  const { status, out, err } = await localflow(...args, "--json", "--quiet");
  expect({ status, err }).toEqual({ status: 0, err: "" });
  return JSON.parse(out);
}

beforeAll(async () => {
  const z = normals(800, "rows");
  const lines = Array.from({ length: 400 }, (_, n) => `${100 + 10 * (z[2 * n] ?? 0)},${z[2 * n + 1]}`);
  writeFileSync(at("train.csv"), `a,b\n${lines.slice(0, 300).join("\n")}\n`);
  writeFileSync(test, `a,b\n${lines.slice(300).join("\n")}\n`);
  const tiny = "--steps 0.3,free --hidden 16x1 --iterations 50 --batch-size 50 --seed 3 --threads 1".split(" ");
  expect(await localflow("fit", at("train.csv"), "-o", teacher, ...tiny)).toMatchObject({ status: 0 });
  expect(await localflow(...distilling(student))).toMatchObject({ status: 0 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("localflow distill", () => {
  it("reports the promised fields, and the same seed gives the same bytes", async () => {
    const result = await json(distilling(at("again.safetensors")));
    expect(result).toMatchObject({ evaluations: 2, seed: 5, rows: 512, seconds: expect.any(Number) });
    expect(result["blocks"]).toMatchObject([
      { from: 2, to: 1, iterations: 20, error: expect.any(Number), displacement: expect.any(Number) },
      { from: 1, to: 0, iterations: 20, error: expect.any(Number), displacement: expect.any(Number) },
    ]);
    expect(result["distance"]).toMatchObject({ separate: expect.any(Number), final: expect.any(Number) });
    expect(readFileSync(at("again.safetensors")).equals(readFileSync(student))).toBe(true);
  });

  it("prints what it lost, and names the teacher", async () => {
    const { status, out } = await localflow(...distilling(student, "--force", "--quiet"));
    expect(status).toBe(0);
    expect(out).toMatch(/^samples +[\d.e-]+ from those of teacher\.safetensors/m);
    expect(out).toContain("for densities use teacher.safetensors");
  });

  it("refuses what cannot be before it trains", async () => {
    const refused = async (status: number, message: RegExp, ...args: readonly string[]) =>
      expect(await localflow(...args)).toEqual({ status, out: "", err: expect.stringMatching(message) });
    await refused(1, /--force/, ...distilling(student));
    await refused(2, /--evaluations/, "distill", teacher, "-o", at("x.safetensors"));
    await refused(
      1,
      /its teacher, teacher\.safetensors/,
      "distill",
      student,
      "-o",
      at("x.safetensors"),
      "--evaluations",
      "1",
    );
    await refused(2, /-o, --output/, "distill", teacher, "-o", "-", "--evaluations", "1");
    expect(existsSync(at("x.safetensors"))).toBe(false);
  });

  it("ends at Ctrl-C with status 130, one sentence and no file", async () => {
    const line = distilling(at("stopped.safetensors"), "--iterations", "1000000");
    const { status, err } = await commandLine(line, {
      interactive: true,
      stopAt: (printed) => printed.err.includes("train "),
    });
    expect(status).toBe(130);
    expect(err).toMatch(/localflow: distill .*got an interrupt; no student was written; .*--time\n$/);
    expect(readdirSync(folder).filter((name) => name.includes("stopped"))).toEqual([]);
  });
});

describe("a student", () => {
  const lineOf = ({ err }: Outcome) => err.trim().split("\n").at(-1);

  it("draws samples that are the same in every run, one evaluation for each network", async () => {
    const result = await json(["sample", student, "-n", "30", "--seed", "1", "-o", at("s.csv")]);
    expect(result).toMatchObject({ rows: 30, evaluations: 60, seed: 1 });
    const { out } = await localflow("sample", student, "-n", "30", "--seed", "1", "--quiet");
    expect(out).toBe(readFileSync(at("s.csv"), "utf8"));
    expect(out.split("\n")[0]).toBe("a,b");
  });

  it("is shown by inspect as what it is, with its teacher and what it lost", async () => {
    const { out } = await localflow("inspect", student);
    expect(out).toMatch(/^student, version 1, 2 network evaluations/);
    expect(out).toContain("teacher: teacher.safetensors, 2 blocks");
    expect(await json(["inspect", student])).toMatchObject({
      kind: "student",
      evaluations: 2,
      teacher: { name: "teacher.safetensors", blocks: 2 },
    });
  });

  it.each([
    ["score", ["score", student, test]],
    ["picture", ["picture", student, "-o", at("p.svg"), "--kind", "samples"]],
  ])("has no density: %s refuses and names the teacher", async (_, args) => {
    const outcome = await localflow(...args);
    expect(outcome.status).toBe(1);
    expect(lineOf(outcome)).toMatch(
      /student\.safetensors: expected a model with an exact density, got a student of 2 .*; use its teacher, teacher\.safetensors$/,
    );
  });

  it.each([
    ["--log-density", ["sample", student, "-n", "3", "--log-density"]],
    ["--method", ["sample", student, "-n", "3", "--method", "heun", "--evaluations", "4"]],
    ["--tolerance", ["evaluate", student, test, "--tolerance", "1e-3"]],
    ["--curve", ["evaluate", student, test, "--curve"]],
    ["--fail-under", ["evaluate", student, test, "--fail-under", "nll=3"]],
  ])("refuses %s, which is the teacher's", async (option, args) => {
    const outcome = await localflow(...args);
    expect(outcome.status).toBe(2);
    expect(lineOf(outcome)).toContain(`localflow: ${option}: expected`);
    expect(lineOf(outcome)).toContain("teacher.safetensors");
  });

  it("is measured by its samples alone", async () => {
    const args = ["evaluate", student, test, "--train", at("train.csv"), "--samples", "60", "--seed", "1"];
    const { measures } = (await json(args)) as { measures: Record<string, unknown> };
    expect(Object.keys(measures)).toEqual(["slicedWasserstein", "energyDistance", "mmdSquared"]);
    expect(measures["slicedWasserstein"]).toMatchObject({ floor: { value: expect.any(Number) } });
    expect((await localflow(...args, "--fail-under", "slicedWasserstein=0")).status).toBe(1);
    expect((await localflow(...args)).out).toMatch(/^this student .*\n^floor: training rows/m);
  });

  it("stands on its teacher's curve beside fixed steps of as many evaluations, and on no other model's", async () => {
    const args = ["evaluate", teacher, test, "--samples", "40", "--seed", "1"];
    const { curve } = (await json([...args, "--curve", "--student", student])) as { curve: readonly unknown[] };
    expect(curve.slice(-2)).toMatchObject([
      { sampler: "fixed steps", method: "chosen" },
      { sampler: "student", method: "maps", evaluations: 2 },
    ]);
    const without = await localflow(...args, "--student", student);
    expect([without.status, lineOf(without)]).toEqual([2, expect.stringContaining("--student: expected --curve")]);
    const other = at("other.safetensors");
    const tiny = "--steps free --hidden 16x1 --iterations 5 --batch-size 50 --seed 4 --threads 1".split(" ");
    expect(await localflow("fit", at("train.csv"), "-o", other, ...tiny)).toMatchObject({ status: 0 });
    const stranger = await localflow("evaluate", other, test, "--samples", "40", "--curve", "--student", student);
    expect(stranger.status).toBe(1);
    expect(lineOf(stranger)).toContain("expected a student of this model, got one of teacher.safetensors");
  });
});
