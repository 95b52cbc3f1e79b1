// named-table: what is wrong with a table, told with the path of its file.
import { failure, LocalFlowError } from "../errors.ts";

/** A path in words. */
export function spokenPath(path: string): string {
  return path === "-" ? "standard input" : path;
}

/** The work on the table of a file; its errors about "table" say the path instead. */
export async function withTablePath<T>(path: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    if (!(error instanceof LocalFlowError) || error.problem.where !== "table") throw error;
    throw failure(error.code, { ...error.problem, where: spokenPath(path) }, error);
  });
}
