// resize: squares from pictures of any shape. Against Pillow: pictures.test.ts.
import fc from "fast-check";
import { expect, test } from "vitest";
import { resizedSquare } from "../../../src/data/images/resize.ts";

const gray = (width: number, height: number, level: (x: number, y: number) => number) => ({
  width,
  height,
  channels: 1 as const,
  data: Uint8Array.from({ length: width * height }, (_, i) => level(i % width, Math.floor(i / width))),
});

test("a picture of one level keeps it at any size", () => {
  const side = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(side, side, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 255 }), (w, h, size, level) => {
      const { data, ...square } = resizedSquare(
        gray(w, h, () => level),
        size,
      );
      expect(square).toEqual({ width: size, height: size, channels: 1 });
      expect(new Set(data)).toEqual(new Set([level]));
    }),
  );
});

test("stripes as fine as pixels become an even gray", () => {
  const { data } = resizedSquare(
    gray(64, 64, (x) => 255 * (x % 2)),
    8,
  );
  for (const level of data) expect(Math.abs(level - 127.5)).toBeLessThan(5);
});

test("a slope stays a slope, smaller and larger", () => {
  for (const size of [10, 80]) {
    const { data } = resizedSquare(
      gray(40, 40, (x) => 6 * x),
      size,
    );
    const step = 240 / size;
    for (let x = Math.ceil(size / 10); x < size - size / 10; x++)
      expect(Math.abs(data[x]! - (6 * ((x + 0.5) * (40 / size)) - 3))).toBeLessThan(0.51 + step / 100);
  }
});

test("the middle is kept of pictures that are wide or high", () => {
  const wide = gray(9, 3, (x) => (x >= 3 && x < 6 ? 10 * x : 0));
  expect([...resizedSquare(wide, 3).data]).toEqual([30, 40, 50, 30, 40, 50, 30, 40, 50]);
  const high = gray(3, 9, (_, y) => (y >= 3 && y < 6 ? 10 * y : 0));
  expect([...resizedSquare(high, 3).data]).toEqual([30, 30, 30, 40, 40, 40, 50, 50, 50]);
});

test("all of a picture comes into the square where it is stretched", () => {
  const wide = gray(6, 3, (x) => 30 * Math.floor(x / 2));
  const stretched = resizedSquare(wide, 3, "stretch");
  expect([stretched.width, stretched.height]).toEqual([3, 3]);
  // Each target pixel weighs the two pixels under it by 3/8 and those beside them by 1/8; outside there is nothing.
  for (let row = 0; row < 3; row++) expect([...stretched.data.subarray(3 * row, 3 * row + 3)]).toEqual([4, 30, 56]);
});

test("channels do not mix", () => {
  const data = Uint8Array.from({ length: 3 * 64 }, (_, i) => [10, 20, 30][i % 3]!);
  const small = resizedSquare({ width: 8, height: 8, channels: 3, data }, 3);
  expect([...small.data]).toEqual(Array.from({ length: 27 }, (_, i) => [10, 20, 30][i % 3]!));
});
