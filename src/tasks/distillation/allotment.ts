// allotment: one choice from each list, together within a budget, with the least sum of costs.

/** Something that takes effort, a whole number, and has a cost. */
export interface Option {
  readonly effort: number;
  readonly cost: number;
}

/**
 * The choices, one of each list, whose efforts sum to at most `budget` and whose costs sum to the least; costs that are not
 * finite lose. Empty when nothing is within the budget.
 */
export function leastSum<T extends Option>(lists: readonly (readonly T[])[], budget: number): readonly T[] {
  type Plan = { readonly cost: number; readonly chosen: readonly T[] };
  let plans: readonly (Plan | undefined)[] = Array.from({ length: budget + 1 }, (_, spent) =>
    spent === 0 ? { cost: 0, chosen: [] } : undefined,
  );
  for (const list of lists) {
    const next: (Plan | undefined)[] = plans.map(() => undefined);
    plans.forEach((plan, spent) => {
      if (!plan) return;
      for (const option of list) {
        const cost = plan.cost + option.cost;
        const at = spent + option.effort;
        if (at <= budget && Number.isFinite(cost) && cost < (next[at]?.cost ?? Number.POSITIVE_INFINITY))
          next[at] = { cost, chosen: [...plan.chosen, option] };
      }
    });
    plans = next;
  }
  const best = plans.reduce<Plan | undefined>(
    (least, plan) => (plan && plan.cost < (least?.cost ?? Number.POSITIVE_INFINITY) ? plan : least),
    undefined,
  );
  return best?.chosen ?? [];
}
