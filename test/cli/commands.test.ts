// commands: whole command lines run in this process with a tiny fit: files, summaries, `--json` fields, exit statuses.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fillNormal, random } from "../../src/random.ts";
import { commandLine, type Outcome } from "../support/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-cli-"));
const at = (name: string) => join(folder, name);
const model = at("model.safetensors");
const tiny = "--steps 0.3,free --hidden 16x1 --iterations 20 --batch-size 50 --threads 1".split(" ");

/** Runs one command line; presses Ctrl-C when the progress bar first says `interruptAt`. */
function localflow(args: readonly string[], interruptAt?: string): Promise<Outcome> {
  if (interruptAt === undefined) return commandLine(args);
  return commandLine(args, { interactive: true, stopAt: ({ err }) => err.includes(interruptAt) });
}

async function json(args: readonly string[]): Promise<Record<string, unknown>> {
  const { status, out, err } = await localflow([...args, "--json"]);
  expect({ status, err }).toEqual({ status: 0, err: "" });
  expect(out.trim().split("\n")).toHaveLength(1);
  return JSON.parse(out);
}

/** `rows` draws from a correlated Gaussian as CSV with the columns a, b and a column of text. */
function writeData(name: string, rows: number, seed: number): void {
  const z = new Float32Array(2 * rows);
  fillNormal(random(seed), z);
  const lines = Array.from({ length: rows }, (_, n) => {
    const [first = 0, second = 0] = z.subarray(2 * n, 2 * n + 2);
    return `${100 + 10 * first},word,${first + 0.1 * second}`;
  });
  writeFileSync(at(name), `a,kind,b\n${lines.join("\n")}\n`);
}

beforeAll(async () => {
  writeData("train.csv", 300, 1);
  writeData("test.csv", 60, 2);
  const fitted = await localflow(["fit", at("train.csv"), "-o", model, "--columns", "a,b", "--seed", "3", ...tiny]);
  expect(fitted).toMatchObject({ status: 0 });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("fit", () => {
  it("reports the promised fields and leaves only the model behind", async () => {
    const output = at("other.safetensors");
    const result = await json(["fit", at("train.csv"), "-o", output, "--columns", "a,b", "--seed", "3", ...tiny]);
    expect(result).toMatchObject({ seed: 3, task: "density" });
    expect(result["blocks"]).toMatchObject([
      { iterations: 20, duration: 0.3 },
      { iterations: 20, duration: null },
    ]);
    for (const field of ["parameters", "seconds", "peakMemoryBytes"]) expect(result[field]).toBeGreaterThan(0);
    expect(result["train"]).toMatchObject({ nll: expect.any(Number), rows: 270 });
    expect(result["validation"]).toMatchObject({ nll: expect.any(Number), rows: 30 });
    expect(readdirSync(folder).filter((name) => name.startsWith("other"))).toEqual(["other.safetensors"]);
    expect(readFileSync(output).equals(readFileSync(model)), "same seed, same bytes").toBe(true);
  });

  it("refuses to overwrite before it trains, and overwrites with --force", async () => {
    const before = readFileSync(model);
    const refused = await localflow(["fit", at("missing.csv"), "-o", model, ...tiny]);
    expect(refused.status).toBe(1);
    expect(refused.err).toMatch(/^localflow: .*--force.*\n$/);
    expect(readFileSync(model).equals(before)).toBe(true);
    const again = ["fit", at("train.csv"), "-o", model, "--force", "--columns", "a,b", "--seed", "3", ...tiny];
    expect((await localflow(again)).status).toBe(0);
  });

  it("names a column of text and writes nothing where rows of numbers are asked for", async () => {
    const line = ["fit", at("train.csv"), "-o", at("none.safetensors"), "--task", "density", ...tiny];
    const { status, err } = await localflow(line);
    expect(status).not.toBe(0);
    expect(err).toMatch(/^localflow: .*kind.*\n$/);
    expect(existsSync(at("none.safetensors"))).toBe(false);
  });

  it("saves a checkpoint when interrupted, says how to go on, and ends in time with a usable model", async () => {
    const output = at("resumed.safetensors");
    const line = [
      "fit",
      at("train.csv"),
      "-o",
      output,
      "--columns",
      "a,b",
      "--seed",
      "3",
      ...tiny,
      "--iterations",
      "1000000",
    ];
    const interrupted = await localflow(line, "train");
    expect(interrupted.status).toBe(130);
    expect(interrupted.err).toMatch(/localflow: .*--seed 3 --resume.*\n$/);
    expect(readdirSync(folder).filter((name) => name.startsWith("resumed"))).toEqual([
      "resumed.safetensors.checkpoint",
    ]);
    expect((await localflow(line)).status, "a checkpoint is not lost by accident").toBe(1);
    const elsewhere = await localflow([...line.map((word) => (word === "3" ? "4" : word)), "--resume"]);
    expect([elsewhere.status, elsewhere.err]).toEqual([
      2,
      expect.stringMatching(/expected 3, the seed of the checkpoint .*resumed\.safetensors\.checkpoint, got 4/),
    ]);
    const hurried = await localflow([...line, "--resume", "--time", "1s", "--json"]);
    expect(hurried.status).toBe(0);
    expect(hurried.err).toMatch(
      /^(localflow: note: there was time for the log-densities of only \d+ of \d+ points of .*\n)?$/,
    );
    expect(JSON.parse(hurried.out).blocks).toHaveLength(2);
    expect(readdirSync(folder).filter((name) => name.startsWith("resumed"))).toEqual(["resumed.safetensors"]);
    expect(await json(["score", output, at("test.csv")])).toMatchObject({ nll: expect.any(Number) });
  });
});

describe("sample", () => {
  it("writes CSV to standard output and the seed to standard error", async () => {
    const { status, out, err } = await localflow(["sample", model, "-n", "7", "--seed", "5", "--log-density"]);
    expect(status).toBe(0);
    const lines = out.trim().split("\n");
    expect(lines[0]).toBe("a,b,log_density");
    expect(lines).toHaveLength(8);
    for (const line of lines.slice(1)) expect(line.split(",").map(Number).every(Number.isFinite)).toBe(true);
    expect(err).toContain("seed 5");
  });

  it("gives the same rows in every format", async () => {
    const draw = (name: string) => json(["sample", model, "-n", "40", "--seed", "5", "-o", at(name)]);
    expect(await draw("s.csv")).toMatchObject({ rows: 40, seed: 5, evaluations: expect.any(Number) });
    await draw("s.tsv");
    await draw("s.npy");
    expect(readFileSync(at("s.tsv"), "utf8").replaceAll("\t", ",")).toBe(readFileSync(at("s.csv"), "utf8"));
    const csv = await json(["inspect", at("s.csv"), "--no-estimate"]);
    const npy = await json(["inspect", at("s.npy"), "--no-estimate"]);
    const unnamed = (value: unknown) => (value as { name?: string }[]).map(({ name: _, ...rest }) => rest);
    expect(unnamed(npy["columns"])).toEqual(unnamed(csv["columns"]));
    expect(npy["rows"]).toBe(40);
  });

  it("does not overwrite and does not mix data with the JSON result", async () => {
    writeFileSync(at("kept.csv"), "kept");
    expect((await localflow(["sample", model, "-n", "3", "-o", at("kept.csv")])).status).toBe(1);
    expect(readFileSync(at("kept.csv"), "utf8")).toBe("kept");
    expect((await localflow(["sample", model, "-n", "3", "--json"])).status).toBe(2);
    expect((await localflow(["sample", model, "-n", "3", "-o", at("samples.xlsx")])).status).not.toBe(0);
  });
});

describe("score", () => {
  it("summarises the rows and writes one column that agrees with the summary", async () => {
    const result = await json(["score", model, at("test.csv"), "-o", at("scores.csv")]);
    expect(result).toMatchObject({ rows: 60, evaluations: expect.any(Number), seconds: expect.any(Number) });
    const [header, ...cells] = readFileSync(at("scores.csv"), "utf8").trim().split("\n");
    expect(header).toBe("log_density");
    const mean = cells.map(Number).reduce((sum, value) => sum + value, 0) / cells.length;
    expect(-mean).toBeCloseTo(Number(result["nll"]), 4);
    expect(result["standardError"]).toBeGreaterThan(0);
  });

  it("agrees with the log-density of samples", async () => {
    await json([
      "sample",
      model,
      "-n",
      "20",
      "--seed",
      "5",
      "--log-density",
      "--tolerance",
      "1e-6",
      "-o",
      at("drawn.csv"),
    ]);
    await json(["score", model, at("drawn.csv"), "--tolerance", "1e-6", "-o", at("rescored.csv")]);
    const column = (name: string) =>
      readFileSync(at(name), "utf8")
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => Number(line.split(",").pop()));
    expect(column("rescored.csv")).toEqual(column("drawn.csv").map((value) => expect.closeTo(value, 2)));
  });

  it("follows the authors' protocol and Hutchinson's estimate", async () => {
    const exact = Number((await json(["score", model, at("test.csv")]))["nll"]);
    const authors = ["--method", "euler", "--evaluations", "149", "--hand-over", "dopri5"];
    expect(Number((await json(["score", model, at("test.csv"), ...authors]))["nll"])).toBeCloseTo(exact, 1);
    const estimate = await json([
      "score",
      model,
      at("test.csv"),
      "--divergence",
      "hutchinson",
      "--probes",
      "8",
      "--seed",
      "1",
    ]);
    expect(estimate).toMatchObject({ seed: 1 });
    expect(Math.abs(Number(estimate["nll"]) - exact)).toBeLessThan(0.5);
  });

  it("refuses probes without Hutchinson's estimate", async () => {
    expect((await localflow(["score", model, at("test.csv"), "--probes", "2"])).status).toBe(2);
  });
});

describe("inspect", () => {
  it("describes the columns of data", async () => {
    writeFileSync(at("small.csv"), "u,v\n1,10\n2,20\n6,30\n");
    const result = await json(["inspect", at("small.csv"), "--no-estimate"]);
    expect(result).toMatchObject({ kind: "data", rows: 3, memoryBytes: 24 });
    expect(await json(["inspect", at("train.csv"), "--no-estimate", "--task", "density"])).toMatchObject({
      rows: 300,
      columns: [{ name: "a" }, { name: "b" }],
      ignored: ["kind"],
    });
    expect(result["columns"]).toMatchObject([
      { name: "u", min: 1, mean: 3, max: 6 },
      { name: "v", min: 10, mean: 20, deviation: 10, max: 30 },
    ]);
  });

  it("proposes columns so that a shell reads them, and says so where a comma keeps from it", async () => {
    const proposed = async (header: string) => {
      writeFileSync(at("odd.csv"), `${header}\n1,u,2\n2,v,4\n3,w,7\n`);
      const { out } = await localflow(["inspect", at("odd.csv"), "--no-estimate", "--task", "density"]);
      return out.split("\n")[1];
    };
    expect(await proposed("a,note,b")).toBe("left out: note; fit needs --columns a,b");
    expect(await proposed("it's,note,$b")).toBe("left out: note; fit needs --columns 'it'\\''s,$b'");
    expect(await proposed('"p,q",note,b')).toBe(
      'left out: note; fit needs --columns, which parts names at commas: rename "p,q"',
    );
  });

  it("describes a model", async () => {
    const result = await json(["inspect", model]);
    expect(result).toMatchObject({ kind: "model", task: "density", columns: ["a", "b"] });
    expect(result["blocks"]).toMatchObject([
      { duration: 0.3, hidden: [16], iterations: 20 },
      { duration: null, hidden: [16], iterations: 20 },
    ]);
    const text = (await localflow(["inspect", model])).out;
    expect(text).toContain("free");
  });

  it("refuses what only looks like a model", async () => {
    writeFileSync(at("fake.safetensors"), "not a model");
    const { status, err } = await localflow(["inspect", at("fake.safetensors")]);
    expect(status).toBe(1);
    expect(err).toMatch(/^localflow: .*fake\.safetensors.*\n$/);
  });
});

describe("usage", () => {
  it.each([
    [["fitt"], /did you mean fit\?/i],
    [["fit", "x.csv", "-o", "m", "--blokcs", "3"], /did you mean --blocks\?/i],
    [["fit", "x.csv"], /--output/],
    [["sample", "m", "-n", "0"], /--rows: expected a whole number at least 1, got "0"/],
    [["fit", "x.csv", "-o", "m", "--steps", "free", "--blocks", "2"], /--steps/],
    [["inspect"], /missing required argument/],
  ])("answers %j with one line and status 2", async (line, message) => {
    const { status, out, err } = await localflow(line);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toMatch(message);
    expect(err).toMatch(/^localflow: .*\n$/);
  });

  it("shows help with examples for every command, and the version", async () => {
    for (const command of ["fit", "sample", "score", "inspect", "demo"]) {
      const { status, out } = await localflow([command, "--help"]);
      expect(status).toBe(0);
      expect(out).toContain(`Examples:\n  localflow ${command}`);
    }
    expect((await localflow(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await localflow([])).status).toBe(2);
  });

  it("adds the stack only with --debug", async () => {
    const line = ["inspect", at("nothing.csv")];
    expect((await localflow(line)).err.split("\n")).toHaveLength(2);
    expect((await localflow([...line, "--debug"])).err).toMatch(/\n\s+at /);
  });
});
