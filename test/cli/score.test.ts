// score: percentiles against the training rows, and what fit notes for people beside its result.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../../src/data/safetensors.ts";
import { fillNormal, random } from "../../src/random.ts";
import { localflow } from "../support/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-score-"));
const at = (name: string) => join(folder, name);
const model = at("model.safetensors");
const tiny = "--steps 0.3,free --hidden 8x1 --iterations 20 --batch-size 50 --threads 1 --seed 3".split(" ");

function write(name: string, rows: number, scale = 1): string {
  const z = new Float32Array(2 * rows);
  fillNormal(random(1), z);
  const lines = Array.from({ length: rows }, (_, n) => `${scale * (z[2 * n] ?? 0)},${scale * (z[2 * n + 1] ?? 0)}`);
  writeFileSync(at(name), `a,b\n${lines.join("\n")}\n`);
  return at(name);
}

async function json(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { status, out, err } = await localflow(...args, "--json");
  expect({ status, err }).toEqual({ status: 0, err: "" });
  return JSON.parse(out);
}

const cells = (name: string) =>
  readFileSync(at(name), "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(","));

beforeAll(async () => {
  const fitted = await localflow("fit", write("train.csv", 400), "-o", model, "--train-split", "1", ...tiny);
  expect(fitted).toMatchObject({ status: 0, err: "" });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("score --percentile", () => {
  it("gives the training rows even percentiles beside their log-densities, and sums them up", async () => {
    const result = await json(
      "score",
      model,
      at("train.csv"),
      "--percentile",
      "-o",
      at("scores.csv"),
      "--threads",
      "1",
    );
    const [header, ...rows] = cells("scores.csv");
    expect(header).toEqual(["log_density", "percentile"]);
    const byDensity = rows.map((row) => row.map(Number)).sort(([a = 0], [b = 0]) => a - b);
    byDensity.forEach(([, percentile = Number.NaN], rank) => {
      expect(Math.abs(percentile - (100 * rank) / 399)).toBeLessThan(1);
    });
    const shares = result["percentiles"] as Record<string, number>;
    const share = (percent: number) => byDensity.filter(([, percentile = 0]) => percentile < percent).length / 400;
    expect(shares).toEqual({ mean: expect.closeTo(50, 0), below1: share(1), below5: share(5) });
    expect(shares["below5"]).toBeCloseTo(0.05, 2);
  });

  it("tells that rows unlike the training rows are rare", async () => {
    const far = write("far.csv", 50, 40);
    expect(await json("score", model, far, "--percentile")).toMatchObject({ percentiles: { below1: 1, below5: 1 } });
    expect((await localflow("score", model, far, "--percentile")).out).toMatch(
      /^rare {4}100\.00 % of the rows below percentile 1 of the training rows, 100\.00 % below 5$/m,
    );
  });

  it("is refused for a model of an earlier release, and nothing else is", async () => {
    const { tensors, metadata } = decodeSafetensors(readFileSync(model), "model");
    const record = JSON.parse(metadata["localflow"] ?? "");
    delete record.training.logDensityQuantiles;
    writeFileSync(at("old.safetensors"), encodeSafetensors(tensors, { localflow: JSON.stringify(record) }));
    const refused = await localflow("score", at("old.safetensors"), at("train.csv"), "--percentile");
    expect(refused).toMatchObject({ status: 1, out: "" });
    expect(refused.err).toMatch(/old\.safetensors: expected .*--percentile.*, got .*earlier release; fit it again/);
    const { nll, percentiles } = await json("score", at("old.safetensors"), at("train.csv"));
    expect(percentiles).toBeUndefined();
    expect(nll).toBe((await json("score", model, at("train.csv")))["nll"]);
  });
});

describe("the standard error", () => {
  it("of a single row is not known: null in JSON and left out of the text", async () => {
    const one = write("one.csv", 1);
    expect(await json("score", model, one)).toMatchObject({ rows: 1, nll: expect.any(Number), standardError: null });
    expect((await localflow("score", model, one)).out).toMatch(/^nll {5}-?\d+\.\d{4} nats per row \(1 row\)$/m);
    expect(await json("score", model, write("two.csv", 2))).toMatchObject({ standardError: expect.any(Number) });
  });
});

describe("notes of fit", () => {
  it("on few rows stand on standard error and in the JSON result, and --quiet leaves them out", async () => {
    const few = ["fit", write("few.csv", 30), "-o", at("few.safetensors"), "--force", "--train-split", "1", ...tiny];
    const note = /^localflow: note: 30 training rows of 2 columns can hardly show a density: .*\n$/;
    const loud = await localflow(...few, "--json");
    expect(loud).toMatchObject({ status: 0, err: expect.stringMatching(note) });
    expect(JSON.parse(loud.out).notes).toEqual([expect.stringContaining("30 training rows")]);
    expect(await localflow(...few, "--quiet")).toMatchObject({ status: 0, err: "" });
  });
});
