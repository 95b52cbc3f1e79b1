// stuck: the error of a row that an integration gave up. It remembers the row, for those who look into the reason.
import { failure, type LocalFlowError, type Problem } from "../errors.ts";

/** The cause that such an error carries. */
interface GivenUp {
  readonly row: number;
}

/** A "numeric" error about row `row` of a run whose first row has the number `firstRow`, both from 0; people count from 1. */
export function stuckRow(
  row: number,
  firstRow: number,
  { at = "", ...problem }: Omit<Problem, "where"> & { readonly at?: string },
): LocalFlowError {
  const cause: GivenUp = { row };
  return failure("numeric", { where: `row ${firstRow + row + 1}${at}`, ...problem }, cause);
}

/** The row of the run, from 0, that such an error is about; undefined for every other error. */
export function rowOfStuck(error: LocalFlowError): number | undefined {
  const { cause } = error;
  return typeof cause === "object" && cause !== null && "row" in cause ? Number(cause.row) : undefined;
}
