// regions: confidence regions of the noise, carried back to the data: curves that hold a known share of the model's samples.
import { hexOf, palette, viridis } from "./color.ts";
import { columnOf, type Figure, type Mark, middleRange } from "./figure.ts";

export interface RegionsInput {
  readonly axes: readonly [x: string, y: string];
  /** Closed curves [n · 2], each around `share` of the model's probability; the largest share first. */
  readonly curves: readonly { readonly share: number; readonly points: ArrayLike<number> }[];
  /** Points [n · 2] below the curves. */
  readonly data?: ArrayLike<number>;
}

/** The curves over the data. */
export function regionsFigure({ axes, curves, data }: RegionsInput): Figure {
  const shown = [...curves.map(({ points }) => points), ...(data ? [data] : [])];
  const range = (axis: number) => middleRange(...shown.map((points) => columnOf(points, 2, axis)));
  const color = (k: number) => hexOf(viridis(k / Math.max(1, curves.length)));
  const dots: readonly Mark[] = data
    ? [{ kind: "points", x: columnOf(data, 2, 0), y: columnOf(data, 2, 1), color: palette.data, opacity: 0.25 }]
    : [];
  const lines = curves.map(
    ({ points }, k): Mark => ({
      kind: "line",
      x: columnOf(points, 2, 0),
      y: columnOf(points, 2, 1),
      color: color(k),
      width: 1.2,
    }),
  );
  return {
    title: "Confidence regions",
    subtitle: "circles around the noise, carried through the inverse chain",
    legend: curves.map(({ share }, k) => ({
      kind: "swatch",
      color: color(k),
      label: `${Number((100 * share).toPrecision(3))} %`,
    })),
    columns: 1,
    panelWidth: 520,
    panelHeight: 520,
    panels: [
      {
        x: { domain: range(0), label: axes[0] },
        y: { domain: range(1), label: axes[1] },
        marks: [...dots, ...lines],
        equal: true,
      },
    ],
  };
}
