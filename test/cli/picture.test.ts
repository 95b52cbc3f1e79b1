// picture: `localflow picture` as a whole command line: files, summary, refusals.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandLine } from "../support/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-picture-"));
const at = (name: string) => join(folder, name);
const model = at("model.safetensors");
const data = at("data.csv");

const localflow = (...args: readonly string[]) => commandLine([...args, "--threads", "1"]);

beforeAll(async () => {
  const lines = Array.from({ length: 200 }, (_, k) => `${Math.sin(k)},${Math.cos(3 * k)}`);
  writeFileSync(data, `x,<b>y</b>\n${lines.join("\n")}\n`);
  const tiny = "--steps 0.3,free --hidden 8x1 --iterations 5 --batch-size 50 --seed 1".split(" ");
  expect(await localflow("fit", data, "-o", model, ...tiny)).toMatchObject({ status: 0 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("picture", () => {
  it.each(["samples", "pairs", "blocks", "trajectories", "density"])("draws %s as SVG and as PNG", async (kind) => {
    const few = ["--kind", kind, "--points", "40", "--resolution", "8", "--seed", "1"];
    const svg = await localflow("picture", model, data, "-o", at(`${kind}.svg`), ...few, "--json");
    expect(svg).toMatchObject({ status: 0, err: "" });
    const text = readFileSync(at(`${kind}.svg`), "utf8");
    expect(JSON.parse(svg.out)).toMatchObject({ kind, seed: 1, bytes: Buffer.byteLength(text) });
    expect(text).toContain("&lt;b&gt;y&lt;/b&gt;");
    expect(await localflow("picture", model, data, "-o", at(`${kind}.png`), ...few)).toMatchObject({ status: 0 });
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(text) ?? [];
    const { width: across, height: down } = decode(readFileSync(at(`${kind}.png`)));
    expect([across, down]).toEqual([2 * Number(width), 2 * Number(height)]);
  });

  it("draws the training losses of a model from the model alone", async () => {
    const svg = await localflow("picture", model, "-o", at("loss.svg"), "--kind", "loss", "--json");
    expect(svg).toMatchObject({ status: 0, err: "" });
    expect(JSON.parse(svg.out)).toMatchObject({ kind: "loss" });
    expect(readFileSync(at("loss.svg"), "utf8")).toContain("Training loss of each block");
  });

  it("refuses an ending it does not know, a file in the way and a kind that lacks data, and writes nothing", async () => {
    const jpeg = await localflow("picture", model, data, "-o", at("no.jpg"), "--kind", "samples");
    expect(jpeg).toMatchObject({ status: 2 });
    expect(jpeg.err).toMatch(/^localflow: -o, --output: expected a name ending in \.svg or \.png, got ".*no\.jpg"\n$/);
    writeFileSync(at("there.svg"), "mine");
    const there = await localflow("picture", model, "-o", at("there.svg"), "--kind", "samples");
    expect(there).toMatchObject({ status: 1, err: expect.stringContaining("--force") });
    expect(readFileSync(at("there.svg"), "utf8")).toBe("mine");
    const alone = await localflow("picture", model, "-o", at("no.svg"), "--kind", "blocks");
    expect(alone).toMatchObject({ status: 2, err: expect.stringContaining("expected DATA beside the model") });
    expect([existsSync(at("no.jpg")), existsSync(at("no.svg"))]).toEqual([false, false]);
  });
});
