// grid: where the pixels of images go.
import { decode } from "fast-png";
import { expect, test } from "vitest";
import { imageGrid, rasterPng } from "../../src/pictures/grid.ts";

const gray = { count: 3, channels: 1, height: 1, width: 2, levels: Uint8Array.of(1, 2, 3, 4, 5, 6) } as const;
const b = [9, 9, 9];
const level = (value: number) => [value, value, value];

test("images stand row by row, with gaps around them", () => {
  const { width, height, rgb } = imageGrid(gray, { columns: 2, gap: 1, background: "#090909" });
  expect([width, height]).toEqual([7, 5]);
  const lines = [
    [b, b, b, b, b, b, b],
    [b, level(1), level(2), b, level(3), level(4), b],
    [b, b, b, b, b, b, b],
    [b, level(5), level(6), b, b, b, b],
    [b, b, b, b, b, b, b],
  ];
  expect([...rgb]).toEqual(lines.flat(2));
});

test("colours come from the planes, and pixels grow to squares", () => {
  const levels = Uint8Array.of(10, 11, 20, 21, 30, 31);
  const { width, height, rgb } = imageGrid({ ...gray, count: 1, channels: 3, levels }, { gap: 0, scale: 2 });
  expect([width, height]).toEqual([4, 2]);
  const line = [10, 20, 30, 10, 20, 30, 11, 21, 31, 11, 21, 31];
  expect([...rgb]).toEqual([...line, ...line]);
});

test("a grid is nearly square, and as a PNG the same pixels", () => {
  const many = { ...gray, count: 36, levels: new Uint8Array(72).fill(7) };
  const raster = imageGrid(many, { gap: 0 });
  expect([raster.width, raster.height]).toEqual([12, 6]);
  const { width, height, channels, data } = decode(rasterPng(raster));
  expect({ width, height, channels, data: [...data] }).toEqual({
    width: 12,
    height: 6,
    channels: 3,
    data: [...raster.rgb],
  });
});

test("no grid larger than a picture may be", () => {
  expect(() => imageGrid(gray, { scale: 1e5 })).toThrow("at most 134217728 pixels");
  expect(() => imageGrid(gray, { columns: 0 })).toThrow("whole columns");
});
