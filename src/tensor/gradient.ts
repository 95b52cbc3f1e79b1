// gradient: reverse-mode differentiation, from one scalar back to everything it was computed from.
import { failure } from "../errors.ts";
import { add } from "./arithmetic.ts";
import { topologicalOrder } from "./graph.ts";
import { zerosLike } from "./layout.ts";
import { formatShape } from "./shape.ts";
import { constant, type Tensor } from "./tensor.ts";
import { leafList, type MapTree, mapTree } from "./tree.ts";

/**
 * The gradient of a scalar with respect to every tensor of a tree, as a tree of the same structure and shapes.
 * A tensor that does not matter gets zeros. Throws "shape" when `output` is not a scalar.
 */
export function gradient<T extends object>(output: Tensor, parameters: T): MapTree<T, Tensor, Tensor> {
  if (output.shape.length !== 0)
    throw failure("shape", {
      where: "gradient",
      expected: "a scalar to differentiate",
      received: formatShape(output.shape),
    });
  const targets = leafList<Tensor>(parameters);
  const found = pullBack([{ tensor: output, gradient: constant(1) }], targets);
  return mapTree<Tensor, Tensor, T>(parameters, (leaf) => found.get(leaf) ?? zerosLike(leaf));
}

/** Reverse mode from several outputs at once: gradients of the targets given gradients of the outputs. */
export function pullBack(
  seeds: readonly { readonly tensor: Tensor; readonly gradient: Tensor }[],
  targets: readonly Tensor[],
): ReadonlyMap<Tensor, Tensor> {
  const order = topologicalOrder(seeds.map((seed) => seed.tensor));
  const relevant = new Set<Tensor>(targets);
  for (const node of order) if (node.inputs.some((input) => relevant.has(input))) relevant.add(node);

  const gradients = new Map<Tensor, Tensor>();
  const accumulate = (node: Tensor, gradient: Tensor) => {
    const sofar = gradients.get(node);
    gradients.set(node, sofar ? add(sofar, gradient) : gradient);
  };
  for (const seed of seeds) accumulate(seed.tensor, seed.gradient);
  for (const node of [...order].reverse()) {
    const gradient = gradients.get(node);
    if (!gradient || !relevant.has(node) || !node.operator.reverse) continue;
    const needed = node.inputs.map((input) => relevant.has(input));
    const parts = node.operator.reverse({ gradient, inputs: node.inputs, output: node, needed });
    node.inputs.forEach((input, i) => {
      const part = parts[i];
      if (part && needed[i]) accumulate(input, part);
    });
  }
  return gradients;
}
