// interrupting: an engine that raises a signal after some more of its runs, so that work is interrupted at a known place.
import type { Engine } from "../../src/runtime/contract.ts";

export interface Interrupting {
  readonly engine: Engine;
  readonly signal: AbortSignal;
  /** The signal fires when this many more runs are done. */
  readonly stopAfter: (runs: number) => void;
  /** Runs that began after the signal had fired. */
  readonly late: () => number;
}

/** Wraps an engine; the results of its programs are its own. */
export function interrupting(engine: Engine): Interrupting {
  const controller = new AbortController();
  let [left, late] = [Number.POSITIVE_INFINITY, 0];
  return {
    engine: {
      ...engine,
      open: async (model) => {
        const session = await engine.open(model);
        return {
          ...session,
          run: async (feeds, into) => {
            if (controller.signal.aborted) late += 1;
            const results = await session.run(feeds, into);
            left -= 1;
            if (left === 0) controller.abort();
            return results;
          },
        };
      },
    },
    signal: controller.signal,
    stopAfter: (runs) => {
      left = runs;
    },
    late: () => late,
  };
}
