// picture-points: the very points that the paper's authors draw from a picture (their code of January 2026 sets the seed).
import { failure } from "../../errors.ts";
import { type FloatArray, floats } from "../../tensor/array.ts";
import { firstAbove } from "../ascending.ts";
import { randomState } from "../numpy-random.ts";
import type { GrayPicture } from "../png.ts";
import { runningShares } from "../shares.ts";

/**
 * `count` points [count, 2] as `numpy.random.seed(seed)` gives them: all pixels first (with probability lightest level - level),
 * then a normal deviation of half a pixel for each coordinate. Pixel centres lie evenly on [-4, 4], the picture's last row
 * at -4. Other counts give other points: the authors draw training and test points in one go and take the first for training.
 * float32 of NumPy's numbers, but for a last bit that logarithms may differ in.
 */
export function picturePoints({ width, height, levels }: GrayPicture, seed: number, count: number): FloatArray {
  const state = randomState(seed);
  const reached = runningShares(darkness({ width, height, levels }));
  const [xs, ys] = [centres(width), centres(height)];
  const pixels = Uint32Array.from({ length: count }, () => firstAbove(reached, state.uniform()));
  const points = new Float32Array(2 * count);
  pixels.forEach((pixel, i) => {
    points[2 * i] = state.normal() * (4 / width) + xs[pixel % width]!;
    points[2 * i + 1] = state.normal() * (4 / height) + ys[Math.floor(pixel / width)]!;
  });
  return floats(points, [count, 2]);
}

/** Probabilities of the pixels from the bottom row to the top one. */
function darkness({ width, height, levels }: GrayPicture): Float64Array {
  const lightest = levels.reduce((a, b) => Math.max(a, b), 0);
  const dark = Float64Array.from(levels, (_, i) => {
    const row = height - 1 - Math.floor(i / width);
    return lightest - levels[row * width + (i % width)]!;
  });
  const total = dark.reduce((a, b) => a + b, 0);
  if (total === 0)
    throw failure("data", { where: "picture", expected: "a picture with dark pixels", received: "one level only" });
  return dark.map((value) => value / (total + 1e-12));
}

function centres(count: number): Float64Array {
  const spacing = count > 1 ? 8 / (count - 1) : 0;
  return Float64Array.from({ length: count }, (_, i) => (i > 0 && i === count - 1 ? 4 : i * spacing - 4));
}
