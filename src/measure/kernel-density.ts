// kernel-density: a density to be held beside, one small round Gaussian at every training row.
import { failure } from "../errors.ts";
import { fillBelow, fillNormal, type Random, split } from "../random.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import { type Baseline, columnScale, logVolume, scaled, unscaled } from "./baseline.ts";
import { chosenRows } from "./points.ts";

export interface KernelOptions {
  /** Rows that carry a kernel at most; default 5 000. */
  readonly centres?: number;
  /** Bandwidths to choose from, in deviations of the columns; default 24 from 0.01 to 2, each 1.26 times the last. */
  readonly bandwidths?: readonly number[];
}

/** Centres whose leave-one-out density is looked at when the bandwidth is chosen. */
const judges = 1000;

const defaultBandwidths = Array.from({ length: 24 }, (_, n) => 0.01 * 200 ** (n / 23));

/**
 * p(x) = mean over the centres c of N(x; c, h^2 diag(deviations)^2), the centres being 5 000 random training rows at most.
 * The bandwidth h has the largest leave-one-out likelihood on up to 1 000 of the centres: each is judged by the others.
 * Equal rows judge each other well at any bandwidth, so data with many of them leads to the smallest one.
 * Throws "data" for fewer than 2 rows or a constant column.
 * Source: B. W. Silverman, "Density estimation for statistics and data analysis" (1986), section 3.4.4.
 */
export function fitKernelDensity(
  train: FloatArray,
  random: Random,
  { centres: most = 5000, bandwidths = defaultBandwidths }: KernelOptions = {},
): Baseline {
  const chosen = chosenRows(train, most, split(random, "centres"));
  const [count = 0, d = 0] = chosen.shape;
  if (count < 2)
    throw failure("data", { where: "kernel density", expected: "at least 2 training rows", received: String(count) });
  const scale = columnScale(chosen);
  const centres = scaled(chosen.data, scale);
  const bandwidth = bestBandwidth(centres, d, bandwidths);
  const constant = (d / 2) * Math.log(2 * Math.PI) + d * Math.log(bandwidth) + Math.log(count) + logVolume(scale);
  return {
    name: "kernel",
    parameters: centres.length + 1,
    choice: `${count} centres, bandwidth ${Number(bandwidth.toPrecision(3))}`,
    logDensity: ({ data }) => {
      const [rows, squares] = [scaled(data, scale), new Float64Array(count)];
      return Float64Array.from({ length: rows.length / d }, (_, row) => {
        const least = distancesTo(centres, d, rows, row, squares);
        return logKernelSum(squares, least, bandwidth) - constant;
      });
    },
    sample: (random, wanted) => {
      const [which, noise] = [new Uint32Array(wanted), new Float32Array(wanted * d)];
      fillBelow(split(random, "centre"), which, count);
      fillNormal(split(random, "noise"), noise);
      const points = Float64Array.from(noise, (z, i) => {
        const centre = which[Math.floor(i / d)] ?? 0;
        return (centres[centre * d + (i % d)] ?? 0) + bandwidth * z;
      });
      return floats(unscaled(points, scale), [wanted, d]);
    },
  };
}

function bestBandwidth(centres: Float64Array, d: number, bandwidths: readonly number[]): number {
  const count = centres.length / d;
  const squares = new Float64Array(count);
  const likelihoods = new Float64Array(bandwidths.length);
  for (let row = 0; row < Math.min(judges, count); row++) {
    const least = distancesTo(centres, d, centres, row, squares, row);
    bandwidths.forEach((h, n) => {
      likelihoods[n] = (likelihoods[n] ?? 0) + logKernelSum(squares, least, h) - d * Math.log(h);
    });
  }
  const best = likelihoods.reduce((at, value, n) => (value > (likelihoods[at] ?? 0) ? n : at), 0);
  const bandwidth = bandwidths[best];
  if (bandwidth !== undefined && bandwidth > 0) return bandwidth;
  throw failure("option", { where: "bandwidths", expected: "positive numbers", received: String(bandwidths) });
}

/** Squared distances of a row from every centre, and the least of them; the centre `except` is infinitely far. */
function distancesTo(
  centres: Float64Array,
  d: number,
  rows: Float64Array,
  row: number,
  squares: Float64Array,
  except = -1,
): number {
  let least = Number.POSITIVE_INFINITY;
  for (let c = 0; c < squares.length; c++) {
    let total = c === except ? Number.POSITIVE_INFINITY : 0;
    for (let k = 0; k < d; k++) {
      const difference = centres[c * d + k]! - rows[row * d + k]!;
      total += difference * difference;
    }
    squares[c] = total;
    if (total < least) least = total;
  }
  return least;
}

/** log of the sum of exp(-q / (2 h^2)), the largest term taken out; terms below e^-40 of it are left out. */
function logKernelSum(squares: Float64Array, least: number, h: number): number {
  const scale = 1 / (2 * h * h);
  let sum = 0;
  for (let c = 0; c < squares.length; c++) {
    const exponent = (squares[c]! - least) * scale;
    if (exponent < 40) sum += Math.exp(-exponent);
  }
  return Math.log(sum) - least * scale;
}
