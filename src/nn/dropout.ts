// dropout: which values of a network's layers a step of training keeps, drawn outside of the program like all randomness.
import { fillUniform, type Random, split } from "../random.ts";
import { multiply } from "../tensor/arithmetic.ts";
import { elementCount, type NDArray } from "../tensor/array.ts";
import { cast } from "../tensor/layout.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Which values of a layer survive a step of training: 1 or 0 for each, and the share of zeros. */
export interface Dropout {
  readonly mask: Tensor;
  readonly share: number;
}

/** What survives, scaled so that the mean over masks is the layer itself (N. Srivastava and others, 2014). */
export function withoutLeftOut(layer: Tensor, { mask, share }: Dropout): Tensor {
  return multiply(layer, multiply(1 / (1 - share), cast(mask, "float32")));
}

/** What training leaves out of a network. */
export interface DropoutPlan {
  /** Shapes of the layers that lose values, of one row. */
  readonly shapes: readonly (readonly number[])[];
  readonly share: number;
}

/** For each of the layers [rows, …] what is kept (1) and left out (0): a byte for each value. */
export type DropoutMasks = readonly NDArray<"bool">[];

/** Masks of so many rows that keep everything. */
export function fullMasks({ shapes }: DropoutPlan, rows: number): DropoutMasks {
  return shapes.map((shape) => ({
    type: "bool",
    shape: [rows, ...shape],
    data: new Uint8Array(rows * elementCount(shape)).fill(1),
  }));
}

/** Masks of so many rows for `applyNetwork`, 0 with the plan's probability; drawn into arrays of `fullMasks` where given. */
export function drawMasks(
  random: Random,
  plan: DropoutPlan,
  rows: number,
  into: DropoutMasks = fullMasks(plan, rows),
): DropoutMasks {
  into.forEach(({ data }, layer) => {
    leaveOut(split(random, layer), plan.share, data);
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
