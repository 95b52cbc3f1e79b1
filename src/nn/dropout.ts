// dropout: which values of a U-net's residual blocks a step of training keeps, drawn outside of the program like all randomness.
import { fillUniform, type Random, split } from "../random.ts";
import { elementCount, type NDArray } from "../tensor/array.ts";
import { type UnetConfiguration, unetMaskShapes } from "./unet.ts";

/** For each residual block [rows, c, h, w] what is kept (1) and left out (0): a byte for each value. */
export type DropoutMasks = readonly NDArray<"bool">[];

/** Masks of so many rows that keep everything. */
export function fullMasks(network: UnetConfiguration, rows: number): DropoutMasks {
  return unetMaskShapes(network).map((shape) => ({
    type: "bool",
    shape: [rows, ...shape],
    data: new Uint8Array(rows * elementCount(shape)).fill(1),
  }));
}

/** Masks of so many rows for `applyUnet`, 0 with probability `dropout`; drawn into arrays of `fullMasks` where given. */
export function drawMasks(
  random: Random,
  network: UnetConfiguration,
  rows: number,
  into: DropoutMasks = fullMasks(network, rows),
): DropoutMasks {
  into.forEach(({ data }, block) => {
    leaveOut(split(random, block), network.dropout, data);
  });
  return into;
}

/** Uniform numbers that are drawn at once. */
const drawnAtOnce = 4096;

/**
 * Each value is 0 with probability `share`, else 1. From one 0 to the next it is a geometric number of places, which takes a
 * random number for each 0 instead of one for each value.
 */
function leaveOut(random: Random, share: number, values: Uint8Array): void {
  values.fill(1);
  if (share === 0) return;
  const uniform = new Float32Array(drawnAtOnce);
  const scale = 1 / Math.log1p(-share);
  for (let drawn = 0, at = -1; at < values.length; drawn += drawnAtOnce) {
    fillUniform(random, uniform, { offset: drawn });
    for (let k = 0; k < drawnAtOnce && at < values.length; k++) {
      at += 1 + Math.floor(Math.log(uniform[k] ?? 1) * scale);
      if (at < values.length) values[at] = 0;
    }
  }
}
