// measures: numbers with their standard errors as bars, the model's beside those of baselines.
import { palette } from "./color.ts";
import { type Figure, type Mark, type Panel, rangeOf } from "./figure.ts";
import { fittingText } from "./font.ts";

export interface MeasuredValue {
  readonly value: number;
  /** NaN where nothing is known of it. */
  readonly standardError?: number;
}

/** One measure: the model's value and those of the baselines by name. */
export interface Measure extends MeasuredValue {
  readonly name: string;
  readonly unit?: string;
  /** Said beside the name. */
  readonly better?: "lower" | "higher";
  readonly baselines?: Readonly<Record<string, MeasuredValue>>;
}

/** One panel for each measure; bars start at 0, whiskers are two standard errors long on each side. */
export function measuresFigure(measures: readonly Measure[], model = "this model"): Figure {
  const most = Math.max(1, ...measures.map(({ baselines = {} }) => 1 + Object.keys(baselines).length));
  return {
    title: "Measures beside baselines",
    subtitle: "whiskers: two standard errors on each side",
    columns: 1,
    panelWidth: 520,
    panelHeight: 24 * most + 12,
    panels: measures.map((measure) => measurePanel(measure, model)),
  };
}

const barHalf = 0.34;
const longestName = 200;

function measurePanel({ name, unit, better, baselines = {}, ...own }: Measure, model: string): Panel {
  const entries = [
    { label: model, ...own },
    ...Object.entries(baselines).map(([label, value]) => ({ label, ...value })),
  ];
  const known = entries.filter(({ value }) => Number.isFinite(value));
  const errorOf = ({ standardError = 0 }: MeasuredValue) => (standardError > 0 ? standardError : 0);
  const reach = (entry: MeasuredValue) => [entry.value - 2 * errorOf(entry), entry.value + 2 * errorOf(entry)];
  const [low, high] = rangeOf([0, ...known.flatMap(reach)], 0);
  const room = (high - low) * 0.2;
  const domain = [low < 0 ? low - room : 0, high > 0 ? high + room : 0] as const;
  const row = (label: string) => -entries.findIndex((entry) => entry.label === label);
  const marks = known.flatMap((entry, k): readonly Mark[] => {
    const y = row(entry.label);
    const color = k === 0 && entry.label === model ? palette.samples : palette.data;
    const x = entry.value < 0 ? ([entry.value, 0] as const) : ([0, entry.value] as const);
    const standardError = errorOf(entry);
    const [from, to] = [entry.value - 2 * standardError, entry.value + 2 * standardError];
    const end = entry.value < 0 ? from : to;
    const label = standardError > 0 ? `${spoken(entry.value)} ± ${spoken(standardError, 2)}` : spoken(entry.value);
    return [
      { kind: "bars", bars: [{ x, y: [y - barHalf, y + barHalf] }], color, opacity: 0.75 },
      ...(standardError > 0 ? whisker(from, to, y) : []),
      {
        kind: "text",
        x: end,
        y,
        text: label,
        anchor: entry.value < 0 ? "end" : "start",
        shift: [entry.value < 0 ? -6 : 6, 4],
      },
    ];
  });
  const zero: Mark = { kind: "line", x: [0, 0], y: [-entries.length, 1], color: palette.muted, width: 1 };
  const ticks = entries.map(({ label }) => ({ at: row(label), label: fittingText(label, 11, longestName) }));
  return {
    title: `${name}${unit === undefined ? "" : ` (${unit})`}${better === undefined ? "" : `, ${better} is better`}`,
    x: { domain },
    y: { domain: [-entries.length + 0.4, 0.6], ticks },
    marks: [...marks, zero],
  };
}

function whisker(from: number, to: number, y: number): readonly Mark[] {
  const line = (x: readonly number[], ends: readonly number[]): Mark => ({
    kind: "line",
    x,
    y: ends,
    color: palette.ink,
    width: 1.2,
  });
  const cap = 0.14;
  return [line([from, to], [y, y]), line([from, from], [y - cap, y + cap]), line([to, to], [y - cap, y + cap])];
}

function spoken(value: number, digits = 4): string {
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}
