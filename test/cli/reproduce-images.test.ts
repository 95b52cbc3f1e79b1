// reproduce of images: the whole path on small made batches of CIFAR-10, what it leaves in its folder, and how it goes on.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fillBelow, random } from "../../src/random.ts";
import { commandLine, localflow, type Outcome } from "../support/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-reproduce-images-"));
const at = (...names: readonly string[]) => join(folder, ...names);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Three kinds of images, each bright in one channel, as CIFAR-10's binary batches have them. */
function writeBatch(name: string, count: number): void {
  const noise = new Uint32Array(count * 3073);
  fillBelow(random(name), noise, 60);
  const bytes = Uint8Array.from(noise, (value, place) => {
    const [image, level] = [Math.floor(place / 3073), (place % 3073) - 1];
    return level < 0 ? image % 3 : value + (Math.floor(level / 1024) === image % 3 ? 180 : 0);
  });
  writeFileSync(at("data", name), bytes);
}

const line = ["reproduce", "cifar10", "--data", at("data"), "--scale", "0.00001", "--baselines", "none"];
const here = [...line, "--threads", "1", "-o", at("cifar")];

/** Runs the line until it says `text`, then interrupts it as Ctrl-C does. */
function interruptedAt(text: string): Promise<Outcome> {
  return commandLine(here, { stopAt: ({ err }) => err.includes(text) });
}

describe("reproduce of images", () => {
  it("is interrupted, goes on to the end, and says that it is no reproduction", async () => {
    mkdirSync(at("data"));
    writeBatch("data_batch_1.bin", 150);
    writeBatch("data_batch_2.bin", 150);
    writeBatch("test_batch.bin", 40);
    const stopped = await interruptedAt("lfm, seed 1: drawing");
    expect(stopped.status).toBe(130);
    expect(stopped.err).toContain("repeat the command to go on from what is there");
    const trained = readFileSync(at("cifar", "runs", "lfm-seed-1.safetensors"));

    const { status, out, err } = await localflow(...here);
    expect([status, err.includes("localflow: lfm, seed 1: drawing 32 images")]).toEqual([0, true]);
    expect(readFileSync(at("cifar", "runs", "lfm-seed-1.safetensors")).equals(trained)).toBe(true);
    expect(out).toMatch(
      /no reproduction of a published figure: iterations, images, batches and parameters are (0\.00001|1e-5) of it/,
    );
    expect(out).toContain("features of our own and not in those of FID's Inception network (--features)");
    expect(out).toContain("there are 300 images of part train instead of 50000");
    expect(out).toMatch(/32 drawn images from 32 of 300 images, a random choice of part train/);
    for (const published of ["8.45", "8.55", "12.3", "10.27"]) expect(out).toContain(published);

    const result = JSON.parse(readFileSync(at("cifar", "result.json"), "utf8"));
    expect(result.measured).toEqual({ mean: expect.any(Number), deviation: null, seeds: 1 });
    expect(result.contenders.map(({ method }: { method: string }) => method)).toEqual(["lfm"]);
    for (const { runs } of result.contenders) {
      expect(runs).toHaveLength(1);
      expect(runs[0].gradientSteps).toBe(32);
      for (const cost of ["parameters", "trainSeconds", "sampleSeconds", "evaluationsPerImage", "peakMemoryBytes"])
        expect(runs[0][cost], cost).toBeGreaterThan(0);
    }
    const page = readFileSync(at("cifar", "report.html"), "utf8");
    expect(page).toContain("Reproduction: cifar10");
    expect(page.split("<img ").length - 1).toBe(2);
    expect(readdirSync(at("cifar", "runs")).filter((name) => name.endsWith(".npy"))).toHaveLength(1);

    const again = await localflow(...here, "--json", "--quiet");
    expect(again.err).toBe("");
    expect(JSON.parse(again.out).measured).toEqual(result.measured);
  }, 300_000);

  it.each([
    ["cifar10", "cs.toronto.edu"],
    ["imagenet32", "image-net.org"],
    ["flowers", "robots.ox.ac.uk"],
  ])("%s without its files says where they come from", async (name, origin) => {
    mkdirSync(at("empty"), { recursive: true });
    const { status, err } = await localflow("reproduce", name, "--data", at("empty"), "-o", at(name));
    expect(status).toBe(1);
    expect(err).toContain(`${at("empty")}: expected`);
    expect(err).toContain(origin);
    expect(readdirSync(folder)).not.toContain(name);
  });

  it.each([
    [[...line, "--tolerance", "1e-3"], /--tolerance: expected an experiment that scores rows/],
    [[...line, "--features", "features.txt"], /--features: expected an \.onnx file, got features\.txt/],
    [["reproduce", "letter", "--features", "f.onnx"], /--features: expected an experiment with images: cifar10/],
  ])("refuses options that mean nothing to it: %s", async (words, text) => {
    const { status, err } = await localflow(...words);
    expect(status).toBe(2);
    expect(err).toMatch(text);
  });
});
