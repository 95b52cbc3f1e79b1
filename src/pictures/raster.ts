// raster: paints shapes into pixels, with soft edges. The same numbers everywhere: plain arithmetic and square roots only.
import { type Rgb, rgbOf } from "./color.ts";
import type { DotsShape, ImageShape, LineShape, Rectangle, Shape, TextShape } from "./drawing.ts";
import { charactersOf, glyphOf, textWidth } from "./font.ts";

/** Pixels [height · width · 4], top row first, straight alpha. `scale` is pixels of the canvas per pixel of the drawing. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  readonly rgba: Uint8ClampedArray;
}

/** A transparent canvas over `width` x `height` pixels of a drawing. */
export function createCanvas(width: number, height: number, scale: number): Canvas {
  const [across, down] = [Math.ceil(width * scale), Math.ceil(height * scale)];
  return { width: across, height: down, scale, rgba: new Uint8ClampedArray(4 * across * down) };
}

/** Paints one shape; `origin` is the place of the canvas's corner in the drawing. */
export function paint(canvas: Canvas, shape: Shape, origin = { x: 0, y: 0 }): void {
  const clip = bounds(canvas, shape.kind === "text" ? undefined : shape.clip, origin);
  switch (shape.kind) {
    case "rectangle":
      paintRectangle(canvas, shape, clip, origin);
      break;
    case "line":
      paintStrokes(canvas, [scaled(shape, canvas, origin)], shape.width * canvas.scale, shape, clip);
      break;
    case "dots":
      paintDots(canvas, shape, clip, origin);
      break;
    case "image":
      paintImage(canvas, shape, clip, origin);
      break;
    case "text":
      paintText(canvas, shape, clip, origin);
      break;
  }
}

type Origin = { readonly x: number; readonly y: number };
type Ink = { readonly color: string; readonly opacity: number };

/** A range of canvas pixels; ends are exclusive. */
interface Pixels {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

function bounds({ width, height, scale }: Canvas, clip: Rectangle | undefined, { x, y }: Origin): Pixels {
  if (clip === undefined) return { left: 0, top: 0, right: width, bottom: height };
  return {
    left: Math.max(0, Math.round((clip.x - x) * scale)),
    top: Math.max(0, Math.round((clip.y - y) * scale)),
    right: Math.min(width, Math.round((clip.x + clip.width - x) * scale)),
    bottom: Math.min(height, Math.round((clip.y + clip.height - y) * scale)),
  };
}

function within({ left, top, right, bottom }: Pixels, clip: Pixels): Pixels {
  return {
    left: Math.max(clip.left, Math.floor(left)),
    top: Math.max(clip.top, Math.floor(top)),
    right: Math.min(clip.right, Math.ceil(right)),
    bottom: Math.min(clip.bottom, Math.ceil(bottom)),
  };
}

/** Puts a colour over a pixel: source-over with straight alpha. */
function blend({ rgba }: Canvas, pixel: number, [red, green, blue]: Rgb, alpha: number): void {
  if (alpha <= 0) return;
  const at = 4 * pixel;
  const under = (rgba[at + 3]! / 255) * (1 - alpha);
  const total = alpha + under;
  rgba[at] = (red * alpha + rgba[at]! * under) / total;
  rgba[at + 1] = (green * alpha + rgba[at + 1]! * under) / total;
  rgba[at + 2] = (blue * alpha + rgba[at + 2]! * under) / total;
  rgba[at + 3] = total * 255;
}

function paintRectangle(canvas: Canvas, shape: Rectangle & Ink, clip: Pixels, { x, y }: Origin): void {
  const { scale, width } = canvas;
  const color = rgbOf(shape.color);
  const [left, top] = [(shape.x - x) * scale, (shape.y - y) * scale];
  const [right, bottom] = [left + shape.width * scale, top + shape.height * scale];
  const area = within({ left, top, right, bottom }, clip);
  for (let row = area.top; row < area.bottom; row++) {
    const down = Math.min(bottom, row + 1) - Math.max(top, row);
    for (let column = area.left; column < area.right; column++) {
      const across = Math.min(right, column + 1) - Math.max(left, column);
      blend(canvas, row * width + column, color, shape.opacity * across * down);
    }
  }
}

function paintDots(
  canvas: Canvas,
  { centers, radius, color, opacity }: DotsShape,
  clip: Pixels,
  { x, y }: Origin,
): void {
  const { scale, width } = canvas;
  const [ink, size] = [rgbOf(color), radius * scale];
  for (let k = 0; k < centers.length; k += 2) {
    const [a, b] = [(centers[k]! - x) * scale, (centers[k + 1]! - y) * scale];
    const reach = size + 0.5;
    const area = within({ left: a - reach, top: b - reach, right: a + reach, bottom: b + reach }, clip);
    for (let row = area.top; row < area.bottom; row++)
      for (let column = area.left; column < area.right; column++) {
        const [dx, dy] = [column + 0.5 - a, row + 0.5 - b];
        const coverage = Math.min(1, reach - Math.sqrt(dx * dx + dy * dy));
        blend(canvas, row * width + column, ink, opacity * coverage);
      }
  }
}

function paintImage(canvas: Canvas, shape: ImageShape, clip: Pixels, { x, y }: Origin): void {
  const { scale, width } = canvas;
  const [left, top] = [(shape.x - x) * scale, (shape.y - y) * scale];
  const [across, down] = [shape.width * scale, shape.height * scale];
  const area = within({ left, top, right: left + across, bottom: top + down }, clip);
  for (let row = area.top; row < area.bottom; row++) {
    const from = Math.floor(((row + 0.5 - top) / down) * shape.rows);
    if (from < 0 || from >= shape.rows) continue;
    for (let column = area.left; column < area.right; column++) {
      const source = Math.floor(((column + 0.5 - left) / across) * shape.columns);
      if (source < 0 || source >= shape.columns) continue;
      const at = 4 * (from * shape.columns + source);
      const color = [shape.rgba[at]!, shape.rgba[at + 1]!, shape.rgba[at + 2]!] as const;
      blend(canvas, row * width + column, color, shape.rgba[at + 3]! / 255);
    }
  }
}

function scaled({ points }: LineShape, { scale }: Canvas, { x, y }: Origin): Float64Array {
  return points.map((value, k) => (value - (k % 2 === 0 ? x : y)) * scale);
}

/** Lines of one ink: every pixel is covered once, however many lines cross it. */
function paintStrokes(canvas: Canvas, lines: readonly Float64Array[], width: number, ink: Ink, clip: Pixels): void {
  const reach = width / 2 + 0.5;
  const area = within(extent(lines, reach), clip);
  const columns = area.right - area.left;
  if (columns <= 0 || area.bottom <= area.top) return;
  const coverage = new Float32Array(columns * (area.bottom - area.top));
  for (const points of lines)
    for (let k = 0; k + 3 < points.length; k += 2)
      coverSegment(coverage, area, points[k]!, points[k + 1]!, points[k + 2]!, points[k + 3]!, width);
  const color = rgbOf(ink.color);
  for (let row = area.top; row < area.bottom; row++)
    for (let column = area.left; column < area.right; column++) {
      const share = coverage[(row - area.top) * columns + column - area.left]!;
      if (share > 0) blend(canvas, row * canvas.width + column, color, ink.opacity * share);
    }
}

function extent(lines: readonly Float64Array[], reach: number): Pixels {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const points of lines)
    for (let k = 0; k < points.length; k += 2) {
      left = Math.min(left, points[k]! - reach);
      right = Math.max(right, points[k]! + reach);
      top = Math.min(top, points[k + 1]! - reach);
      bottom = Math.max(bottom, points[k + 1]! + reach);
    }
  return { left, top, right, bottom };
}

/** Raises the coverage near one segment: by the distance of a pixel's middle from it, softened over one pixel. */
function coverSegment(
  coverage: Float32Array,
  area: Pixels,
  ax: number,
  ay: number,
  bx: number,
  by: number,
  width: number,
): void {
  const [dx, dy] = [bx - ax, by - ay];
  const lengthSquared = dx * dx + dy * dy;
  const reach = width / 2 + 0.5;
  const strength = Math.min(1, width);
  const near = within(extent([Float64Array.of(ax, ay, bx, by)], reach), area);
  for (let row = near.top; row < near.bottom; row++)
    for (let column = near.left; column < near.right; column++) {
      const [px, py] = [column + 0.5 - ax, row + 0.5 - ay];
      const along = lengthSquared > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / lengthSquared)) : 0;
      const [ex, ey] = [px - along * dx, py - along * dy];
      const share = Math.min(strength, reach - Math.sqrt(ex * ex + ey * ey));
      const at = (row - area.top) * (area.right - area.left) + column - area.left;
      if (share > coverage[at]!) coverage[at] = share;
    }
}

function paintText(canvas: Canvas, shape: TextShape, clip: Pixels, { x, y }: Origin): void {
  const { text, size, anchor, upright, bold } = shape;
  const shift = anchor === "start" ? 0 : anchor === "middle" ? 0.5 : 1;
  let pen = -shift * textWidth(text, size);
  for (const character of charactersOf(text)) {
    const { strokes, advance } = glyphOf(character);
    const lines = strokes.map((points) =>
      points.map((_, k) => {
        const [right, up] = [pen + points[k - (k % 2)]! * size, points[k - (k % 2) + 1]! * size];
        if (k % 2 === 0) return (shape.x - x + (upright ? -up : right)) * canvas.scale;
        return (shape.y - y - (upright ? right : up)) * canvas.scale;
      }),
    );
    paintStrokes(canvas, lines, size * canvas.scale * (bold ? 0.125 : 0.085), shape, clip);
    pen += advance * size;
  }
}
