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

  it("says as `fit` does how many rows are beyond a bound of the schema, and off its step", async () => {
    const schema = put("bound.json", ['{ "more": { "kind": "number", "values": "any", "maximum": 3, "step": 2 } }']);
    const { out } = await localflow("inspect", data, "--no-estimate", "--schema", schema);
    const { notices } = await localflowJson("inspect", data, "--no-estimate", "--schema", schema);
    expect(notices).toEqual([
      expect.stringMatching(/^column "more" has 40 rows above its maximum 3: /),
      expect.stringMatching(/^column "more" has 80 rows off its grid, such as 1 /),
    ]);
    const told = notices as readonly string[];
    expect(out).toContain(`\n\n${told.join("\n")}\n\n`);
    const fitted = await localflowJson("fit", data, "-o", at("bound.safetensors"), "--schema", schema, ...tiny);
    expect(fitted["notes"]).toEqual(expect.arrayContaining([...told]));
  });

  it("says as `fit` does which values have too few rows to be found as classes of their own", async () => {
    const fees = Array.from({ length: 300 }, (_, n) =>
      n % 25 === 0 ? "25.00" : (10 + ((n * 7919) % 3001) / 100).toFixed(2),
    );
    const path = put("fees.csv", ["fee,side", ...fees.map((fee, n) => `${fee},${n % 3 === 0 ? "left" : "right"}`)]);
    const told = expect.stringMatching(
      /^column "fee" has 12 rows at 25\.00, too few .*; "apart": \[25\] in a schema keeps it$/,
    );
    expect((await localflowJson("inspect", path, "--no-estimate"))["notices"]).toEqual([told]);
    const fitted = await localflowJson("fit", path, "-o", at("fees.safetensors"), ...tiny);
    expect(fitted["notes"]).toContainEqual(told);
    const schema = put("fees.json", ['{ "fee": { "kind": "number", "apart": [25] } }']);
    expect(await localflowJson("inspect", path, "--no-estimate", "--schema", schema)).not.toHaveProperty("notices");
  });

  it("names the option at fault where held-out rows have other columns", async () => {
    const other = put("held.csv", ["side,x,counts,vip,more", "left,1,2,true,3"]);
    const { status, err } = await localflow("inspect", data, "--no-estimate", "--validation", other);
    expect(status).toBe(2);
    expect(err).toBe(
      `localflow: --validation ${other}: expected the columns of the table to learn (side, x, count, vip, more, sum), got a table without count, sum; did you mean "count" by "counts"? Rename the columns\n`,
    );
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

  it("shows beside the values of numbers and dates how they are mapped, where they are mapped", async () => {
    const days = Array.from({ length: 200 }, (_, n) =>
      new Date(864e5 * ((n * 7919) % 4001)).toISOString().slice(0, 10),
    );
    const path = put("maps.csv", [
      "n,few,day,city",
      ...days.map((day, n) => [n * n, n % 3, day, "AB"[n % 2]].join(",")),
    ]);
    const schema = put("maps.json", ['{ "day": { "kind": "date", "scale": "robust" }, "few": { "kind": "number" } }']);
    const lines = (out: string) => Object.fromEntries(out.split("\n").map((line) => [line.split(" ")[0], line]));
    const plain = lines((await localflow("inspect", path, "--no-estimate")).out);
    expect(plain["n"]).toMatch(/ number .* 0 to 39601, steps of 1, smooth map {2}/);
    expect(plain["day"]).toMatch(/ date .*, steps of 1 day, smooth map {2}/);
    expect(plain["few"]).toMatch(/ 0 to 2, steps of 1, observed values {2}/);
    expect(plain["city"]).not.toContain("map");
    const asked = lines((await localflow("inspect", path, "--no-estimate", "--schema", schema)).out);
    expect(asked["day"]).toMatch(/, steps of 1 day, robust map {2}/);
    const { columns } = await localflowJson("inspect", path, "--no-estimate", "--schema", schema);
    expect(columns).toMatchObject([{ scale: "smooth" }, { scale: "quantile" }, { scale: "robust" }, {}]);
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

  it("plans the rows that are held out as fit does", async () => {
    const plan = async (...args: readonly string[]) => planOf(...tiny, ...args);
    expect(await plan()).toMatchObject({ earlyStopping: 8 });
    const all = await plan("--train-split", "1");
    expect(all).not.toHaveProperty("earlyStopping");
    expect(await plan("--validation", data)).toEqual({ ...all, earlyStopping: 8 });
    expect(await plan("--validation", data, "--train-split", "1")).toEqual({ ...all, earlyStopping: 8 });
  });

  it("knows of gaps only those of the rows that train, as fit does", async () => {
    const path = put("one-gap.csv", [
      "a,b",
      ...Array.from({ length: 200 }, (_, n) => `${n === 100 ? "" : n * n},${n % 3}`),
    ]);
    const few = ["--train-split", "0.05", ...tiny];
    const planned = await fitOf(path, "--no-estimate", ...few);
    expect(planned.parameters).toBeLessThan((await fitOf(path, "--no-estimate", ...tiny)).parameters);
    const fitted = await localflowJson("fit", path, "-o", at("few.safetensors"), ...few);
    expect(fitted["parameters"]).toBe(planned.parameters);
  });

  it("says how many iterations a limited time leaves", async () => {
    const line = [
      "inspect",
      data,
      ...tiny.filter((word, n) => word !== "--iterations" && tiny[n - 1] !== "--iterations"),
    ];
    const { out, status } = await localflow(...line, "--time", "30s");
    expect(status).toBe(0);
    expect(out).toMatch(/ for 7 dimensions, as many iterations as 30 s allow\n/);
    expect(out).toMatch(/\ntime {4}about \d+ s .*: training [\d.]+ s \(about \d+ iterations\), pushing /);
    const timed = await localflowJson(...line, "--time", "30s");
    const { estimatedSeconds, iterations, blocks } = timed["fit"] as Record<string, unknown>;
    expect(estimatedSeconds).toBeLessThanOrEqual(30);
    expect(estimatedSeconds).toBeGreaterThan(20);
    expect(iterations).toBeGreaterThan(100);
    expect(blocks).not.toContainEqual(expect.objectContaining({ iterations: expect.anything() }));
    const both = await localflow(...line, "--time", "30s", "--iterations", "7", "--no-estimate");
    expect(both.out).toContain("as many iterations as 30 s allow, 14 in all at most\n");
    const { fit } = await localflowJson(...line, "--time", "30s", "--no-estimate");
    expect(fit).not.toHaveProperty("iterations");
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
    ["--validation nosuch.csv", 1],
    ["--train-split 2", 2],
    ["--time soon", 2],
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
