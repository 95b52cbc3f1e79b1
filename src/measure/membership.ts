// membership: whether synthetic rows give away which real rows they were learnt from
import { areaUnderCurve } from "./area-under-curve.ts";
import { chosenTables, type PrivacyTables, type RecordOptions } from "./closest-record.ts";
import { rowPoints } from "./closest-record-space.ts";
import { nearestSteps } from "./closest-record-tree.ts";
import type { Estimate } from "./estimate.ts";
import type { Steps } from "./steps.ts";

export interface MembershipInference {
  /** Rows attacked: as many training as held-out ones; and synthetic rows that the attacker has. */
  readonly rows: { readonly real: number; readonly synthetic: number };
  /** Area under the ROC curve of the attack: 0.5 when it learns nothing, 1 when it finds every training row. */
  readonly auc: Estimate;
  /** Share of training rows that it finds when it may accuse 1 % of the held-out rows: 0.01 when it learns nothing. */
  readonly atOnePercent: Estimate;
}

/**
 * An attacker has the synthetic rows and takes a row for a training row the nearer its closest synthetic row is (`rowPoints`
 * says which distance). Standard errors: DeLong's, and a binomial one; what other synthetic rows would change is not in them.
 * Attackers who know more may find more. Throws "data" for fewer than 2 rows or tables that do not match.
 * Source: D. Chen and others, "GAN-Leaks: a taxonomy of membership inference attacks against generative models" (2020), the
 * full black-box attack; N. Carlini and others, "Membership inference attacks from first principles" (2022) for the second.
 */
export function* membershipSteps(tables: PrivacyTables, options: RecordOptions = {}): Steps<MembershipInference> {
  const { train, heldOut, synthetic } = chosenTables("membership inference", tables, options);
  const { dimension, points } = rowPoints([train, heldOut, synthetic]);
  const members = (yield* nearestSteps(points[2]!, points[0]!, dimension)).distances;
  const strangers = (yield* nearestSteps(points[2]!, points[1]!, dimension)).distances;
  return {
    rows: { real: train.rows, synthetic: synthetic.rows },
    auc: areaUnderCurve(strangers, members),
    atOnePercent: foundAt(members, strangers, 0.01),
  };
}

/** The share of members nearer than all but a share of the strangers, a part of a stranger counting as a part. */
function foundAt(members: Float64Array, strangers: Float64Array, share: number): Estimate {
  const sorted = strangers.toSorted();
  const allowed = share * strangers.length;
  const whole = Math.floor(allowed);
  const value =
    (whole + 1 - allowed) * foundBefore(members, sorted, whole) +
    (allowed - whole) * foundBefore(members, sorted, whole + 1);
  // The border is a quantile of the strangers: its own error adds about as much again.
  const variance = (value * (1 - value)) / members.length + (share * (1 - share)) / strangers.length;
  return { value, standardError: Math.sqrt(variance) };
}

/** The share of members nearer than the `count`-th of the ascending strangers; of equally near ones as many as of strangers. */
function foundBefore(members: Float64Array, strangers: Float64Array, count: number): number {
  const border = strangers[count - 1];
  if (border === undefined) return 0;
  const below = (distances: Float64Array) => distances.filter((distance) => distance < border).length;
  const on = (distances: Float64Array) => distances.filter((distance) => distance === border).length;
  const part = (count - below(strangers)) / on(strangers);
  return (below(members) + part * on(members)) / members.length;
}
