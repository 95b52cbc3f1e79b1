// solvers: the teacher by few fixed steps, whose number, method and places are chosen for this chain: what a student has to beat.
import type { Block, Chain } from "../../flow/chain.ts";
import { rungeKuttaStep } from "../../ode/step.ts";
import { evaluationsPerStep, tableaus } from "../../ode/tableaus.ts";
import { random, split } from "../../random.ts";
import { compile } from "../../runtime/compile.ts";
import type { Engine } from "../../runtime/contract.ts";
import { constantColumn, equationInputs, paddedRows, paddedSlice } from "../../runtime/equation.ts";
import { turns } from "../../runtime/pause.ts";
import { flowEquation } from "../../runtime/transport.ts";
import { floats } from "../../tensor/array.ts";
import { leastSum } from "./allotment.ts";
import { createCarrier, distance, noiseRows, type Pool } from "./pool.ts";
import { segmentsOf } from "./segments.ts";
import { rowsTogether, workloadOf } from "./teacher.ts";

export type FixedMethod = "euler" | "midpoint" | "heun";
const fixedMethods: readonly FixedMethod[] = ["euler", "midpoint", "heun"];

/** The steps of one block from noise (t = 1) to data (t = 0): the times between them, the ends included. */
export interface BlockSteps {
  readonly method: FixedMethod;
  readonly times: readonly number[];
}

/** The teacher by fixed steps. */
export interface FixedStepsResult {
  /** Even steps of a method, or `chosen` ones. */
  readonly method: FixedMethod | "chosen";
  /** At most as many as were asked for. */
  readonly evaluations: number;
  /** Root mean square of samples from the teacher's of the same noise, in the model's own units, on noise not searched on. */
  readonly distance: number;
  /** Of every block, noise to data; a block without steps is left out. */
  readonly steps: readonly (BlockSteps | undefined)[];
}

const mostSlots = 1024;
/** Exponents of t = s^rho and t = 1 - (1 - s)^rho, s even: steps grow denser towards data or towards noise. */
const exponents = [1, 1.5, 2, 3] as const;
/** Evaluations that are tried in a block. */
const efforts = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32] as const;

/**
 * The chain by even steps of euler, midpoint and heun with K evaluations in all, where that goes, and by chosen ones: in each
 * block the method and the places that bring its points nearest to the teacher's, from the teacher's own points, for every
 * effort; the efforts so that the sum of the squared errors is least; even steps where those come nearer. Nearest first.
 */
export async function fixedSteps(
  engine: Engine,
  { chain }: { readonly chain: Chain },
  evaluations: number,
  signal?: AbortSignal,
): Promise<readonly FixedStepsResult[]> {
  const blocks = chain.blocks.length;
  const whole = segmentsOf(
    chain.blocks.map(() => 1),
    blocks,
  );
  const { searchRows, judgedRows } = workloadOf(chain);
  const controls = signal && { signal };
  const noise = (purpose: string, rows: number) => noiseRows(split(random(0), "steps", purpose), rows, chain.dimension);
  const carrier = await createCarrier(engine, chain);
  const carried = async () => ({
    probe: await carrier.carry(noise("search", searchRows), whole, controls),
    judge: await carrier.carry(noise("judge", judgedRows), whole, controls),
  });
  const { probe, judge } = await carried().finally(() => carrier.release());
  const stepper = await createStepper(engine, chain);
  try {
    const even = evenPlans(blocks, evaluations);
    const sought = [
      { method: "chosen", steps: await chosenSteps(stepper, probe, evaluations, signal) } as const,
      ...even,
    ];
    const [best] = await judged(stepper, sought, probe, signal);
    const plans = [...even, ...(best ? [{ ...best, method: "chosen" } as const] : [])];
    return await judged(stepper, plans, judge, signal);
  } finally {
    await stepper.release();
  }
}

interface StepPlan {
  readonly method: FixedStepsResult["method"];
  readonly steps: FixedStepsResult["steps"];
}

/** Even steps by the methods into whose evaluations K goes. */
function evenPlans(blocks: number, evaluations: number): readonly StepPlan[] {
  return fixedMethods.flatMap((method) => {
    const count = evaluations / blocks / evaluationsPerStep(tableaus[method]);
    if (!Number.isInteger(count)) return [];
    return [{ method, steps: Array.from({ length: blocks }, () => ({ method, times: evenTimes(count) })) }];
  });
}

/** How far all blocks in a row by these steps end from the teacher; nearest first, without those that leave float32. */
async function judged(
  stepper: Stepper,
  plans: readonly StepPlan[],
  pool: Pool,
  signal: AbortSignal | undefined,
): Promise<readonly FixedStepsResult[]> {
  const results: FixedStepsResult[] = [];
  for (const { method, steps } of plans) {
    const [start = new Float32Array(), end = start] = [pool[0], pool.at(-1)];
    const reached = await stepper.run(start, steps, signal);
    results.push({ method, steps, evaluations: effortOf(steps), distance: distance(reached, end) });
  }
  return results.filter((result) => Number.isFinite(result.distance)).sort((a, b) => a.distance - b.distance);
}

/** Velocity evaluations of steps. */
export function effortOf(steps: readonly (BlockSteps | undefined)[]): number {
  return steps.reduce(
    (total, block) => total + (block ? (block.times.length - 1) * evaluationsPerStep(tableaus[block.method]) : 0),
    0,
  );
}

interface Choice {
  readonly effort: number;
  readonly cost: number;
  readonly steps: BlockSteps | undefined;
}

async function chosenSteps(
  stepper: Stepper,
  probe: Pool,
  evaluations: number,
  signal: AbortSignal | undefined,
): Promise<readonly (BlockSteps | undefined)[]> {
  const table: (readonly Choice[])[] = [];
  for (let place = 0; place + 1 < probe.length; place++) {
    const [from = new Float32Array(), to = from] = [probe[place], probe[place + 1]];
    const choices: Choice[] = [{ effort: 0, cost: distance(from, to) ** 2, steps: undefined }];
    for (const effort of efforts.filter((each) => each <= evaluations)) {
      let best: Choice | undefined;
      for (const steps of candidates(effort)) {
        const only = probe.slice(1).map((_, k) => (k === place ? steps : undefined));
        const cost = distance(await stepper.run(from, only, signal), to) ** 2;
        if (cost < (best?.cost ?? Number.POSITIVE_INFINITY)) best = { effort, cost, steps };
      }
      if (best) choices.push(best);
    }
    table.push(choices);
  }
  return leastSum(table, evaluations).map(({ steps }) => steps);
}

function candidates(effort: number): readonly BlockSteps[] {
  return fixedMethods.flatMap((method) => {
    const count = effort / evaluationsPerStep(tableaus[method]);
    if (!Number.isInteger(count)) return [];
    const grids = count === 1 ? [evenTimes(1)] : exponents.flatMap((rho) => bentTimes(count, rho));
    return grids.map((times) => ({ method, times }));
  });
}

function evenTimes(count: number): readonly number[] {
  return Array.from({ length: count + 1 }, (_, k) => 1 - k / count);
}

function bentTimes(count: number, rho: number): readonly (readonly number[])[] {
  const even = evenTimes(count);
  if (rho === 1) return [even];
  return [even.map((s) => s ** rho), even.map((s) => 1 - (1 - s) ** rho)];
}

export interface Stepper {
  /** Points [rows · d] from noise to data by these steps of every block, noise to data. */
  run(points: Float32Array, steps: readonly (BlockSteps | undefined)[], signal?: AbortSignal): Promise<Float32Array>;
  release(): Promise<void>;
}

/** One step of a block by each method. */
async function compiledBlock(engine: Engine, block: Block, d: number) {
  const equation = flowEquation(block, d, { kind: "none" });
  const of = (method: FixedMethod) => {
    const { state, time, size, context, weights, derivative } = equationInputs(equation);
    const end = rungeKuttaStep(tableaus[method], derivative, { state, time, size });
    return compile(engine, { state, time, size, context, weights }, { state: end.state });
  };
  const programs = { euler: await of("euler"), midpoint: await of("midpoint"), heun: await of("heun") };
  return { weights: equation.weights ?? [], programs };
}

/** Compiles one step of each method for each block; blocks of equal networks share their programs. */
export async function createStepper(engine: Engine, { blocks, dimension: d }: Chain): Promise<Stepper> {
  const slots = rowsTogether(blocks, d, mostSlots);
  const compiled: Awaited<ReturnType<typeof compiledBlock>>[] = [];
  for (const block of [...blocks].reverse()) compiled.push(await compiledBlock(engine, block, d));
  const advance = async (part: Float32Array, steps: readonly (BlockSteps | undefined)[], turn: () => Promise<void>) => {
    const rows = part.length / d;
    const padded = paddedRows(rows, slots);
    let [state = floats([0], [1, 1])] = paddedSlice([part], [d], 0, rows, padded);
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
          context: [],
          weights: own.weights,
        });
        state = floats((moved.state[0]?.data ?? state.data) as Float32Array, state.shape);
      }
    }
    return state.data.subarray(0, part.length);
  };
  return {
    run: async (points, steps, signal) => {
      const turn = turns(signal, "fixed steps");
      const result = new Float32Array(points.length);
      for (let first = 0; first < points.length; first += slots * d)
        result.set(await advance(points.subarray(first, first + slots * d), steps, turn), first);
      return result;
    },
    release: async () => {
      for (const { programs } of compiled) for (const program of Object.values(programs)) await program.release();
    },
  };
}
