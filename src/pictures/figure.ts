// figure: what a picture shows, without a pixel: panels with axes and marks in the data's own units.

/** A range of values, low end first. */
export type Range = readonly [low: number, high: number];

export interface Axis {
  readonly domain: Range;
  readonly label?: string;
  /** Default linear. A log axis has a positive domain. */
  readonly scale?: "linear" | "log";
  /** Numbers at round places (default), grid lines without numbers, nothing, or names at given places. */
  readonly ticks?: "numbers" | "grid" | "none" | readonly { readonly at: number; readonly label: string }[];
}

/** A rectangle of numbers or colours, row 0 at the bottom (low y). */
export interface ImageMark {
  readonly kind: "image";
  readonly x: Range;
  readonly y: Range;
  readonly columns: number;
  readonly rows: number;
  /** [rows · columns · 4], 0 … 255. */
  readonly rgba: Uint8Array;
}

export type Mark =
  /** Dots; size and opacity follow from how many there are, unless given (radius in pixels). */
  | {
      readonly kind: "points";
      readonly x: ArrayLike<number>;
      readonly y: ArrayLike<number>;
      readonly color: string;
      readonly radius?: number;
      readonly opacity?: number;
    }
  | {
      readonly kind: "line";
      readonly x: ArrayLike<number>;
      readonly y: ArrayLike<number>;
      readonly color: string;
      readonly width?: number;
      readonly opacity?: number;
    }
  /** Filled rectangles: those of a histogram, of a bar chart. */
  | {
      readonly kind: "bars";
      readonly bars: readonly { readonly x: Range; readonly y: Range }[];
      readonly color: string;
      readonly opacity?: number;
    }
  | ImageMark
  | {
      readonly kind: "text";
      readonly x: number;
      readonly y: number;
      readonly text: string;
      readonly color?: string;
      readonly anchor?: "start" | "middle" | "end";
      /** Pixels to the right and down from the point. */
      readonly shift?: readonly [right: number, down: number];
    };

export interface Panel {
  readonly title?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly marks: readonly Mark[];
  /** One unit is as long on both axes; the narrower domain is widened for that. */
  readonly equal?: boolean;
}

export type LegendEntry =
  | { readonly kind: "swatch"; readonly color: string; readonly label: string }
  /** A colour map; `colors` from low to high, one for each band. */
  | { readonly kind: "ramp"; readonly colors: readonly string[]; readonly range: Range; readonly label: string };

/** A whole picture: panels in rows of `columns`, all of one size in pixels. */
export interface Figure {
  readonly title: string;
  readonly subtitle?: string;
  readonly legend?: readonly LegendEntry[];
  readonly columns: number;
  readonly panelWidth: number;
  readonly panelHeight: number;
  /** A panel that is missing leaves its place empty. */
  readonly panels: readonly (Panel | undefined)[];
}

/** The range of all finite values, widened by a share of its length on both sides; never empty. */
export function rangeOf(values: Iterable<number>, margin = 0.04): Range {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return [0, 1];
  const room = high > low ? (high - low) * margin : Math.max(Math.abs(low) * 0.1, 0.5);
  return [low - room, high + room];
}

/** How much longer the range of all values may be than that of the middle ones before the outermost are left out. */
const tolerated = 1.6;

/** The range of all values; where a few lie far out, of all but a share of 0.001 at each end. Widened a little. */
export function middleRange(...groups: readonly ArrayLike<number>[]): Range {
  const sorted = groups.filter((group) => group.length > 0).map((group) => Float64Array.from(group).sort());
  const ends = (share: number) =>
    rangeOf(
      sorted.flatMap((values) => {
        const cut = Math.floor(values.length * share);
        return [values[cut]!, values[values.length - 1 - cut]!];
      }),
    );
  const [all, middle] = [ends(0), ends(0.001)];
  return all[1] - all[0] <= tolerated * (middle[1] - middle[0]) ? all : middle;
}

/** Column `column` of rows [n, width]. */
export function columnOf(rows: ArrayLike<number>, width: number, column: number): Float32Array {
  return Float32Array.from({ length: Math.floor(rows.length / width) }, (_, row) => rows[row * width + column]!);
}
