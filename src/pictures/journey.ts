// journey: what the blocks do to points: the pool after each block beside its target, and the paths from data to noise.
import { hexOf, palette, viridis } from "./color.ts";
import { columnOf, type Figure, type Mark, middleRange, type Panel, type Range } from "./figure.ts";

/** Points [n · 2] after 0, 1, … N blocks, and what the diffusion itself makes of the data in the same time. */
export interface BlocksInput {
  readonly axes: readonly [x: string, y: string];
  readonly stages: readonly {
    readonly learnt: ArrayLike<number>;
    readonly exact: ArrayLike<number>;
    readonly name: string;
  }[];
}

/** One column of panels for each stage: above the learnt pools p_n, below the exact marginals. All on the same axes. */
export function blocksFigure({ axes, stages }: BlocksInput): Figure {
  const ranges = sharedRanges(stages.flatMap(({ learnt, exact }) => [learnt, exact]));
  const size = Math.max(110, Math.min(220, Math.round(1000 / Math.max(1, stages.length))));
  const rows = [
    { name: "learnt", color: palette.samples, of: (k: number) => stages[k]!.learnt },
    { name: "exact", color: palette.data, of: (k: number) => stages[k]!.exact },
  ];
  const panels = rows.flatMap(({ color, of }, row) =>
    stages.map(({ name }, k): Panel => {
      const points = of(k);
      const bottom = row === rows.length - 1;
      return {
        ...(row === 0 && { title: name }),
        x: { domain: ranges.x, ...(bottom ? { label: axes[0] } : { ticks: "grid" as const }) },
        y: { domain: ranges.y, ...(k === 0 ? { label: axes[1] } : { ticks: "grid" as const }) },
        marks: [{ kind: "points", x: columnOf(points, 2, 0), y: columnOf(points, 2, 1), color }],
        equal: true,
      };
    }),
  );
  return {
    title: "What each block makes of the data",
    legend: [
      { kind: "swatch", color: palette.samples, label: "above: pushed through the learnt blocks" },
      { kind: "swatch", color: palette.data, label: "below: the exact diffusion of the data at the same time" },
    ],
    columns: Math.max(1, stages.length),
    panelWidth: size,
    panelHeight: size,
    panels,
  };
}

/** States [n · 2] of the same points at successive times; `ends` are the indices of states where a block ends. */
export interface TrajectoriesInput {
  readonly axes: readonly [x: string, y: string];
  readonly states: readonly ArrayLike<number>[];
  readonly ends: readonly number[];
}

/** Each point's path from data (filled dot) to noise (open end), coloured by where it starts along the first axis. */
export function trajectoriesFigure({ axes, states, ends }: TrajectoriesInput): Figure {
  const ranges = sharedRanges(states);
  const count = (states[0]?.length ?? 0) / 2;
  const colors = startColors(columnOf(states[0] ?? [], 2, 0));
  const lines = Array.from({ length: count }, (_, row): Mark => {
    const path = (axis: number) => states.map((state) => state[2 * row + axis]!);
    return { kind: "line", x: path(0), y: path(1), color: colors[row]!, width: 1, opacity: 0.55 };
  });
  const dotsAt = (state: ArrayLike<number>, radius: number): readonly Mark[] =>
    colors.map((color, row) => ({
      kind: "points",
      x: [state[2 * row]!],
      y: [state[2 * row + 1]!],
      color,
      radius,
      opacity: 0.95,
    }));
  const panel = (title: string, marks: readonly Mark[], k: number): Panel => ({
    title,
    x: { domain: ranges.x, label: axes[0] },
    y: { domain: ranges.y, ...(k === 0 ? { label: axes[1] } : { ticks: "grid" as const }) },
    marks,
    equal: true,
  });
  const last = states[states.length - 1] ?? [];
  return {
    title: `Paths from data to noise through ${ends.length} ${ends.length === 1 ? "block" : "blocks"}`,
    subtitle: `${count} points, coloured by where they start along ${axes[0]}`,
    columns: 3,
    panelWidth: 270,
    panelHeight: 270,
    panels: [
      panel("data", dotsAt(states[0] ?? [], 2.4), 0),
      panel("paths", [...lines, ...dotsAt(states[0] ?? [], 1.6)], 1),
      panel("noise", dotsAt(last, 2.4), 2),
    ],
  };
}

/** The colour map over the order of the starting values; its lightest end would not be seen on white. */
function startColors(starts: Float32Array): readonly string[] {
  const order = Array.from(starts.keys()).sort((a, b) => starts[a]! - starts[b]! || a - b);
  const colors = Array<string>(starts.length).fill(palette.ink);
  order.forEach((row, rank) => {
    colors[row] = hexOf(viridis((0.92 * rank) / Math.max(1, starts.length - 1)));
  });
  return colors;
}

function sharedRanges(groups: readonly ArrayLike<number>[]): { readonly x: Range; readonly y: Range } {
  const range = (axis: number) => middleRange(...groups.map((points) => columnOf(points, 2, axis)));
  return { x: range(0), y: range(1) };
}
