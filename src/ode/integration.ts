// integration: the choice of how an ODE is solved, as data.

/** The methods of tableaus.ts. */
export type MethodName = "euler" | "midpoint" | "heun" | "rk4" | "bosh3" | "dopri5" | "tsit5";

/** Adaptive control with tolerances per row, or a fixed number of velocity evaluations per block. */
export type Integration =
  | { readonly kind: "adaptive"; readonly method: MethodName; readonly rtol: number; readonly atol: number }
  | { readonly kind: "fixed"; readonly method: MethodName; readonly evaluations: number };
