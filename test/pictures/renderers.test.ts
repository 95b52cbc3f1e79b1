// renderers: SVG and PNG of every figure: well formed, of the right size, safe, always the same, and showing what they should.
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { palette, rgbOf } from "../../src/pictures/color.ts";
import type { Figure, Panel } from "../../src/pictures/figure.ts";
import { layout } from "../../src/pictures/layout.ts";
import { toPng } from "../../src/pictures/png.ts";
import { samplesFigure } from "../../src/pictures/samples.ts";
import { mostVectorDots, toSvg } from "../../src/pictures/svg.ts";
import { exampleFigures, hostile, normal } from "./figures.ts";

const names = Object.keys(exampleFigures());
const figure = (name: string): Figure => exampleFigures()[name]!;

/** Checks tags, attributes and nesting of an XML text without declarations, comments and CDATA; gives the texts. */
function parseXml(source: string): readonly string[] {
  const open: string[] = [];
  const texts: string[] = [];
  const tag = /<(\/?)([a-z]+)((?:\s+[a-zA-Z:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  while (tag.lastIndex < source.length) {
    const at = tag.lastIndex;
    const match = tag.exec(source);
    if (match === null) throw new Error(`not XML at ${at}: ${source.slice(at, at + 60)}`);
    const [, closing, name = "", attributes = "", empty, text] = match;
    for (const value of [attributes, text ?? ""])
      if (/&(?!(amp|lt|gt|quot|#39);)/.test(value)) throw new Error(`a bare ampersand at ${at}`);
    if (text !== undefined) texts.push(text.trim());
    else if (closing) {
      if (open.pop() !== name) throw new Error(`${name} is closed but not open`);
    } else if (!empty) open.push(name);
  }
  if (open.length > 0) throw new Error(`${open.join(", ")} not closed`);
  return texts.filter((text) => text !== "");
}

describe("toSvg", () => {
  it.each(names)("writes %s as well-formed XML without anything active", (name) => {
    const svg = toSvg(figure(name));
    expect(parseXml(svg)).toContain(figure(name).title);
    const readable = svg.replaceAll(/(data:image\/png;base64,)[A-Za-z0-9+/=]+"/g, '$1"');
    expect(readable).not.toMatch(/NaN|Infinity|undefined|<script|<style|\son\w+=|href="(?!data:image\/png)/);
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="\d+" height="\d+"/);
  });

  it("keeps hostile column names as text", () => {
    const texts = parseXml(toSvg(figure("samples"))).join("\n");
    expect(texts).toContain(
      "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;größe&#39; \ufffd\ufffd ]]&gt;",
    );
  });

  it("draws few dots as circles, and many as one picture that stays small", () => {
    const few = toSvg(figure("samples"));
    expect(few.match(/<circle/g)?.length).toBeGreaterThan(480);
    const many = toSvg(figure("many"));
    expect(many).not.toContain("<circle");
    const [, base64 = ""] = /href="data:image\/png;base64,([^"]+)"/.exec(many) ?? [];
    const layer = decode(Buffer.from(base64, "base64"));
    expect(layer).toMatchObject({ width: 660, height: 660, channels: 1 });
    expect(layer.palette?.[63]).toEqual([...rgbOf(palette.samples), 255]);
    expect(layer.data.filter((level) => level > 20).length).toBeGreaterThan(4000);
    expect(many.length).toBeLessThan(mostVectorDots * 45);
  });
});

describe("toPng", () => {
  it.each(names)("writes %s in the size of its drawing, twice as many pixels each way", (name) => {
    const { width, height } = layout(figure(name));
    const picture = decode(toPng(figure(name)));
    expect(picture).toMatchObject({ width: 2 * width, height: 2 * height, channels: 3, depth: 8 });
  });

  it("refuses sizes that are none or too large", () => {
    expect(() => toPng(figure("one"), { scale: 0 })).toThrow(/positive scale/);
    expect(() => toPng(figure("one"), { scale: 1e4 })).toThrow(/at most/);
  });

  it("gives the same bytes again, and so does toSvg", () => {
    for (const name of names) {
      const once = Buffer.from(toPng(figure(name), { scale: 1 }));
      expect(once.equals(toPng(figure(name), { scale: 1 }))).toBe(true);
      expect(toSvg(figure(name))).toBe(toSvg(figure(name)));
    }
  });
});

/** A figure of one panel over [0, 10]², drawn with one pixel per pixel. */
function drawn(panel: Partial<Panel>): { at(x: number, y: number): readonly number[] } {
  const axis = { domain: [0, 10], ticks: "none" } as const;
  const one: Figure = {
    title: "t",
    columns: 1,
    panelWidth: 100,
    panelHeight: 100,
    panels: [{ x: axis, y: axis, marks: [], ...panel }],
  };
  const frame = layout(one).shapes.findLast((shape) => shape.kind === "line");
  const [left = 0, top = 0] = frame?.kind === "line" ? frame.points : [];
  const { width, data } = decode(toPng(one, { scale: 1 }));
  return {
    at: (x, y) => {
      const pixel = Math.floor(top + 100 - 10 * y) * width + Math.floor(left + 10 * x);
      return [...data.subarray(3 * pixel, 3 * pixel + 3)];
    },
  };
}

const white = [255, 255, 255];

describe("the rasteriser", () => {
  it("puts bars, dots and lines where the axes say, and nothing elsewhere", () => {
    const blue = "#0072b2";
    const bars = drawn({ marks: [{ kind: "bars", bars: [{ x: [2, 4], y: [0, 5] }], color: blue }] });
    expect(bars.at(3, 2.5)).toEqual(rgbOf(blue));
    expect([bars.at(3, 6), bars.at(5, 2.5), bars.at(1, 2.5)]).toEqual([white, white, white]);
    const dots = drawn({ marks: [{ kind: "points", x: [7], y: [3], color: blue, radius: 3, opacity: 1 }] });
    expect(dots.at(7, 3)).toEqual(rgbOf(blue));
    expect([dots.at(7.5, 3.5), dots.at(3, 7)]).toEqual([white, white]);
    const line = drawn({ marks: [{ kind: "line", x: [0, 10], y: [0, 10], color: blue, width: 3 }] });
    expect(line.at(4, 4)).toEqual(rgbOf(blue));
    expect(line.at(4, 5)).toEqual(white);
  });

  it("shows an image the right way up and cuts off what leaves the panel", () => {
    const rgba = Uint8Array.from(
      [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [9, 9, 9],
      ].flatMap((color) => [...color, 255]),
    );
    const image = drawn({ marks: [{ kind: "image", x: [0, 20], y: [0, 10], columns: 2, rows: 2, rgba }] });
    expect(image.at(5, 2)).toEqual([255, 0, 0]);
    expect(image.at(5, 8)).toEqual([0, 0, 255]);
    const outside = drawn({ marks: [{ kind: "line", x: [5, 5], y: [-90, 90], color: "#ff0000", width: 4 }] });
    expect(outside.at(5, 5)).toEqual([255, 0, 0]);
    expect(outside.at(5, 11)).toEqual(white);
  });

  it("blends opacity: half of blue over white", () => {
    const bars = drawn({
      marks: [{ kind: "bars", bars: [{ x: [0, 10], y: [0, 10] }], color: "#0000ff", opacity: 0.5 }],
    });
    expect(bars.at(5, 5)).toEqual([128, 128, 255]);
  });

  it("writes text: ink where letters are, a box for what the font lacks, none for spaces", () => {
    const inked = (text: string) => {
      const picture = drawn({ marks: [{ kind: "text", x: 5, y: 5, text }] });
      let dark = 0;
      for (let x = 3; x < 7; x += 0.1) for (let y = 4; y < 7; y += 0.1) if (picture.at(x, y)[0]! < 200) dark++;
      return dark;
    };
    expect(inked("  ")).toBe(0);
    expect(inked("M")).toBeGreaterThan(20);
    expect(inked("漢")).toBeGreaterThan(10);
    expect(inked("é")).toBe(inked("e"));
  });
});

describe("a figure", () => {
  it("says how many points its axes leave out", () => {
    const values = normal(8000, "far");
    values[0] = 1e6;
    const figure = samplesFigure({ samples: { columns: ["a", "b"], values } });
    const [, high = 0] = figure.panels[0]?.x.domain ?? [];
    expect(high).toBeLessThan(10);
    expect(figure.subtitle).toMatch(/^outside the axes: \d+ of 4,000 samples$/);
    const kept = samplesFigure({ samples: { columns: ["a", "b"], values: values.subarray(0, 400) } });
    expect(kept.panels[0]?.x.domain[1]).toBeGreaterThan(1e6);
    expect(kept.subtitle).toBeUndefined();
  });

  it("cuts names that are too long for their place", () => {
    const long = { ...figure("one"), title: hostile.repeat(40) };
    expect(layout(long).width).toBeLessThan(900);
    expect(toSvg(long)).toContain("…</text>");
  });
});
