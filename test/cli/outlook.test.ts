// outlook: what `inspect` says a fit of the data would take, and when it says that none is possible.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { reachedIterations } from "../../src/cli/outlook.ts";
import { commandLine, localflow } from "../support/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-outlook-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const small = [
  "inspect",
  "moons",
  "--rows",
  "500",
  "--seed",
  "1",
  "--threads",
  "1",
  "--hidden",
  "8x1",
  "--steps",
  "free",
];

async function fitOf(...args: readonly string[]): Promise<Record<string, number>> {
  const { status, out, err } = await localflow(...args, "--json");
  expect({ status, err }).toEqual({ status: 0, err: "" });
  return JSON.parse(out).fit;
}

describe("inspect of data", () => {
  it("says in words and in JSON how long a fit would take here and how much memory", async () => {
    const { out } = await localflow(...small);
    expect(out).toMatch(/\ntime {4}about .* on this machine, 1 thread: training .*, pushing .*, likelihoods .*\n/);
    expect(out).toMatch(/\nmemory {2}at most [\d.]+ [MG]iB\nseed 1\n$/);
    const fit = await fitOf(...small);
    expect(fit).toMatchObject({ threads: 1, iterations: 2000, blocks: [expect.anything()] });
    for (const part of ["trainingSeconds", "pushSeconds", "scoreSeconds"]) {
      expect(fit[part]).toBeGreaterThan(0);
      expect(fit["estimatedSeconds"]).toBeGreaterThan(Number(fit[part]));
    }
    expect(fit["estimatedMemoryBytes"]).toBeGreaterThan(2 ** 25);
    expect(fit["estimatedMemoryBytes"]).toBeLessThan(2 ** 33);
  });

  it.each(["moons", "table"])("bounds the memory that a fit of %s takes in a process of its own", (kind) => {
    const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
    expect(existsSync(main), "dist/cli/main.js is there: run `npm run build` before this test").toBe(true);
    writeFileSync(at("t.csv"), `a,b\n${Array.from({ length: 400 }, (_, n) => `${n % 7},${Math.sin(n)}`).join("\n")}\n`);
    const data = kind === "moons" ? ["moons", "--rows", "2000"] : [at("t.csv"), "--task", "table"];
    const json = (...args: readonly string[]) => {
      const line = [main, ...args, "--seed", "1", "--threads", "1", "--json", "--quiet"];
      return JSON.parse(
        execFileSync(process.execPath, line, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }),
      );
    };
    const { fit } = json("inspect", ...data);
    const { peakMemoryBytes } = json("fit", ...data, "-o", at(`${kind}.safetensors`), "--iterations", "100");
    expect(peakMemoryBytes).toBeLessThan(fit.estimatedMemoryBytes);
    expect(fit.estimatedMemoryBytes).toBeLessThan(2 * peakMemoryBytes);
  });

  it("takes the options of fit into account", async () => {
    const [little, much] = [
      await fitOf(...small, "--iterations", "10"),
      await fitOf(...small, "--iterations", "1000000"),
    ];
    expect(much).toMatchObject({ iterations: 1_000_000 });
    expect(much["trainingSeconds"]).toBeGreaterThan(20 * Number(little["trainingSeconds"]));
    const contradictory = await localflow(...small, "--blocks", "3");
    expect(contradictory).toMatchObject({ status: 2, out: "" });
  });

  it("prices the fit that --time, --train-split and --validation lead to", async () => {
    const timed = await fitOf(...small, "--time", "20s", "--hidden", "256x3", "--batch-size", "500");
    expect(timed["estimatedSeconds"]).toBeLessThanOrEqual(20);
    expect(timed["iterations"]).toBeGreaterThan(0);
    const whole = await fitOf(...small, "--time", "10h", "--iterations", "50");
    expect(whole).toMatchObject({ iterations: 50 });
    const early = ["--early-stopping", "3", "--no-estimate"];
    expect(await fitOf(...small, ...early, "--train-split", "1")).not.toHaveProperty("earlyStopping");
    expect(await fitOf(...small, ...early, "--train-split", "1", "--validation", "moons")).toHaveProperty(
      "earlyStopping",
    );
    const other = await localflow(...small, "--validation", at("nosuch.csv"));
    expect(other).toMatchObject({ status: 1, out: "", err: expect.stringContaining("nosuch.csv: expected a file") });
  });

  it("says that early stopping may end it sooner, where there is any, and that a budget is too small", async () => {
    const stopping = await localflow(...small, "--early-stopping", "1", "--no-estimate");
    expect(stopping.out).toMatch(
      /\nearly stopping may end a block sooner: after 1 check without a better held-out loss\n/,
    );
    expect((await localflow(...small, "--no-estimate")).out).not.toContain("early stopping");
    const refused = await localflow(...small, "--memory", "9000");
    expect(refused).toMatchObject({
      status: 2,
      err: expect.stringContaining("--memory: expected at least 16000 bytes"),
    });
  });

  it("leaves it out with --no-estimate", async () => {
    expect(Object.keys(await fitOf(...small, "--no-estimate"))).toEqual(["blocks", "parameters", "iterations"]);
    expect((await localflow(...small, "--no-estimate")).out).not.toContain("on this machine");
  });

  it("describes rows that a fit refuses, and says why it does", async () => {
    writeFileSync(at("constant.csv"), "a,b\n1,5\n2,5\n3,5\n");
    const { status, out } = await localflow("inspect", at("constant.csv"), "--threads", "1");
    expect(status).toBe(0);
    expect(out).toMatch(
      /3 rows, 2 numeric columns[\s\S]*but it would fail: column b: expected at least two different values/,
    );
    expect(await fitOf("inspect", at("constant.csv"))).toMatchObject({ problem: expect.stringContaining("column b") });
  });

  it("stops when it is interrupted, after what it knew was printed", async () => {
    const { status, out, err } = await commandLine(small, { stopAt: (printed) => printed.out !== "" });
    expect(status).toBe(130);
    expect(out).toContain("500 rows, 2 numeric columns");
    expect(out).not.toContain("on this machine");
    expect(err).toMatch(/^localflow: [^\n]*\n$/);
  });
});

it("a time in which nothing is trained is told as that", () => {
  expect(reachedIterations(0)).toMatch(/^perhaps not one iteration: .*, so give more$/);
  expect(reachedIterations(1)).toBe("about 1 iterations");
  expect(reachedIterations(2345)).toBe("about 2300 iterations");
});

describe("inspect of a model", () => {
  it("refuses options that choose or fit data", async () => {
    const line = "fit moons --rows 60 --steps free --hidden 4x1 --iterations 2 --threads 1 --quiet -o".split(" ");
    expect(await localflow(...line, at("m.safetensors"))).toMatchObject({ status: 0 });
    for (const option of ["--hidden 4x1", "--rows 5", "--columns a", "--tolerance 1e-3"]) {
      const { status, err } = await localflow("inspect", at("m.safetensors"), ...option.split(" "));
      expect(status).toBe(2);
      expect(err).toMatch(
        new RegExp(`^localflow: ${option.split(" ")[0]}: expected data .*, got a model; leave it out\\n$`),
      );
    }
    expect(await localflow("inspect", at("m.safetensors"), "--no-estimate")).toMatchObject({ status: 0, err: "" });
  });
});
