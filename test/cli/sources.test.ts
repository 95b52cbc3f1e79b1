// sources: whole command lines on built-in densities and on every format of rows.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTable } from "../../src/data/files.ts";
import { rowEndings } from "../../src/data/table-endings.ts";
import { commandLine as localflow } from "../support/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-cli-sources-"));
const at = (name: string) => join(folder, name);
const model = at("moons.safetensors");
const tiny = "--steps 0.3,free --hidden 16x1 --iterations 20 --batch-size 50 --threads 1".split(" ");

async function json(args: readonly string[]): Promise<Record<string, unknown>> {
  const { status, out, err } = await localflow([...args, "--json"]);
  expect({ status, err }).toEqual({ status: 0, err: "" });
  return JSON.parse(out);
}

let fitted: Record<string, unknown> = {};
beforeAll(async () => {
  fitted = await json(["fit", "moons", "--rows", "400", "-o", model, "--seed", "3", ...tiny]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("built-in densities", () => {
  it("are fitted, with the true likelihood of the held-out rows beside the learnt one", async () => {
    expect(fitted).toMatchObject({ train: { rows: 360 }, validation: { rows: 40, trueNll: expect.any(Number) } });
    const { nll, trueNll } = fitted["validation"] as { nll: number; trueNll: number };
    expect(trueNll).toBeGreaterThan(1.9);
    expect(trueNll).toBeLessThan(2.9);
    expect(nll).toBeGreaterThan(trueNll);
    const text = (await localflow(["fit", "moons", "--rows", "100", "-o", at("b.safetensors"), ...tiny])).out;
    expect(text).toMatch(/true nll +\d\.\d{4} nats \(of the same rows\)/);
  });

  it("are scored in a model's columns, with a seed and their true likelihood", async () => {
    const result = await json(["score", model, "moons", "--rows", "300", "--seed", "3"]);
    expect(result).toMatchObject({ rows: 300, seed: 3 });
    expect(result["trueNll"]).toBeLessThan(Number(result["nll"]));
    const again = await json(["score", model, "moons", "--rows", "300", "--seed", "3"]);
    expect(again["trueNll"]).toBe(result["trueNll"]);
    expect((await localflow(["score", model, "rings", "--rows", "50"])).out).toMatch(
      /truth .*\(rings itself\)\n.*\nseed/,
    );
  });

  it("are inspected, and so are pictures", async () => {
    const picture = fileURLToPath(new URL("../reference/pictures/palette.png", import.meta.url));
    for (const spec of ["checkerboard", `image:${picture}`]) {
      const result = await json(["inspect", spec, "--rows", "500", "--seed", "1", "--no-estimate"]);
      expect(result).toMatchObject({ rows: 500, seed: 1, columns: [{ name: "x" }, { name: "y" }] });
    }
    expect((await localflow(["inspect", "rings", "--rows", "10", "--no-estimate"])).out).toMatch(/seed \d+\n$/);
  });

  it("refuse what makes no sense in one line", async () => {
    const misspelt = await localflow(["fit", "mons", "-o", at("c.safetensors")]);
    expect(misspelt).toMatchObject({ status: 1, out: "" });
    expect(misspelt.err).toMatch(/^localflow: mons: expected a file or a built-in density .*did you mean "moons"\?\n$/);
    const rows = await localflow(["score", model, at("t.csv"), "--rows", "5"]);
    expect(rows).toMatchObject({ status: 2 });
    expect(rows.err).toContain("leave out --rows");
  });
});

describe("formats", () => {
  it("all hold the same samples, and the model scores each the same", async () => {
    const draw = (ending: string) => json(["sample", model, "-n", "30", "--seed", "5", "-o", at(`s${ending}`)]);
    for (const ending of rowEndings) await draw(ending);
    const expected = (await readTable(at("s.csv"))).rows;
    const { nll } = await json(["score", model, at("s.csv")]);
    for (const ending of rowEndings) {
      expect((await readTable(at(`s${ending}`))).rows).toEqual(expected);
      expect((await json(["score", model, at(`s${ending}`)]))["nll"]).toBe(nll);
      expect(await json(["inspect", at(`s${ending}`), "--no-estimate"])).toMatchObject({ rows: 30 });
    }
    expect(JSON.parse(readFileSync(at("s.json"), "utf8"))).toHaveLength(30);
    expect(readFileSync(at("s.ndjson"), "utf8").split("\n")).toHaveLength(31);
    expect(readFileSync(at("s.jsonl"), "utf8")).toBe(readFileSync(at("s.ndjson"), "utf8"));
  });
});
