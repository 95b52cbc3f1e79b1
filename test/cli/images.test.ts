// images: whole command lines on a folder of tiny IDX files: fit, resume, sample, score, evaluate, inspect, and what is refused.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { imageConfiguration } from "../../src/cli/images-fit.ts";
import { imageSetOf } from "../../src/data/images/memory-set.ts";
import { decodeNpy } from "../../src/data/npy.ts";
import { decodeImageModel } from "../../src/tasks/images/image-model.ts";
import { commandLine, localflowJson as json, localflow } from "../support/command-line.ts";
import { writeSmallImages } from "../support/small-images.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-cli-images-"));
const at = (name: string) => join(folder, name);
const [data, model] = [at("digits"), at("model.safetensors")];
const recipe =
  "--network patches --width 8 --iterations 6 --batch-size 16 --method midpoint --evaluations 2 --threads 1 --seed 3";
const tiny = recipe.split(" ");

let fitted = { status: 1, out: "", err: "" };
beforeAll(async () => {
  writeSmallImages(data, 280, 60);
  fitted = await localflow("fit", data, "-o", model, ...tiny);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("fit", () => {
  it("takes a folder of IDX files for images, and says which it reads", () => {
    expect(fitted).toMatchObject({ status: 0 });
    expect(fitted.err).toMatch(/^localflow: 280 images of 1 x 8 x 8 .*, part train, 3 classes: .*digits \(IDX\)\n/);
    expect(fitted.out).toMatch(/images +280\nparameters +\d+\n/);
    expect(existsSync(`${model}.checkpoint`)).toBe(false);
  });

  it("says as JSON what it did, with the size, the number of images and the network asked for", async () => {
    const output = at("small.safetensors");
    const options = ["--size", "6", "--images", "40", "--part", "test", "--steps", "free", ...tiny];
    const result = await json("fit", data, "-o", output, ...options);
    expect(result).toMatchObject({ seed: 3, task: "images", images: 40, notes: [], blocks: [{ duration: null }] });
    const { record } = decodeImageModel(readFileSync(output));
    expect(record.image).toEqual({ channels: 1, height: 6, width: 6 });
    expect(record.configuration.blocks[0]?.network).toMatchObject({ kind: "patches", width: 8, patch: 2 });
    expect(record.configuration.integration).toEqual({ kind: "fixed", method: "midpoint", evaluations: 2 });
  });

  it("stops at Ctrl-C with a checkpoint and goes on to the same bytes", async () => {
    const output = at("stopped.safetensors");
    const { status, err } = await commandLine(["fit", data, "-o", output, ...tiny], {
      interactive: true,
      stopAt: ({ err }) => err.includes("block 1/2 push"),
    });
    expect(status).toBe(130);
    expect(err).toMatch(/stopped\.safetensors\.checkpoint: repeat the command with --seed 3 --resume to go on/);
    expect(await localflow("fit", data, "-o", output, ...tiny, "--resume")).toMatchObject({ status: 0 });
    expect(readFileSync(output).equals(readFileSync(model))).toBe(true);
  });

  it("takes an array for images with --task images, and folders of pictures", async () => {
    expect(await localflow("sample", model, "-n", "40", "-o", at("drawn.npy"), "--seed", "1")).toMatchObject({
      status: 0,
    });
    const array = await json("fit", at("drawn.npy"), "--task", "images", "-o", at("array.safetensors"), ...tiny);
    expect(array).toMatchObject({ task: "images", images: 40 });
    expect(await localflow("sample", model, "-n", "40", "-o", at("drawn"), "--seed", "1")).toMatchObject({ status: 0 });
    const pictures = await json("fit", at("drawn"), "-o", at("pictures.safetensors"), ...tiny);
    expect(pictures).toMatchObject({ task: "images", images: 40 });
    expect(decodeImageModel(readFileSync(at("pictures.safetensors"))).record.image.channels).toBe(1);
  });

  it("leaves out broken pictures where it is told to", async () => {
    mkdirSync(at("partly"));
    for (const name of readdirSync(at("drawn")).slice(0, 3))
      writeFileSync(at(`partly/${name}`), readFileSync(at(`drawn/${name}`)));
    writeFileSync(at("partly/broken.png"), "no picture");
    const stopped = await localflow("fit", at("partly"), "-o", at("p.safetensors"), ...tiny);
    expect(stopped).toMatchObject({ status: 1 });
    expect(stopped.err).toMatch(/broken\.png/);
    const skipped = await json("fit", at("partly"), "-o", at("p.safetensors"), "--on-broken", "skip", ...tiny);
    expect(skipped).toMatchObject({ images: 3, notes: ["1 file was broken and left out"] });
  });

  it.each([
    [["--hidden", "64x2"], /--hidden: expected rows of numbers or a table, got images/],
    [["--columns", "a,b"], /--columns: expected rows of numbers or a table/],
    [["--validation", "x.csv"], /--validation: expected rows of numbers or a table/],
    [["--early-stopping"], /--early-stopping: expected rows of numbers or a table/],
    [["--task", "density"], /--network: expected images, got --task density; leave one of them out/],
    [["--label", "a"], /--part|--network: expected images, got --label/],
    [["--channels", "2"], /--channels <count>|--channels: expected one of 1, 3, got "?2/],
    [["--preset", "cifar10"], /--network: expected what the preset cifar10 says .*3 x 32 x 32/],
    [["--part", "validation"], /expected a part among "?train"?, "?test"?/],
    [["--pool", "float64"], /--pool.*expected one of float32, float16/],
    [["--pool", "float16", "--parallel-blocks"], /--pool: expected images that are pushed from block to block/],
  ])("refuses %j", async (options, message) => {
    const { status, err } = await localflow("fit", data, "-o", at("refused.safetensors"), ...tiny, ...options);
    expect(err).toMatch(message);
    expect(status).toBe(2);
    expect(existsSync(at("refused.safetensors"))).toBe(false);
  });

  it("chooses no tolerance for images", async () => {
    const { status, err } = await localflow("fit", data, "-o", at("refused.safetensors"), "--tolerance", "auto");
    expect(err).toMatch(/--tolerance: expected a number, for images, got auto/);
    expect(status).toBe(2);
  });

  it("refuses options of images for rows of numbers", async () => {
    writeFileSync(at("rows.csv"), "a,b\n1,2\n3,4\n");
    const { status, err } = await localflow("fit", at("rows.csv"), "-o", at("r.safetensors"), "--size", "8");
    expect(status).toBe(2);
    expect(err).toMatch(/--size: expected images, got a table, .*rows\.csv; leave it out/);
  });
});

describe("sample", () => {
  it("writes a grid, a folder and an array of the same images", async () => {
    const grid = await json("sample", model, "-n", "5", "-o", at("grid.png"), "--seed", "1");
    expect(grid).toMatchObject({ rows: 5, evaluations: 5 * 2 * 2, seed: 1 });
    const picture = decode(readFileSync(at("grid.png")));
    // 3 columns, 2 rows, scale 4, gap 2.
    expect([picture.width, picture.height]).toEqual([3 * 32 + 8, 2 * 32 + 6]);
    await json("sample", model, "-n", "5", "-o", at("five.npy"), "--seed", "1");
    const array = decodeNpy(readFileSync(at("five.npy")), "five.npy");
    expect(array.shape).toEqual([5, 8, 8, 1]);
    await json("sample", model, "-n", "5", "-o", at("five"), "--seed", "1");
    expect(readdirSync(at("five"))).toHaveLength(5);
    const second = decode(readFileSync(at("five/000002.png")));
    expect([...second.data]).toEqual([...array.data].slice(64, 128));
    expect(picture.data[(2 * picture.width + 2 + 32 + 2) * 3]).toBe(second.data[0]);
  });

  it("shows the way from noise to data: a column for each stage", async () => {
    await json("sample", model, "-n", "2", "-o", at("chain.png"), "--chain", "--seed", "1");
    const { width, height } = decode(readFileSync(at("chain.png")));
    expect([width, height]).toEqual([3 * 32 + 8, 2 * 32 + 6]);
  });

  it.each([
    [["-n", "2"], 2, /-o, --output: expected a grid.png, an array.npy or the name of a folder, for images, got none/],
    [["-n", "2", "-o", "x.jpg"], 2, /expected a grid\.png.* got x\.jpg/],
    [["-n", "2", "-o", "x.csv"], 2, /expected a grid\.png.* got x\.csv/],
    [["-n", "2", "-o", "x.npy", "--chain"], 2, /expected a grid\.png for the chain, got x\.npy/],
    [["-n", "2", "-o", "x.png", "--log-density"], 2, /--log-density: expected rows of numbers or a table, got images/],
    [["-n", "99999999", "-o", "x.png"], 2, /expected at most \d+ images in one picture/],
  ])("refuses %j", async (options, status, message) => {
    const outcome = await localflow("sample", model, ...options);
    expect(outcome.err).toMatch(message);
    expect(outcome.status).toBe(status);
  });

  it("has no chain of images for a built-in density", async () => {
    const { status, err } = await localflow("sample", "moons", "-n", "3", "--chain");
    expect(err).toMatch(/--chain: expected another model than a built-in density/);
    expect(status).toBe(2);
  });

  it("overwrites neither a picture nor a folder", async () => {
    writeFileSync(at("there.png"), "");
    mkdirSync(at("full"));
    writeFileSync(at("full/note.txt"), "");
    for (const output of ["there.png", "full"]) {
      const outcome = await localflow("sample", model, "-n", "2", "-o", at(output));
      expect(outcome).toMatchObject({ status: 1 });
      expect(outcome.err).toMatch(/--force/);
    }
  });
});

describe("score", () => {
  it("says the bits per dimension of the test images", async () => {
    const result = await json("score", model, data, "--images", "20", "--seed", "1", "-o", at("scores.csv"));
    expect(result).toMatchObject({ rows: 20, part: "test", divergence: "hutchinson", seed: 1 });
    const lines = readFileSync(at("scores.csv"), "utf8").trim().split("\n");
    expect(lines[0]).toBe("log_density,bits_per_dimension");
    const pairs = lines.slice(1).map((line) => line.split(",").map(Number));
    expect(pairs).toHaveLength(20);
    for (const [logDensity = 0, bits] of pairs) expect(bits).toBeCloseTo(-logDensity / (64 * Math.LN2) + 7, 4);
    const mean = pairs.reduce((total, [, bits = 0]) => total + bits / 20, 0);
    expect(result["bitsPerDimension"]).toMatchObject({ value: expect.closeTo(mean, 4) });
  });
});

describe("evaluate", () => {
  let result: Record<string, unknown> = {};
  beforeAll(async () => {
    const page = ["--report", at("report.html")];
    result = await json("evaluate", model, data, "-n", "50", "--seed", "1", "--threads", "1", ...page);
  });

  it("measures samples beside real images and a pixel Gaussian, and says which images were compared", () => {
    expect(result).toMatchObject({
      task: "images",
      seed: 1,
      rows: { compared: 50, drawn: 50, test: 60, train: 280 },
      sets: { test: expect.stringMatching(/part test, 60 images/), reference: "test" },
      features: expect.stringMatching(/classifier of 1 x 8 x 8 .* % of 60 test images right/),
    });
    type Measure = { value: number; floor: { value: number }; baselines: { gaussian: { value: number } } };
    const { frechet, confidence, nearness } = result["measures"] as Record<string, Measure>;
    expect(frechet!.value).toBeGreaterThan(frechet!.floor.value);
    expect(frechet!.baselines.gaussian.value).toBeGreaterThan(frechet!.floor.value);
    expect(confidence!.floor.value).toBeGreaterThan(0.5);
    expect(nearness!.value).toBeLessThan(0.5);
  });

  it("writes one page with the samples, their neighbours, the chain and the figures", () => {
    const page = readFileSync(at("report.html"), "utf8");
    expect(page.match(/<img src="data:image\/png;base64,/g)).toHaveLength(3);
    for (const heading of ["Measures", "Samples", "Nearest training images", "From noise to data"])
      expect(page).toContain(`<h2>${heading}</h2>`);
    expect(page).not.toMatch(/(src|href)="https?:/);
    const json = /<script type="application\/json" id="localflow">(.*?)<\/script>/s.exec(page)?.[1];
    expect(JSON.parse(json ?? "").measures).toEqual(result["measures"]);
  });

  it("fails under a threshold, in a sentence", async () => {
    const options = ["-n", "45", "--seed", "1", "--fail-under", "frechet=0,precision=1", "--quiet"];
    const { status, err } = await localflow("evaluate", model, data, ...options);
    expect(status).toBe(1);
    expect(err).toMatch(/--fail-under: expected frechet of at most 0 and precision of at least 1/);
  });

  it.each([
    [["-n", "39"], "-n: expected at least 40, which the kernel distance takes, got 39"],
    [["--images", "255"], "--images: expected at least 256, which training a classifier takes, got 255"],
  ])("refuses too few images before it draws any: %j", async (options, message) => {
    const { status, err } = await localflow("evaluate", model, data, ...options);
    expect({ status, err }).toEqual({ status: 2, err: `localflow: ${message}\n` });
  });

  it("asks for a network where there are no classes, and for training images where there are none", async () => {
    const bare = writeSmallImages(at("bare"), 280, 60, false);
    const none = await localflow("evaluate", model, bare, "-n", "45", "--quiet");
    expect(none).toMatchObject({ status: 1 });
    expect(none.err).toMatch(/expected classes of the training images.* --features FILE.onnx/);
    const alone = await localflow("evaluate", model, at("drawn"), "-n", "45", "--quiet");
    expect(alone).toMatchObject({ status: 2 });
    expect(alone.err).toMatch(/--train: expected the images that the model was trained on.*--train PATH/);
    const same = await localflow("evaluate", model, data, "--part", "train", "--quiet");
    expect(same).toMatchObject({ status: 2 });
    expect(same.err).toMatch(/expected other images than the ones to evaluate with/);
  });

  it.each([
    [["--baselines", "flow-wide", "--train", "x"], /--baselines: expected rows of numbers or a table, got images/],
    [["--fail-under", "nll=3"], /--fail-under: expected a measure of a model of images, got nll/],
    [["--fail-under", "confidence=0.9", "--features", "f.onnx"], /expected a classifier, got f\.onnx/],
  ])("refuses %j", async (options, message) => {
    const { status, err } = await localflow("evaluate", model, data, ...options, "--quiet");
    expect(err).toMatch(message);
    expect(status).toBe(2);
  });
});

describe("inspect", () => {
  it("describes a model and a folder", async () => {
    const found = await json("inspect", model);
    expect(found).toMatchObject({ kind: "model", task: "images", image: { height: 8 }, training: { images: 280 } });
    const images = await json("inspect", data, "--width", "8", "--no-estimate");
    expect(images).toMatchObject({
      kind: "data",
      task: "images",
      count: 280,
      parts: ["train", "test"],
      fit: { iterations: 8000, images: 280, pool: "float32" },
    });
    const { memoryBytes, trainingMemoryBytes, leastTrainingMemoryBytes } = images["fit"] as Record<string, number>;
    expect(memoryBytes).toBe(4 * 64 * 280);
    const small = await localflow("inspect", data, "--width", "8", "--no-estimate", "--memory", "1MiB");
    expect(small.out).toMatch(/^a fit with --memory 1\.0 MiB would be refused: it takes at least [\d.]+ MiB$/m);
    const large = await localflow("inspect", data, "--width", "8", "--no-estimate", "--memory", "1GiB");
    expect(large.out).not.toContain("refused");
    const halved = await json("inspect", data, "--width", "8", "--no-estimate", "--pool", "float16");
    expect(halved["fit"]).toMatchObject({ pool: "float16", memoryBytes: 2 * 64 * 280 });
    const parallel = await localflow("inspect", data, "--width", "8", "--no-estimate", "--parallel-blocks");
    expect(parallel.out).toMatch(/the images take 17\.5 KiB as levels\n/);
    expect(leastTrainingMemoryBytes).toBeGreaterThan(1e6);
    expect(trainingMemoryBytes).toBeGreaterThan(leastTrainingMemoryBytes!);
    const patches = ["--network", "patches", "--width", "8", "--images", "16"];
    const estimated = await localflow("inspect", data, ...patches, "--seed", "1", "--threads", "1");
    expect(estimated.out).toMatch(/network patches of 2 x 2, 4 blocks of width 8\n/);
    expect(estimated.out).toMatch(/training takes about \d/);
    const timed = await localflow("inspect", data, ...patches, "--seed", "1", "--threads", "1", "--time", "2s");
    expect(timed.out).toMatch(/ parameters, as many iterations as 2\.0 s allow\n/);
    expect(timed.out).toMatch(/\nabout \d+ iterations at most are done in that time here; pushing .* is in it\n$/);
    const split = await localflow("inspect", data, "--train-split", "0.5");
    expect(split).toMatchObject({ status: 2, err: expect.stringContaining("--train-split: expected rows of numbers") });
  }, 60_000);
});

describe("other commands", () => {
  it("refuse a model of images in one sentence", async () => {
    for (const line of [
      ["picture", model, "-o", at("other.svg"), "--kind", "samples"],
      ["impute", model, at("rows.csv"), "-o", at("other.csv")],
    ]) {
      const { status, err } = await localflow(...line);
      expect(err).toMatch(/got a model of images/);
      expect(status).toBe(1);
    }
  });

  it("refuse a damaged model", async () => {
    const bytes = readFileSync(model);
    bytes[bytes.length - 5]! ^= 64;
    writeFileSync(at("damaged.safetensors"), bytes);
    const { status, err } = await localflow("sample", at("damaged.safetensors"), "-n", "1", "-o", at("d.png"));
    expect(err).toMatch(/damaged/);
    expect(status).toBe(1);
  });
});

describe("fit --pictures", () => {
  it("writes a grid at the end of each block, and changes nothing about the model", async () => {
    const output = at("shown.safetensors");
    const options = ["--pictures", at("shown")];
    expect(await localflow("fit", data, "-o", output, ...tiny, ...options)).toMatchObject({ status: 0 });
    const names = readdirSync(at("shown")).sort();
    expect(names).toEqual(["block-1-iteration-000006.png", "block-2-iteration-000006.png"]);
    const grids = names.map((name) => decode(readFileSync(join(at("shown"), name))));
    for (const { width, height } of grids) expect([width, height]).toEqual([6 * 8 * 4 + 7 * 2, 6 * 8 * 4 + 7 * 2]);
    expect(grids[0]!.data).not.toEqual(grids[1]!.data);
    expect(readFileSync(output).equals(readFileSync(model))).toBe(true);
    const again = await localflow("fit", data, "-o", at("again.safetensors"), ...tiny, ...options);
    expect(again.err).toMatch(/shown: expected a new or empty folder, got one with files in it; add --force/);
    expect(existsSync(at("again.safetensors"))).toBe(false);
  });
});

describe("fit --dequantise", () => {
  it("is part of the model's recipe, as what a preset trains with stays part of it", async () => {
    const output = at("dequantised.safetensors");
    expect(await localflow("fit", data, "-o", output, ...tiny, "--dequantise")).toMatchObject({ status: 0 });
    const { training } = decodeImageModel(readFileSync(output)).record.configuration;
    expect(training.dequantise).toBe(true);
    expect(decodeImageModel(readFileSync(model)).record.configuration.training.dequantise).toBeUndefined();
    const set = imageSetOf({ channels: 3, height: 32, width: 32, count: 1, levels: new Uint8Array(3072) });
    const preset = imageConfiguration(set, { output, preset: "cifar10", dequantise: true }, 1);
    expect(preset.training).toMatchObject({ mirror: 32, dequantise: true });
    expect(preset.blocks[0]?.network).toMatchObject({ dropout: 0.1 });
  });
});

describe("fit --memory", () => {
  it("trains within a budget, and says what it would take where that is too little", async () => {
    const least = async (memory: string) =>
      localflow("fit", data, "-o", at("thrifty.safetensors"), ...tiny, "--force", "--memory", memory);
    const { status, err } = await least("1MiB");
    expect(status).toBe(2);
    const wanted = /--memory: expected at least (\d+) bytes to train this network on these images, got 1048576/.exec(
      err,
    );
    expect(wanted).not.toBeNull();
    expect(await least(String(wanted?.[1]))).toMatchObject({ status: 0 });
    expect(await least(String(Number(wanted?.[1]) - 1))).toMatchObject({ status: 2 });
  });
});
