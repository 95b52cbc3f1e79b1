// statistics: the arithmetic of the reports: medians, geometric means, straight lines and how far points lie from them.

/** The middle value, or the mean of the two middle ones; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const high = sorted[sorted.length >> 1] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[(sorted.length >> 1) - 1] ?? Number.NaN) + high) / 2;
}

/** What ratios have in common: the n-th root of their product; NaN of nothing. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((total, value) => total + Math.log(value), 0) / values.length);
}

/** The quotients of two series, pair by pair. */
export function quotients(above: readonly number[], below: readonly number[]): readonly number[] {
  return above.slice(0, below.length).map((value, pair) => value / (below[pair] ?? Number.NaN));
}

/** y ≈ intercept + slope · x. */
export interface Line {
  readonly slope: number;
  readonly intercept: number;
  /** The largest |y - line| as a share of the largest |y|. */
  readonly worstResidual: number;
}

/** The line of least squares through at least two different x. */
export function linearFit(x: readonly number[], y: readonly number[]): Line {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [middleX, middleY] = [mean(x), mean(y)];
  const along = x.reduce((total, value) => total + (value - middleX) ** 2, 0);
  const across = x.reduce((total, value, k) => total + (value - middleX) * ((y[k] ?? Number.NaN) - middleY), 0);
  const slope = across / along;
  const intercept = middleY - slope * middleX;
  const residuals = x.map((value, k) => Math.abs((y[k] ?? Number.NaN) - intercept - slope * value));
  return { slope, intercept, worstResidual: Math.max(...residuals) / Math.max(...y.map(Math.abs)) };
}
