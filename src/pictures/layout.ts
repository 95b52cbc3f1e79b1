// layout: a figure as a drawing: where panels, axes, labels and legend stand, in pixels.
import { palette } from "./color.ts";
import type { Drawing, Rectangle, Shape, TextShape } from "./drawing.ts";
import type { Figure, LegendEntry, Panel } from "./figure.ts";
import { fittingText, textWidth } from "./font.ts";
import { marksOf } from "./marks.ts";
import { equalDomains, scaleOf, ticksOf } from "./scale.ts";
import { numberText, roundStep, type Tick } from "./ticks.ts";

const padding = 18;
const gap = 16;
const sizes = { title: 16, subtitle: 12, legend: 12, panel: 12, tick: 11, label: 12 } as const;
const lineHeight = 1.45;

/** The drawing of a figure. Throws code `option` for axes that cannot be drawn. */
export function layout(figure: Figure): Drawing {
  const { panels, columns, panelWidth, panelHeight } = figure;
  const framed = panels.map((panel) => panel && frame(panel, panelWidth, panelHeight));
  const rows = Math.ceil(panels.length / columns);
  const across = margins(
    framed,
    columns,
    ({ margin }) => margin.left,
    (k) => k % columns,
  );
  const above = margins(
    framed,
    rows,
    ({ margin }) => margin.top,
    (k) => Math.floor(k / columns),
  );
  const below = margins(
    framed,
    rows,
    ({ margin }) => margin.bottom,
    (k) => Math.floor(k / columns),
  );
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const body = sum(across) + columns * panelWidth + (columns - 1) * gap;
  const width = Math.ceil(Math.max(body, minimumWidth(figure)) + 2 * padding);
  const head = heading(figure, width);
  const shapes: Shape[] = [...head.shapes];
  framed.forEach((panel, k) => {
    if (panel === undefined) return;
    const [row, column] = [Math.floor(k / columns), k % columns];
    const left = padding + sum(across.slice(0, column + 1)) + column * (panelWidth + gap);
    const top = head.bottom + sum(above.slice(0, row + 1)) + sum(below.slice(0, row)) + row * (panelHeight + gap);
    shapes.push(...panelShapes(panel, { x: left, y: top, width: panelWidth, height: panelHeight }));
  });
  const height = Math.ceil(head.bottom + sum(above) + sum(below) + rows * panelHeight + (rows - 1) * gap + padding);
  return { width, height, background: palette.background, name: figure.title, shapes };
}

/** A panel with its final domains and ticks, and the room its texts take around it. */
interface Framed {
  readonly panel: Panel;
  readonly xTicks: readonly Tick[];
  readonly yTicks: readonly Tick[];
  readonly margin: { readonly left: number; readonly top: number; readonly bottom: number };
}

function frame(panel: Panel, width: number, height: number): Framed {
  const domains = panel.equal ? equalDomains(panel.x.domain, panel.y.domain, width, height) : undefined;
  const fitted = domains
    ? { ...panel, x: { ...panel.x, domain: domains.x }, y: { ...panel.y, domain: domains.y } }
    : panel;
  const xTicks = ticksOf(fitted.x, Math.max(3, width / 70));
  const yTicks = ticksOf(fitted.y, Math.max(3, height / 50));
  const widest = Math.max(0, ...yTicks.map(({ label }) => (label === "" ? 0 : textWidth(label, sizes.tick) + 8)));
  const hasNumbers = xTicks.some(({ label }) => label !== "");
  const label = (text: string | undefined) => (text === undefined ? 0 : sizes.label * lineHeight);
  return {
    panel: fitted,
    xTicks,
    yTicks,
    margin: {
      left: Math.ceil(widest + label(fitted.y.label)),
      top: fitted.title === undefined ? 4 : Math.ceil(sizes.panel * lineHeight + 4),
      bottom: Math.ceil((hasNumbers ? sizes.tick + 8 : 0) + label(fitted.x.label)),
    },
  };
}

/** The widest margin of each row or column. */
function margins(
  framed: readonly (Framed | undefined)[],
  count: number,
  margin: (framed: Framed) => number,
  placeOf: (index: number) => number,
): readonly number[] {
  const widest = Array<number>(count).fill(0);
  framed.forEach((each, k) => {
    if (each) widest[placeOf(k)] = Math.max(widest[placeOf(k)] ?? 0, margin(each));
  });
  return widest;
}

function text(x: number, y: number, content: string, size: number, options: Partial<TextShape> = {}): TextShape {
  const plain = { kind: "text", color: palette.ink, opacity: 1, bold: false, anchor: "start", upright: false } as const;
  return { ...plain, ...options, x, y, text: content, size };
}

const rampCell = { width: 160, height: 10 } as const;

function legendWidth(entry: LegendEntry): number {
  if (entry.kind === "swatch") return 15 + textWidth(entry.label, sizes.legend) + 18;
  return textWidth(entry.label, sizes.legend) + 12 + rampCell.width + 2 * gap;
}

const longestTitle = 640;

function minimumWidth({ title, legend = [] }: Figure): number {
  const entries = legend.reduce((total, entry) => total + legendWidth(entry), 0);
  return Math.max(Math.min(longestTitle, textWidth(title, sizes.title) * 1.08), entries);
}

/** Title, subtitle and legend, and where they end. */
function heading(
  { title, subtitle, legend = [] }: Figure,
  width: number,
): { shapes: readonly Shape[]; bottom: number } {
  const room = width - 2 * padding;
  const shapes: Shape[] = [];
  let y = padding + sizes.title * 0.8;
  shapes.push(text(padding, y, fittingText(title, sizes.title, room / 1.08), sizes.title, { bold: true }));
  if (subtitle !== undefined)
    for (const line of wrapped(subtitle, sizes.subtitle, room)) {
      y += sizes.subtitle * lineHeight + 2;
      shapes.push(text(padding, y, line, sizes.subtitle, { color: palette.muted }));
    }
  if (legend.length > 0) {
    y += sizes.legend * lineHeight + 6;
    let x = padding;
    for (const entry of legend) {
      shapes.push(...legendShapes(entry, x, y));
      x += legendWidth(entry);
    }
    if (legend.some(({ kind }) => kind === "ramp")) y += sizes.tick + 5;
  }
  return { shapes, bottom: y + 14 };
}

/** Lines of whole words that fit. */
function wrapped(content: string, size: number, room: number): readonly string[] {
  const lines: string[] = [];
  for (const word of content.split(/\s+/)) {
    const longer = lines.length > 0 ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines.length > 0 && textWidth(longer, size) <= room * 0.96) lines[lines.length - 1] = longer;
    else lines.push(fittingText(word, size, room));
  }
  return lines;
}

function legendShapes(entry: LegendEntry, x: number, baseline: number): readonly Shape[] {
  if (entry.kind === "swatch") {
    const box = { x, y: baseline - 9, width: 10, height: 10 };
    return [
      { kind: "rectangle", ...box, color: entry.color, opacity: 1 },
      text(x + 15, baseline, entry.label, sizes.legend),
    ];
  }
  const { colors, range, label } = entry;
  const left = x + textWidth(label, sizes.legend) * 1.04 + 12;
  const cell = rampCell.width / colors.length;
  const bands: Shape[] = colors.map((color, k) => {
    const [from, to] = [Math.round(left + k * cell), Math.round(left + (k + 1) * cell)];
    return {
      kind: "rectangle",
      x: from,
      y: baseline - 9,
      width: to - from,
      height: rampCell.height,
      color,
      opacity: 1,
    };
  });
  const step = roundStep((range[1] - range[0]) / 10) || 1;
  const ends = [range[0], (range[0] + range[1]) / 2, range[1]].map((value, k) =>
    text(left + (k * rampCell.width) / 2, baseline + sizes.tick + 4, numberText(value, step), sizes.tick, {
      anchor: "middle",
      color: palette.muted,
    }),
  );
  return [text(x, baseline, label, sizes.legend), ...bands, ...ends];
}

function panelShapes({ panel, xTicks, yTicks, margin }: Framed, box: Rectangle): readonly Shape[] {
  const [right, bottom] = [box.x + box.width, box.y + box.height];
  const toX = scaleOf(panel.x, [box.x, right]);
  const toY = scaleOf(panel.y, [bottom, box.y]);
  const line = (color: string, ...points: number[]): Shape => ({
    kind: "line",
    points: Float64Array.from(points),
    width: 1,
    color,
    opacity: 1,
  });
  const inside = (place: number, from: number, to: number) => place >= from - 0.5 && place <= to + 0.5;
  const shapes: Shape[] = [];
  for (const { at, label } of xTicks) {
    const x = crisp(toX(at));
    if (!inside(x, box.x, right)) continue;
    shapes.push(line(palette.grid, x, box.y, x, bottom));
    if (label !== "")
      shapes.push(text(x, bottom + sizes.tick + 5, label, sizes.tick, { anchor: "middle", color: palette.muted }));
  }
  for (const { at, label } of yTicks) {
    const y = crisp(toY(at));
    if (!inside(y, box.y, bottom)) continue;
    shapes.push(line(palette.grid, box.x, y, right, y));
    if (label !== "")
      shapes.push(text(box.x - 6, y + sizes.tick * 0.36, label, sizes.tick, { anchor: "end", color: palette.muted }));
  }
  shapes.push(...marksOf(panel.marks, { toX, toY, box }));
  const corners = [crisp(box.x), crisp(box.y), crisp(right), crisp(bottom)] as const;
  const [l, t, r, b] = corners;
  shapes.push(line(palette.frame, l, t, r, t, r, b, l, b, l, t));
  shapes.push(...labels(panel, box, margin));
  return shapes;
}

function labels({ title, x, y }: Panel, box: Rectangle, margin: Framed["margin"]): readonly Shape[] {
  const shapes: Shape[] = [];
  const bottom = box.y + box.height;
  if (title !== undefined)
    shapes.push(text(box.x, box.y - 8, fittingText(title, sizes.panel, box.width), sizes.panel, { bold: true }));
  if (x.label !== undefined) {
    const label = fittingText(x.label, sizes.label, box.width);
    shapes.push(text(box.x + box.width / 2, bottom + margin.bottom - 3, label, sizes.label, { anchor: "middle" }));
  }
  if (y.label !== undefined) {
    const label = fittingText(y.label, sizes.label, box.height);
    shapes.push(
      text(box.x - margin.left + 10, box.y + box.height / 2, label, sizes.label, { anchor: "middle", upright: true }),
    );
  }
  return shapes;
}

/** The middle of a pixel, where a line one pixel wide is sharp. */
function crisp(place: number): number {
  return Math.floor(place) + 0.5;
}
