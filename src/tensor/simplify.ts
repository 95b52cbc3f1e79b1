// simplify: the same values from fewer and cheaper operators. Shapes of the results never change.
import { multiply, negate, subtract } from "./arithmetic.ts";
import { topologicalOrder } from "./graph.ts";
import { sum } from "./layout.ts";
import { matmul } from "./matrix.ts";
import { sameShape } from "./shape.ts";
import { apply, constant, isConstant, scalarValue, type Tensor } from "./tensor.ts";

/** Rewrites the outputs with the rules below; equal subexpressions become one node. */
export function simplify(outputs: readonly Tensor[]): readonly Tensor[] {
  const replaced = new Map<Tensor, Tensor>();
  const unique = new Map<string, Tensor>();
  const identity = new Map<Tensor, number>();
  const number = (node: Tensor) => {
    const known = identity.get(node) ?? identity.size;
    identity.set(node, known);
    return known;
  };
  const share = (node: Tensor): Tensor => {
    const scalar = scalarValue(node);
    if (node.operator.name === "input" || (isConstant(node) && scalar === undefined)) return node;
    const value = Object.is(scalar, -0) ? "-0" : (scalar ?? "");
    const key = `${node.operator.name} ${JSON.stringify(node.operator.attributes)} ${value} ${node.inputs.map(number).join(" ")}`;
    const twin = unique.get(key);
    if (!twin) unique.set(key, node);
    return twin ?? node;
  };
  const settle = (node: Tensor): Tensor => {
    const known = replaced.get(node);
    if (known) return known;
    const inputs = node.inputs.map(settle);
    const rebuilt = inputs.every((input, i) => input === node.inputs[i]) ? node : apply(node.operator, inputs);
    const better = rewrite(rebuilt);
    const result = better ? settle(better) : share(rebuilt);
    replaced.set(node, result);
    return result;
  };
  // Settling in topological order keeps the recursion shallow.
  for (const node of topologicalOrder(outputs)) settle(node);
  return outputs.map(settle);
}

type Rule = (node: Tensor) => Tensor | undefined;

function rewrite(node: Tensor): Tensor | undefined {
  const better = rules[node.operator.name]?.(node);
  return better && sameShape(better.shape, node.shape) && better.type === node.type ? better : undefined;
}

const rules: Readonly<Record<string, Rule>> = {
  add: (node) => foldScalars(node, (a, b) => a + b) ?? dropNeutral(node, 0) ?? addNegated(node) ?? skipExpand(node),
  subtract: (node) => foldScalars(node, (a, b) => a - b) ?? dropRightNeutral(node, 0) ?? skipExpand(node),
  multiply: (node) =>
    foldScalars(node, (a, b) => a * b) ??
    dropNeutral(node, 1) ??
    minusOne(node) ??
    gatherScalars(node) ??
    skipExpand(node),
  divide: (node) =>
    foldScalars(node, (a, b) => a / b) ?? dropRightNeutral(node, 1) ?? reciprocal(node) ?? skipExpand(node),
  negate: ({ inputs: [x] }) => (x?.operator.name === "negate" ? x.inputs[0] : undefined),
  matmul: foldTranspose,
  sum: contractLast,
};

function foldScalars(node: Tensor, f: (a: number, b: number) => number): Tensor | undefined {
  const [a, b] = node.inputs.map(scalarValue);
  return a === undefined || b === undefined ? undefined : constant(Math.fround(f(a, b)));
}

/** 0 + x, 1 · x */
function dropNeutral({ inputs: [a, b] }: Tensor, neutral: number): Tensor | undefined {
  if (a && scalarValue(a) === neutral) return b;
  if (b && scalarValue(b) === neutral) return a;
  return undefined;
}

/** x - 0, x / 1 */
function dropRightNeutral({ inputs: [a, b] }: Tensor, neutral: number): Tensor | undefined {
  return b && scalarValue(b) === neutral ? a : undefined;
}

function minusOne({ inputs: [a, b] }: Tensor): Tensor | undefined {
  if (a && b && scalarValue(a) === -1) return negate(b);
  return a && b && scalarValue(b) === -1 ? negate(a) : undefined;
}

/** a + (-b) = a - b */
function addNegated({ inputs: [a, b] }: Tensor): Tensor | undefined {
  const inner = b?.operator.name === "negate" ? b.inputs[0] : undefined;
  return a && inner ? subtract(a, inner) : undefined;
}

/** s (t x) = (s t) x: scalar factors meet, unless their product would overflow or lose digits near 0. */
function gatherScalars({ inputs: [a, b] }: Tensor): Tensor | undefined {
  if (!a || !b) return undefined;
  const [factor, rest] = scalarValue(a) === undefined ? [b, a] : [a, b];
  const outer = scalarValue(factor);
  if (outer === undefined || rest.operator.name !== "multiply") return undefined;
  const [c, d] = rest.inputs;
  if (!c || !d) return undefined;
  const [left, right] = [scalarValue(c), scalarValue(d)];
  const together = outer * (left ?? right ?? Number.NaN);
  if (!isNormal(together)) return undefined;
  return multiply(together, left === undefined ? c : d);
}

/** Whether a number is neither zero, denormal, infinite nor NaN as float32. */
function isNormal(value: number): boolean {
  return Math.abs(value) >= 2 ** -126 && Math.abs(value) < 2 ** 128;
}

/** x / s = x · (1 / s) when 1 / s is exact, that is for powers of two. */
function reciprocal({ inputs: [a, b] }: Tensor): Tensor | undefined {
  const divisor = b && scalarValue(b);
  const isExact = divisor && Number.isInteger(Math.log2(Math.abs(divisor))) && isNormal(1 / divisor);
  return a && isExact ? multiply(1 / divisor, a) : undefined;
}

/** An elementwise operator stretches its inputs itself. */
function skipExpand(node: Tensor): Tensor | undefined {
  const inputs = node.inputs.map((input, i) => {
    const other = node.inputs[1 - i];
    return input.operator.name === "expand" && other && sameShape(other.shape, node.shape) && other !== input
      ? (input.inputs[0] ?? input)
      : input;
  });
  const changed = inputs.some((input, i) => input !== node.inputs[i]);
  return changed ? apply(node.operator, inputs) : undefined;
}

/** A transposed matrix as an operand is a flag of the product. */
function foldTranspose({ operator, inputs }: Tensor): Tensor | undefined {
  const swapsLast = (x: Tensor) => x.operator.name === "transpose" && x.shape.length === 2;
  const [a, b] = inputs;
  if (!a || !b || (!swapsLast(a) && !swapsLast(b))) return undefined;
  const flag = (name: string) => operator.attributes[name] === true;
  return matmul(swapsLast(a) ? (a.inputs[0] ?? a) : a, swapsLast(b) ? (b.inputs[0] ?? b) : b, {
    transposeLeft: flag("transposeLeft") !== swapsLast(a),
    transposeRight: flag("transposeRight") !== swapsLast(b),
  });
}

/**
 * The trace trick: sum_j (A W)_ij C_ij = sum_k A_ik (C W^T)_ik. With C known when the graph is built, C W^T is too, and the
 * product with the batch-sized A disappears: the last layer of an exact divergence costs no full pass.
 */
function contractLast({ operator, inputs: [x] }: Tensor): Tensor | undefined {
  const { axes, keep } = operator.attributes;
  if (x?.operator.name !== "multiply" || !Array.isArray(axes) || !axes.includes(x.shape.length - 1)) return undefined;
  const [a, b] = x.inputs;
  for (const [product, weights] of [
    [a, b],
    [b, a],
  ]) {
    if (
      product?.operator.name !== "matmul" ||
      !weights ||
      !isConstant(weights) ||
      product.operator.attributes["transposeLeft"] === true
    )
      continue;
    const [left, right] = product.inputs;
    const isWhole = weights.shape.length === product.shape.length && weights.shape.at(-1) === product.shape.at(-1);
    if (!left || right?.shape.length !== 2 || !isWhole || !left.shape.some((size) => typeof size === "string"))
      continue;
    const folded = matmul(weights, right, { transposeRight: operatorTransposes(product) });
    return sum(multiply(left, folded), axes.map(Number), keep === true);
  }
  return undefined;
}

/** C W^T transposes W unless the product A W already did. */
function operatorTransposes(product: Tensor): boolean {
  return product.operator.attributes["transposeRight"] !== true;
}
