// number-format: how a column writes its numbers, found from its texts and given back to new ones.

/** Which mark stands before the decimals; with `thousands` the other one may stand between groups of three digits. */
export interface Notation {
  readonly mark: "." | ",";
  readonly thousands?: true;
}

/** How numbers are written: with `thousands` their groups are parted. */
export type NumberFormat =
  | (Notation & {
      readonly kind: "decimals";
      /** Fewest and most decimals; zeros at the end are written only down to the fewest. */
      readonly least: number;
      readonly most: number;
    })
  | (Notation & { readonly kind: "significant"; readonly digits: number });

const pointNumber = /^[+-]?(?:(?:0|[1-9]\d*)(?:\.(\d*))?|\.(\d+))(e[+-]?\d+)?$/i;
const commaNumber = /^[+-]?(?:0|[1-9]\d*)(?:,(\d+))?$/;
const groupedByCommas = /^[+-]?(?:0|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d*)(?:\.(\d+))?$/;
const groupedByPoints = /^[+-]?(?:0|[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d*)(?:,(\d+))?$/;
const mostDecimals = 15;

function patternOf({ mark, thousands }: Notation): RegExp {
  if (thousands) return mark === "." ? groupedByCommas : groupedByPoints;
  return mark === "." ? pointNumber : commaNumber;
}

/** The value of a text, NaN where it is no number; numbers with leading zeros ("007") are names, not numbers. */
export function parseNumber(text: string, notation: Notation): number {
  if (!patternOf(notation).test(text)) return Number.NaN;
  const whole = notation.thousands ? text.replaceAll(notation.mark === "." ? "," : ".", "") : text;
  return Number(notation.mark === "," ? whole.replace(",", ".") : whole);
}

/** Whether float64 holds the number that a text stands for: of whole ones written out, such as ids, no digit may be lost. */
export function isExact(value: number, text: string, { mark }: Notation): boolean {
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER || !Number.isInteger(value)) return true;
  return text.includes(mark) || /e/i.test(text) || significantDigits(text.replace(/[0.,]+$/, "")) <= mostDecimals;
}

/** The format common to texts that `parseNumber` takes. */
export function numberFormatOf(texts: readonly string[], notation: Notation): NumberFormat {
  const pattern = patternOf(notation);
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  let isPlain = true;
  for (const text of texts) {
    const match = pattern.exec(text);
    const decimals = (match?.[1] ?? match?.[2] ?? "").length;
    least = Math.min(least, decimals);
    most = Math.max(most, decimals);
    if (match?.[3] !== undefined || (text.length > mostDecimals && Math.abs(parseNumber(text, notation)) >= 1e15))
      isPlain = false;
    if (!isPlain || most > mostDecimals) return { kind: "significant", ...notation, digits: mostDigits(texts) };
  }
  return { kind: "decimals", ...notation, least: Number.isFinite(least) ? least : 0, most };
}

function mostDigits(texts: readonly string[]): number {
  let digits = 1;
  for (const text of texts) {
    digits = Math.max(digits, significantDigits(text));
    if (digits >= mostDecimals) return mostDecimals;
  }
  return digits;
}

/** Digits from the first that is not zero on, without an exponent. */
function significantDigits(text: string): number {
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit === 21 || digit === 53) break;
    if (digit >= 0 && digit <= 9 && (digit > 0 || digits > 0)) digits++;
  }
  return digits;
}

/** A finite value as the column writes it; never "-0". */
export function formatNumber(value: number, format: NumberFormat): string {
  let text: string;
  if (format.kind === "significant") text = String(Number(value.toPrecision(format.digits)) || 0);
  else {
    text = value.toFixed(format.most);
    if (format.most > format.least) text = withoutZeros(text, format.most - format.least);
    if (text.startsWith("-") && Number(text) === 0) text = text.slice(1);
  }
  const marked = format.mark === "," ? text.replace(".", ",") : text;
  return format.thousands ? grouped(marked, format.mark) : marked;
}

/** A plain number with its digits before the decimals in groups of three; one with an exponent stays as it is. */
function grouped(text: string, mark: Notation["mark"]): string {
  const [, sign = "", whole = "", rest = ""] = /^(-?)(\d+)([.,]\d+)?$/.exec(text) ?? [];
  if (whole === "") return text;
  return `${sign}${whole.replace(/\B(?=(?:\d{3})+$)/g, mark === "." ? "," : ".")}${rest}`;
}

function withoutZeros(text: string, most: number): string {
  let end = text.length;
  while (end > text.length - most && text[end - 1] === "0") end--;
  return text[end - 1] === "." ? text.slice(0, end - 1) : text.slice(0, end);
}

/** The step of the grid on which values with `decimals` decimals lie: 10^-decimals times the gcd of their distances. */
export function gridStep(values: Float64Array, decimals: number): number {
  const scale = 10 ** decimals;
  const first = Math.round((values[0] ?? 0) * scale);
  let common = 0;
  for (const value of values) {
    const distance = Math.abs(Math.round(value * scale) - first);
    if (distance > Number.MAX_SAFE_INTEGER) return 1 / scale;
    common = greatestDivisor(common, distance);
    if (common === 1) break;
  }
  return Math.max(common, 1) / scale;
}

/** The greatest common divisor of whole numbers; that of 0 and b is b. */
export function greatestDivisor(a: number, b: number): number {
  let [larger, smaller] = [a, b];
  while (smaller > 0) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}
