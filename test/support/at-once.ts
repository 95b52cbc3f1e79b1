// at-once: work in steps, done without a pause.
import type { Steps } from "../../src/measure/steps.ts";

/** Does all steps at once. */
export function finished<T>(steps: Steps<T>): T {
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
  }
}

/** The function whose work is done at once. */
export function atOnce<A extends readonly unknown[], T>(work: (...given: A) => Steps<T>): (...given: A) => T {
  return (...given) => finished(work(...given));
}
