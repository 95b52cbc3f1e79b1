// estimates: measured numbers with their standard errors, as terminals show them.

/** As many decimals as show two digits of the standard error, at most 8; four where nothing is known of it. */
export function withDigits({
  value,
  standardError,
}: {
  readonly value: number;
  readonly standardError: number | null;
}): string {
  if (standardError === null || Number.isNaN(standardError)) return value.toFixed(4);
  const known = Number.isFinite(standardError) && standardError > 0;
  const decimals = known ? Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(standardError)))) : 4;
  return `${value.toFixed(decimals)} ± ${standardError.toFixed(decimals)}`;
}
