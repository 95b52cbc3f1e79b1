// damage: good files made bad, and readers held to the rule: a value or a LocalFlowError.
import fc from "fast-check";
import { LocalFlowError } from "../../src/errors.ts";

/** What `read` gives, or "refused" for a LocalFlowError; any other error passes through. */
export function attempt<T>(read: () => T): T | "refused" {
  try {
    return read();
  } catch (error) {
    if (error instanceof LocalFlowError) return "refused";
    throw error;
  }
}

/** A good file with a few bytes changed, cut out or put in. */
export function damaged(good: Uint8Array): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({ at: fc.nat(good.length), remove: fc.nat(9), put: fc.uint8Array({ maxLength: 9 }) });
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
    let bytes = Array.from(good);
    for (const { at, remove, put } of edits) bytes = [...bytes.slice(0, at), ...put, ...bytes.slice(at + remove)];
    return Uint8Array.from(bytes);
  });
}
