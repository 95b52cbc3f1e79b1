// svg: a figure as SVG text. Many dots become one embedded picture, so that files stay small.
import { rgbOf } from "./color.ts";
import type { DotsShape, Drawing, Rectangle, Shape, TextShape } from "./drawing.ts";
import type { Figure } from "./figure.ts";
import { layout } from "./layout.ts";
import { inkAddress, pngAddress } from "./png.ts";
import { createCanvas, paint } from "./raster.ts";
import { escapeXml } from "./xml.ts";

/** Above so many dots in one mark they are painted as pixels. */
export const mostVectorDots = 3000;
const layerScale = 2;
const fonts = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";

/** A whole SVG document: no scripts, no ids, nothing from outside. The same figure gives the same text everywhere. */
export function toSvg(figure: Figure): string {
  const { width, height, background, name, shapes }: Drawing = layout(figure);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="${fonts}">`,
    `<title>${escapeXml(name)}</title>`,
    `<rect width="${width}" height="${height}" fill="${background}"/>`,
    ...clippedGroups(shapes),
    "</svg>\n",
  ].join("\n");
}

/** Neighbours with the same clip share one nested `svg`, which cuts off what lies outside of it without needing an id. */
function clippedGroups(shapes: readonly Shape[]): readonly string[] {
  const lines: string[] = [];
  let open: Rectangle | undefined;
  for (const shape of shapes) {
    const clip = shape.kind === "text" ? undefined : shape.clip;
    if (clip !== open) {
      if (open) lines.push("</svg>");
      if (clip)
        lines.push(`<svg ${area(clip)} viewBox="${[clip.x, clip.y, clip.width, clip.height].map(short).join(" ")}">`);
      open = clip;
    }
    lines.push(element(shape));
  }
  return open ? [...lines, "</svg>"] : lines;
}

function element(shape: Shape): string {
  switch (shape.kind) {
    case "rectangle":
      return `<rect ${area(shape)} fill="${escapeXml(shape.color)}"${opacity(shape.opacity)}/>`;
    case "line":
      return `<polyline points="${pairs(shape.points)}" fill="none" stroke="${escapeXml(shape.color)}" stroke-width="${short(shape.width)}" stroke-linejoin="round"${opacity(shape.opacity)}/>`;
    case "dots":
      return shape.centers.length / 2 > mostVectorDots ? dotLayer(shape) : circles(shape);
    case "image":
      return image(shape, pngAddress(shape.rgba, shape.columns, shape.rows));
    case "text":
      return textElement(shape);
  }
}

function circles({ centers, radius, color, opacity: share }: DotsShape): string {
  const r = short(radius);
  const dots: string[] = [];
  for (let k = 0; k < centers.length; k += 2)
    dots.push(`<circle cx="${centers[k]!.toFixed(1)}" cy="${centers[k + 1]!.toFixed(1)}" r="${r}"/>`);
  return `<g fill="${escapeXml(color)}" fill-opacity="${short(share)}">${dots.join("")}</g>`;
}

/** The dots as pixels on a transparent ground. */
function dotLayer(shape: DotsShape): string {
  const box = shape.clip ?? { x: 0, y: 0, width: 0, height: 0 };
  const canvas = createCanvas(box.width, box.height, layerScale);
  paint(canvas, shape, box);
  const area = { ...box, width: canvas.width / layerScale, height: canvas.height / layerScale };
  return image(area, inkAddress(canvas, rgbOf(shape.color)));
}

function image(box: Rectangle, address: string): string {
  return `<image ${area(box)} preserveAspectRatio="none" href="${address}"/>`;
}

function textElement({ x, y, text, size, color, anchor, bold, upright }: TextShape): string {
  const place = upright
    ? `transform="translate(${short(x)} ${short(y)}) rotate(-90)"`
    : `x="${short(x)}" y="${short(y)}"`;
  const weight = bold ? ' font-weight="600"' : "";
  const align = anchor === "start" ? "" : ` text-anchor="${anchor}"`;
  return `<text ${place} font-size="${size}" fill="${escapeXml(color)}"${weight}${align}>${escapeXml(text)}</text>`;
}

function area({ x, y, width, height }: Rectangle): string {
  return `x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"`;
}

function opacity(share: number): string {
  return share >= 1 ? "" : ` opacity="${short(share)}"`;
}

function pairs(points: Float64Array): string {
  const texts: string[] = [];
  for (let k = 0; k + 1 < points.length; k += 2) texts.push(`${short(points[k]!)},${short(points[k + 1]!)}`);
  return texts.join(" ");
}

/** At most two decimals. */
function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}
