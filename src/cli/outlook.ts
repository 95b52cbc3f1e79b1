// outlook: what a fit of the rows at hand would take on this machine, in time and memory.
import { LocalFlowError } from "../errors.ts";
import { type EstimateRequest, estimateFit } from "../tasks/estimate.ts";
import { type Configuration, parameterCount } from "../train/configuration.ts";
import type { CommonOptions } from "./options.ts";
import { counted, spokenBytes, spokenTime } from "./output.ts";
import { peakMemoryBytes, withEngine } from "./session.ts";

/** Lines for people and fields for `--json`. */
export interface Outlook {
  readonly text: readonly string[];
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Where no estimate is asked for. */
export const noOutlook: Outlook = { text: [], fields: {} };

/** What a fit with a configuration trains between points of so many values. */
export function plannedFit(configuration: Configuration, { dimensions, spoken = "" }: PlanSize): Outlook {
  const { blocks, training } = configuration;
  const parameters = parameterCount(configuration, dimensions);
  const iterations = blocks.reduce((total, block) => total + block.iterations, 0);
  const { earlyStopping } = training;
  return {
    text: [
      `fit trains ${counted(blocks.length, "block")}, ${parameters} parameters${spoken}, ${iterations} iterations in all`,
      ...(earlyStopping > 0
        ? [
            `early stopping may end a block sooner: after ${counted(earlyStopping, "check")} without a better held-out loss`,
          ]
        : []),
    ],
    fields: { blocks, parameters, iterations, ...(earlyStopping > 0 && { earlyStopping }) },
  };
}

interface PlanSize {
  readonly dimensions: number;
  /** What they are of, where they are no columns. */
  readonly spoken?: string;
}

/** What a whole fit may take beyond a moment of it: arrays of JavaScript and of the engine are collected late. */
const margin = { factor: 1.1, bytes: 2 ** 26 } as const;

/**
 * Times the real work for a moment. Rows that a fit would refuse have an outlook too: the reason. Throws code
 * "interrupted" after Ctrl-C and "option" for a device that is not there.
 */
export async function fitOutlook(request: EstimateRequest, options: CommonOptions): Promise<Outlook> {
  try {
    return await withEngine(options, async (engine) => {
      const before = process.memoryUsage.rss();
      const { seconds, memoryBytes, ...parts } = await estimateFit(engine, request);
      // Measured where the real step ran, plus the pushed rows; counted where its batch was cut.
      const moment = Math.max(peakMemoryBytes() + request.rows.data.byteLength, before + memoryBytes);
      const bytes = Math.ceil(margin.factor * moment + margin.bytes);
      const place = `on this machine, ${engine.threads} ${engine.threads === 1 ? "thread" : "threads"}`;
      const { trainingSeconds, pushSeconds, scoreSeconds } = parts;
      return {
        text: [
          `time    about ${spokenTime(seconds)} ${place}: training ${spokenTime(trainingSeconds)}, pushing ` +
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
