// errors: one error family. Every message says where, what was expected, what came, and what to do.

/** What kind of thing went wrong; programs branch on this, people read the message. */
export type ErrorCode = "shape" | "option" | "data" | "model" | "file" | "runtime" | "numeric" | "interrupted";

/** The four facts of every error message. `received` and `remedy` may be left out when there is nothing to say. */
export interface Problem {
  readonly where: string;
  readonly expected: string;
  readonly received?: string;
  readonly remedy?: string;
}

/** The only error class localflow throws on purpose; anything else that escapes is a bug in localflow. */
export class LocalFlowError extends Error {
  readonly code: ErrorCode;
  readonly problem: Problem;

  constructor(code: ErrorCode, problem: Problem, options?: ErrorOptions) {
    super(describe(problem), options);
    this.name = "LocalFlowError";
    this.code = code;
    this.problem = problem;
  }
}

/** Builds the error to throw: `throw failure("data", { where: "table.csv row 3", expected: "a number", received: '"abc"' })`. */
export function failure(code: ErrorCode, problem: Problem, cause?: unknown): LocalFlowError {
  return new LocalFlowError(code, problem, cause === undefined ? undefined : { cause });
}

/** Throws unless `condition` holds; for states that only a bug in localflow can reach. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`localflow internal error: ${message}`);
}

function describe({ where, expected, received, remedy }: Problem): string {
  const got = received === undefined ? "" : `, got ${received}`;
  const advice = remedy === undefined ? "" : `; ${remedy}`;
  return `${where}: expected ${expected}${got}${advice}`;
}
