// images-classes: command lines about the classes of images: fit --conditional, sample --class --guidance, score, evaluate, inspect.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeImageModel } from "../../src/tasks/images/image-model.ts";
import { localflowJson as json, localflow } from "../support/command-line.ts";
import { writeSmallImages } from "../support/small-images.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-cli-classes-"));
const at = (name: string) => join(folder, name);
const [data, model, plain] = [at("digits"), at("model.safetensors"), at("plain.safetensors")];
const tiny =
  "--network patches --width 8 --iterations 4 --batch-size 16 --method midpoint --evaluations 2 --threads 1 --seed 3".split(
    " ",
  );

let fitted: Record<string, unknown> = {};
beforeAll(async () => {
  writeSmallImages(data, 271, 45);
  fitted = await json("fit", data, "-o", model, ...tiny, "--conditional", "--class-dropout", "0.2");
  await json("fit", data, "-o", plain, ...tiny);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("fit --conditional", () => {
  it("stores the classes and how often they were, and the share that is trained without", async () => {
    const classes = ["91", "90", "90"].map((images, place) => ({ name: String(place), images: Number(images) }));
    expect(fitted).toMatchObject({ images: 271, classes });
    const { record } = decodeImageModel(readFileSync(model));
    expect(record.classes).toEqual(classes);
    expect(record.configuration.training.classDropout).toBe(0.2);
    expect(await json("inspect", model)).toMatchObject({ kind: "model", classes });
    const { out } = await localflow("inspect", model);
    expect(out).toMatch(/3 classes \(images\): 0 \(91\), 1 \(90\), 2 \(90\)\n/);
    expect(decodeImageModel(readFileSync(plain)).record).not.toHaveProperty("classes");
  });

  it("can be looked at beforehand, with an estimate", async () => {
    const options = ["--network", "patches", "--width", "8", "--conditional", "--seed", "1", "--threads", "1"];
    const { fit } = await json("inspect", data, ...options);
    expect(fit).toMatchObject({ blocks: [{ network: { classes: 3 } }, {}], trainingSeconds: expect.any(Number) });
  }, 60_000);

  it("refuses images without classes, a share without it, pairs, and rows of numbers", async () => {
    const bare = writeSmallImages(at("bare"), 20, 5, false);
    writeFileSync(at("rows.csv"), "a,b\n1,2\n3,4\n");
    for (const [line, message, status] of [
      [[bare, ...tiny, "--conditional"], /expected images with classes, got images without/, 1],
      [[data, ...tiny, "--class-dropout", "0.1"], /--class-dropout: expected --conditional beside it/, 2],
      [[data, ...tiny, "--conditional", "--class-dropout", "1"], /--class-dropout/, 2],
      [[data, ...tiny, "--conditional", "--coupling", "shuffled"], /coupling: expected dependent/, 2],
      [[at("rows.csv"), "--conditional", "--task", "density"], /--conditional: expected images/, 2],
    ] as const) {
      const outcome = await localflow("fit", ...line, "-o", at("refused.safetensors"));
      expect(outcome.err).toMatch(message);
      expect(outcome.status).toBe(status);
    }
  });
});

describe("sample", () => {
  it("draws classes in turns, by name or number, repeated or between commas", async () => {
    const drawn = await json(
      "sample",
      model,
      "-n",
      "5",
      "-o",
      at("a.npy"),
      "--seed",
      "1",
      "--class",
      "2",
      "--class",
      "0",
    );
    expect(drawn).toMatchObject({ labels: [2, 0, 2, 0, 2], guidance: 1, evaluations: 5 * 2 * 2 });
    expect(drawn["classes"]).toEqual([
      { name: "0", images: 2 },
      { name: "2", images: 3 },
    ]);
    await json("sample", model, "-n", "5", "-o", at("b.npy"), "--seed", "1", "--class", "2,0");
    expect(readFileSync(at("b.npy")).equals(readFileSync(at("a.npy")))).toBe(true);
  });

  it("follows them by guidance at twice the evaluations, in a chain too, and says so", async () => {
    const options = ["-n", "3", "--seed", "1", "--class", "1", "--guidance", "2.5"];
    const { out } = await localflow("sample", model, ...options, "-o", at("c.png"), "--chain");
    expect(out).toMatch(/24 velocity evaluations.*\nclasses \(images\): 1 \(3\); guidance 2\.5\n/);
    const without = await json("sample", model, "-n", "3", "--seed", "1", "--guidance", "0", "-o", at("d.png"));
    expect(without).toMatchObject({ guidance: 0, evaluations: 12 });
  });

  it.each([
    [model, ["--class", "nine"], /--class: expected a class of the model \(0, 1, 2\) or its number from 0, got "nine"/],
    [model, ["--guidance", "much"], /--guidance <number>: expected a number, got "?much|--guidance: expected a number/],
    [plain, ["--class", "1"], /--class: expected a model that was fitted with --conditional, got one that knows/],
    [plain, ["--guidance", "2"], /--guidance: expected a model that was fitted with --conditional/],
    ["moons", ["--class", "1"], /--class: expected another model than a built-in density/],
  ])("of %s refuses %j", async (of, options, message) => {
    const { status, err } = await localflow("sample", of, "-n", "2", "-o", at("x.png"), ...options);
    expect(err).toMatch(message);
    expect(status).toBe(2);
  });
});

describe("score", () => {
  it("is given each image's class, or nothing, and says which", async () => {
    const line = ["score", model, data, "--images", "5", "--seed", "1"];
    const given = await json(...line);
    const marginal = await json(...line, "--marginal");
    expect([given["given"], marginal["given"]]).toEqual(["class", "nothing"]);
    expect(given["nll"]).not.toBe(marginal["nll"]);
    expect((await localflow(...line, "--marginal")).out).toMatch(/given +nothing: classes left out\n/);
    expect(await json("score", plain, data, "--images", "5", "--seed", "1")).not.toHaveProperty("given");
    const { status, err } = await localflow("score", plain, data, "--marginal");
    expect({ status, err }).toMatchObject({ status: 2, err: expect.stringMatching(/--marginal: expected a model/) });
  });
});

describe("evaluate", () => {
  it("draws classes as often as they are among the test images, with the guidance asked for", async () => {
    const line = ["evaluate", model, data, "-n", "45", "--seed", "1", "--threads", "1"];
    const found = await json(...line, "--guidance", "2");
    expect(found).toMatchObject({
      evaluations: 45 * 2 * 2 * 2,
      guidance: 2,
      notes: expect.arrayContaining(["classes were drawn as often as they are among the test images"]),
    });
  }, 60_000);
});
