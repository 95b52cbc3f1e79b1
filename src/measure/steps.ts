// steps: long work cut into short steps, so that who runs it may pause or stop between two of them

/** Work that yields after every step, of milliseconds, and returns what was found. */
export type Steps<T> = Generator<void, T, void>;

/** Does the steps with a turn after each: what `turn` throws ends the work. */
export async function inTurns<T>(steps: Steps<T>, turn: () => Promise<void>): Promise<T> {
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
    await turn();
  }
}
