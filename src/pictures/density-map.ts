// density-map: the log-density over two columns, in bands like the heights of a map.
import { hexOf, rgbOf, viridis } from "./color.ts";
import type { Figure, ImageMark, Mark, Range } from "./figure.ts";

/** Log-densities [rows · columns] at the middles of the cells of a grid, row 0 at the low end of y. */
export interface DensityGrid {
  readonly x: Range;
  readonly y: Range;
  readonly columns: number;
  readonly rows: number;
  readonly logDensity: ArrayLike<number>;
}

export interface DensityInput {
  readonly axes: readonly [x: string, y: string];
  readonly grid: DensityGrid;
  /** Points [n · 2] to draw over the map. */
  readonly points?: ArrayLike<number>;
}

/** Bands, and how far below the highest value the lowest one starts, in nats: what lies deeper has the darkest colour. */
const bandCount = 14;
const deepest = 14;

/** Cells are interpolated to about so many pixels along x. */
const pixelsAcross = 900;

/** The map with its colours explained. */
export function densityFigure({ axes: [x, y], grid, points }: DensityInput): Figure {
  const top = highest(grid.logDensity);
  const range: Range = [Math.ceil(top) - deepest, Math.ceil(top)];
  const colors = Array.from({ length: bandCount }, (_, band) => hexOf(viridis(band / (bandCount - 1))));
  const marks: readonly Mark[] = [bandImage(grid, range, colors), ...(points === undefined ? [] : [dots(points)])];
  const ratio = (grid.y[1] - grid.y[0]) / (grid.x[1] - grid.x[0]);
  const fits = ratio > 0.4 && ratio < 2.5;
  return {
    title: "Log-density of the model",
    ...(points !== undefined && { subtitle: `white dots: ${points.length / 2} rows of the data` }),
    legend: [{ kind: "ramp", colors, range, label: "log p (nats)" }],
    columns: 1,
    panelWidth: 460,
    panelHeight: fits ? Math.round(460 * ratio) : 460,
    panels: [{ x: { domain: grid.x, label: x }, y: { domain: grid.y, label: y }, marks }],
  };
}

function dots(points: ArrayLike<number>): Mark {
  const axis = (k: number) => Array.from({ length: points.length / 2 }, (_, row) => points[2 * row + k]!);
  return { kind: "points", x: axis(0), y: axis(1), color: "#ffffff", radius: 1, opacity: 0.55 };
}

function highest(values: ArrayLike<number>): number {
  let top = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < values.length; k++) if (values[k]! > top && Number.isFinite(values[k]!)) top = values[k]!;
  return Number.isFinite(top) ? top : 0;
}

function bandImage(grid: DensityGrid, [low, high]: Range, colors: readonly string[]): ImageMark {
  const refinement = Math.max(1, Math.round(pixelsAcross / grid.columns));
  const [columns, rows] = [grid.columns * refinement, grid.rows * refinement];
  const inks = colors.map(rgbOf);
  const rgba = new Uint8Array(4 * columns * rows);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const value = interpolated(grid, (column + 0.5) / refinement - 0.5, (row + 0.5) / refinement - 0.5, low);
      const band = Math.min(inks.length - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * inks.length)));
      const [at, [red, green, blue]] = [4 * (row * columns + column), inks[band]!];
      rgba[at] = red;
      rgba[at + 1] = green;
      rgba[at + 2] = blue;
      rgba[at + 3] = 255;
    }
  return { kind: "image", x: grid.x, y: grid.y, columns, rows, rgba };
}

/** Between the four cells around a place, values below `floor` counted as `floor`. */
function interpolated({ columns, rows, logDensity }: DensityGrid, x: number, y: number, floor: number): number {
  const left = Math.min(columns - 1, Math.max(0, Math.floor(x)));
  const below = Math.min(rows - 1, Math.max(0, Math.floor(y)));
  const [right, above] = [Math.min(columns - 1, left + 1), Math.min(rows - 1, below + 1)];
  const [a, b] = [Math.min(1, Math.max(0, x - left)), Math.min(1, Math.max(0, y - below))];
  const at = (column: number, row: number) => {
    const value = logDensity[row * columns + column]!;
    return Number.isNaN(value) ? floor : Math.max(floor, value);
  };
  return (
    (1 - b) * ((1 - a) * at(left, below) + a * at(right, below)) +
    b * ((1 - a) * at(left, above) + a * at(right, above))
  );
}
