// pool-classes: the classes of a pool's rows, which networks that read classes are told.
import { failure } from "../errors.ts";
import { networkClasses, type VelocityNetwork } from "../nn/network.ts";
import type { Configuration } from "./configuration.ts";

/** The class of each row of a pool, out of so many. */
export interface PoolClasses {
  readonly labels: Int32Array;
  readonly count: number;
}

/** Throws code `option` unless rows have classes, and as many, exactly where the networks read them. */
export function checkPoolClasses(
  { blocks }: Configuration<VelocityNetwork>,
  rows: number,
  classes: PoolClasses | undefined,
): void {
  const expected = Math.max(0, ...blocks.map(({ network }) => networkClasses(network)));
  const { count = 0, labels } = classes ?? {};
  if (count !== expected)
    throw failure("option", {
      where: "classes",
      expected: expected === 0 ? "none, for networks that read none" : `${expected}, as the networks read`,
      received: count === 0 ? "none" : String(count),
    });
  if (labels === undefined) return;
  const strange = labels.find((own) => !(own >= 0 && own < count));
  if (labels.length === rows && strange === undefined) return;
  throw failure("option", {
    where: "classes",
    expected: `for each of ${rows} rows one from 0 to ${count - 1}`,
    received: strange === undefined ? `those of ${labels.length} rows` : String(strange),
  });
}
