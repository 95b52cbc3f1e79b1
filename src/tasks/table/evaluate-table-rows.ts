// evaluate-table-rows: whether there are enough real rows to hold synthetic ones against
import { failure } from "../../errors.ts";

interface Counted {
  readonly rows: number;
}

/** Rows that a model has not seen, and those that it was trained on where they are known. */
export interface RealRows<T> {
  readonly heldOut: T;
  readonly train?: T;
}

/** Held-out rows at least; with a half of them in the place of training rows, two in each half. */
const [fewest, fewestHalved] = [2, 4];

/** Throws "data" for the first of the tables that has too few rows, by what it is called. */
export function checkRealRows(
  { heldOut, train }: RealRows<Counted>,
  names: Required<RealRows<string>> = { heldOut: "held-out rows", train: "training rows" },
): void {
  const tooFew = (where: string, { rows }: Counted, expected: string, remedy: string) =>
    failure("data", { where, expected, received: String(rows), remedy });
  if (train === undefined && heldOut.rows < fewestHalved)
    throw tooFew(
      names.heldOut,
      heldOut,
      `at least ${fewestHalved} held-out rows where there are no training rows`,
      "give more held-out rows, or training rows beside them",
    );
  if (heldOut.rows < fewest)
    throw tooFew(names.heldOut, heldOut, `at least ${fewest} held-out rows`, "give more held-out rows");
  if (train !== undefined && train.rows < fewest)
    throw tooFew(names.train, train, `at least ${fewest} training rows`, "give more training rows");
}
