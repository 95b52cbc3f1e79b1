// control: how long the next step of a row is. Scalars only; step.ts computes what they follow from.

/** Safety and the limits of growth and shrinkage from one step to the next (Hairer, Norsett, Wanner, II.4). */
const safety = 0.9;
const largestGrowth = 10;
const largestShrinkage = 0.2;

/** The size of a row's first step from its slope and curvature norms (Hairer's algorithm, steps e and f). */
export function firstStepSize(guess: number, slope: number, curvature: number, order: number): number {
  const steepest = Math.max(slope, curvature);
  const refined = steepest <= 1e-15 ? Math.max(1e-6, guess * 1e-3) : (0.01 / steepest) ** (1 / order);
  return Math.min(100 * guess, refined);
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
