// parameters: what a network's parameters will be, before any number is drawn: a tree of shapes and of how each starts.
import { fillNormal, fillUniform, type Random, split } from "../random.ts";
import { elementCount, type FloatArray, zeros } from "../tensor/array.ts";
import { leaves, type MapTree, mapTree } from "../tensor/tree.ts";
import type { LinearParameters } from "./linear.ts";

/** One array of parameters: uniform within ±bound, normal with a deviation, or all alike. */
export interface ParameterPlan {
  readonly shape: readonly number[];
  readonly start:
    | { readonly kind: "uniform"; readonly bound: number }
    | { readonly kind: "normal"; readonly deviation: number }
    | { readonly kind: "constant"; readonly value: number };
}

/** Draws every array of a plan; each from its own place in the tree, so that no part depends on another. */
export function drawParameters<T extends object>(random: Random, plan: T): MapTree<T, ParameterPlan, FloatArray> {
  return mapTree<ParameterPlan, FloatArray, T>(plan, (leaf, path) => drawn(split(random, path), leaf));
}

/** How many numbers a plan holds. */
export function countParameters(plan: object): number {
  return leaves<ParameterPlan>(plan).reduce((total, { value }) => total + elementCount(value.shape), 0);
}

function drawn(random: Random, { shape, start }: ParameterPlan): FloatArray {
  const array = zeros(shape);
  const scale = (f: (value: number) => number) => {
    for (let i = 0; i < array.data.length; i++) array.data[i] = f(array.data[i] ?? 0);
  };
  switch (start.kind) {
    case "constant":
      array.data.fill(start.value);
      break;
    case "uniform":
      fillUniform(random, array.data);
      scale((u) => start.bound * (2 * u - 1));
      break;
    case "normal":
      fillNormal(random, array.data);
      scale((z) => start.deviation * z);
  }
  return array;
}

/** All values alike. */
export function alike(shape: readonly number[], value: number): ParameterPlan {
  return { shape, start: { kind: "constant", value } };
}

/** Weights that sum `inputs` values each, uniform within 1 / sqrt(inputs) (PyTorch's default), or zero. */
export function weighing(shape: readonly number[], inputs: number, start: "default" | "zero"): ParameterPlan {
  return start === "zero" ? alike(shape, 0) : { shape, start: { kind: "uniform", bound: 1 / Math.sqrt(inputs) } };
}

/** A linear layer's plan. */
export function linearPlan(
  inputs: number,
  outputs: number,
  start: "default" | "zero" = "default",
): LinearParameters<ParameterPlan> {
  return { weight: weighing([inputs, outputs], inputs, start), bias: weighing([outputs], inputs, start) };
}
