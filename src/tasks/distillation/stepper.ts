// stepper: a chain by fixed steps of Runge-Kutta methods, block by block from noise to data.
import type { Block } from "../../flow/chain.ts";
import { rungeKuttaStep } from "../../ode/step.ts";
import { tableaus } from "../../ode/tableaus.ts";
import { compile } from "../../runtime/compile.ts";
import type { Engine } from "../../runtime/contract.ts";
import { constantColumn, equationInputs, paddedRows, paddedSlice, type Rows } from "../../runtime/equation.ts";
import { turns } from "../../runtime/pause.ts";
import { flowEquation, type Reading } from "../../runtime/transport.ts";
import { floats } from "../../tensor/array.ts";
import { type SampledChain, velocitiesOf } from "../curve-samplers.ts";
import { readingOf } from "./lessons.ts";
import { rowsTogether } from "./teacher.ts";

export type FixedMethod = "euler" | "midpoint" | "heun";
export const fixedMethods: readonly FixedMethod[] = ["euler", "midpoint", "heun"];

/** The steps of one block from noise (t = 1) to data (t = 0): the times between them, the ends included. */
export interface BlockSteps {
  readonly method: FixedMethod;
  readonly times: readonly number[];
}

const mostSlots = 1024;

export interface Stepper {
  /** What each evaluation counts as, see `velocitiesOf`. */
  readonly velocities: number;
  /**
   * Points [rows · d] from noise to data by these steps of every block, noise to data; where the teacher's classes are followed with
   * the rows' shares of them [rows · classes].
   */
  run(
    points: Float32Array,
    steps: readonly (BlockSteps | undefined)[],
    signal?: AbortSignal,
    contexts?: Float32Array,
  ): Promise<Float32Array>;
  release(): Promise<void>;
}

/** One step of a block by each method. */
async function compiledBlock(engine: Engine, block: Block, d: number, reading: Reading) {
  const equation = flowEquation(block, d, { kind: "none" }, reading);
  const of = (method: FixedMethod) => {
    const { state, time, size, context, weights, derivative } = equationInputs(equation);
    const end = rungeKuttaStep(tableaus[method], derivative, { state, time, size });
    return compile(engine, { state, time, size, context, weights }, { state: end.state });
  };
  const programs = { euler: await of("euler"), midpoint: await of("midpoint"), heun: await of("heun") };
  return { weights: equation.weights ?? [], programs };
}

/** Compiles one step of each method for each block; blocks of equal networks share their programs. */
export async function createStepper(
  engine: Engine,
  { chain: { blocks, dimension: d }, classes }: Pick<SampledChain, "chain" | "classes">,
): Promise<Stepper> {
  const slots = rowsTogether(blocks, d, mostSlots);
  const compiled: Awaited<ReturnType<typeof compiledBlock>>[] = [];
  for (const block of [...blocks].reverse()) compiled.push(await compiledBlock(engine, block, d, readingOf(classes)));
  const width = classes?.known.length ?? 0;
  const advance = async (
    { part, told }: { readonly part: Float32Array; readonly told: Rows },
    steps: readonly (BlockSteps | undefined)[],
    turn: () => Promise<void>,
  ) => {
    const rows = part.length / d;
    const padded = paddedRows(rows, slots);
    let [state = floats([0], [1, 1])] = paddedSlice([part], [d], 0, rows, padded);
    const widths = told.map(() => width);
    const context = paddedSlice(told, widths, 0, rows, padded);
    for (const [place, block] of steps.entries()) {
      const own = compiled[place];
      if (!block || !own) continue;
      for (const [k, at] of block.times.slice(0, -1).entries()) {
        await turn();
        const size = (block.times[k + 1] ?? 0) - at;
        const columns = { time: constantColumn(padded, at), size: constantColumn(padded, size) };
        const moved = await own.programs[block.method].run({
          state: [state],
          ...columns,
          context,
          weights: own.weights,
        });
        state = floats((moved.state[0]?.data ?? state.data) as Float32Array, state.shape);
      }
    }
    return state.data.subarray(0, part.length);
  };
  return {
    velocities: velocitiesOf({ ...(classes && { classes }) }),
    run: async (points, steps, signal, contexts) => {
      const turn = turns(signal, "fixed steps");
      const result = new Float32Array(points.length);
      const rows = points.length / d;
      const all = width > 0 ? [contexts ?? new Float32Array(rows * width)] : [];
      for (let first = 0; first < rows; first += slots) {
        const last = first + slots;
        const told = all.map((own) => own.subarray(first * width, last * width));
        result.set(await advance({ part: points.subarray(first * d, last * d), told }, steps, turn), first * d);
      }
      return result;
    },
    release: async () => {
      for (const { programs } of compiled) for (const program of Object.values(programs)) await program.release();
    },
  };
}
