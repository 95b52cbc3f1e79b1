// solvers: the teacher by few fixed steps, whose number, method and places are chosen for this chain: what a student has to beat.
import { evaluationsPerStep, tableaus } from "../../ode/tableaus.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { type SampledChain, velocitiesOf } from "../curve-samplers.ts";
import { leastSum } from "./allotment.ts";
import type { Lessons } from "./conditional.ts";
import { drawnShares, readingOf } from "./lessons.ts";
import { createCarrier, distance, noiseRows } from "./pool.ts";
import { segmentsOf } from "./segments.ts";
import { type BlockSteps, createStepper, type FixedMethod, fixedMethods, type Stepper } from "./stepper.ts";
import { workloadOf } from "./teacher.ts";

/** The teacher by fixed steps. */
export interface FixedStepsResult {
  /** Even steps of a method, or `chosen` ones. */
  readonly method: FixedMethod | "chosen";
  /** At most as many as were asked for; with guidance a velocity counts as two. */
  readonly evaluations: number;
  /** Root mean square of samples from the teacher's of the same noise, in the model's own units, on noise not searched on. */
  readonly distance: number;
  /** Of every block, noise to data; a block without steps is left out. */
  readonly steps: readonly (BlockSteps | undefined)[];
}

/** Exponents of t = s^rho and t = 1 - (1 - s)^rho, s even: steps grow denser towards data or towards noise. */
const exponents = [1, 1.5, 2, 3] as const;
/** Evaluations that are tried in a block. */
const efforts = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32] as const;

/**
 * The chain by even steps of euler, midpoint and heun with K evaluations in all, where that goes, and by chosen ones: in each
 * block the method and the places that bring its points nearest to the teacher's, from the teacher's own points, for every
 * effort; the efforts so that the sum of the squared errors is least; even steps where those come nearer. Nearest first; none where
 * guidance takes more for one velocity.
 */
export async function fixedSteps(
  engine: Engine,
  teacher: Pick<SampledChain, "chain" | "classes">,
  evaluations: number,
  signal?: AbortSignal,
): Promise<readonly FixedStepsResult[]> {
  const { chain, classes } = teacher;
  const affordable = Math.floor(evaluations / velocitiesOf(teacher));
  if (affordable === 0) return [];
  const blocks = chain.blocks.length;
  const whole = segmentsOf(
    chain.blocks.map(() => 1),
    blocks,
  );
  const { searchRows, judgedRows } = workloadOf(chain);
  const carrier = await createCarrier(engine, chain, readingOf(classes));
  const lessons = async (purpose: string, rows: number): Promise<Lessons> => {
    const key = split(random(0), "steps", purpose);
    const told = classes && { contexts: drawnShares(classes, split(key, "classes"), rows) };
    const noise = noiseRows(key, rows, chain.dimension);
    return { pool: await carrier.carry(noise, whole, { ...(signal && { signal }), ...told }), ...told };
  };
  const carried = async () => ({
    probe: await lessons("search", searchRows),
    judge: await lessons("judge", judgedRows),
  });
  const { probe, judge } = await carried().finally(() => carrier.release());
  const stepper = await createStepper(engine, teacher);
  try {
    const even = evenPlans(blocks, affordable);
    const sought = [
      { method: "chosen", steps: await chosenSteps(stepper, probe, affordable, signal) } as const,
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
  { pool, contexts }: Lessons,
  signal: AbortSignal | undefined,
): Promise<readonly FixedStepsResult[]> {
  const results: FixedStepsResult[] = [];
  for (const { method, steps } of plans) {
    const [start = new Float32Array(), end = start] = [pool[0], pool.at(-1)];
    const reached = await stepper.run(start, steps, signal, contexts);
    results.push({
      method,
      steps,
      evaluations: stepper.velocities * effortOf(steps),
      distance: distance(reached, end),
    });
  }
  return results.filter((result) => Number.isFinite(result.distance)).sort((a, b) => a.distance - b.distance);
}

/** Times that the velocity is asked for by steps. */
function effortOf(steps: readonly (BlockSteps | undefined)[]): number {
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
  { pool: probe, contexts }: Lessons,
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
        const cost = distance(await stepper.run(from, only, signal, contexts), to) ** 2;
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
