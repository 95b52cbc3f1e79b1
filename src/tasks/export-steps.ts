// export-steps: one block as fixed Runge-Kutta steps of a graph, written out one after another or as a loop.
import { type Block, blockVelocity } from "../flow/chain.ts";
import { exactDivergence } from "../flow/density.ts";
import { widestArray } from "../nn/network.ts";
import type { Integration } from "../ode/integration.ts";
import { type Derivative, rungeKuttaStep, type State } from "../ode/step.ts";
import { evaluationsPerStep, tableaus } from "../ode/tableaus.ts";
import type { Piece } from "../onnx/join.ts";
import type { Direction } from "../runtime/equation.ts";
import { add, multiply } from "../tensor/arithmetic.ts";
import { cast, stretch } from "../tensor/layout.ts";
import { constant, placeholder, type Tensor } from "../tensor/tensor.ts";

/** Fixed steps: the only kind that a graph without control of its step sizes can take. */
export type FixedIntegration = Extract<Integration, { readonly kind: "fixed" }>;

/** Steps one after another, or one step in an ONNX Loop: a shorter file. */
export type Form = "unrolled" | "looped";

export interface StepsOptions {
  readonly name: string;
  readonly form: Form;
  readonly dimension: number;
  readonly direction: Direction;
  /** Also carry the log-determinant, with the exact divergence. */
  readonly divergence: boolean;
  readonly integration: FixedIntegration;
}

/** A block's way from one end of its time to the other, for points [rows, d] and, with a divergence, log-determinants [rows, 1]. */
export function blockSteps(block: Block, options: StepsOptions): Piece {
  const { name, form, dimension, direction, divergence, integration } = options;
  const tableau = tableaus[integration.method];
  const times = Math.floor(integration.evaluations / evaluationsPerStep(tableau));
  const widths = divergence ? [dimension, 1] : [dimension];
  const inputs: State = widths.map((width) => placeholder(["rows", width]));
  // Times are scalars here and columns there: a scalar times one column of ones costs an operator, not a stretch of its own.
  const ones = stretch(constant(1), ["rows", 1], inputs[0] ?? constant(1));
  const moving = motion(block, divergence);
  const derivative: Derivative = (state, time) => moving(state, multiply(time, ones));
  const size = constant(direction / times);
  const stepFrom = (state: State, time: Tensor) => rungeKuttaStep(tableau, derivative, { state, time, size }).state;
  const start = direction === 1 ? 0 : 1;
  if (form === "looped" && times > 1) {
    const index = placeholder([], "int64");
    const time = add(start, multiply(size, cast(index, "float32")));
    return { name, inputs, outputs: stepFrom(inputs, time), loop: { times, index } };
  }
  let state = inputs;
  for (let k = 0; k < times; k++) state = stepFrom(state, constant(start + (direction * k) / times));
  return { name, inputs, outputs: state };
}

/** Directions of the exact divergence times the width they travel through: bounds what a row takes while it is scored. */
const widestDirections = 2 ** 19;

/** dx/dt = v(x, t), and d(log-determinant)/dt = div v beside it. */
function motion(block: Block, divergence: boolean): Derivative {
  const velocity = blockVelocity(block);
  if (!divergence) return ([x], t) => (x ? [velocity(x, t)] : []);
  return ([x], t) => {
    if (!x) return [];
    const widest = widestArray(block.network, Number(x.shape[1]));
    const along = exactDivergence(velocity, x, t, Math.max(1, Math.floor(widestDirections / widest)));
    return [along.velocity, along.divergence];
  };
}
