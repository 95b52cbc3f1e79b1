// recompute: parts of a computation whose inner values are not kept until their gradient needs them, but made once more.
import { floats, integers } from "./array.ts";
import { pullBack } from "./gradient.ts";
import { apply, type Operator, type Tensor } from "./tensor.ts";

/** A part of a computation as a function of its inputs; whatever else it reads with a gradient is listed as its weights. */
export type Part = (inputs: readonly Tensor[]) => Tensor;

/**
 * part(inputs), of which only the inputs are kept for reverse mode: less memory, one more forward pass. The gradients are
 * those of the part itself, to the last bit where the engine is deterministic.
 */
export function recomputed(part: Part, inputs: readonly Tensor[], weights: readonly Tensor[]): Tensor {
  return apply(recomputeOperator(part, inputs.length), [part(inputs), ...inputs, ...weights]);
}

/** Its value is the first argument; of the others, the part is made once more for a gradient, from its `count` inputs. */
export const recomputeOperator = (part: Part, count: number): Operator => ({
  name: "recompute",
  attributes: { count },
  shape: ([y]) => ({ shape: y?.shape ?? [], type: y?.type ?? "float32" }),
  // Engines leave gradients of weights for last, and would keep all that they need till then: each part waits for its own.
  reverse: ({ gradient, inputs: [, ...rest] }) => {
    const later = rest.slice(0, count).map((x) => after(x, [gradient]));
    const weights = rest.slice(count);
    const found = pullBack([{ tensor: part(later), gradient }], [...later, ...weights]);
    const done = weights.map((weight) => found.get(weight));
    const made = done.filter((g) => g !== undefined);
    const passed = later.map((x) => found.get(x));
    return [undefined, ...passed.map((g) => g && after(g, made)), ...done];
  },
  forward: ({ tangents: [tangent] }) => tangent,
  onnx: (_, [y = ""]) => y,
});

/** x, as a value of its own that is there only when the others are: equal computations before and after are not merged. */
function after(x: Tensor, others: readonly Tensor[]): Tensor {
  return others.length === 0 ? x : apply(afterOperator, [x, ...others]);
}

/** An engine drops operators without effect, so this one adds 0 times a number of each of the others. */
export const afterOperator: Operator = {
  name: "after",
  attributes: {},
  shape: ([x]) => ({ shape: x?.shape ?? [], type: x?.type ?? "float32" }),
  reverse: ({ gradient }) => [gradient],
  forward: ({ tangents: [tangent] }) => tangent,
  onnx: (emitter, [x = "", ...others]) => {
    const [zero, one] = [emitter.constant(integers([0])), emitter.constant(integers([1]))];
    const firsts = others.map((other) => {
      const flat = emitter.node("Reshape", [other, emitter.constant(integers([-1]))]);
      return emitter.node("Slice", [flat, zero, one]);
    });
    const all = firsts.length === 1 ? (firsts[0] ?? "") : emitter.node("Concat", firsts, { axis: 0 });
    const total = emitter.node("ReduceSum", [all], { keepdims: 0 });
    return emitter.node("Add", [x, emitter.node("Mul", [total, emitter.constant(floats([0], []))])]);
  },
};
