// refused: what is not to succeed, and says why.
import { expect } from "vitest";
import { LocalFlowError } from "../../src/errors.ts";

/** Expects a failure of localflow's own whose message says this. */
export const refusedFor = (action: Promise<unknown>, message: string) =>
  expect(action).rejects.toSatisfy((error) => {
    if (error instanceof LocalFlowError && error.message.includes(message)) return true;
    throw error;
  });

/** The same of this code. */
export const refused = (action: Promise<unknown>, code: string, message: string) =>
  expect(action).rejects.toSatisfy((error) => {
    if (error instanceof LocalFlowError && error.code === code && error.message.includes(message)) return true;
    throw error;
  });
