// tangent: forward-mode differentiation (Jacobian-vector products), from inputs onward.
import { failure } from "../errors.ts";
import { topologicalOrder } from "./graph.ts";
import { reshape, stretch, zerosLike } from "./layout.ts";
import { broadcastShapes, formatShape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** An input and the direction in which it moves. */
export interface Seed {
  readonly tensor: Tensor;
  readonly direction: Tensor;
}

/**
 * The directional derivatives of the outputs when the seeds move: J · direction, one for each output.
 * A direction may be wider than its tensor along axes of size 1; then so is the result, one derivative per direction.
 * A direction of size 1 along some axis moves all elements of that axis alike. Throws when directions travel along an axis
 * that an operator on the way stretches, sums or rearranges.
 */
export function tangent(outputs: readonly Tensor[], seeds: readonly Seed[]): readonly Tensor[] {
  const tangents = new Map<Tensor, Tensor>(seeds.map((seed) => [seed.tensor, checkedDirection(seed)]));
  for (const node of topologicalOrder(outputs)) {
    if (tangents.has(node) || !node.operator.forward) continue;
    const incoming = node.inputs.map((input) => tangents.get(input));
    if (incoming.every((direction) => direction === undefined)) continue;
    const outgoing = node.operator.forward({ tangents: incoming, inputs: node.inputs, output: node });
    if (outgoing) tangents.set(node, aligned(outgoing, node));
  }
  return outputs.map((output) => {
    const found = tangents.get(output);
    return found ? stretch(found, broadcastShapes(found.shape, output.shape, "tangent"), output) : zerosLike(output);
  });
}

/** Axes of size 1 in front, so that axes of a tangent and of its value correspond. */
function aligned(tangent: Tensor, value: Tensor): Tensor {
  const missing = value.shape.length - tangent.shape.length;
  return missing > 0 ? reshape(tangent, [...Array.from({ length: missing }, () => 1), ...tangent.shape]) : tangent;
}

function checkedDirection({ tensor, direction }: Seed): Tensor {
  const result = aligned(direction, tensor);
  const fits = result.shape.every(
    (size, axis) => size === 1 || tensor.shape[axis] === 1 || size === tensor.shape[axis],
  );
  if (fits && result.shape.length === tensor.shape.length && direction.type === "float32") return result;
  throw failure("shape", {
    where: "tangent",
    expected: `a float32 direction for ${formatShape(tensor.shape)}, wider only where that has size 1`,
    received: `${direction.type} ${formatShape(direction.shape)}`,
  });
}
