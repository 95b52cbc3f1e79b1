// drawing: a figure in pixels: a list of plain shapes, from bottom to top. Both renderers paint exactly this list.

/** Left, top, width and height in pixels; y points down. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Painted {
  readonly color: string;
  /** 0 … 1. */
  readonly opacity: number;
  /** Nothing is painted outside. */
  readonly clip?: Rectangle;
}

export interface RectangleShape extends Painted, Rectangle {
  readonly kind: "rectangle";
}

/** A polyline with round ends and corners. `points` is x, y, x, y, … */
export interface LineShape extends Painted {
  readonly kind: "line";
  readonly points: Float64Array;
  readonly width: number;
}

/** Discs of one size. `centers` is x, y, x, y, … */
export interface DotsShape extends Painted {
  readonly kind: "dots";
  readonly centers: Float64Array;
  readonly radius: number;
}

/** Pixels [rows · columns · 4] stretched over a rectangle, row 0 on top. */
export interface ImageShape extends Rectangle {
  readonly kind: "image";
  readonly columns: number;
  readonly rows: number;
  readonly rgba: Uint8Array;
  readonly clip?: Rectangle;
}

export interface TextShape extends Painted {
  readonly kind: "text";
  /** The anchor on the baseline. */
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly size: number;
  readonly bold: boolean;
  readonly anchor: "start" | "middle" | "end";
  /** Turned by a quarter to the left: read from bottom to top. */
  readonly upright: boolean;
}

export type Shape = RectangleShape | LineShape | DotsShape | ImageShape | TextShape;

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly background: string;
  /** What the picture is called by readers that cannot see it. */
  readonly name: string;
  readonly shapes: readonly Shape[];
}
