// travel: adaptive integration of many rows. Every row has its own time and step size; rows enter free slots, step, and leave.
import { firstStepSize, fitStep, stepFactor } from "../ode/control.ts";
import type { FloatArray, NDArray } from "../tensor/array.ts";
import {
  constantColumn,
  copyRow,
  countRows,
  type Direction,
  type Equation,
  emptyRows,
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

type Columns = readonly NDArray[];

/** The two programs of an adaptive method and what it needs to know about it. */
export interface AdaptiveProgram {
  readonly equation: Equation;
  readonly direction: Direction;
  readonly slots: number;
  readonly order: number;
  /** Widths of the derivative carried from step to step; empty for methods that compute it anew. */
  readonly carried: readonly number[];
  readonly evaluationsPerStep: number;
  readonly start: {
    run(inputs: {
      state: Columns;
      time: NDArray;
      context: Columns;
      weights: Columns;
    }): Promise<{ first: Columns; guess: NDArray; slope: NDArray; curvature: NDArray }>;
  };
  readonly step: {
    run(inputs: {
      state: Columns;
      time: NDArray;
      size: NDArray;
      first: Columns;
      context: Columns;
      weights: Columns;
    }): Promise<{ state: Columns; last: Columns; ratio: NDArray }>;
  };
}

/**
 * A row whose step falls below this share of the way has met a field that is not smooth, or not finite; unless the step is
 * growing, since a first step may be shorter.
 */
const smallestStep = 1e-7;
/** Tried steps after which a row is given up, so that no field can keep the program for ever. */
const mostSteps = 100_000;

/** What is known of every row before it departs. */
interface Departures {
  readonly first: Rows;
  readonly sizes: Float64Array;
}

/** The rows under way: slot i holds a row, the share of the way it has travelled and the size of its next step. */
interface Slots {
  readonly state: Rows;
  readonly first: Rows;
  readonly context: Rows;
  readonly row: Int32Array;
  readonly travelled: Float64Array;
  readonly size: Float64Array;
  readonly steps: Int32Array;
}

/** Moves rows from one end of the way to the other. */
export async function travel(
  program: AdaptiveProgram,
  rows: Rows,
  { context = [], firstRow = 0, alone = false, signal }: RunOptions,
): Promise<Integrated> {
  const { equation, carried, slots: most, order } = program;
  const { widths } = equation;
  const count = countRows(rows, widths);
  const arrivals = emptyRows(widths, count);
  const turn = turns(signal, "integration");
  const departures = await depart(program, rows, { context, firstRow, alone, turn });
  const slots = emptySlots(program, Math.min(most, count));
  let evaluations = 2 * count;
  let [waiting, active] = [0, 0];
  const enter = (slot: number) => {
    copyRow(widths, slots.state, slot, rows, waiting);
    copyRow(carried, slots.first, slot, departures.first, waiting);
    copyRow(equation.context, slots.context, slot, context, waiting);
    slots.row[slot] = waiting;
    slots.travelled[slot] = 0;
    slots.size[slot] = departures.sizes[waiting] ?? 0;
    slots.steps[slot] = 0;
    waiting += 1;
  };
  const fill = () => {
    while (active < slots.row.length && waiting < count) enter(active++);
  };
  for (fill(); active > 0; fill()) {
    await turn();
    const { state, last, ratio } = await stepAll(program, slots, active, alone);
    evaluations += program.evaluationsPerStep * active;
    let kept = 0;
    for (let slot = 0; slot < active; slot++) {
      const error = Number(ratio.data[slot]);
      const size = slots.size[slot] ?? 0;
      if (error <= 1) {
        slots.travelled[slot] = (slots.travelled[slot] ?? 0) + size;
        copyRow(widths, slots.state, slot, state, slot);
        copyRow(carried, slots.first, slot, last, slot);
      }
      const remaining = 1 - (slots.travelled[slot] ?? 0);
      if (remaining <= 1e-9) {
        copyRow(widths, arrivals, slots.row[slot] ?? 0, slots.state, slot);
        continue;
      }
      const next = size * stepFactor(error, order);
      const steps = (slots.steps[slot] ?? 0) + 1;
      slots.steps[slot] = steps;
      if ((next < smallestStep && next < 2 * size) || steps > mostSteps)
        throw stuck(slots.row[slot] ?? 0, firstRow, 1 - remaining, program.direction, error);
      slots.size[slot] = fitStep(next, remaining);
      if (kept !== slot) moveSlot(program, slots, slot, kept);
      kept += 1;
    }
    active = kept;
  }
  return { state: arrivals, evaluations };
}

/** First derivatives and step sizes of all rows, in programs of at most `slots` rows. */
async function depart(
  { equation, carried, slots, direction, order, start }: AdaptiveProgram,
  rows: Rows,
  { context, firstRow, alone, turn }: Required<Omit<RunOptions, "signal">> & { readonly turn: () => Promise<void> },
): Promise<Departures> {
  const count = countRows(rows, equation.widths);
  const first = emptyRows(carried, count);
  const sizes = new Float64Array(count);
  for (let at = 0; at < count; at += slots) {
    await turn();
    const n = Math.min(slots, count - at);
    const padded = paddedRows(n, slots, alone);
    const output = await start.run({
      state: paddedSlice(rows, equation.widths, at, n, padded),
      time: constantColumn(padded, direction === 1 ? 0 : 1),
      context: paddedSlice(context, equation.context, at, n, padded),
      weights: equation.weights ?? [],
    });
    putRows(carried, first, at, numbersOf(output.first), n);
    for (let i = 0; i < n; i++) {
      const size = firstStepSize(
        Number(output.guess.data[i]),
        Number(output.slope.data[i]),
        Number(output.curvature.data[i]),
        order,
      );
      if (!(size > 0 && Number.isFinite(size))) throw stuck(at + i, firstRow, 0, direction, Number.NaN);
      sizes[at + i] = fitStep(size, 1);
    }
  }
  return { first, sizes };
}

async function stepAll(
  program: AdaptiveProgram,
  slots: Slots,
  active: number,
  alone: boolean,
): Promise<{ state: Rows; last: Rows; ratio: NDArray }> {
  const { equation, direction, carried } = program;
  const padded = paddedRows(active, program.slots, alone);
  const [time, size]: [FloatArray, FloatArray] = [constantColumn(padded, 0), constantColumn(padded, 0)];
  for (let i = 0; i < active; i++) {
    const travelled = slots.travelled[i] ?? 0;
    time.data[i] = direction === 1 ? travelled : 1 - travelled;
    size.data[i] = direction * (slots.size[i] ?? 0);
  }
  const output = await program.step.run({
    state: paddedSlice(slots.state, equation.widths, 0, active, padded),
    time,
    size,
    first: paddedSlice(slots.first, carried, 0, active, padded),
    context: paddedSlice(slots.context, equation.context, 0, active, padded),
    weights: equation.weights ?? [],
  });
  return { state: numbersOf(output.state), last: numbersOf(output.last), ratio: output.ratio };
}

function emptySlots({ equation, carried }: AdaptiveProgram, count: number): Slots {
  return {
    state: emptyRows(equation.widths, count),
    first: emptyRows(carried, count),
    context: emptyRows(equation.context, count),
    row: new Int32Array(count),
    travelled: new Float64Array(count),
    size: new Float64Array(count),
    steps: new Int32Array(count),
  };
}

/** Closes a gap: the row in slot `from` moves to slot `to`. */
function moveSlot({ equation, carried }: AdaptiveProgram, slots: Slots, from: number, to: number): void {
  copyRow(equation.widths, slots.state, to, slots.state, from);
  copyRow(carried, slots.first, to, slots.first, from);
  copyRow(equation.context, slots.context, to, slots.context, from);
  for (const values of [slots.row, slots.travelled, slots.size, slots.steps]) values[to] = values[from] ?? 0;
}

function stuck(row: number, firstRow: number, travelled: number, direction: Direction, error: number) {
  return stuckRow(row, firstRow, {
    at: ` at t = ${(direction === 1 ? travelled : 1 - travelled).toFixed(6)}`,
    expected: "a step that meets the tolerance",
    received: Number.isFinite(error) ? "steps that came to nothing" : "a velocity that is not finite",
    remedy: "use a looser tolerance (--tolerance) or a fixed number of evaluations (--evaluations)",
  });
}
