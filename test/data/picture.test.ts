// picture: dark pixels as a density, against the sum over all pixels and against the picture of the paper's authors.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readTable } from "../../src/data/files.ts";
import { pictureDensity } from "../../src/data/picture.ts";
import { decodeGrayPng } from "../../src/data/png.ts";
import { random } from "../../src/random.ts";

const shared = (name: string) => fileURLToPath(new URL(`../../../shared/${name}`, import.meta.url));
/** Dark at the bottom left, half dark at the top right. */
const small = {
  width: 4,
  height: 3,
  levels: Uint8Array.from([255, 255, 255, 128, 255, 255, 255, 255, 1, 255, 255, 255]),
};

/** The definition: rows from the bottom, means on linspace(-4, 4), deviations 4 / width and 4 / height. */
function direct({ width, height, levels }: typeof small, x: number, y: number): number {
  const weights = Array.from(levels, (level) => 255 - level);
  const total = weights.reduce((a, b) => a + b, 0);
  const [dx, dy] = [4 / width, 4 / height];
  const sum = weights.reduce((value, weight, pixel) => {
    const mx = -4 + (8 * (pixel % width)) / (width - 1);
    const my = 4 - (8 * Math.floor(pixel / width)) / (height - 1);
    return value + (weight / total) * Math.exp(-(((x - mx) / dx) ** 2 + ((y - my) / dy) ** 2) / 2);
  }, 0);
  return Math.log(sum / (2 * Math.PI * dx * dy));
}

describe("a picture", () => {
  const density = pictureDensity("small", small);

  test("has the density of a Gaussian per pixel, near and far", () => {
    for (const [x, y] of [
      [-4, -4],
      [4, 4],
      [0, 0],
      [4, -4],
      [-3.2, 1.7],
      [9, 9],
      [-14, 20],
    ] as const)
      expect(density.logDensity(x, y)).toBeCloseTo(direct(small, x, y), 9);
  });

  test("far from every dark pixel the density is finite, in a picture larger than the window", () => {
    const levels = new Uint8Array(200 * 150).fill(255);
    levels[0] = 0;
    const large = { width: 200, height: 150, levels };
    /** One Gaussian at (-4, 4): 50 and 37.5 deviations away. */
    const far = -(50 ** 2 + 37.5 ** 2) / 2 - Math.log(2 * Math.PI * (4 / 200) * (4 / 150));
    expect(pictureDensity("corner", large).logDensity(-3, 3)).toBeCloseTo(far, 8);
    expect(pictureDensity("corner", large).logDensity(-3.9, 3.9)).toBeCloseTo(direct(large, -3.9, 3.9), 9);
  });

  test("is sampled as it is dark: 254 to 127 at opposite corners", () => {
    const points = density.sample(random(1), 30_000);
    let atBottom = 0;
    let sum = 0;
    for (let i = 0; i < points.length; i += 2) {
      if (points[i]! + points[i + 1]! < 0) atBottom++;
      sum += -density.logDensity(points[i]!, points[i + 1]!) / 30_000;
    }
    expect(Math.abs(atBottom / 30_000 - 2 / 3)).toBeLessThan(0.01);
    const [dx, dy] = [1, 4 / 3];
    const entropy = Math.log(2 * Math.PI * Math.E * dx * dy) + Math.log(3) - (2 / 3) * Math.log(2);
    expect(Math.abs(sum - entropy)).toBeLessThan(0.02);
    expect(density.sample(random(1), 5)).toEqual(points.slice(0, 10));
  });

  test("without dark pixels is refused", () => {
    expect(() => pictureDensity("white.png", { width: 1, height: 2, levels: Uint8Array.of(9, 9) })).toThrow(
      "white.png: expected a picture with dark pixels",
    );
  });
});

describe.skipIf(!existsSync(shared("data/img_tree.png")))("the authors' tree (needs ../shared)", () => {
  test("gives their points the known negative log-likelihood, 1.9575 ± 0.0033", async () => {
    const tree = pictureDensity("tree", decodeGrayPng(readFileSync(shared("data/img_tree.png")), "tree"));
    const { rows } = await readTable(shared("reference/tree/test.npy"));
    let sum = 0;
    for (let i = 0; i < rows.data.length; i += 2) sum -= tree.logDensity(rows.data[i]!, rows.data[i + 1]!);
    expect(sum / (rows.data.length / 2)).toBeCloseTo(1.9575, 4);
  });

  test("the rose, a palette picture, gives its own points a likelihood near that of others", () => {
    const rose = pictureDensity("rose", decodeGrayPng(readFileSync(shared("data/img_rose.png")), "rose"));
    const points = rose.sample(random(2), 2000);
    for (let i = 0; i < points.length; i += 2) expect(rose.logDensity(points[i]!, points[i + 1]!)).toBeGreaterThan(-25);
  });
});
