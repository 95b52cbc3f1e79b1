// dropout: which values of a U-net's residual blocks a step of training keeps, drawn outside of the program like all randomness.
import { fillUniform, type Random, split } from "../random.ts";
import { elementCount, type NDArray } from "../tensor/array.ts";
import { type UnetConfiguration, unetMaskShapes } from "./unet.ts";

/** Masks of so many rows for `applyUnet`, one for each residual block: 0 with probability `dropout`. */
export function drawMasks(random: Random, network: UnetConfiguration, rows: number): readonly NDArray<"bool">[] {
  return unetMaskShapes(network).map((shape, block) => {
    const uniform = new Float32Array(rows * elementCount(shape));
    fillUniform(split(random, block), uniform);
    const data = new Uint8Array(uniform.length);
    for (let i = 0; i < data.length; i++) data[i] = Number((uniform[i] ?? 0) >= network.dropout);
    return { type: "bool", shape: [rows, ...shape], data };
  });
}
