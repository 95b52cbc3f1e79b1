// scale: from the units of an axis to pixels.
import { failure } from "../errors.ts";
import type { Axis, Range } from "./figure.ts";
import { linearTicks, logTicks, type Tick } from "./ticks.ts";

/** The place of a value in pixels. */
export type Scale = (value: number) => number;

/** A scale over an axis's domain. Throws code `option` for a domain that is empty, not finite, or not positive on a log axis. */
export function scaleOf({ domain: [low, high], scale = "linear", label }: Axis, [from, to]: Range): Scale {
  if (!(low < high && Number.isFinite(high - low)) || (scale === "log" && !(low > 0)))
    throw failure("option", {
      where: label === undefined ? "axis" : `axis ${label}`,
      expected: scale === "log" ? "a positive domain, low end first" : "a finite domain, low end first",
      received: `[${low}, ${high}]`,
    });
  if (scale === "linear") return (value) => from + ((value - low) / (high - low)) * (to - from);
  const [logLow, logHigh] = [Math.log(low), Math.log(high)];
  return (value) => from + ((Math.log(value) - logLow) / (logHigh - logLow)) * (to - from);
}

/** The places on an axis that get a grid line, with their labels (empty where none is to be written). */
export function ticksOf({ domain, scale = "linear", ticks = "numbers" }: Axis, count: number): readonly Tick[] {
  if (ticks === "none") return [];
  if (typeof ticks !== "string") return ticks;
  const places = scale === "log" ? logTicks(domain, count) : linearTicks(domain, count);
  return ticks === "numbers" ? places : places.map(({ at }) => ({ at, label: "" }));
}

/** Domains of equal scale: the one with more pixels per unit is widened about its middle until both have the same. */
export function equalDomains(
  x: Range,
  y: Range,
  width: number,
  height: number,
): { readonly x: Range; readonly y: Range } {
  const unit = Math.max((x[1] - x[0]) / width, (y[1] - y[0]) / height);
  const about = ([low, high]: Range, pixels: number): Range => {
    const [middle, half] = [(low + high) / 2, (unit * pixels) / 2];
    return [middle - half, middle + half];
  };
  return { x: about(x, width), y: about(y, height) };
}
