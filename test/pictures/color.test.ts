// color: the colour map rises evenly in lightness, categories stay apart for colour-blind readers.
import { describe, expect, it } from "vitest";
import { categories, hexOf, palette, type Rgb, rgbOf, viridis } from "../../src/pictures/color.ts";

/** CIE lightness L* of a colour, 0 (black) … 100 (white). */
function lightness(color: Rgb): number {
  const [red = 0, green = 0, blue = 0] = color.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return luminance > 0.008856 ? 116 * Math.cbrt(luminance) - 16 : 903.3 * luminance;
}

describe("the colour map", () => {
  it("gets lighter everywhere, and evenly", () => {
    const steps = Array.from({ length: 101 }, (_, k) => lightness(viridis(k / 100)));
    const rises = steps.slice(1).map((value, k) => value - steps[k]!);
    expect(Math.min(...rises)).toBeGreaterThan(0.3);
    expect(Math.max(...rises)).toBeLessThan(1.3);
    expect(steps[0]).toBeLessThan(20);
    expect(steps[100]).toBeGreaterThan(88);
  });

  it("stays at its ends outside of 0 … 1", () => {
    expect(hexOf(viridis(-3))).toBe("#440154");
    expect(hexOf(viridis(7))).toBe("#fde725");
  });
});

/** What a deuteranope sees, roughly: Viénot, Brettel and Mollon (1999), on linear light. */
function deuteranope([red, green, blue]: Rgb): Rgb {
  const linear = (part: number) => (part / 255) ** 2.2;
  const [r, g, b] = [linear(red), linear(green), linear(blue)];
  const seen = [0.29275 * r + 0.70725 * g, 0.29275 * r + 0.70725 * g, -0.02234 * r + 0.02234 * g + b];
  const [x = 0, y = 0, z = 0] = seen.map((part) => 255 * Math.max(0, part) ** (1 / 2.2));
  return [x, y, z];
}

describe("categories", () => {
  it("keep data and samples apart for a deuteranope", () => {
    const [a, b] = [deuteranope(rgbOf(palette.data)), deuteranope(rgbOf(palette.samples))];
    expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])).toBeGreaterThan(80);
  });

  it("are readable on white", () => {
    for (const color of categories) expect(lightness(rgbOf(color))).toBeLessThan(75);
    expect(lightness(rgbOf("#000000"))).toBe(0);
    expect(lightness(rgbOf("#ffffff"))).toBeCloseTo(100, 3);
  });
});
