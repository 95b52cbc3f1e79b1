// tableaus: Runge-Kutta methods are data. A method: its Butcher coefficients and, when it has one, its error estimate.
import type { MethodName } from "./integration.ts";

/** An explicit Runge-Kutta method: k_i = f(y + h sum_j matrix[i][j] k_j, t + nodes[i] h), y' = y + h sum_i weights[i] k_i. */
export interface Tableau {
  readonly order: number;
  readonly nodes: readonly number[];
  readonly matrix: readonly (readonly number[])[];
  readonly weights: readonly number[];
  /** weights minus those of the embedded method: h sum_i error[i] k_i estimates the local error. */
  readonly error?: readonly number[];
  /** The last stage is the derivative at the end of the step, and the first stage of the next. */
  readonly firstSameAsLast: boolean;
}

export const tableaus: Readonly<Record<MethodName, Tableau>> = {
  euler: { order: 1, nodes: [0], matrix: [[]], weights: [1], firstSameAsLast: false },
  midpoint: { order: 2, nodes: [0, 1 / 2], matrix: [[], [1 / 2]], weights: [0, 1], firstSameAsLast: false },
  heun: {
    order: 2,
    nodes: [0, 1],
    matrix: [[], [1]],
    weights: [1 / 2, 1 / 2],
    error: [-1 / 2, 1 / 2],
    firstSameAsLast: false,
  },
  rk4: {
    order: 4,
    nodes: [0, 1 / 2, 1 / 2, 1],
    matrix: [[], [1 / 2], [0, 1 / 2], [0, 0, 1]],
    weights: [1 / 6, 1 / 3, 1 / 3, 1 / 6],
    firstSameAsLast: false,
  },
  // Bogacki and Shampine (1989).
  bosh3: {
    order: 3,
    nodes: [0, 1 / 2, 3 / 4, 1],
    matrix: [[], [1 / 2], [0, 3 / 4], [2 / 9, 1 / 3, 4 / 9]],
    weights: [2 / 9, 1 / 3, 4 / 9, 0],
    error: [2 / 9 - 7 / 24, 1 / 3 - 1 / 4, 4 / 9 - 1 / 3, -1 / 8],
    firstSameAsLast: true,
  },
  // Dormand and Prince (1980).
  dopri5: {
    order: 5,
    nodes: [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1],
    matrix: [
      [],
      [1 / 5],
      [3 / 40, 9 / 40],
      [44 / 45, -56 / 15, 32 / 9],
      [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
      [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
      [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    ],
    weights: [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0],
    error: [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40],
    firstSameAsLast: true,
  },
  // Tsitouras (2011), table 1.
  tsit5: {
    order: 5,
    nodes: [0, 0.161, 0.327, 0.9, 0.9800255409045097, 1, 1],
    matrix: [
      [],
      [0.161],
      [-0.008480655492356989, 0.335480655492357],
      [2.8971530571054935, -6.359448489975075, 4.3622954328695815],
      [5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525],
      [5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383],
      [0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774],
    ],
    weights: [
      0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774, 0,
    ],
    error: [
      -0.00178001105222577714, -0.0008164344596567469, 0.007880878010261995, -0.1447110071732629, 0.5823571654525552,
      -0.45808210592918697, 0.015151515151515152,
    ],
    firstSameAsLast: true,
  },
};

/** Velocity evaluations of one step; a first stage that is the last of the step before is not counted again. */
export function evaluationsPerStep({ nodes, firstSameAsLast }: Tableau): number {
  return firstSameAsLast ? nodes.length - 1 : nodes.length;
}
