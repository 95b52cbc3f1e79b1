// scorer: the command line of a scorer: how it is made, what it says of itself, what it refuses; and estimated scores.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localflow, localflowJson } from "../support/command-line.ts";
import { smallRows } from "../support/small-table.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-scorer-"));
const at = (name: string) => join(folder, name);
const [model, scorer, rows] = [at("table.safetensors"), at("scorer.safetensors"), at("rows.csv")];

const json = (...args: readonly string[]) => localflowJson(...args, "--threads", "1");

const linesOf = (path: string) => readFileSync(path, "utf8").trimEnd().split("\n");

let distilled: Record<string, unknown> = {};
beforeAll(async () => {
  const lines = smallRows(200).map(({ side, x, count, vip }) => `${side},${x ?? "NA"},${count},${vip ? "Y" : "N"}`);
  writeFileSync(rows, `side,x,count,vip\n${lines.join("\n")}\n`);
  const tiny = "--steps 0.3,free --hidden 24x1 --iterations 60 --batch-size 64 --seed 3".split(" ");
  await json("fit", rows, "-o", model, ...tiny);
  const few = "--rows 512 --iterations 30 --seed 5".split(" ");
  distilled = await json("distill", model, rows, "--scores", "-o", scorer, ...few);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("localflow distill --scores", () => {
  it("says what was learnt from and how well the scorer agrees with exact scores", () => {
    expect(distilled).toMatchObject({ seed: 5, rows: 512, dataRows: 180, iterations: 30 });
    const agreement = { rankCorrelation: expect.any(Number), medianError: expect.any(Number) };
    expect(distilled["agreement"]).toEqual({
      drawn: { ...agreement, rows: 4096 },
      data: { ...agreement, rows: 20 },
    });
  });

  it("refuses options of the other distillation, and neither of both", async () => {
    const neither = await localflow("distill", model, "-o", at("no.safetensors"));
    expect(neither).toMatchObject({ status: 2, err: expect.stringMatching(/--evaluations .*--scores/) });
    const other = at("other.csv");
    writeFileSync(other, "side,x\nleft,1\nright,2\n");
    for (const [args, message] of [
      [[model, "--rows", "1"], /--rows: expected at least 64 rows to learn from, got 1/],
      [[model, other], /the table to learn from: expected the columns .*, got a table without count, vip/],
    ] as const) {
      const refused = await localflow("distill", ...args, "--scores", "-o", at("no.safetensors"), "--threads", "1");
      expect(refused.status).toBeGreaterThan(0);
      expect(refused.err).toMatch(message);
    }
    const outcome = await localflow("distill", model, rows, "-o", at("no.safetensors"), "--evaluations", "2");
    expect(outcome).toMatchObject({ status: 2, err: expect.stringMatching(/--scores/) });
    expect(existsSync(at("no.safetensors"))).toBe(false);
  });
});

describe.each([
  [["--evaluations", "2"], "a scorer is one network evaluation"],
  [["--hidden", "8x1"], "a scorer starts from the network of the model's block beside the data"],
  [["--time", "1m"], "--iterations sets how long a scorer is trained"],
  [["--objective", "progressive"], "a scorer learns the model's exact scores"],
  [["--conditional"], "a scorer takes rows with any of their cells left out as it is"],
  [["--guidance", "2"], "a scorer is of a table, and guidance of images with classes"],
])("distill --scores %j", (args, reason) => {
  it("is refused with the reason", async () => {
    const outcome = await localflow("distill", model, "--scores", "-o", at("no.safetensors"), ...args);
    const problem = `${args[0]}: expected a student to train, got --scores, which trains a scorer`;
    expect(outcome).toMatchObject({ status: 2, out: "" });
    expect(outcome.err).toBe(`localflow: ${problem}; leave one of them out: ${reason}\n`);
    expect(existsSync(at("no.safetensors"))).toBe(false);
  });

  it("is told by the help", async () => {
    const { out } = await localflow("distill", "--help");
    const described = out.split(/^ {2}(?=-)/m).find((option) => option.startsWith(args[0] ?? ""));
    expect(described?.replaceAll(/\s+/g, " ")).toMatch(/(not with|this or) --scores/);
  });
});

describe("a scorer", () => {
  it("scores the rows of a table, and says that and how well it approximates", async () => {
    const result = await json("score", scorer, rows, "-o", at("scores.csv"), "--percentile");
    expect(result).toMatchObject({ rows: 200, approximated: true, agreement: distilled["agreement"], seed: 0 });
    const [header, ...lines] = linesOf(at("scores.csv"));
    expect(header).toBe("log_density,percentile");
    expect(lines).toHaveLength(200);
    const { out } = await localflow("score", scorer, rows, "--threads", "1");
    expect(out).toMatch(/rank correlation -?0\.\d+ with the exact scores of table\.safetensors/);
  });

  it("is described by inspect, and refused by name where a model is needed", async () => {
    expect(await json("inspect", scorer)).toMatchObject({ kind: "scorer", teacher: "table.safetensors" });
    for (const args of [
      ["sample", scorer, "-n", "3", "-o", at("s.csv")],
      ["impute", scorer, rows, "-o", at("s.csv")],
      ["score", scorer, rows, "--contributions"],
      ["score", scorer, rows, "--smoothed"],
      ["score", scorer, rows, "--tolerance", "1e-3"],
    ]) {
      const outcome = await localflow(...args);
      expect(outcome.status).toBeGreaterThan(0);
      expect(outcome.err).toMatch(/scorer/);
    }
  });
});

describe("scores of a table from random probes", () => {
  it("tell how far off they are: all together against exact ones, each by its probes", async () => {
    const one = await json("score", model, rows, "--divergence", "hutchinson");
    const many = await json("score", model, rows, "--divergence", "hutchinson", "--probes", "16", "-o", at("h.csv"));
    const errorIn = (result: Record<string, unknown>) => (result["probeError"] as { value: number }).value;
    expect(one["probeError"]).toMatchObject({ rows: 64 });
    expect(errorIn(one)).toBeGreaterThan(0);
    expect(errorIn(many)).toBeLessThan(errorIn(one));
    const [header, ...lines] = linesOf(at("h.csv"));
    expect(header).toBe("log_density,standard_error");
    const errors = lines.map((line) => Number(line.split(",")[1]));
    const rms = Math.sqrt(errors.reduce((total, error) => total + error ** 2, 0) / errors.length);
    expect(rms / errorIn(many)).toBeGreaterThan(0.5);
    expect(rms / errorIn(many)).toBeLessThan(2);
  });
});
