// tangent: forward-mode differentiation (Jacobian-vector products), from inputs onward.
import { topologicalOrder } from "./graph.ts";
import { zerosLike } from "./layout.ts";
import type { Tensor } from "./tensor.ts";

/** An input and the direction in which it moves. */
export interface Seed {
  readonly tensor: Tensor;
  readonly direction: Tensor;
}

/**
 * The directional derivatives of the outputs when the seeds move: J · direction, one for each output.
 * A direction may be wider than its tensor along axes of size 1; then so is the result, one derivative per direction.
 */
export function tangent(outputs: readonly Tensor[], seeds: readonly Seed[]): readonly Tensor[] {
  const tangents = new Map<Tensor, Tensor>(seeds.map((seed) => [seed.tensor, seed.direction]));
  for (const node of topologicalOrder(outputs)) {
    if (tangents.has(node) || !node.operator.forward) continue;
    const incoming = node.inputs.map((input) => tangents.get(input));
    if (incoming.every((direction) => direction === undefined)) continue;
    const outgoing = node.operator.forward({ tangents: incoming, inputs: node.inputs, output: node });
    if (outgoing) tangents.set(node, outgoing);
  }
  return outputs.map((output) => tangents.get(output) ?? zerosLike(output));
}
