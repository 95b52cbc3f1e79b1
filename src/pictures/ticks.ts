// ticks: round numbers on an axis, written with as many digits as tell them apart.
import type { Range } from "./figure.ts";

export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** Multiples of 1, 2 or 5 times a power of ten inside the domain, about `count` of them. */
export function linearTicks([low, high]: Range, count: number): readonly Tick[] {
  const step = roundStep((high - low) / Math.max(1, count));
  if (!(step > 0 && Number.isFinite(step))) return [{ at: low, label: numberText(low, Math.abs(low) || 1) }];
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => {
    const at = multipleOf(step, first + k);
    return { at, label: numberText(at, step) };
  });
}

/** Powers of ten inside the domain; with few of them also 2 and 5 times the powers; inside one decade as on a line. */
export function logTicks(domain: Range, count: number): readonly Tick[] {
  const [low, high] = domain.map(Math.log10) as [number, number];
  const [first, last] = [Math.ceil(low - 1e-9), Math.floor(high + 1e-9)];
  const factors = high - low <= 0.8 * count ? [1, 2, 5] : [1];
  const every = factors.length > 1 ? 1 : Math.max(1, Math.ceil((last - first) / Math.max(1, count)));
  const ticks: Tick[] = [];
  for (let power = factors.length > 1 ? first - 1 : first; power <= last; power += every)
    for (const factor of factors) {
      const at = Number(`${factor}e${power}`);
      if (at >= domain[0] * (1 - 1e-9) && at <= domain[1] * (1 + 1e-9)) ticks.push({ at, label: numberText(at, at) });
    }
  return ticks.length >= 2 ? ticks : linearTicks(domain, count);
}

/** The nearest to `rough`, by ratio, of 1, 2 and 5 times a power of ten. */
export function roundStep(rough: number): number {
  if (!(rough > 0 && Number.isFinite(rough))) return Number.NaN;
  const power = Math.floor(Math.log10(rough));
  const scaled = rough / Number(`1e${power}`);
  const factor = scaled < Math.SQRT2 ? 1 : scaled < Math.sqrt(10) ? 2 : scaled < Math.sqrt(50) ? 5 : 10;
  return Number(`${factor}e${power}`);
}

/** `step` times `times` without the noise of binary fractions: 3 · 0.1 is 0.3. */
function multipleOf(step: number, times: number): number {
  const [digits = "1", power = "0"] = step.toExponential().split("e");
  return Number(`${Number(digits) * times}e${power}`);
}

/** A number as precise as `step`: 0.30, 15,000, 2e−7; the minus sign is a real one. */
export function numberText(value: number, step: number): string {
  const size = Math.max(Math.abs(value), Math.abs(step));
  if (value === 0) return "0";
  if (size >= 1e6 || Math.abs(step) < 1e-6) {
    const digits = Math.floor(Math.log10(size)) - Math.floor(Math.log10(Math.abs(step)) + 1e-9) + 1;
    const rounded = Number(value.toPrecision(Math.min(15, Math.max(1, digits))));
    return rounded.toExponential().replace("e+", "e").replaceAll("-", "−");
  }
  const decimals = Math.min(8, Math.max(0, -Math.floor(Math.log10(Math.abs(step)) + 1e-9)));
  const [whole = "0", fraction] = Math.abs(value).toFixed(decimals).split(".");
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, ",") : whole;
  const text = fraction === undefined ? grouped : `${grouped}.${fraction}`;
  return value < 0 && Number(text.replaceAll(",", "")) !== 0 ? `−${text}` : text;
}
