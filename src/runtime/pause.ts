// pause: how long work stays answerable: it lets the event loop turn now and then, and stops once its signal has fired.
import { failure, LocalFlowError } from "../errors.ts";

/** Lets timers, signals and servers run: the engine occupies the thread for as long as a step takes. */
export function pauses(everyMilliseconds = 100): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < everyMilliseconds) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 0);
    });
    last = performance.now();
  };
}

/** Throws code "interrupted" once the signal has fired. */
export function checkSignal(signal: AbortSignal | undefined, where: string): void {
  if (signal?.aborted) throw failure("interrupted", { where, expected: "to finish", received: "a signal to stop" });
}

/** A pause costs about a millisecond, and a second is soon enough for an answer. */
const turnMilliseconds = 400;

/** For every turn of a long loop: pauses now and then, and throws code "interrupted" once the signal has fired. */
export function turns(signal: AbortSignal | undefined, where: string): () => Promise<void> {
  const pause = pauses(turnMilliseconds);
  return async () => {
    await pause();
    checkSignal(signal, where);
  };
}

/** What the work gives, or undefined when its signal stopped it. */
export async function unlessInterrupted<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof LocalFlowError && error.code === "interrupted") return undefined;
    throw error;
  }
}
