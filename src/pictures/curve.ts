// curve: quality against work on logarithmic axes: evaluations on the left, seconds on the right, a line for each method.
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
  readonly slicedWasserstein: number;
  readonly standardError: number;
  readonly distanceToReference: number;
}

type Quality = "slicedWasserstein" | "distanceToReference";
type Work = "evaluations" | "seconds";

const qualities: Readonly<Record<Quality, string>> = {
  slicedWasserstein: "sliced Wasserstein",
  distanceToReference: "distance to the reference",
};
const works: Readonly<Record<Work, string>> = {
  evaluations: "velocity evaluations of the chain, per sample",
  seconds: "seconds of 1000 samples",
};

/** Four panels; `floor` is drawn as a line through the sliced Wasserstein distances. What is 0 has no place on these axes. */
export function curveFigure(values: readonly CurveValue[], floor?: number): Figure {
  const series = [...new Set(values.map((value) => value.series))];
  const colorOf = (name: string) => categories[series.indexOf(name) % categories.length] ?? palette.ink;
  const panels = (["slicedWasserstein", "distanceToReference"] as const).flatMap((quality) =>
    (["evaluations", "seconds"] as const).map((work) => curvePanel(values, series, colorOf, quality, work, floor)),
  );
  return {
    title: "Quality of samples against the work they take",
    subtitle: `whiskers: two standard errors on each side${floor === undefined ? "" : "; grey line: the floor"}`,
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
  floor: number | undefined,
): Panel {
  const shown = values.filter((value) => value[work] > 0 && value[quality] > 0);
  const floors = quality === "slicedWasserstein" && floor !== undefined && floor > 0 ? [floor] : [];
  const x = logRange(shown.map((value) => value[work]));
  const y = logRange([...shown.map((value) => value[quality]), ...floors]);
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
    y: { domain: y, scale: "log", label: qualities[quality] },
    marks: [...floorLine, ...whiskers, ...marks],
  };
}

/** Two standard errors on each side, as far as a logarithmic axis shows them. */
function whisker(value: CurveValue, quality: Quality, work: Work, [low]: Range, color: string): readonly Mark[] {
  const reach = 2 * value.standardError;
  if (quality !== "slicedWasserstein" || !(reach > 0)) return [];
  const { slicedWasserstein: middle, [work]: at } = value;
  return [
    { kind: "line", x: [at, at], y: [Math.max(low, middle - reach), middle + reach], color, width: 1, opacity: 0.5 },
  ];
}

/** A positive range about positive values, whatever they are. */
function logRange(values: readonly number[]): Range {
  const [low, high] = rangeOf(values.map(Math.log), 0.08);
  return [Math.exp(low), Math.exp(high)];
}
