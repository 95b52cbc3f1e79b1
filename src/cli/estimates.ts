// estimates: measured numbers with their standard errors, as terminals show them.
import { errorBeyondRounding } from "../measure/estimate.ts";

/** As many decimals as show two digits of the standard error, at most 8; four where nothing is known of it, or it is but rounding. */
export function withDigits({
  value,
  standardError,
}: {
  readonly value: number;
  readonly standardError: number | null;
}): string {
  if (standardError === null || Number.isNaN(standardError)) return value.toFixed(4);
  const error = errorBeyondRounding({ value, standardError });
  const known = Number.isFinite(error) && error > 0;
  const decimals = known ? Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(error)))) : 4;
  return `${value.toFixed(decimals)} ± ${error.toFixed(decimals)}`;
}
