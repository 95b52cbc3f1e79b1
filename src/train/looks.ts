// looks: what is trained so far, shown now and then while training goes on. Looking changes nothing but the time it takes.
import type { Block } from "../flow/chain.ts";

/** What is there at one moment: the blocks so far, the last one as it would be published now. */
export interface Look {
  readonly blocks: readonly Block[];
  /** The number, from 1, of the block that trains (where blocks share a network, of the first), and its iterations so far. */
  readonly number: number;
  readonly iteration: number;
}

export interface Looks {
  /** Milliseconds between two looks, at least; each block is looked at when it is trained, too. */
  readonly every: number;
  show(look: Look): Promise<void>;
}

export interface Looker {
  isDue(): boolean;
  show(look: Look): Promise<void>;
}

/** The part of the time that looks may take, but for those at the end of a block. */
const lookShare = 0.05;

/** Keeps the time of looks: the next one is due after `every`, or later where the last one took long. */
export function createLooker({ every, show }: Looks): Looker {
  let next = performance.now() + every;
  return {
    isDue: () => performance.now() >= next,
    show: async (look) => {
      const begun = performance.now();
      await show(look);
      const ended = performance.now();
      next = ended + Math.max(every, (ended - begun) / lookShare);
    },
  };
}
