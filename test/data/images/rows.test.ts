// rows: levels as numbers and back, flips and noise with addresses, and bits per dimension.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { channelsFirst, channelsLast, type PixelBlock } from "../../../src/data/images/image-set.ts";
import { bitsPerDimension, levelsOfRows, rowsOfLevels } from "../../../src/data/images/rows.ts";
import { random, split } from "../../../src/random.ts";
import { floats } from "../../../src/tensor/array.ts";

/** All levels once per image: [count, 1, 16, 16]. */
function everyLevel(count: number): PixelBlock {
  const levels = Uint8Array.from({ length: 256 * count }, (_, i) => i % 256);
  return { count, channels: 1, height: 16, width: 16, levels };
}

const seed = random(3);

describe("rows", () => {
  test("without noise are the middles of 256 cells of [-1, 1]", () => {
    const { shape, data } = rowsOfLevels(everyLevel(1));
    expect(shape).toEqual([1, 256]);
    data.forEach((value, level) => expect(value).toBe((level + 0.5) / 128 - 1));
  });

  test("with noise fill their cells evenly", () => {
    const { data } = rowsOfLevels(everyLevel(400), { dequantise: seed });
    const within = Array.from(data, (value, i) => (value + 1) * 128 - (i % 256));
    expect(within.every((place) => place > 0 && place < 1)).toBe(true);
    const mean = within.reduce((a, b) => a + b, 0) / within.length;
    const spread = within.reduce((a, b) => a + (b - mean) ** 2, 0) / within.length;
    expect(mean).toBeCloseTo(1 / 2, 2);
    expect(spread).toBeCloseTo(1 / 12, 2);
  });

  test("of either kind become the same levels again; beyond [-1, 1] the outermost", () => {
    const block = everyLevel(2000);
    for (const options of [{}, { dequantise: seed }]) {
      const { levels, ...facts } = levelsOfRows(rowsOfLevels(block, options), block);
      expect(Buffer.compare(levels, block.levels)).toBe(0);
      expect(facts).toEqual({ count: 2000, channels: 1, height: 16, width: 16 });
    }
    const shape = { channels: 1, height: 1, width: 4 } as const;
    expect([...levelsOfRows(floats([-1.5, -1, 1, 2], [1, 4]), shape).levels]).toEqual([0, 0, 255, 255]);
    expect(() => levelsOfRows(floats([1, 2], [1, 2]), shape)).toThrow("expected rows [n, 4], got [1, 2]");
  });

  test("are flipped half of the time, each channel and line by itself", () => {
    const levels = Uint8Array.from({ length: 12 }, (_, i) => i);
    const one = { count: 1, channels: 3, height: 2, width: 2, levels } as const;
    const many = { ...one, count: 1000, levels: Uint8Array.from({ length: 12_000 }, (_, i) => i % 12) };
    const { data } = rowsOfLevels(many, { flip: seed });
    const mirrored = [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10];
    let flipped = 0;
    for (let image = 0; image < 1000; image++) {
      const found = Array.from(data.subarray(12 * image, 12 * image + 12), (value) => (value + 1) * 128 - 0.5);
      if (found[0] === 1) flipped++;
      expect(found).toEqual(found[0] === 1 ? mirrored : [...levels]);
    }
    expect(Math.abs(flipped - 500)).toBeLessThan(80);
  });

  test("depend on their place in the streams, not on how they are cut into calls", () => {
    const block = everyLevel(7);
    const options = { flip: split(seed, "flip"), dequantise: split(seed, "noise") };
    const whole = rowsOfLevels(block, options).data;
    const parts = [0, 3].map((start) => {
      const end = start === 0 ? 3 : 7;
      const part = { ...block, count: end - start, levels: block.levels.subarray(256 * start, 256 * end) };
      return [...rowsOfLevels(part, { ...options, offset: start }).data];
    });
    expect(parts.flat()).toEqual([...whole]);
    expect(rowsOfLevels(block, { dequantise: split(seed, "other") }).data).not.toEqual(whole);
  });
});

test("a density that is uniform on [-1, 1] takes 8 bits per dimension, one on its lower half 7", () => {
  expect(bitsPerDimension(3072 * Math.log(2), 3072)).toBe(8);
  expect(bitsPerDimension(0, 784)).toBe(7);
});

test("channels move to the front and to the end again", () => {
  const shape = fc.record({
    channels: fc.constantFrom<(1 | 3)[]>(1, 3),
    height: fc.integer({ min: 1, max: 4 }),
    width: fc.integer({ min: 1, max: 4 }),
    count: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(shape, ({ count, ...size }) => {
      const levels = Uint8Array.from({ length: count * size.channels * size.height * size.width }, (_, i) => i);
      expect(channelsFirst(channelsLast(levels, size), size)).toEqual(levels);
    }),
  );
  const size = { channels: 3, height: 1, width: 2 } as const;
  expect([...channelsFirst(Uint8Array.of(1, 2, 3, 4, 5, 6), size)]).toEqual([1, 4, 2, 5, 3, 6]);
});
