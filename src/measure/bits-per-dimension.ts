// bits-per-dimension: the bits that a density says the values of images take, as a mean over images.
import { bitsPerDimension } from "../data/images/rows.ts";
import { failure } from "../errors.ts";
import { type Estimate, meanOf } from "./estimate.ts";

/**
 * Mean bits per dimension over images from the log-densities (nats) of their dequantised rows in [-1, 1], each of `dimensions`
 * values (`bitsPerDimension` says which bits), with the standard error over the images. 8 for the uniform density. Throws
 * "numeric" for a log-density that is not finite.
 */
export function meanBitsPerDimension(logDensities: ArrayLike<number>, dimensions: number): Estimate {
  const bits = Float64Array.from(logDensities, (value) => bitsPerDimension(-value, dimensions));
  const bad = bits.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return meanOf(bits);
  throw failure("numeric", {
    where: `image ${bad + 1}`,
    expected: "a finite log-density",
    received: String(logDensities[bad]),
  });
}
