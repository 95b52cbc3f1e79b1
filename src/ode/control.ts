// control: how long the next step of a row is. Scalars only; step.ts computes what they follow from.

/** Safety and the limits of growth and shrinkage from one step to the next (Hairer, Norsett, Wanner, II.4). */
const safety = 0.9;
const largestGrowth = 10;
const largestShrinkage = 0.2;

/** The constant of `firstStepSize`: the fewest evaluations of trained chains, where too bold a first try costs as much as a step. */
const errorConstant = 1e-3;
/** A curvature may vanish by chance where a field turns, and a step over several turns deceives the estimate of its error. */
const boldest = 5;

/**
 * The size of a row's first step from the norms of its slope and curvature, in tolerances. Hairer's algorithm (II.4, steps e and
 * f) takes the larger for a derivative of the order of the method; flows between neighbouring densities are steep and nearly
 * straight, and would start far too carefully. T = slope / curvature is the time in which the slope changes by its own size, so an
 * error of order p is about c slope h (h / T)^(p - 1), and the step is where that is the tolerance; at most `boldest` times Hairer's.
 */
export function firstStepSize(guess: number, slope: number, curvature: number, order: number): number {
  const steepest = Math.max(slope, curvature);
  if (steepest <= 1e-15) return Math.max(1e-6, guess * 1e-3);
  const careful = (0.01 / steepest) ** (1 / order);
  const rate = Math.max(slope, guess * curvature);
  const time = rate / Math.max(curvature, 1e-9 * rate);
  const straight = (time ** (order - 1) / (errorConstant * rate)) ** (1 / order);
  return Math.min(100 * guess, Math.max(careful, Math.min(straight, boldest * careful)));
}

/** The factor from one step size to the next, given error / tolerance; an accepted step is never followed by a shorter one. */
export function stepFactor(ratio: number, order: number): number {
  if (!Number.isFinite(ratio)) return largestShrinkage;
  const ideal = ratio === 0 ? largestGrowth : safety * ratio ** (-1 / order);
  return Math.min(largestGrowth, Math.max(ratio <= 1 ? 1 : largestShrinkage, ideal));
}

/** Shortens a step to what remains, and splits the rest evenly when one more step would be left with a sliver. */
export function fitStep(size: number, remaining: number): number {
  return size >= remaining ? remaining : Math.min(size, remaining / 2);
}
