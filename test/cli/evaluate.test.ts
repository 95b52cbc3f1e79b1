// evaluate: the command line of `localflow evaluate`: fields, table, thresholds, exit statuses.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { baselines, missed, thresholds } from "../../src/cli/thresholds.ts";
import { commandLine } from "../support/command-line.ts";
import { normals } from "../support/repetition.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-evaluate-"));
const at = (name: string) => join(folder, name);
const [model, train, test] = [at("model.safetensors"), at("train.csv"), at("test.csv")];

const localflow = (args: readonly string[]) => commandLine([...args, "--threads", "1"]);

const evaluate = (...args: string[]) => localflow(["evaluate", model, test, "--samples", "60", "--seed", "1", ...args]);

function writeData(path: string, rows: number): void {
  const z = normals(2 * rows, path.endsWith("train.csv") ? "train" : "test");
  const lines = Array.from({ length: rows }, (_, n) => `${100 + 10 * (z[2 * n] ?? 0)},${z[2 * n + 1]}`);
  writeFileSync(path, `a,b\n${lines.join("\n")}\n`);
}

beforeAll(async () => {
  writeData(train, 300);
  writeData(test, 80);
  const tiny = "--steps 0.3,free --hidden 16x1 --iterations 20 --batch-size 50 --seed 3".split(" ");
  expect(await localflow(["fit", train, "-o", model, ...tiny])).toMatchObject({ status: 0 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("localflow evaluate", () => {
  it("gives each measure with its baselines as JSON, nothing else on standard output", async () => {
    const { status, out, err } = await evaluate("--train", train, "--baselines", "flow-long", "--json", "--quiet");
    expect({ status, err }).toEqual({ status: 0, err: "" });
    const result = JSON.parse(out);
    const estimate = { value: expect.any(Number), standardError: expect.any(Number) };
    const each = { gaussian: estimate, mixture: estimate, kernel: estimate, "flow-long": estimate };
    expect(result.measures).toEqual({
      nll: { ...estimate, baselines: each },
      nllStandardized: { ...estimate, baselines: each },
      slicedWasserstein: { ...estimate, floor: estimate, baselines: each },
      energyDistance: { ...estimate, floor: estimate, baselines: each },
      mmdSquared: { ...estimate, floor: estimate, baselines: each },
    });
    expect(result).toMatchObject({ rows: 80, comparedRows: 60, seed: 1, gradientSteps: 40, notes: [] });
  });

  it("shows a table that marks the lowest, also where a baseline wins, and names stages on standard error", async () => {
    const { status, out, err } = await evaluate("--train", train);
    expect(status).toBe(0);
    const nll = (label: string) => Number(new RegExp(`^${label} +(-?[\\d.]+) ±`, "m").exec(out)?.[1]);
    // Twenty iterations learn little, and the law is a Gaussian.
    expect(nll("gaussian")).toBeLessThan(nll("this model"));
    expect(out).toMatch(/^(gaussian|mixture|kernel) .*\*/m);
    expect(out).toMatch(/^floor: training rows/m);
    expect(err).toContain("localflow: baseline mixture …\n");
  });

  it("says that the floor and the baselines need the training rows", async () => {
    const { status, out } = await evaluate();
    expect(status).toBe(0);
    expect(out).toContain("note: the floor and the baselines need the training rows (--train FILE)");
    expect(out).not.toContain("*  ");
    const { status: refused, err } = await evaluate("--baselines", "flow-wide");
    expect(refused).toBe(2);
    expect(err).toMatch(/^localflow: --baselines: expected --train FILE beside it.*\n$/);
  });

  it("passes and fails by thresholds: the result is printed either way, failing is status 1 and one sentence", async () => {
    expect(await evaluate("--fail-under", "nll=100,energyDistance=50", "--quiet")).toMatchObject({
      status: 0,
      err: "",
    });
    const failed = await evaluate("--fail-under", "nll=-5,slicedWasserstein=50", "--quiet", "--json");
    expect(failed.status).toBe(1);
    expect(failed.err).toMatch(/^localflow: --fail-under: expected nll of at most -5, got \d[\d.]*\n$/);
    expect(JSON.parse(failed.out).measures.nll.value).toBeGreaterThan(-5);
    expect((await evaluate("--fail-under", "quality=1")).status).toBe(2);
  });

  it("draws held-out and training rows of one built-in density independently", async () => {
    const args = ["--train", "moons", "--rows", "60", "--samples", "60", "--seed", "1", "--json", "--quiet"];
    const { out } = await localflow(["evaluate", model, "moons", ...args]);
    // Equal rows would be at distance 0.
    expect(JSON.parse(out).measures.slicedWasserstein.floor.value).toBeGreaterThan(0);
  });

  it("has help with examples, and is suggested for a slip of the fingers", async () => {
    const { out } = await localflow(["evaluate", "--help"]);
    expect(out).toContain("--fail-under <list>");
    expect(out).toContain("localflow evaluate model.safetensors test.csv --train train.csv");
    expect((await localflow(["evalute"])).err).toContain("Did you mean evaluate?");
  });
});

describe("thresholds", () => {
  it("are read as measure=value, each measure once", () => {
    expect(thresholds("nll=-2.6,mmdSquared=1e-3", "--fail-under")).toEqual([
      { measure: "nll", worst: -2.6 },
      { measure: "mmdSquared", worst: 1e-3 },
    ]);
    for (const text of ["nll", "nll=", "nll=a", "nll=1=2", "beauty=1", "nll=1,nll=2", ""])
      expect(() => thresholds(text, "--fail-under"), text).toThrow(expect.objectContaining({ code: "option" }));
    expect(baselines("flow-wide,kernel,flow-wide", "--baselines")).toEqual(["flow-wide", "kernel"]);
    expect(() => baselines("flow", "--baselines")).toThrow(/flow-wide/);
  });

  it("are met by equal values, missed by larger ones and by what is no number", () => {
    const list = thresholds("nll=2,energyDistance=1", "--fail-under");
    expect(missed(list, { nll: { value: 2 }, energyDistance: { value: -1 } })).toBeUndefined();
    expect(missed(list, { nll: { value: 2.5 }, energyDistance: { value: 3 } })?.message).toBe(
      "--fail-under: expected nll of at most 2 and energyDistance of at most 1, got 2.5 and 3",
    );
    expect(missed(list, { nll: { value: Number.NaN }, energyDistance: { value: 0 } })?.message).toContain("got NaN");
  });
});
