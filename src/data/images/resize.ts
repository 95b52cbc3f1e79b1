// resize: pictures made smaller or larger by weighing neighbours, and cut to a square around the middle.

/** Channels side by side [height, width, channels], 8 bits each. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** How pictures come to a square: the middle is cut out, or height and width are scaled by themselves. */
export type SquareFit = "cut" | "stretch";

/** Which source pixels make up each target pixel of one axis. */
interface AxisWeights {
  /** The first source pixel of each target pixel. */
  readonly first: Int32Array;
  /** Source pixels per target pixel at most. */
  readonly most: number;
  /** [targets, most], each row of sum 1. */
  readonly weights: Float64Array;
}

/**
 * The picture scaled so that its short side has `size` pixels, and its middle `size` x `size` of it. Each pixel is the mean
 * of those around its place, weighed by a triangle as wide as two target pixels (two source pixels, when it grows), so
 * fine stripes turn gray instead of making patterns: what Pillow calls BILINEAR. The long side is rounded down to whole pixels.
 * With `stretch` all of the picture is scaled to the square.
 */
export function resizedSquare(
  { width, height, channels, data }: Picture,
  size: number,
  fit: SquareFit = "cut",
): Picture {
  const short = Math.min(width, height);
  const [across, down] =
    fit === "stretch" ? [size, size] : [Math.floor((width * size) / short), Math.floor((height * size) / short)];
  const columns = axisWeights(width, across, Math.floor((across - size) / 2), size);
  const rows = axisWeights(height, down, Math.floor((down - size) / 2), size);
  const top = rows.first[0]!;
  const bottom = Math.min(height, rows.first[size - 1]! + rows.most);
  const narrow = new Float32Array((bottom - top) * size * channels);
  for (let row = top; row < bottom; row++)
    for (let x = 0; x < size; x++)
      for (let channel = 0; channel < channels; channel++) {
        const at = x * columns.most;
        let sum = 0;
        for (let k = 0, from = (row * width + columns.first[x]!) * channels + channel; k < columns.most; k++) {
          sum += columns.weights[at + k]! * data[from]!;
          from += channels;
        }
        narrow[((row - top) * size + x) * channels + channel] = sum;
      }
  return { width: size, height: size, channels, data: shortened(narrow, rows, top, size * channels) };
}

/** Weighs lines of `length` numbers, the first of which is source row `top`. */
function shortened(lines: Float32Array, { first, most, weights }: AxisWeights, top: number, length: number) {
  const out = new Uint8Array(first.length * length);
  const sums = new Float64Array(length);
  for (let y = 0; y < first.length; y++) {
    sums.fill(0);
    for (let k = 0; k < most; k++) {
      const weight = weights[y * most + k]!;
      if (weight === 0) continue;
      const from = (first[y]! + k - top) * length;
      for (let i = 0; i < length; i++) sums[i]! += weight * lines[from + i]!;
    }
    for (let i = 0; i < length; i++) out[y * length + i] = Math.floor(sums[i]! + 0.5);
  }
  return out;
}

/** Weights for target pixels `start` to `start + count` of an axis of `from` source and `to` target pixels. */
function axisWeights(from: number, to: number, start: number, count: number): AxisWeights {
  const scale = from / to;
  const reach = Math.max(1, scale);
  const most = Math.min(from, Math.ceil(2 * reach) + 1);
  const first = new Int32Array(count);
  const weights = new Float64Array(count * most);
  for (let target = 0; target < count; target++) {
    const middle = (start + target + 0.5) * scale;
    const low = Math.max(0, Math.min(from - most, Math.floor(middle - reach)));
    first[target] = low;
    let total = 0;
    for (let k = 0; k < most; k++) {
      const weight = Math.max(0, 1 - Math.abs(low + k + 0.5 - middle) / reach);
      weights[target * most + k] = weight;
      total += weight;
    }
    for (let k = 0; k < most; k++) weights[target * most + k]! /= total;
  }
  return { first, most, weights };
}
