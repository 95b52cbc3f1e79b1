// outlook: what a fit of the rows at hand would take on this machine, in time and memory.
import { counted } from "../data/columns.ts";
import { LocalFlowError } from "../errors.ts";
import { type EstimateRequest, estimateFit } from "../tasks/estimate.ts";
import { type Configuration, parameterCount } from "../train/configuration.ts";
import { endsByTime } from "./fit-plan.ts";
import type { InspectOptions } from "./options.ts";
import { short, spokenBytes, spokenTime } from "./output.ts";
import { memoryLimit, peakMemoryBytes, withEngine } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** Lines for people and fields for `--json`. */
export interface Outlook {
  readonly text: readonly string[];
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Where no estimate is asked for. */
export const noOutlook: Outlook = { text: [], fields: {} };

/** What a fit with a configuration trains between points of so many values. */
export function plannedFit(
  configuration: Configuration,
  limits: Limits,
  { dimensions, spoken = "", judged }: PlanSize,
): Outlook {
  const { blocks, training } = configuration;
  const parameters = parameterCount(configuration, dimensions);
  const iterations = blocks.reduce((total, block) => total + block.iterations, 0);
  const earlyStopping = judged ? training.earlyStopping : 0;
  return {
    text: [
      `fit trains ${counted(blocks.length, "block")}, ${parameters} parameters${spoken}, ${spokenIterations(iterations, limits)}`,
      ...(earlyStopping > 0
        ? [
            `early stopping may end a block sooner: after ${counted(earlyStopping, "check")} without a better held-out loss`,
          ]
        : []),
    ],
    fields: {
      blocks: endsByTime(limits) ? blocks.map(({ iterations: _, ...block }) => block) : blocks,
      parameters,
      ...(!endsByTime(limits) && { iterations }),
      ...(earlyStopping > 0 && { earlyStopping }),
    },
  };
}

/** How long a fit trains, before anything is measured. */
export function spokenIterations(iterations: number, { time, ...limits }: Limits): string {
  if (time === undefined) return `${iterations} iterations in all`;
  const allowed = `as many iterations as ${spokenTime(time)} allow`;
  return endsByTime({ time, ...limits }) ? allowed : `${allowed}, ${iterations} in all at most`;
}

/** How many iterations a limited time leaves, as measured. */
export function reachedIterations(iterations: number): string {
  if (iterations < 1) return "perhaps not one iteration: preparation takes nearly all of the time, so give more";
  return `about ${short(iterations, 2)} iterations`;
}

type Limits = Pick<InspectOptions, "time" | "iterations">;

interface PlanSize {
  readonly dimensions: number;
  /** What they are of, where they are no columns. */
  readonly spoken?: string;
  /** Whether there are held-out rows, by which training may end early. */
  readonly judged: boolean;
}

/** What a whole fit may take beyond a moment of it: arrays of JavaScript and of the engine are collected late. */
const margin = { factor: 1.1, bytes: 2 ** 26 } as const;

/**
 * Times the real work for a moment. Rows that a fit would refuse have an outlook too: the reason. Throws code
 * "interrupted" after Ctrl-C and "option" for a device that is not there.
 */
export async function fitOutlook(
  rows: Omit<EstimateRequest, "time" | "memory" | "signal">,
  options: InspectOptions,
  { signal }: Terminal,
): Promise<Outlook> {
  const { time } = options;
  const request = { ...rows, ...memoryLimit(options), ...(time !== undefined && { time }), signal };
  try {
    return await withEngine(options, async (engine) => {
      const before = process.memoryUsage.rss();
      const { seconds, memoryBytes, ...parts } = await estimateFit(engine, request);
      // Measured where the real step ran, plus the pushed rows; counted where its batch was cut.
      const moment = Math.max(peakMemoryBytes() + request.rows.data.byteLength, before + memoryBytes);
      const bytes = Math.ceil(margin.factor * moment + margin.bytes);
      const place = `on this machine, ${engine.threads} ${engine.threads === 1 ? "thread" : "threads"}`;
      const { trainingSeconds, pushSeconds, scoreSeconds, iterations } = parts;
      const told = time === undefined ? "" : ` (${reachedIterations(iterations)})`;
      return {
        text: [
          `time    about ${spokenTime(seconds)} ${place}: training ${spokenTime(trainingSeconds)}${told}, pushing ` +
            `${spokenTime(pushSeconds)}, likelihoods ${spokenTime(scoreSeconds)}`,
          `memory  at most ${spokenBytes(bytes)}`,
        ],
        fields: { estimatedSeconds: seconds, estimatedMemoryBytes: bytes, ...parts, threads: engine.threads },
      };
    });
  } catch (error) {
    if (!(error instanceof LocalFlowError) || error.code === "interrupted" || error.code === "option") throw error;
    return { text: [`but it would fail: ${error.message}`], fields: { problem: error.message } };
  }
}
