// draw: `sample` on a density instead of a model: its own points, its true log-density, and no options of integration.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { readTable } from "../../src/data/files.ts";
import { densityOf, readSource } from "../../src/data/sources.ts";
import { localflow } from "../support/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-draw-"));
const at = (name: string) => join(folder, name);
const picture = `image:${fileURLToPath(new URL("../reference/pictures/palette.png", import.meta.url))}`;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function drawn(...args: readonly string[]): Promise<readonly string[]> {
  const { status, out } = await localflow("sample", ...args, "--quiet");
  expect(status).toBe(0);
  return out.trim().split("\n");
}

describe("sample of a density", () => {
  it("writes its points as CSV and tells the seed", async () => {
    const { status, out, err } = await localflow("sample", "moons", "-n", "4", "--seed", "5");
    expect(status).toBe(0);
    expect(out).toMatch(/^x,y\n(-?[\d.]+,-?[\d.]+\n){4}$/);
    expect(err).toMatch(/^localflow: 4 points of moons in .* seed 5\n$/);
  });

  it.each(["moons", "checkerboard", picture])("adds the true log-density of %s", async (spec) => {
    const density = await densityOf(spec);
    const [header, ...rows] = await drawn(spec, "-n", "200", "--seed", "1", "--log-density");
    expect(header).toBe("x,y,log_density");
    expect(rows).toHaveLength(200);
    for (const row of rows) {
      const [x = Number.NaN, y = Number.NaN, logDensity = Number.NaN] = row.split(",").map(Number);
      expect(logDensity).toBeCloseTo(density.logDensity(x, y), 4);
    }
  });

  it("depends on the seed and the number of a point alone, across chunks", async () => {
    const [many, few] = [
      await drawn("rings", "-n", "20000", "--seed", "2"),
      await drawn("rings", "-n", "17000", "--seed", "2"),
    ];
    expect(many.slice(0, few.length)).toEqual(few);
    expect(new Set(many).size).toBeGreaterThan(19_990);
    expect(await drawn("rings", "-n", "3", "--seed", "3")).not.toEqual(many.slice(0, 4));
  });

  it("draws other points than a fit or a score with the same seed", async () => {
    await localflow("sample", "moons", "-n", "50", "--seed", "4", "-o", at("moons.csv"));
    const { rows } = await readTable(at("moons.csv"));
    for (const purpose of ["fit", "test"])
      expect((await readSource("moons", { rows: 50, seed: 4, purpose })).rows).not.toEqual(rows);
  });

  it("reports what a script reads of samples, and overwrites nothing", async () => {
    const line = ["sample", "moons", "-n", "10", "--seed", "6", "-o", at("points.npy")];
    const { out } = await localflow(...line, "--json");
    expect(JSON.parse(out)).toEqual({ rows: 10, seconds: expect.any(Number), evaluations: 0, seed: 6 });
    const before = readFileSync(at("points.npy"));
    expect(await localflow(...line)).toMatchObject({ status: 1, err: expect.stringContaining("--force") });
    expect(readFileSync(at("points.npy")).equals(before)).toBe(true);
  });

  it.each(["--method rk4", "--tolerance 1e-3", "--rtol 1e-3", "--atol 1e-3", "--evaluations 8"])(
    "refuses %s: there is nothing to integrate",
    async (option) => {
      const outcome = await localflow("sample", "moons", "-n", "2", ...option.split(" "));
      expect(outcome).toMatchObject({ status: 2, out: "" });
      expect(outcome.err).toMatch(new RegExp(`^localflow: ${option.split(" ")[0]}: expected a model, .*moons.*\\n$`));
    },
  );

  it("knows what a misspelt one was meant to be, and takes a file of any name for a model", async () => {
    const { status, err } = await localflow("sample", "mons", "-n", "2");
    expect({ status, err }).toEqual({ status: 1, err: expect.stringContaining('did you mean "moons"?') });
    expect((await localflow("sample", folder, "-n", "2")).err).not.toContain("did you mean");
  });

  it("refuses a picture that is not there", async () => {
    const { status, err } = await localflow("sample", "image:none.png", "-n", "2");
    expect({ status, err }).toEqual({ status: 1, err: expect.stringContaining("none.png: expected a file") });
  });
});
