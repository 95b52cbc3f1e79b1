// training: how the loss of each block fell.
import { categories, palette } from "./color.ts";
import { type Figure, type LegendEntry, type Mark, rangeOf } from "./figure.ts";

/** Mean losses of successive stretches of iterations of one block. */
export interface LossHistory {
  readonly block: number;
  /** The last iteration of each stretch, counted from 1 within the block. */
  readonly iterations: readonly number[];
  readonly losses: readonly number[];
  /** Loss of held-out rows at the end of each stretch; NaN where it is not known. */
  readonly heldOut?: readonly number[];
  /** What stands over the curve instead of the block's number. */
  readonly name?: string;
}

/** The losses of all blocks one after another, on a logarithmic axis, with the held-out losses where they are known. */
export function lossFigure(histories: readonly LossHistory[]): Figure {
  const shown = histories.filter(({ iterations }) => iterations.length > 0);
  const lengths = shown.map(({ iterations }) => iterations[iterations.length - 1]!);
  const starts = lengths.map((_, k) => lengths.slice(0, k).reduce((a, b) => a + b, 0));
  const total = Math.max(
    1,
    lengths.reduce((a, b) => a + b, 0),
  );
  const positive = shown
    .flatMap(({ losses, heldOut = [] }) => [...losses, ...heldOut].filter((loss) => loss > 0))
    .map(Math.log);
  const [low, high] = rangeOf(positive, 0.08).map(Math.exp) as [number, number];
  const marks = shown.flatMap((history, k): readonly Mark[] => {
    const start = starts[k]!;
    const edge: Mark = { kind: "line", x: [start, start], y: [low, high], color: palette.frame, width: 1 };
    const name: Mark = {
      kind: "text",
      x: start + lengths[k]! / 2,
      y: high,
      text: history.name ?? String(history.block),
      shift: [0, 14],
      color: palette.muted,
    };
    return [...(k > 0 ? [edge] : []), ...curvesOf(history, start, categories[k % 2 === 0 ? 0 : 1]), name];
  });
  return {
    title: "Training loss of each block",
    subtitle: shown.some(({ name }) => name)
      ? "one network for all blocks"
      : "numbers at the top: blocks, whose losses have floors of their own; thick lines are smoothed",
    ...(shown.some(({ heldOut }) => heldOut) && { legend: legendOf(shown.length) }),
    columns: 1,
    panelWidth: 640,
    panelHeight: 240,
    panels: [
      {
        x: { domain: [0, total], label: "iteration, all blocks in a row" },
        y: { domain: [low, high], scale: "log", label: "loss" },
        marks,
      },
    ],
  };
}

/** A block's losses from where it starts on the axis: as they are, smoothed, and of held-out rows. */
function curvesOf({ iterations, losses, heldOut }: LossHistory, start: number, color: string): readonly Mark[] {
  const x = iterations.map((iteration) => start + iteration);
  const isShort = iterations.length === 1;
  return [
    { kind: "line", x, y: losses, color, width: 1, opacity: 0.35 },
    isShort
      ? { kind: "line", x: [start, ...x], y: [losses[0]!, ...losses], color, width: 1.8 }
      : { kind: "line", x, y: smoothed(losses), color, width: 1.8 },
    ...(heldOut ? [heldOutLine(x, heldOut)] : []),
  ];
}

function legendOf(curves: number): readonly LegendEntry[] {
  const training = curves === 1 ? ["training"] : ["training, odd blocks", "training, even blocks"];
  return [...training, "held out"].map((label, k) => {
    const color = label === "held out" ? categories[2] : categories[k === 0 ? 0 : 1];
    return { kind: "swatch", color, label };
  });
}

function heldOutLine(x: readonly number[], heldOut: readonly number[]): Mark {
  const known = [...heldOut.keys()].filter((k) => Number.isFinite(heldOut[k]));
  return {
    kind: "line",
    x: known.map((k) => x[k]!),
    y: known.map((k) => heldOut[k]!),
    color: categories[2],
    width: 1.4,
  };
}

/** Mean of a window that reaches as far back as forward. */
function smoothed(values: readonly number[]): readonly number[] {
  const reach = Math.floor(values.length / 40);
  return values.map((_, k) => {
    const half = Math.min(reach, k, values.length - 1 - k);
    const window = values.slice(k - half, k + half + 1);
    return window.reduce((a, b) => a + b, 0) / window.length;
  });
}
