// examples: every program of the curriculum runs as its index says, and prints what it is there to show.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "examples");
const programs = readdirSync(folder).filter((name) => name.endsWith(".ts"));
const scratch = mkdtempSync(join(tmpdir(), "localflow-examples-"));
const run = promisify(execFile);
afterAll(() => rmSync(scratch, { recursive: true }));

/** What a program prints on standard output. It has to leave standard error empty. */
async function printed(name: string, ...args: readonly string[]): Promise<string> {
  const command = ["--import", "tsx", join(folder, name), ...args];
  const { stdout, stderr } = await run(process.execPath, command, { cwd: root });
  expect(stderr).toBe("");
  return stdout;
}

/** The first number after a text in what was printed. */
function numberAfter(output: string, label: string): number {
  const at = output.indexOf(label);
  expect(at, `${label} in ${output}`).toBeGreaterThanOrEqual(0);
  return Number(/-?\d+(\.\d+)?/.exec(output.slice(at + label.length))?.[0] ?? Number.NaN);
}

describe("the examples", () => {
  it("are short, import localflow alone, and stand in the index in order", () => {
    const index = readFileSync(join(folder, "README.md"), "utf8");
    const listed = [...index.matchAll(/^\| \[(.+?)\]\((.+?)\)/gm)];
    expect(listed.map((match) => match[1])).toEqual(programs);
    expect(listed.map((match) => match[2])).toEqual(programs);
    for (const name of programs) {
      const text = readFileSync(join(folder, name), "utf8");
      expect(text.trimEnd().split("\n").length, name).toBeLessThanOrEqual(40);
      expect(text.startsWith(`// ${name.replace(".ts", "")}: `), name).toBe(true);
      const packages = [...text.matchAll(/ from "(.+?)";/g)].map((match) => match[1] ?? "");
      expect(packages.filter((specifier) => specifier !== "localflow" && !specifier.startsWith("node:"))).toEqual([]);
    }
  });

  it("01 learns the moons better than a Gaussian could, and no better than the law itself", async () => {
    const output = await printed("01-fit-and-sample.ts");
    const law = numberAfter(output, "what the law itself gets:");
    // One Gaussian with the moons' moments gets 3.3 nats.
    expect(numberAfter(output, "held-out negative log-likelihood:")).toBeLessThan(3);
    expect(numberAfter(output, "held-out negative log-likelihood:")).toBeGreaterThan(law - 0.2);
    expect(numberAfter(output, "samples under the law:")).toBeLessThan(6);
  });

  it("02 finds the diamonds that were measured wrongly", async () => {
    const lines = (await printed("02-score.ts")).split("\n");
    expect(lines[1]).toContain("line 24069");
    expect(lines.slice(2, 5).every((line) => / 0 +line /.test(line))).toBe(true);
  });

  it("03 follows the diffusion from block to block", async () => {
    const output = await printed("03-blocks.ts");
    const stages = [...output.matchAll(/learnt (\S+), exact (\S+)/g)].map((match) => match.slice(1).map(Number));
    expect(stages).toHaveLength(4);
    for (const [learnt = Number.NaN, exact = Number.NaN] of stages)
      expect(Math.abs(learnt - exact), output).toBeLessThan(0.25);
    expect(numberAfter(output, "data: excess kurtosis")).toBeLessThan(-1.3);
  });

  it("04 finds the weights that made the data", async () => {
    expect(await printed("04-own-graph.ts")).toContain("weights: 2.000, -3.000");
  });

  it("05 gets the trace exactly, and by probes within their error", async () => {
    const output = await printed("05-divergence.ts");
    expect(numberAfter(output, "exact")).toBeCloseTo(-0.75, 5);
    expect(Math.abs(numberAfter(output, "4096 probes:") + 0.75)).toBeLessThan(4 * numberAfter(output, "±"));
    // Normal probes: twice the sum of squares of the symmetric half of A.
    const deviation = Math.sqrt(2 * (0.5 ** 2 + 0.25 ** 2 + 1.5 ** 2 + 2 * (0.25 ** 2 + 1.5 ** 2)));
    expect(Math.abs(numberAfter(output, "off by about") / deviation - 1)).toBeLessThan(0.1);
  });

  it("06 shows that dependent pairs have shorter ways than independent ones, and optimal pairs the shortest", async () => {
    const output = await printed("06-couplings.ts");
    const loss = (coupling: string) => numberAfter(output, coupling);
    expect(loss("optimal-transport")).toBeLessThan(loss("dependent"));
    expect(loss("dependent")).toBeLessThan(0.5 * loss("shuffled"));
    expect(loss("independent")).toBeGreaterThan(2 * loss("dependent"));
  });

  it("07 writes the numbers that it prints into a page", async () => {
    const path = join(scratch, "report.html");
    const output = await printed("07-report.ts", path);
    const page = readFileSync(path, "utf8");
    const json = /<script type="application\/json" id="localflow">([^<]*)</.exec(page)?.[1] ?? "";
    const { nll } = JSON.parse(json).measures;
    expect(numberAfter(output, "nll model:")).toBeCloseTo(nll.value, 3);
    expect(nll.value).toBeLessThan(nll.baselines.gaussian.value - 0.3);
    expect(page.split("<svg xmlns").length - 1).toBe(5);
  });

  it("09 meets its condition, fills the gap and finds the odd row", async () => {
    const output = await printed("09-table.ts");
    expect(output).toContain("city: category");
    const warm = [...output.matchAll(/^warm (.+)$/gm)].map(([, record = ""]) => JSON.parse(record));
    expect(warm).toHaveLength(3);
    for (const { city, degrees } of warm) expect([city, degrees > 8]).toEqual(["Oslo", true]);
    expect(output).toMatch(/^rain: \d+, \d+, \d+$/m);
    expect(numberAfter(output, "percentile")).toBeLessThan(5);
  });

  it("10 draws images as bright as the data, and writes them as one picture", async () => {
    const path = join(scratch, "images.png");
    const output = await printed("10-images.ts", path);
    expect(numberAfter(output, "loss")).toBeLessThan(1);
    const ratio = numberAfter(output, "mean level of samples") / numberAfter(output, "of the data");
    expect(Math.abs(ratio - 1)).toBeLessThan(0.25);
    expect([...readFileSync(path).subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
  });

  it("11 measures its digits beside real ones, also after hardly any training", async () => {
    const output = await printed("11-digits.ts", join(scratch, "digits.png"), "20");
    expect(numberAfter(output, "block 2: loss")).toBeGreaterThan(0);
    const [gaussian, real] = [numberAfter(output, "pixel Gaussian"), numberAfter(output, "real images")];
    expect(real).toBeLessThan(gaussian / 2);
    expect(numberAfter(output, "Fréchet distance")).toBeGreaterThan(gaussian);
    expect([...readFileSync(join(scratch, "digits.png")).subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
  }, 180_000);

  it("12 judges a model beside real rows, says what drifted, and finds the odd price", async () => {
    const output = await printed("12-checks.ts");
    expect(numberAfter(output, "columns")).toBeLessThan(0.1);
    expect(numberAfter(output, "trees tell them:")).toBeLessThan(0.75);
    expect(output).toContain("no differential privacy guarantee");
    expect(output).toMatch(/^drift: price moved /m);
    expect(output).not.toMatch(/^drift: (items|paid) moved /m);
    expect(numberAfter(output, "3 items for 48: percentile")).toBeLessThan(1);
    expect(numberAfter(output, "3 items for 24: percentile")).toBeGreaterThan(2);
  });
});
