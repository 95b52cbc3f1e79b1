// ranges: what numbers may be, for options that are typed and for those that programs give.

/** Bounds of a number. */
export interface Range {
  readonly above?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly below?: number;
}

/** Whether a number is in the range. */
export function isInside(value: number, { above, atLeast, atMost, below }: Range): boolean {
  return (
    (above === undefined || value > above) &&
    (atLeast === undefined || value >= atLeast) &&
    (atMost === undefined || value <= atMost) &&
    (below === undefined || value < below)
  );
}

/** `a whole number at least 1 and at most 1000`, for what the number is called. */
export function spokenRange(noun: string, { above, atLeast, atMost, below }: Range): string {
  const bounds = [
    above === undefined ? [] : [`above ${above}`],
    atLeast === undefined ? [] : [`at least ${atLeast}`],
    atMost === undefined ? [] : [`at most ${atMost}`],
    below === undefined ? [] : [`below ${below}`],
  ].flat();
  return bounds.length === 0 ? noun : `${noun} ${bounds.join(" and ")}`;
}
