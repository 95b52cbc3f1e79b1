// step: one Runge-Kutta step of many rows at once, each row with its own time and step size, as a symbolic program.
import { absolute, add, divide, maximum, multiply, squareRoot, subtract } from "../tensor/arithmetic.ts";
import { mean, square } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Tableau } from "./tableaus.ts";

/** What moves: columns [rows, width] that are integrated together, such as the point and its log-determinant. */
export type State = readonly Tensor[];

/** dy/dt at times [rows, 1]. */
export type Derivative = (state: State, time: Tensor) => State;

/** Absolute and relative tolerance of one row's error. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
  /** For each part of a state, how many times the tolerance its error may be; default: once. */
  readonly slack?: readonly number[];
}

export interface StepResult {
  readonly state: State;
  /** The derivative at the end of the step, for methods whose last stage it is. */
  readonly last?: State;
  /** Estimated error over tolerance of each row [rows, 1]; at most 1 is good. */
  readonly ratio?: Tensor;
}

/**
 * One step from `state` at `time` over `size` (both [rows, 1], negative towards t = 0). `first` is the derivative at the
 * start when it is known. With a tolerance and a method that has an error estimate, the ratio is computed too.
 */
export function rungeKuttaStep(
  tableau: Tableau,
  derivative: Derivative,
  start: { readonly state: State; readonly time: Tensor; readonly size: Tensor; readonly first?: State },
  tolerance?: Tolerance,
): StepResult {
  const { state, time, size } = start;
  const needsLast = tableau.firstSameAsLast && tolerance !== undefined;
  const count = tableau.firstSameAsLast && !needsLast ? tableau.nodes.length - 1 : tableau.nodes.length;
  const stages: State[] = [];
  let end: State = state;
  for (let i = 0; i < count; i++) {
    const at = combine(state, stages, tableau.matrix[i] ?? [], size);
    const isEnd = needsLast && i === count - 1;
    if (isEnd) end = at;
    const known = i === 0 ? start.first : undefined;
    stages.push(known ?? derivative(at, add(time, multiply(tableau.nodes[i] ?? 0, size))));
  }
  if (!needsLast) end = combine(state, stages, tableau.weights, size);
  const last = needsLast ? stages.at(-1) : undefined;
  const ratio = tolerance && tableau.error ? errorRatio(state, end, stages, tableau.error, size, tolerance) : undefined;
  return { state: end, ...(last && { last }), ...(ratio && { ratio }) };
}

/** y + h sum_i c_i k_i */
function combine(state: State, stages: readonly State[], coefficients: readonly number[], size: Tensor): State {
  return state.map((part, p) => {
    const move = weightedSum(
      stages.map((stage) => stage[p]),
      coefficients,
    );
    return move ? add(part, multiply(size, move)) : part;
  });
}

function weightedSum(values: readonly (Tensor | undefined)[], coefficients: readonly number[]): Tensor | undefined {
  return values.reduce<Tensor | undefined>((total, value, i) => {
    const coefficient = coefficients[i] ?? 0;
    if (!value || coefficient === 0) return total;
    const term = multiply(coefficient, value);
    return total ? add(total, term) : term;
  }, undefined);
}

/** Each part's root mean square of error / (atol + rtol max(|y|, |y'|)) over a row (Hairer, Norsett, Wanner, II.4); the largest counts. */
function errorRatio(
  state: State,
  end: State,
  stages: readonly State[],
  error: readonly number[],
  size: Tensor,
  tolerance: Tolerance,
): Tensor {
  const scaled = state.flatMap((part, p) => {
    const local = weightedSum(
      stages.map((stage) => stage[p]),
      error,
    );
    const after = end[p];
    return local && after
      ? [divide(multiply(size, local), errorScale(maximum(absolute(part), absolute(after)), tolerance, p))]
      : [];
  });
  return rowNorm(scaled);
}

function errorScale(magnitude: Tensor, { rtol, atol, slack }: Tolerance, p: number): Tensor {
  const times = slack?.[p] ?? 1;
  return add(times * atol, multiply(times * rtol, magnitude));
}

/** The largest of the parts' root mean squares: a wide point must not drown the error of its log-determinant. */
function rowNorm(parts: State): Tensor {
  return parts.map((part) => squareRoot(mean(square(part), [1], true))).reduce((a, b) => maximum(a, b));
}

export interface StartResult {
  readonly first: State;
  /** A first guess of the step size [rows, 1] and the two norms that refine it (control.ts). */
  readonly guess: Tensor;
  readonly slope: Tensor;
  readonly curvature: Tensor;
}

/** What a row needs before its first step: the derivative and the norms of Hairer's starting step (II.4, steps a to d). */
export function startingStep(
  derivative: Derivative,
  state: State,
  time: Tensor,
  direction: 1 | -1,
  tolerance: Tolerance,
): StartResult {
  const scales = state.map((part, p) => errorScale(absolute(part), tolerance, p));
  const norm = (parts: State) => rowNorm(parts.map((part, p) => divide(part, scales[p] ?? 1)));
  const first = derivative(state, time);
  const [size, slope] = [norm(state), norm(first)];
  // Not shorter than 1e-6, also where the state is 0 and gives no scale of its own.
  const guess = maximum(1e-6, multiply(0.01, divide(add(size, 1e-5), add(slope, 1e-5))));
  const step = multiply(direction, guess);
  const ahead = derivative(
    state.map((part, p) => add(part, multiply(step, first[p] ?? 0))),
    add(time, step),
  );
  const curvature = divide(norm(ahead.map((part, p) => subtract(part, first[p] ?? 0))), guess);
  return { first, guess, slope, curvature };
}
