// integrate: moves many rows along an ODE from one end of [0, 1] to the other, by fixed or by adaptive steps.
import { failure } from "../errors.ts";
import type { Integration } from "../ode/integration.ts";
import { rungeKuttaStep, startingStep } from "../ode/step.ts";
import { evaluationsPerStep, tableaus } from "../ode/tableaus.ts";
import { compile } from "./compile.ts";
import type { Engine } from "./contract.ts";
import {
  constantColumn,
  countRows,
  type Direction,
  type Equation,
  emptyRows,
  equationInputs,
  type Integrated,
  numbersOf,
  paddedRows,
  paddedSlice,
  putRows,
  type Rows,
  type RunOptions,
} from "./equation.ts";
import { turns } from "./pause.ts";
import { stuckRow } from "./stuck.ts";
import { type AdaptiveProgram, travel } from "./travel.ts";

/** A compiled equation. */
export interface Integrator {
  /** Moves rows. Throws a "numeric" error that names a row that gets stuck or leaves the finite numbers. */
  run(rows: Rows, options?: RunOptions): Promise<Integrated>;
  release(): Promise<void>;
}

/** How an equation is to be integrated. */
export interface IntegratorOptions {
  readonly direction: Direction;
  readonly integration: Integration;
  /** Rows that travel together. A row's result does not depend on its neighbours, only (in its last bits) on this number. */
  readonly slots: number;
}

/** Compiles an equation for one direction and one way of integrating it. */
export function createIntegrator(engine: Engine, equation: Equation, options: IntegratorOptions): Promise<Integrator> {
  const { integration } = options;
  return integration.kind === "fixed"
    ? fixedIntegrator(engine, equation, options, integration)
    : adaptiveIntegrator(engine, equation, options, integration);
}

async function fixedIntegrator(
  engine: Engine,
  equation: Equation,
  { direction, slots }: IntegratorOptions,
  { method, evaluations }: Integration & { kind: "fixed" },
): Promise<Integrator> {
  const { widths, weights: values = [] } = equation;
  const perStep = evaluationsPerStep(tableaus[method]);
  const steps = Math.floor(evaluations / perStep);
  if (!(steps >= 1))
    throw failure("option", {
      where: "evaluations",
      expected: `at least ${perStep} for one step of ${method}`,
      received: String(evaluations),
    });
  const { state, time, size, context, weights, derivative } = equationInputs(equation);
  const end = rungeKuttaStep(tableaus[method], derivative, { state, time, size });
  const program = await compile(engine, { state, time, size, context, weights }, { state: end.state });
  const moveChunk = async (
    rows: Rows,
    fixed: Rows,
    start: number,
    n: number,
    result: Rows,
    { alone, turn }: Pick<RunOptions, "alone"> & { readonly turn: () => Promise<void> },
  ) => {
    const padded = paddedRows(n, slots, alone);
    const context = paddedSlice(fixed, equation.context, start, n, padded);
    let current = paddedSlice(rows, widths, start, n, padded);
    for (let k = 0; k < steps; k++) {
      await turn();
      const time = constantColumn(padded, (direction === 1 ? 0 : 1) + (direction * k) / steps);
      const moved = await program.run({
        state: current,
        time,
        size: constantColumn(padded, direction / steps),
        context,
        weights: values,
      });
      current = paddedSlice(numbersOf(moved.state), widths, 0, padded, padded);
    }
    putRows(widths, result, start, numbersOf(current), n);
  };
  return {
    run: async (rows, { context = [], firstRow = 0, alone = false, signal } = {}) => {
      const turn = turns(signal, "integration");
      const count = countRows(rows, widths);
      const result = emptyRows(widths, count);
      for (let start = 0; start < count; start += slots)
        await moveChunk(rows, context, start, Math.min(slots, count - start), result, { alone, turn });
      checkFinite(result, widths, firstRow);
      return { state: result, evaluations: count * steps * perStep };
    },
    release: () => program.release(),
  };
}

async function adaptiveIntegrator(
  engine: Engine,
  equation: Equation,
  { direction, slots }: IntegratorOptions,
  integration: Integration & { kind: "adaptive" },
): Promise<Integrator> {
  const tableau = tableaus[integration.method];
  if (!tableau.error)
    throw failure("option", {
      where: `method ${integration.method}`,
      expected: "a method with an error estimate for adaptive steps (heun, bosh3, dopri5, tsit5)",
      remedy: "choose one, or give a number of evaluations",
    });
  const { state, time, size, context, weights, derivative, ...inputs } = equationInputs(equation);
  const first = tableau.firstSameAsLast ? inputs.first : [];
  const start = { state, time, size, ...(tableau.firstSameAsLast && { first }) };
  const tolerance = { ...integration, ...(equation.slack && { slack: equation.slack }) };
  const { state: end, last = [], ratio = size } = rungeKuttaStep(tableau, derivative, start, tolerance);
  const starting = startingStep(derivative, state, time, direction, tolerance);
  const startProgram = await compile(
    engine,
    { state, time, context, weights },
    { ...starting, first: tableau.firstSameAsLast ? starting.first : [] },
  );
  const stepProgram = await compile(
    engine,
    { state, time, size, first, context, weights },
    { state: end, last, ratio },
  );
  const program: AdaptiveProgram = {
    equation,
    direction,
    slots,
    order: tableau.order,
    carried: first.length > 0 ? equation.widths : [],
    evaluationsPerStep: evaluationsPerStep(tableau),
    start: startProgram,
    step: stepProgram,
  };
  return {
    run: (rows, options = {}) => travel(program, rows, options),
    release: async () => {
      await startProgram.release();
      await stepProgram.release();
    },
  };
}

/** Fixed steps have no error estimate that would notice. */
function checkFinite(rows: Rows, widths: readonly number[], firstRow: number): void {
  rows.forEach((values, p) => {
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw stuckRow(Math.floor(bad / (widths[p] ?? 1)), firstRow, {
        expected: "finite values after the last step",
        received: String(values[bad]),
        remedy: "use more evaluations or an adaptive method",
      });
  });
}
