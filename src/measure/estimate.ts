// estimate: a measured number with its standard error.

/** A number and the standard deviation it would show if everything random behind it were drawn anew. */
export interface Estimate {
  readonly value: number;
  readonly standardError: number;
}

/** What sums of numbers about 1 leave by rounding. */
export const rounding = 1e-12;

/** A standard error, 0 where it is but the rounding of its value. */
export function errorBeyondRounding({ value, standardError }: Estimate): number {
  return Math.abs(standardError) <= rounding * Math.max(1, Math.abs(value)) ? 0 : standardError;
}

/** The mean of independent values with its standard error. One value alone has the error NaN: nothing is known of it. */
export function meanOf(values: ArrayLike<number>): Estimate {
  const { mean, variance } = spread(values);
  return { value: mean, standardError: Math.sqrt(variance / values.length) };
}

/** Mean and variance (divisor: count - 1). */
export function spread(values: ArrayLike<number>): { readonly mean: number; readonly variance: number } {
  let mean = 0;
  for (let i = 0; i < values.length; i++) mean += (values[i] ?? 0) / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += ((values[i] ?? 0) - mean) ** 2;
  return { mean, variance: squares / (values.length - 1) };
}
