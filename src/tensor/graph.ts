// graph: walks over the nodes of a computation.
import type { Tensor } from "./tensor.ts";

/** Every node that the outputs depend on, each after its inputs. */
export function topologicalOrder(outputs: readonly Tensor[]): readonly Tensor[] {
  const order: Tensor[] = [];
  const state = new Map<Tensor, "open" | "done">();
  const stack = [...outputs].reverse();
  while (stack.length > 0) {
    const node = stack[stack.length - 1] as Tensor;
    if (state.get(node) === "done") {
      stack.pop();
    } else if (state.get(node) === "open") {
      state.set(node, "done");
      order.push(node);
      stack.pop();
    } else {
      state.set(node, "open");
      for (const input of node.inputs) if (!state.has(input)) stack.push(input);
    }
  }
  return order;
}
