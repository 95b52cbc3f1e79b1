// inequalities: whether linear inequalities exclude each other: one variable after the other is eliminated (Fourier and Motzkin).

/** `sum of factors · variables + constant <= 0`, or < 0 where it is strict. */
export interface Inequality {
  readonly factors: ReadonlyMap<string, number>;
  readonly constant: number;
  readonly strict: boolean;
  /** By how much rounding may let a row miss it. */
  readonly slack: number;
}

/** More inequalities than this are not looked at, and count as met. */
const mostInequalities = 2000;
/** What rounding may add to a sum, as a share of its parts: factors of less cancel, constants get as much slack. */
const rounding = 1e-12;

/** Whether no values of the variables meet them all, by more than their slack. Where that takes too long to tell, false. */
export function excludeEachOther(inequalities: readonly Inequality[]): boolean {
  let left = strongest(inequalities);
  while (left.length <= mostInequalities) {
    if (left.some(isImpossible)) return true;
    const name = cheapestVariable(left);
    if (name === undefined) return false;
    left = strongest(without(left, name));
  }
  return false;
}

/** One without variables: a strict one is off by itself where it is 0 < 0. */
function isImpossible({ factors, constant, strict, slack }: Inequality): boolean {
  return factors.size === 0 && (strict ? constant >= 0 : constant > slack);
}

/** The variable that leaves the fewest inequalities. */
function cheapestVariable(inequalities: readonly Inequality[]): string | undefined {
  const counts = new Map<string, { above: number; below: number }>();
  for (const { factors } of inequalities)
    for (const [name, factor] of factors) {
      const count = counts.get(name) ?? { above: 0, below: 0 };
      if (factor > 0) count.above++;
      else count.below++;
      counts.set(name, count);
    }
  const growth = ({ above, below }: { above: number; below: number }) => above * below - above - below;
  const [first] = [...counts].sort((a, b) => growth(a[1]) - growth(b[1]));
  return first?.[0];
}

/** What follows for the other variables: every bound of one from above beside every one from below. */
function without(inequalities: readonly Inequality[], name: string): readonly Inequality[] {
  const out: Inequality[] = [];
  const [above, below]: [Inequality[], Inequality[]] = [[], []];
  for (const inequality of inequalities) {
    const factor = inequality.factors.get(name);
    (factor === undefined ? out : factor > 0 ? above : below).push(inequality);
  }
  for (const upper of above)
    for (const lower of below) {
      if (out.length > mostInequalities) return out;
      out.push(together(upper, lower, name));
    }
  return out;
}

/** The sum of two, scaled so that a variable, of positive factor in `a` and negative in `b`, cancels. */
function together(a: Inequality, b: Inequality, name: string): Inequality {
  const [ofA, ofB] = [1 / a.factors.get(name)!, -1 / b.factors.get(name)!];
  const factors = new Map<string, number>();
  for (const other of new Set([...a.factors.keys(), ...b.factors.keys()])) {
    const [own, added] = [ofA * (a.factors.get(other) ?? 0), ofB * (b.factors.get(other) ?? 0)];
    const isCancelled = Math.abs(own + added) <= rounding * (Math.abs(own) + Math.abs(added));
    if (other !== name && !isCancelled) factors.set(other, own + added);
  }
  const [own, added] = [ofA * a.constant, ofB * b.constant];
  return {
    factors,
    constant: own + added,
    strict: a.strict || b.strict,
    slack: ofA * a.slack + ofB * b.slack + rounding * (Math.abs(own) + Math.abs(added)),
  };
}

/** Of inequalities on the same sum, up to a factor, the strongest strict one and the strongest of the others. */
function strongest(inequalities: readonly Inequality[]): readonly Inequality[] {
  const kept = new Map<string, Inequality>();
  for (const inequality of inequalities) {
    const scaled = withUnitFactor(inequality);
    const sum = [...scaled.factors].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([sum, scaled.strict]);
    const known = kept.get(key);
    if (known === undefined || strength(scaled) > strength(known)) kept.set(key, scaled);
  }
  return [...kept.values()];
}

/** How far it is off at least where the sum of its variables is zero. */
function strength({ constant, strict, slack }: Inequality): number {
  return strict ? constant : constant - slack;
}

/** Scaled so that the largest factor is 1 or -1. */
function withUnitFactor({ factors, constant, strict, slack }: Inequality): Inequality {
  const largest = Math.max(...[...factors.values()].map(Math.abs));
  if (factors.size === 0 || largest === 1) return { factors, constant, strict, slack };
  const scaled = new Map([...factors].map(([name, factor]) => [name, factor / largest] as const));
  return { factors: scaled, constant: constant / largest, strict, slack: slack / largest };
}
