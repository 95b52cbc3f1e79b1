// curve: quality against work, mostly on logarithmic axes: evaluations on the left, seconds on the right, a line for each method.
import { categories, palette } from "./color.ts";
import { type Figure, type Mark, type Panel, type Range, rangeOf } from "./figure.ts";

/** One method at one effort. */
export interface CurveValue {
  /** Points of one series are joined by a line. */
  readonly series: string;
  /** Velocity evaluations per sample. */
  readonly evaluations: number;
  /** Seconds of 1000 samples. */
  readonly seconds: number;
  readonly quality: number;
  readonly standardError: number;
  readonly distanceToReference: number;
}

/** What the quality is, of which less is better. */
export interface CurveQuality {
  readonly name: string;
  /** What real data get; it is drawn as a line. */
  readonly floor?: number | undefined;
  /** Default log, on which what is 0 has no place. */
  readonly scale?: "linear" | "log";
}

type Quality = "quality" | "distanceToReference";
type Work = "evaluations" | "seconds";

const distance: CurveQuality = { name: "distance to the reference" };
const works: Readonly<Record<Work, string>> = {
  evaluations: "velocity evaluations of the chain, per sample",
  seconds: "seconds of 1000 samples",
};

/** Four panels: the quality and the distance to the reference, each against both kinds of work. */
export function curveFigure(values: readonly CurveValue[], quality: CurveQuality): Figure {
  const series = [...new Set(values.map((value) => value.series))];
  const colorOf = (name: string) => categories[series.indexOf(name) % categories.length] ?? palette.ink;
  const panels = (["quality", "distanceToReference"] as const).flatMap((shown) =>
    (["evaluations", "seconds"] as const).map((work) =>
      curvePanel(values, series, colorOf, shown, work, shown === "quality" ? quality : distance),
    ),
  );
  return {
    title: "Quality of samples against the work they take",
    subtitle: `whiskers: two standard errors on each side${quality.floor === undefined ? "" : "; grey line: the floor"}`,
    legend: series.map((label) => ({ kind: "swatch", color: colorOf(label), label })),
    columns: 2,
    panelWidth: 400,
    panelHeight: 250,
    panels,
  };
}

function curvePanel(
  values: readonly CurveValue[],
  series: readonly string[],
  colorOf: (name: string) => string,
  quality: Quality,
  work: Work,
  { name, floor, scale = "log" }: CurveQuality,
): Panel {
  const hasPlace = (value: number) => scale === "linear" || value > 0;
  const shown = values.filter((value) => value[work] > 0 && hasPlace(value[quality]));
  const floors = floor !== undefined && hasPlace(floor) ? [floor] : [];
  const x = logRange(shown.map((value) => value[work]));
  const inside = [...shown.map((value) => value[quality]), ...floors];
  const y = scale === "log" ? logRange(inside) : rangeOf(inside, 0.08);
  const marks = series.flatMap((name): readonly Mark[] => {
    const own = shown.filter((value) => value.series === name).sort((a, b) => a.evaluations - b.evaluations);
    const line = { x: own.map((value) => value[work]), y: own.map((value) => value[quality]), color: colorOf(name) };
    return [
      { kind: "line", ...line, width: 1.4, opacity: 0.8 },
      { kind: "points", ...line, radius: 3, opacity: 1 },
    ];
  });
  const whiskers = shown.flatMap((value) => whisker(value, quality, work, y, colorOf(value.series)));
  const floorLine = floors.map((at): Mark => ({ kind: "line", x, y: [at, at], color: palette.muted, width: 1.2 }));
  return {
    x: { domain: x, scale: "log", label: works[work] },
    y: { domain: y, scale, label: name },
    marks: [...floorLine, ...whiskers, ...marks],
  };
}

/** Two standard errors on each side, as far as the axis shows them. */
function whisker(value: CurveValue, quality: Quality, work: Work, [low, high]: Range, color: string): readonly Mark[] {
  const reach = 2 * value.standardError;
  if (quality !== "quality" || !(reach > 0)) return [];
  const { quality: middle, [work]: at } = value;
  return [
    {
      kind: "line",
      x: [at, at],
      y: [Math.max(low, middle - reach), Math.min(high, middle + reach)],
      color,
      width: 1,
      opacity: 0.5,
    },
  ];
}

/** A positive range about positive values, whatever they are. */
function logRange(values: readonly number[]): Range {
  const [low, high] = rangeOf(values.map(Math.log), 0.08);
  return [Math.exp(low), Math.exp(high)];
}
