// samples: data beside samples: two scatters, or all pairs of several columns.
import { palette } from "./color.ts";
import { columnOf, type Figure, middleRange, type Panel, type Range } from "./figure.ts";
import { binCount, type Histogram, histogram, histogramMarks } from "./histogram.ts";
import { equalDomains } from "./scale.ts";

/** Rows of a table: values [n · columns], row by row. */
export interface Table {
  readonly columns: readonly string[];
  readonly values: ArrayLike<number>;
}

export interface ComparisonInput {
  /** Without data, the samples stand alone. */
  readonly data?: Table;
  readonly samples: Table;
  readonly title?: string;
}

interface Group {
  readonly name: string;
  readonly color: string;
  readonly values: readonly Float32Array[];
}

/** Two columns: the data's points and the samples' side by side, on the same axes. */
export function samplesFigure(input: ComparisonInput): Figure {
  const groups = groupsOf(input);
  const [x = "x", y = "y"] = input.samples.columns;
  const size = 330;
  const shared = equalDomains(sharedRange(groups, 0), sharedRange(groups, 1), size, size);
  const panels = groups.map(({ name, color, values: [across = none, up = none] }, k): Panel => {
    const marks = [{ kind: "points", x: across, y: up, color } as const];
    const title = `${name} (${counted(across.length)})`;
    const vertical = { domain: shared.y, ...(k === 0 ? { label: y } : { ticks: "grid" as const }) };
    return { title, x: { domain: shared.x, label: x }, y: vertical, marks };
  });
  const outside = outsideNote(groups, [shared.x, shared.y]);
  return {
    title: input.title ?? (input.data ? "Data and samples" : "Samples"),
    ...(outside !== undefined && { subtitle: outside }),
    columns: panels.length,
    panelWidth: size,
    panelHeight: size,
    panels,
  };
}

/** Most columns of a pair plot. */
export const mostPairColumns = 8;

/** Every pair of columns: histograms on the diagonal, data below it, samples above it. */
export function pairsFigure(input: ComparisonInput): Figure {
  const groups = groupsOf(input);
  const names = input.samples.columns.slice(0, mostPairColumns);
  const ranges = names.map((_, column) => sharedRange(groups, column));
  const size = Math.max(96, Math.min(240, Math.round(640 / names.length)));
  const panels = names.flatMap((yName, row) =>
    names.map((xName, column): Panel => {
      const x = {
        domain: ranges[column]!,
        ...(row === names.length - 1 ? { label: xName } : { ticks: "grid" as const }),
      };
      const label = column === 0 ? { label: yName } : {};
      if (row === column) return diagonal(groups, row, x, label);
      const shown = row > column ? groups[0]! : groups[groups.length - 1]!;
      const y = { domain: ranges[row]!, ...(column === 0 ? label : { ticks: "grid" as const }) };
      const [across = none, up = none] = [shown.values[column], shown.values[row]];
      return { x, y, marks: [{ kind: "points", x: across, y: up, color: shown.color }] };
    }),
  );
  const outside = outsideNote(groups, ranges);
  const count = groups.map(({ name, values: [first = none] }) => `${counted(first.length)} rows of ${name}`).join(", ");
  const where = input.data ? "data below the diagonal, samples above it; " : "";
  return {
    title: input.title ?? (input.data ? "Pairs of columns: data and samples" : "Pairs of columns"),
    subtitle: [`${where}${count}`, ...(outside === undefined ? [] : [outside])].join("; "),
    legend: groups.map(({ name, color }) => ({ kind: "swatch", color, label: name })),
    columns: names.length,
    panelWidth: size,
    panelHeight: size,
    panels,
  };
}

const none = new Float32Array();

function diagonal(groups: readonly Group[], column: number, x: Panel["x"], label: { readonly label?: string }): Panel {
  const bars = groups.map(({ values, color }) => ({ color, counted: barsOf(values[column] ?? none, x.domain) }));
  const top = Math.max(...bars.flatMap(({ counted }) => counted.heights), 1e-30);
  const marks = bars.flatMap(({ counted, color }) => histogramMarks(counted, color));
  return { x, y: { domain: [0, top * 1.08], ticks: "none", ...label }, marks };
}

const barsOf = (values: Float32Array, range: Range): Histogram => histogram(values, range, binCount(values.length));

function groupsOf({ data, samples }: ComparisonInput): readonly Group[] {
  const group = (name: string, color: string, { columns, values }: Table): Group => ({
    name,
    color,
    values: columns.map((_, column) => columnOf(values, columns.length, column)),
  });
  return [...(data ? [group("data", palette.data, data)] : []), group("samples", palette.samples, samples)];
}

/** Where both groups lie but for their furthest points. */
function sharedRange(groups: readonly Group[], column: number): Range {
  return middleRange(...groups.map(({ values }) => values[column] ?? none));
}

/** Says how many points the axes leave out, where they do. */
function outsideNote(groups: readonly Group[], ranges: readonly Range[]): string | undefined {
  const notes = groups.flatMap(({ name, values }) => {
    const count = values[0]?.length ?? 0;
    let outside = 0;
    for (let row = 0; row < count; row++)
      if (ranges.some(([low, high], column) => !(values[column]![row]! >= low && values[column]![row]! <= high)))
        outside++;
    return outside > 0 ? [`${counted(outside)} of ${counted(count)} ${name}`] : [];
  });
  return notes.length === 0 ? undefined : `outside the axes: ${notes.join(", ")}`;
}

/** 12,000. */
function counted(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}
