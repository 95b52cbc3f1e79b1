// image-students: whole command lines about students of a model of images: distil, draw, look at, measure, and the curve.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeNpy } from "../../src/data/npy.ts";
import { decodeStudent } from "../../src/tasks/distillation/student-file.ts";
import { encodeImageModel } from "../../src/tasks/images/image-model.ts";
import { localflowJson as json, localflow } from "../support/command-line.ts";
import { writeSmallImages } from "../support/small-images.ts";
import { tinyImageModel, tinyShape } from "../support/tiny-image-model.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-image-students-"));
const at = (name: string) => join(folder, name);
const [data, model, student] = [at("digits"), at("model.safetensors"), at("student.safetensors")];
const quick = "--rows 64 --iterations 3 --batch-size 16 --threads 1 --seed 5".split(" ");

let distilled: Record<string, unknown> = {};
beforeAll(async () => {
  writeSmallImages(data, 280, 60);
  writeFileSync(model, encodeImageModel(tinyImageModel("patches")));
  distilled = await json("distill", model, "-o", student, "--evaluations", "2", ...quick);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("distill, of a model of images", () => {
  it("reports what it does of any other model", () => {
    expect(distilled).toMatchObject({
      evaluations: 2,
      seed: 5,
      rows: 64,
      blocks: [
        { from: 2, to: 1, iterations: 3 },
        { from: 1, to: 0, iterations: 3 },
      ],
      distance: { final: expect.any(Number) },
    });
    expect(decodeStudent(readFileSync(student)).image).toEqual({ ...tinyShape });
  });

  it("refuses hidden layers", async () => {
    const line = ["distill", model, "-o", at("h.safetensors"), "--evaluations", "2", "--hidden", "16x1", ...quick];
    expect((await localflow(...line)).err).toMatch(/hidden: expected a model of rows .* got a model of images/);
  });
});

describe("a student of a model of images", () => {
  it("draws a grid, a folder and an array of the same images, and the way to them", async () => {
    const grid = await json("sample", student, "-n", "5", "-o", at("grid.png"), "--seed", "1");
    expect(grid).toMatchObject({ rows: 5, evaluations: 10, seed: 1 });
    await json("sample", student, "-n", "5", "-o", at("five.npy"), "--seed", "1");
    const array = decodeNpy(readFileSync(at("five.npy")), "five.npy");
    expect(array.shape).toEqual([5, 4, 4, 1]);
    await json("sample", student, "-n", "5", "-o", at("five"), "--seed", "1");
    expect(readdirSync(at("five"))).toHaveLength(5);
    expect([...decode(readFileSync(at("five/000002.png"))).data]).toEqual([...array.data].slice(16, 32));
    await json("sample", student, "-n", "2", "-o", at("chain.png"), "--chain", "--seed", "1");
    // 3 columns, 2 rows, scale 4, gap 2.
    const { width, height } = decode(readFileSync(at("chain.png")));
    expect([width, height]).toEqual([3 * 16 + 8, 2 * 16 + 6]);
  });

  it("is shown by inspect as what it is", async () => {
    const shown = await json("inspect", student);
    expect(shown).toMatchObject({
      kind: "student",
      image: { ...tinyShape },
      evaluations: 2,
      blocks: [{ network: "patches" }, { network: "patches" }],
      teacher: { name: "model.safetensors", blocks: 2 },
    });
    expect((await localflow("inspect", student)).out).toMatch(/^images of 1 x 4 x 4/m);
  });

  it.each([
    ["score", ["score", student, data], 1],
    ["sample --log-density", ["sample", student, "-n", "2", "-o", at("x.png"), "--log-density"], 2],
    ["sample --method", ["sample", student, "-n", "2", "-o", at("x.png"), "--method", "heun"], 2],
    ["evaluate --curve", ["evaluate", student, data, "--curve"], 2],
    ["distill", ["distill", student, "-o", at("x.safetensors"), "--evaluations", "1"], 1],
  ])("refuses %s and names the teacher", async (_, args, status) => {
    const outcome = await localflow(...args, "--quiet");
    expect(outcome.status).toBe(status);
    expect(outcome.err).toMatch(/use (its|the) teacher, model\.safetensors/);
  });
});

describe("evaluate", () => {
  type Point = {
    sampler: string;
    method: string;
    evaluations: number;
    distanceToReference: number;
    measures: { frechet: { value: number } };
  };

  it("measures a student as its teacher: images, their neighbours and the way on the page", async () => {
    const page = at("student.html");
    const found = await json("evaluate", student, data, "-n", "45", "--seed", "1", "--threads", "1", "--report", page);
    expect(found).toMatchObject({ task: "images", evaluations: 90, rows: { compared: 45 } });
    expect(Object.keys(found["measures"] as object)).toContain("frechet");
    expect(readFileSync(page, "utf8").match(/<img src="data:image\/png;base64,/g)).toHaveLength(3);
  });

  it("puts the model and its students on a curve: quality, evaluations, seconds, and what real images get", async () => {
    const page = ["--report", at("curve.html")];
    const line = [
      "evaluate",
      model,
      data,
      "-n",
      "45",
      "--seed",
      "1",
      "--threads",
      "1",
      "--curve",
      "--student",
      student,
    ];
    const found = await json(...line, ...page);
    const curve = found["curve"] as readonly Point[];
    const of = (method: string) => curve.filter((point) => point.method === method);
    expect(of("euler").map(({ evaluations }) => evaluations)).toEqual([2, 4, 8, 16, 32]);
    expect(of("heun").map(({ evaluations }) => evaluations)).toEqual([4, 8, 16, 32]);
    expect(of("dopri5")).toHaveLength(4);
    expect(curve.slice(-2)).toMatchObject([
      { sampler: "fixed steps", method: "chosen", evaluations: 2 },
      { sampler: "student", method: "maps", evaluations: 2 },
    ]);
    const [coarse, fine] = [of("heun")[0], of("heun").at(-1)];
    expect(fine?.distanceToReference).toBeLessThan(0.1 * (coarse?.distanceToReference ?? 0));
    for (const { measures } of curve) expect(measures.frechet.value).toBeGreaterThan(0);
    const floor = found["curveFloor"] as { images: number; measures: Point["measures"] };
    expect(floor.images).toBe(45);
    expect(fine?.measures.frechet.value).toBeGreaterThan(floor.measures.frechet.value);
    const html = readFileSync(at("curve.html"), "utf8");
    expect(html).toContain("<h2>Quality against evaluations</h2>");
    expect(html).toContain("floor: 45 training images");
  });

  it("refuses another model's student, and a student without a curve", async () => {
    const other = at("other.safetensors");
    writeFileSync(other, encodeImageModel(tinyImageModel("patches", { seed: 4 })));
    const stranger = await localflow("evaluate", other, data, "-n", "45", "--curve", "--student", student, "--quiet");
    expect(stranger).toMatchObject({ status: 1 });
    expect(stranger.err).toMatch(/expected a student of this model, got one of model\.safetensors/);
    const without = await localflow("evaluate", model, data, "--student", student, "--quiet");
    expect(without).toMatchObject({ status: 2, err: expect.stringMatching(/--student: expected --curve/) });
  });
});
