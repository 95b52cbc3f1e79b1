// composition: a student's maps in a row, as one program and as a symbolic computation.
import { contextsOf } from "../../flow/masked.ts";
import { isImageNetwork, type NetworkArrays } from "../../nn/network.ts";
import { compile } from "../../runtime/compile.ts";
import type { Engine } from "../../runtime/contract.ts";
import { paddedRows, paddedSlice } from "../../runtime/equation.ts";
import { turns } from "../../runtime/pause.ts";
import { type FloatArray, floats } from "../../tensor/array.ts";
import { constant, placeholder, type Tensor } from "../../tensor/tensor.ts";
import { mapTree } from "../../tensor/tree.ts";
import { applyMap, mapContext, type StudentMap } from "./maps.ts";
import { rowsTogether } from "./teacher.ts";

/** Rows that go through the maps together, at most. */
const mostSlots = 1024;

/** A compiled composition of maps. */
export interface Composition {
  /**
   * Points [rows · d] after all maps; of maps that read contexts [rows · 3 d], or shares of classes [rows · classes], with these, by
   * default with everything free, or without a class.
   */
  run(points: Float32Array, signal?: AbortSignal, contexts?: Float32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Compiles maps in a row, their weights inside of the program. */
export async function createComposition(
  engine: Engine,
  maps: readonly StudentMap[],
  dimension: number,
): Promise<Composition> {
  const x = placeholder(["rows", dimension]);
  const slots = rowsTogether(maps, dimension, mostSlots);
  const width = maps.reduce((most, map) => Math.max(most, mapContext(map)), 0);
  const told = width > 0 ? [placeholder(["rows", width])] : [];
  const ofImages = maps.some(({ network }) => isImageNetwork(network));
  const nothing = (points: Float32Array) =>
    ofImages
      ? new Float32Array((points.length / dimension) * width)
      : contextsOf(points, new Uint8Array(points.length), dimension).data;
  const y = composed(maps, x, told[0]);
  const program = await compile(engine, { x, told }, { y });
  return {
    run: async (points, signal, contexts) => {
      const own = told.map(() => contexts ?? nothing(points));
      const turn = turns(signal, "sampling");
      const rows = points.length / dimension;
      const result = new Float32Array(points.length);
      for (let start = 0; start < rows; start += slots) {
        await turn();
        const n = Math.min(slots, rows - start);
        const padded = paddedRows(n, slots);
        const [x = floats([0], [1, 1])] = paddedSlice([points], [dimension], start, n, padded);
        const moved = await program.run({
          x,
          told: paddedSlice(
            own,
            own.map(() => width),
            start,
            n,
            padded,
          ),
        });
        result.set((moved.y.data as Float32Array).subarray(0, n * dimension), start * dimension);
      }
      return result;
    },
    release: () => program.release(),
  };
}

/** The maps one after the other, noise to data, as a symbolic computation in the model's own units. */
export function composed(maps: readonly StudentMap[], noise: Tensor, context?: Tensor): Tensor {
  return maps.reduce((x, map) => {
    const parameters = mapTree<FloatArray, Tensor, NetworkArrays>(map.parameters, (array) => constant(array));
    return applyMap(map, parameters, x, context);
  }, noise);
}
