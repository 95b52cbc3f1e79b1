// tolerance: `--tolerance auto` and `evaluate --curve` on the command line: fields, notes, bad usage.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toleranceNote } from "../../src/cli/tolerance.ts";
import { localflow, type Outcome } from "../support/command-line.ts";
import { normals } from "../support/repetition.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-tolerance-"));
const at = (name: string) => join(folder, name);
const [model, train, test] = [at("model.safetensors"), at("train.csv"), at("test.csv")];
const choices = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];
const run = (...args: string[]) => localflow(...args, "--threads", "1");
const auto = ["--tolerance", "auto"] as const;
let fitted: Outcome;

beforeAll(async () => {
  for (const [path, rows] of [[train, 300] as const, [test, 80] as const]) {
    const z = normals(2 * rows, path);
    const lines = Array.from({ length: rows }, (_, n) => `${100 + 10 * (z[2 * n] ?? 0)},${z[2 * n + 1]}`);
    writeFileSync(path, `a,b\n${lines.join("\n")}\n`);
  }
  const tiny = "--steps 0.3,free --hidden 16x1 --iterations 20 --batch-size 50 --seed 3".split(" ");
  fitted = await run("fit", train, "-o", model, ...tiny, ...auto, "--json");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("--tolerance auto", () => {
  it("records in a fitted model what it chose after training, and says so", async () => {
    expect(fitted.status).toBe(0);
    const { tolerance } = JSON.parse(fitted.out);
    expect(choices).toContain(tolerance);
    expect(fitted.err).toContain(`localflow: tolerance ${tolerance.toExponential()}`);
    const { configuration } = JSON.parse((await run("inspect", model, "--json")).out);
    expect(configuration.integration).toEqual({ kind: "adaptive", method: "dopri5", rtol: tolerance, atol: tolerance });
  });

  it("samples and scores as with the number it reports", async () => {
    const drawn = await run("sample", model, "-n", "20", "--seed", "1", "-o", at("auto.csv"), ...auto, "--json");
    const { tolerance } = JSON.parse(drawn.out);
    expect(choices).toContain(tolerance);
    const number = ["--tolerance", String(tolerance)];
    await run("sample", model, "-n", "20", "--seed", "1", "-o", at("number.csv"), ...number, "--quiet");
    expect(readFileSync(at("auto.csv"), "utf8")).toBe(readFileSync(at("number.csv"), "utf8"));

    const scored = JSON.parse((await run("score", model, test, ...auto, "--json")).out);
    expect(choices).toContain(scored.tolerance);
    const again = JSON.parse((await run("score", model, test, "--tolerance", `${scored.tolerance}`, "--json")).out);
    expect(again.nll).toBe(scored.nll);
    expect(again.tolerance).toBeUndefined();
  });

  it("is silent with --quiet and stands alone", async () => {
    expect((await run("score", model, test, ...auto, "--quiet")).err).toBe("");
    for (const other of ["--rtol 1e-3", "--evaluations 8", "--method euler"])
      expect(await run("score", model, test, ...auto, ...other.split(" "))).toMatchObject({ status: 2 });
    const { status, err } = await run("score", model, test, "--tolerance", "automatic");
    expect(status).toBe(2);
    expect(err).toMatch(/--tolerance: expected .*auto.*"automatic"/);
  });

  it("names the differences behind a choice, and what is missing where nothing but the tightest will do", () => {
    const integration = { kind: "adaptive", method: "dopri5", rtol: 1e-3, atol: 1e-3 } as const;
    const tried = [{ tolerance: 1e-3, logDensity: 0.00123 }];
    expect(toleranceNote({ tolerance: 1e-3, integration, tried })).toBe(
      "tolerance 1e-3: its answers differ from those at 1e-6 by little (log-densities by 0.0012 nats)",
    );
    expect(toleranceNote({ tolerance: 1e-6, integration, tried: [{ tolerance: 1e-5, samples: 0.5 }] })).toBe(
      "tolerance 1e-6, the tightest: at 1e-5 answers still differ from it (samples by 0.5 deviations)",
    );
  });
});

describe("evaluate --curve", () => {
  const evaluate = (...args: string[]) => run("evaluate", model, test, "--samples", "60", "--seed", "1", ...args);

  it("adds the curve to the JSON and to the page, and a tolerance that was chosen", async () => {
    const { status, out } = await evaluate("--curve", "--report", at("r.html"), ...auto, "--json", "--quiet");
    expect(status).toBe(0);
    const { curve, tolerance } = JSON.parse(out);
    expect(choices).toContain(tolerance);
    expect(curve).toHaveLength(24);
    expect(curve[0]).toEqual({
      sampler: "chain",
      method: "euler",
      evaluations: 2,
      seconds: expect.any(Number),
      slicedWasserstein: expect.any(Number),
      standardError: expect.any(Number),
      distanceToReference: expect.any(Number),
    });
    expect(curve.at(-1)).toMatchObject({ method: "dopri5", tolerance: 1e-5 });
    expect(readFileSync(at("r.html"), "utf8")).toContain("<h2>Quality against evaluations</h2>");
  });

  it("shows it as a table with the floor, and leaves it out unless asked", async () => {
    const { out, err } = await evaluate("--curve", "--train", train);
    expect(out).toMatch(/^rk4 +64 +[\d.e-]+ +[\d.]+ ± [\d.]+ +[\d.e-]+$/m);
    expect(out).toMatch(/^dopri5 1e-3 +\d/m);
    expect(out.match(/^floor: training rows/gm)).toHaveLength(2);
    expect(err).toContain("localflow: the curve of quality against evaluations …\n");
    const plain = await evaluate("--json", "--quiet");
    expect(JSON.parse(plain.out).curve).toBeUndefined();
  });
});
