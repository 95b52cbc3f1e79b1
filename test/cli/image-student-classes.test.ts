// image-student-classes: whole command lines about students of a model of images with classes: distil, draw, look at, measure, export.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeNpy } from "../../src/data/npy.ts";
import { encodeDensityModel } from "../../src/tasks/density-model.ts";
import { encodeImageModel, type ImageModel } from "../../src/tasks/images/image-model.ts";
import { localflowJson as json, localflow } from "../support/command-line.ts";
import { writeSmallImages } from "../support/small-images.ts";
import { smallModel } from "../support/small-model.ts";
import { tinyImageModel } from "../support/tiny-image-model.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-image-student-classes-"));
const at = (name: string) => join(folder, name);
const [data, model, student] = [at("digits"), at("model.safetensors"), at("student.safetensors")];
const [plain, without] = [at("plain.safetensors"), at("without.safetensors")];
const quick = "--rows 64 --iterations 3 --batch-size 16 --threads 1 --seed 5".split(" ");

/** Three classes, of which the last was seen most. */
function classified(): ImageModel {
  const tiny = tinyImageModel("patches", { classes: 3 });
  const { configuration } = tiny.record;
  const training = { ...configuration.training, classDropout: 0.1 };
  const classes = ["0", "1", "2"].map((name, n) => ({ name, images: 10 + 10 * n }));
  return { ...tiny, record: { ...tiny.record, classes, configuration: { ...configuration, training } } };
}

let distilled: Record<string, unknown> = {};
beforeAll(async () => {
  writeSmallImages(data, 280, 60);
  writeFileSync(model, encodeImageModel(classified()));
  writeFileSync(plain, encodeImageModel(tinyImageModel("patches")));
  distilled = await json("distill", model, "-o", student, "--evaluations", "2", "--guidance", "3", ...quick);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("distill, of a model of images with classes", () => {
  it("says which guidance is built in, and how near images without a class are", async () => {
    expect(distilled).toMatchObject({
      evaluations: 2,
      classes: { guidance: 3, dropout: 0.1, without: { distance: expect.any(Number) } },
    });
    const fixed = distilled["fixedSteps"] as readonly { evaluations: number }[];
    expect(fixed.map(({ evaluations }) => evaluations)).toEqual([2]);
    const line = ["distill", model, "-o", at("text.safetensors"), "--evaluations", "1", "--guidance", "3", ...quick];
    const { out } = await localflow(...line, "--quiet");
    expect(out).toMatch(/^guidance +3, built in$/m);
    expect(out).toMatch(/^no class +[\d.]+ from those of model\.safetensors without classes$/m);
    expect(out).toMatch(/^by fixed steps +none: /m);
  });

  it("makes a student without them by a guidance of 0, and refuses one where there are no classes", async () => {
    const line = (of: string, out: string) => ["distill", of, "-o", out, "--evaluations", "1", ...quick];
    expect(await json(...line(model, without), "--guidance", "0")).not.toHaveProperty("classes");
    const refused = async (of: string) => (await localflow(...line(of, at("x.safetensors")), "--guidance", "2")).err;
    expect(await refused(plain)).toMatch(
      /--guidance: expected a model that was fitted with --conditional, got one that/,
    );
    const rows = at("rows.safetensors");
    writeFileSync(rows, encodeDensityModel(smallModel()));
    expect(await refused(rows)).toMatch(/--guidance: expected images, got a model of rows/);
  });
});

describe("a student with classes", () => {
  it("draws those asked for in turns, and says which each image is of", async () => {
    const line = ["sample", student, "--seed", "1", "--threads", "1"];
    const drawn = await json(...line, "-n", "5", "-o", at("five.npy"), "--class", "2,0");
    expect(drawn).toMatchObject({
      evaluations: 10,
      guidance: 3,
      labels: [2, 0, 2, 0, 2],
      classes: [
        { name: "0", images: 2 },
        { name: "2", images: 3 },
      ],
    });
    await json(...line, "-n", "5", "-o", at("other.npy"), "--class", "1");
    const levels = (name: string) => decodeNpy(readFileSync(at(name)), name).data;
    expect(levels("five.npy")).not.toEqual(levels("other.npy"));
    const usual = await localflow(...line, "-n", "60", "-o", at("usual.png"));
    expect(usual.out).toMatch(/classes \(images\): 0 \(\d+\), 1 \(\d+\), 2 \(\d+\); guidance 3/);
    const chain = await json(...line, "-n", "2", "-o", at("chain.png"), "--chain", "--class", "1");
    expect(chain["labels"]).toEqual([1, 1]);
  });

  it("draws without classes by a guidance of 0, with them by its own, and by no other", async () => {
    const line = ["sample", student, "-n", "2", "--seed", "1", "--threads", "1"];
    expect(await json(...line, "-o", at("none.png"), "--guidance", "0")).toMatchObject({ guidance: 0, evaluations: 4 });
    expect(await json(...line, "-o", at("own.png"), "--guidance", "3")).toMatchObject({ guidance: 3 });
    const classless = ["sample", without, "-n", "2", "-o", at("classless.png"), "--guidance", "0"];
    expect((await localflow(...classless)).status).toBe(0);
    const { status, err } = await localflow(...line, "-o", at("y.png"), "--guidance", "2");
    expect(status).toBe(2);
    expect(err).toMatch(/--guidance: expected 3, which is built into this student, or 0, got 2; leave it out/);
  });

  it.each([
    [
      student,
      ["--class", "nine"],
      /--class: expected a class of the model \(0, 1, 2\) or its number from 0, got "nine"/,
    ],
    [without, ["--class", "1"], /--class: expected a student that takes classes, got one of model\.safetensors that/],
    [without, ["--guidance", "2"], /--guidance: expected a student that takes classes.* not with --guidance 0/],
  ])("of %s refuses %j", async (of, options, message) => {
    const { status, err } = await localflow("sample", of, "-n", "2", "-o", at("x.png"), ...options);
    expect(err).toMatch(message);
    expect(status).toBe(2);
  });

  it("is shown by inspect with its classes and its guidance", async () => {
    expect(await json("inspect", student)).toMatchObject({
      classes: [
        { name: "0", images: 10 },
        { name: "1", images: 20 },
        { name: "2", images: 30 },
      ],
      training: { classes: { guidance: 3, dropout: 0.1 } },
    });
    const { out } = await localflow("inspect", student);
    expect(out).toMatch(/^classes: 0, 1, 2; guidance 3 is built in$/m);
  });

  it("is exported as a file that takes classes, which agrees with what it draws", async () => {
    const line = ["export", student, "-o", at("student.onnx"), "--threads", "1"];
    const exported = await json(...line, "--check", "--seed", "1");
    const inputs = exported["inputs"] as readonly { name: string }[];
    expect(inputs.map(({ name }) => name)).toEqual(["noise", "classes"]);
    expect((exported["check"] as { maxDifference: number }).maxDifference).toBeLessThan(1e-4);
    const { err } = await localflow(...line, "--force", "--guidance", "1");
    expect(err).toMatch(/--guidance: expected 3, which is built into this student, got 1/);
  });
});

describe("evaluate", () => {
  const small = ["-n", "45", "--seed", "1", "--threads", "1"];

  it("draws a student's classes as often as they are among the test images", async () => {
    const found = await json("evaluate", student, data, ...small);
    expect(found).toMatchObject({
      evaluations: 90,
      guidance: 3,
      notes: expect.arrayContaining(["classes were drawn as often as they are among the test images"]),
    });
    const { err } = await localflow("evaluate", student, data, ...small, "--guidance", "1");
    expect(err).toMatch(/--guidance: expected 3, which is built into this student, or 0, got 1/);
  });

  it("puts such students on the curve of their model with the same guidance", async () => {
    const line = ["evaluate", model, data, ...small, "--curve", "--student", student];
    const found = await json(...line, "--guidance", "3");
    const curve = found["curve"] as readonly { sampler: string; method: string; evaluations: number }[];
    expect(found["notes"]).toContain("the curve is of images whose classes were followed, guidance 3");
    expect(curve.filter(({ method }) => method === "euler").map(({ evaluations }) => evaluations)).toEqual([
      4, 8, 16, 32, 64,
    ]);
    expect(curve.slice(-2)).toMatchObject([
      { sampler: "fixed steps", method: "chosen", evaluations: 2 },
      { sampler: "student", method: "maps", evaluations: 2 },
    ]);
    const { status, err } = await localflow(...line, "--quiet");
    expect(status).toBe(2);
    expect(err).toMatch(
      /--student .*: expected one of guidance 1, as the curve's images are drawn, got one of guidance 3; leave it out, or draw the curve with --guidance 3/,
    );
  });
});
