// marks: the marks of a panel as shapes in pixels, cut at the panel's frame.
import { palette } from "./color.ts";
import type { Rectangle, Shape } from "./drawing.ts";
import type { ImageMark, Mark } from "./figure.ts";
import type { Scale } from "./scale.ts";

export interface Frame {
  readonly toX: Scale;
  readonly toY: Scale;
  readonly box: Rectangle;
}

/** The shapes of all marks, in their order. */
export function marksOf(marks: readonly Mark[], frame: Frame): readonly Shape[] {
  return marks.flatMap((mark) => shapesOf(mark, frame));
}

function shapesOf(mark: Mark, frame: Frame): readonly Shape[] {
  const { toX, toY, box: clip } = frame;
  switch (mark.kind) {
    case "points": {
      const centers = visiblePoints(mark, frame);
      const style = dotStyle(centers.length / 2, clip);
      const { radius = style.radius, opacity = style.opacity, color } = mark;
      return centers.length === 0 ? [] : [{ kind: "dots", centers, radius, color, opacity, clip }];
    }
    case "line": {
      const { color, width = 1.5, opacity = 1 } = mark;
      return finiteRuns(mark, frame).map((points) => ({ kind: "line", points, width, color, opacity, clip }));
    }
    case "bars":
      return mark.bars.map(({ x, y }) => {
        const across = pixels(toX(x[0]), toX(x[1]));
        const down = pixels(toY(y[0]), toY(y[1]));
        const area = { x: across.from, y: down.from, width: across.length, height: down.length };
        return { kind: "rectangle", ...area, color: mark.color, opacity: mark.opacity ?? 1, clip };
      });
    case "image":
      return [imageShape(mark, frame)];
    case "text": {
      const { x, y, text, color = palette.ink, anchor = "middle", shift = [0, 0] } = mark;
      const place = { x: toX(x) + shift[0], y: toY(y) + shift[1] };
      return [{ kind: "text", ...place, text, color, anchor, size: 11, opacity: 1, bold: false, upright: false }];
    }
  }
}

/** Whole pixels where a bar has several, so that neighbours meet without a seam. */
function pixels(one: number, other: number): { readonly from: number; readonly length: number } {
  const [from, to] = [Math.min(one, other), Math.max(one, other)];
  if (to - from < 3) return { from, length: to - from };
  return { from: Math.round(from), length: Math.round(to) - Math.round(from) };
}

/** Small dots for many points: together they cover about a third of the panel, and more of them are fainter. */
function dotStyle(count: number, { width, height }: Rectangle): { readonly radius: number; readonly opacity: number } {
  const share = Math.sqrt((width * height) / Math.max(1, count));
  return { radius: Math.min(2.6, Math.max(0.8, share * 0.2)), opacity: Math.min(0.8, Math.max(0.25, share * 0.08)) };
}

type Curve = { readonly x: ArrayLike<number>; readonly y: ArrayLike<number> };

/** Finite points inside the frame, in pixels. */
function visiblePoints({ x, y }: Curve, { toX, toY, box }: Frame): Float64Array {
  const centers: number[] = [];
  for (let k = 0; k < Math.min(x.length, y.length); k++) {
    const [left, top] = [toX(x[k]!), toY(y[k]!)];
    const isInside = left >= box.x && left <= box.x + box.width && top >= box.y && top <= box.y + box.height;
    if (isInside) centers.push(left, top);
  }
  return Float64Array.from(centers);
}

/** A curve in pixels, cut where it is not finite. */
function finiteRuns({ x, y }: Curve, { toX, toY }: Frame): readonly Float64Array[] {
  const runs: number[][] = [[]];
  for (let k = 0; k < Math.min(x.length, y.length); k++) {
    const [left, top] = [toX(x[k]!), toY(y[k]!)];
    if (Number.isFinite(left) && Number.isFinite(top)) runs[runs.length - 1]!.push(left, top);
    else if (runs[runs.length - 1]!.length > 0) runs.push([]);
  }
  return runs.filter((run) => run.length >= 4).map((run) => Float64Array.from(run));
}

function imageShape({ x, y, columns, rows, rgba }: ImageMark, { toX, toY, box: clip }: Frame): Shape {
  const [left, right, top, bottom] = [toX(x[0]), toX(x[1]), toY(y[1]), toY(y[0])];
  const turned = new Uint8Array(rgba.length);
  for (let row = 0; row < rows; row++)
    turned.set(rgba.subarray(4 * columns * row, 4 * columns * (row + 1)), 4 * columns * (rows - 1 - row));
  return {
    kind: "image",
    x: left,
    y: top,
    width: right - left,
    height: bottom - top,
    columns,
    rows,
    rgba: turned,
    clip,
  };
}
