// sources: what may stand for data, and what it says when it does not.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultRows, readSource } from "../../src/data/sources.ts";
import { floats } from "../../src/tensor/array.ts";
import { refused } from "../support/refused.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "localflow-sources-"));
});
afterAll(() => rm(folder, { recursive: true }));

const picture = `image:${fileURLToPath(new URL("../reference/pictures/rgba.png", import.meta.url))}`;
describe("densities", () => {
  test.each(["moons", picture])("%s is drawn by its rows, and knows its law", async (spec) => {
    const few = await readSource(spec, { seed: 1, rows: 50 });
    expect(few).toMatchObject({ columns: ["x", "y"], ignored: [], drawn: true });
    expect(few.description).toContain("50 points of ");
    expect(few.rows.shape).toEqual([50, 2]);
    const more = await readSource(spec, { seed: 1, rows: 70 });
    expect(more.rows.data.subarray(0, 100)).toEqual(few.rows.data);
    const truth = few.trueLogDensity?.(few.rows);
    expect(truth).toHaveLength(50);
    expect(truth?.every((value) => value > -30 && value < 5)).toBe(true);
  });

  test("other seeds and purposes give other points", async () => {
    const draw = async (seed: number, purpose: string) => (await readSource("rings", { seed, purpose, rows: 20 })).rows;
    const rows = await draw(1, "fit");
    expect(await draw(1, "fit")).toEqual(rows);
    expect(await draw(2, "fit")).not.toEqual(rows);
    expect(await draw(1, "test")).not.toEqual(rows);
  });

  test("columns are chosen or named in order; the law is known where both are there as they are", async () => {
    const whole = await readSource("moons", { seed: 1, rows: 9 });
    const half = await readSource("moons", { seed: 1, rows: 9, columns: ["y"] });
    expect(half.rows.data).toEqual(whole.rows.data.filter((_, i) => i % 2 === 1));
    expect([half.columns, half.ignored, half.trueLogDensity]).toEqual([["y"], ["x"], undefined]);
    const swapped = await readSource("moons", { seed: 1, rows: 9, columns: ["y", "x"] });
    expect(swapped.trueLogDensity).toBe(undefined);
    const named = await readSource("moons", { seed: 1, rows: 9, columns: ["u", "v"], inOrder: true });
    expect([named.columns, named.rows]).toEqual([["u", "v"], whole.rows]);
    expect(named.trueLogDensity).toBeDefined();
    await refused(readSource("moons", { seed: 1, columns: ["z"] }), "option", 'expected names among x, y, got "z"');
    await refused(
      readSource("moons", { seed: 1, columns: ["a", "b", "c"], inOrder: true }),
      "data",
      "expected 3 columns",
    );
  });

  test("without a number of rows there are 100 000, and the budget holds", async () => {
    expect(defaultRows).toBe(100_000);
    expect((await readSource("gaussian", { seed: 1 })).rows.shape).toEqual([100_000, 2]);
    await refused(readSource("gaussian", { seed: 1, rows: 1e9, memory: 2 ** 30 }), "data", "within 1 GiB");
    await refused(readSource("gaussian", { seed: 1, rows: 0 }), "option", "at least 1, got 0");
  });
});

describe("files", () => {
  test("are read as they are, and take no number of rows", async () => {
    const path = join(folder, "t.csv");
    await writeFile(path, "a,b\n1,2\n");
    expect(await readSource(path, { seed: 1 })).toEqual({
      columns: ["a", "b"],
      rows: floats([1, 2], [1, 2]),
      ignored: [],
      description: path,
      drawn: false,
    });
    await refused(
      readSource(path, { seed: 1, rows: 5 }),
      "option",
      "--rows: expected a built-in density to draw rows from, got the file",
    );
  });

  test("a name that is neither a file nor a density suggests the nearest", async () => {
    await refused(
      readSource("mons", { seed: 1 }),
      "file",
      'mons: expected a file or a built-in density (moons, rings, checkerboard, pinwheel, spirals, eight-gaussians, gaussian-mixture, gaussian), got neither; did you mean "moons"?',
    );
    await refused(readSource("eight_gaussian", { seed: 1 }), "file", 'did you mean "eight-gaussians"?');
    await refused(readSource(join(folder, "moons"), { seed: 1 }), "file", "got no ending");
    await refused(readSource("absent.csv", { seed: 1 }), "file", "got nothing of this name");
    await refused(readSource("constructor", { seed: 1 }), "file", "got neither");
  });

  test("pictures that are not there or are none", async () => {
    await refused(
      readSource("image:absent.png", { seed: 1 }),
      "file",
      "absent.png: expected a file in a folder that exists",
    );
    const path = join(folder, "text.png");
    await writeFile(path, "no picture");
    await refused(readSource(`image:${path}`, { seed: 1 }), "data", "expected a PNG file, got something else");
    await refused(readSource(`image:${folder}`, { seed: 1 }), "file", "got no file");
  });
});
