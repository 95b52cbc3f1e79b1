// table-inspect: `inspect` of a table is a dry run of its fit: the same recipe, refusals in the same words, and what it would take.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandLine, localflow, localflowJson } from "../support/command-line.ts";
import { smallRows } from "../support/small-table.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-table-inspect-"));
const at = (name: string) => join(folder, name);
const data = at("small.csv");
const tiny = "--steps 0.3,free --hidden 24x1 --iterations 60 --batch-size 64 --threads 1 --seed 3".split(" ");

function put(name: string, lines: readonly string[]): string {
  writeFileSync(at(name), `${lines.join("\n")}\n`);
  return at(name);
}

interface Fit {
  readonly blocks: readonly {
    readonly iterations: number;
    readonly network: { readonly hidden: readonly number[]; readonly dropout?: number };
  }[];
  readonly parameters: number;
  readonly iterations: number;
  readonly earlyStopping?: number;
  readonly trainingSeconds: number;
}

const fitOf = async (...args: readonly string[]) => (await localflowJson("inspect", ...args))["fit"] as Fit;
/** Without measuring anything. */
const planOf = (...args: readonly string[]) => fitOf(data, "--no-estimate", ...args);

beforeAll(() => {
  const lines = smallRows(200).map(({ side, x, count, vip }, n) =>
    [side, x ?? "", count, vip, n % 5, count + (n % 5)].join(","),
  );
  put("small.csv", ["side,x,count,vip,more,sum", ...lines]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("inspect of a table", () => {
  it("says after the columns what a fit would train and take, in words", async () => {
    const { out, err, status } = await localflow("inspect", data, ...tiny);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    expect(out).toMatch(
      /^200 rows, a table of 6 columns[\s\S]*\nside +category[\s\S]*\n\nfit trains 2 blocks, \d+ parameters for 7 dimensions, 120 iterations in all\n/,
    );
    expect(out).toMatch(/\nearly stopping may end a block sooner: after 8 checks without a better held-out loss\n/);
    expect(out).toMatch(/\ntime {4}about .* on this machine, 1 thread: training .*, pushing .*, likelihoods .*\n/);
    expect(out).toMatch(/\nmemory {2}at most [\d.]+ [MG]iB\n$/);
    expect((await localflow("inspect", data, ...tiny, "--early-stopping", "0")).out).not.toContain("early stopping");
  });

  it("plans the fit that `fit` then is, and knows its parts", async () => {
    const options = [...tiny, "--early-stopping", "0", "--label", "side", "--constraint", "sum == count + more"];
    const planned = await fitOf(data, ...options);
    for (const part of ["estimatedSeconds", "trainingSeconds", "pushSeconds", "scoreSeconds"])
      expect(planned).toHaveProperty(part, expect.any(Number));
    expect(planned).toMatchObject({ threads: 1, estimatedMemoryBytes: expect.any(Number) });
    const fitted = await localflowJson("fit", data, "-o", at("m.safetensors"), ...options);
    const model = await localflowJson("inspect", at("m.safetensors"));
    expect(fitted["parameters"]).toBe(planned.parameters);
    expect((model["configuration"] as Fit).blocks).toEqual(planned.blocks);
  });

  it("counts gaps that are written as words", async () => {
    const words = put("words.csv", [
      "a,b",
      ...Array.from({ length: 40 }, (_, n) => `${n % 5 === 0 ? "?" : n * n},${n % 3 ? "u" : ""}`),
    ]);
    const { columns } = await localflowJson("inspect", words, "--no-estimate");
    expect(columns).toMatchObject([
      { name: "a", kind: "number", gapCells: 8 },
      { name: "b", gapCells: 14 },
    ]);
  });

  it("takes the options of fit into account", async () => {
    const plain = await planOf();
    expect(Object.keys(plain)).toEqual(["blocks", "parameters", "iterations", "earlyStopping"]);
    expect(plain).toMatchObject({ iterations: 16_000, earlyStopping: 8 });
    const dropped = await planOf("--dropout", "0.3", "--iterations", "100;300", "--early-stopping", "2");
    expect(dropped).toMatchObject({ iterations: 400, earlyStopping: 2 });
    expect(dropped.blocks.map(({ network }) => network.dropout)).toEqual([0.3, 0.3]);
    expect(await planOf("--early-stopping", "0")).not.toHaveProperty("earlyStopping");
    const parameters = async (...args: readonly string[]) => (await planOf(...args)).parameters;
    expect(await parameters("--columns", "side,count")).toBeLessThan(plain.parameters);
    expect(await parameters("--constraint", "sum == count + more")).toBeLessThan(plain.parameters);
    expect(await parameters("--label", "more")).not.toBe(plain.parameters);
    expect(await parameters("--ordinal", "more=0<1<2<3<4")).not.toBe(plain.parameters);
    const schema = put("schema.json", ['{ "x": { "kind": "text" } }']);
    expect(await parameters("--schema", schema)).toBeLessThan(plain.parameters);
  });

  it("says longer times of more iterations", async () => {
    const [little, much] = [
      await fitOf(data, ...tiny, "--iterations", "10"),
      await fitOf(data, ...tiny, "--iterations", "1000000"),
    ];
    expect(much.trainingSeconds).toBeGreaterThan(20 * little.trainingSeconds);
  });

  it.each([
    ["--coupling shuffled", 2],
    ["--iterations 1;2;3", 2],
    ["--rows 5", 2],
    ["--size 8", 2],
    ["--label nothing", 2],
    ["--ordinal nothing=a<b", 2],
    ["--constraint count<0", 2],
    ["--steps free --blocks 2", 2],
    ["--memory 3MB", 2],
  ])("refuses %s in the words of fit", async (given, status) => {
    const [inspected, fitted] = [
      await localflow("inspect", data, "--threads", "1", ...given.split(/ (?!")/)),
      await localflow("fit", data, "-o", at("no.safetensors"), "--quiet", "--threads", "1", ...given.split(/ (?!")/)),
    ];
    expect(inspected).toMatchObject({ status, err: fitted.err });
    expect(fitted).toMatchObject({ status, err: expect.stringMatching(/^localflow: [^\n]+\n$/) });
  });

  it("shows the columns of a table that has nothing to learn, and the reason for which a fit would fail", async () => {
    const constant = put("constant.csv", ["a,b", "x,1", "x,1"]);
    const { status, out } = await localflow("inspect", constant);
    expect(status).toBe(0);
    expect(out).toMatch(/\nb +constant[\s\S]*\na fit would fail: table: expected a column with at least two different/);
    expect(await fitOf(constant)).toEqual({ problem: expect.stringMatching(/^table: expected a column/) });
    const fitted = await localflow("fit", constant, "-o", at("c.safetensors"), "--quiet");
    expect(fitted.err).toContain("table: expected a column with at least two different values");
  });

  it("stops when it is interrupted, after what it knew was printed", async () => {
    const line = ["inspect", data, ...tiny];
    const { status, out } = await commandLine(line, { stopAt: ({ out: printed }) => printed.includes("fit trains") });
    expect(status).toBe(130);
    expect(out).not.toContain("on this machine");
  });
});
