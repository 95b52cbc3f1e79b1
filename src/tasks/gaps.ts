// gaps: what is missing in rows, as masked models take it, and the volume of what is free.
import { dimensionStates } from "../flow/masked.ts";
import type { FloatArray } from "../tensor/array.ts";
import type { Standardization } from "./standardization.ts";

/** 1 where a value is NaN, 0 elsewhere. */
export function gapsOf({ data }: FloatArray): Uint8Array {
  return Uint8Array.from(data, (value) => Number(Number.isNaN(value)));
}

/** States in which every value is free, but for those that are NaN: they are absent. */
export function absentAt({ data }: FloatArray): Uint8Array {
  return Uint8Array.from(data, (value) => (Number.isNaN(value) ? dimensionStates.absent : dimensionStates.free));
}

/** sum of the log deviations of a row's free columns. */
export function freeLogVolume({ deviation }: Standardization, states: Uint8Array): number {
  let total = 0;
  for (let k = 0; k < states.length; k++)
    if (states[k] === dimensionStates.free) total += Math.log(deviation.data[k] ?? 1);
  return total;
}
