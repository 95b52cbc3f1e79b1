// figures: what figures count, collect and show.
import { describe, expect, it } from "vitest";
import { middleRange, rangeOf } from "../../src/pictures/figure.ts";
import { histogram } from "../../src/pictures/histogram.ts";
import { trajectoriesFigure } from "../../src/pictures/journey.ts";
import { measuresFigure } from "../../src/pictures/measures.ts";
import { pairsFigure } from "../../src/pictures/samples.ts";
import { lossFigure } from "../../src/pictures/training.ts";
import { normal } from "./figures.ts";

describe("a histogram", () => {
  it("has areas that add up to the share of values inside, the last edge included", () => {
    const { heights } = histogram([0, 0.5, 1, 1.5, 2, 9, Number.NaN], [0, 2], 4);
    expect(heights.map((height) => height * 0.5 * 7)).toEqual([1, 1, 1, 2]);
    expect(histogram([], [0, 1], 3).heights).toEqual([0, 0, 0]);
  });
});

describe("ranges", () => {
  it("hold all values, or all but the outermost thousandths where some lie far out, and are never empty", () => {
    expect(rangeOf([1, Number.NaN, 3], 0)).toEqual([1, 3]);
    expect(rangeOf([])).toEqual([0, 1]);
    expect(rangeOf([5, 5])).toEqual([4.5, 5.5]);
    const values = normal(10_000, "range");
    const [low, high] = middleRange(values);
    expect(values.filter((value) => value < low || value > high).length).toBe(0);
    values[7] = 1e9;
    expect(middleRange(values)[1]).toBeLessThan(5);
  });
});

describe("the figure of losses", () => {
  it("makes curves on a logarithmic axis, each block after the one before", () => {
    const figure = lossFigure([
      { block: 1, iterations: [10, 20], losses: [1, 0.5] },
      { block: 2, iterations: [30], losses: [2] },
    ]);
    const [panel] = figure.panels;
    expect(panel?.x.domain).toEqual([0, 50]);
    expect(panel?.y.scale).toBe("log");
    expect(panel?.y.domain[0]).toBeLessThan(0.5);
  });

  it("shows held-out losses where they are known, and a block of one stretch as a line", () => {
    const figure = lossFigure([
      { block: 1, iterations: [10, 20, 25], losses: [1, 0.5, 0.4], heldOut: [1, 0.25, Number.NaN] },
    ]);
    const lines = figure.panels[0]?.marks.flatMap((mark) => (mark.kind === "line" ? [mark] : [])) ?? [];
    expect(lines.at(-1)).toMatchObject({ x: [10, 20], y: [1, 0.25] });
    expect(figure.panels[0]?.y.domain[0]).toBeLessThan(0.25);
    expect(figure.legend?.map(({ label }) => label)).toEqual(["training", "held out"]);
    const [panel] = lossFigure([{ block: 1, iterations: [7], losses: [2] }]).panels;
    expect(panel?.marks).toContainEqual(expect.objectContaining({ kind: "line", x: [0, 7], y: [2, 2] }));
  });
});

describe("measures", () => {
  it("have a bar for the model and each baseline, from 0, inside the axes with their whiskers", () => {
    const baselines = {
      gaussian: { value: 3, standardError: 0.5 },
      unknown: { value: Number.NaN },
      once: { value: 2, standardError: Number.NaN },
    };
    const [panel] = measuresFigure([{ name: "nll", value: -1, standardError: 0.25, baselines }]).panels;
    const bars = panel?.marks.flatMap((mark) => (mark.kind === "bars" ? mark.bars : [])) ?? [];
    expect(bars.map(({ x }) => x)).toEqual([
      [-1, 0],
      [0, 3],
      [0, 2],
    ]);
    expect(panel?.x.domain[0]).toBeLessThan(-1.5);
    expect(panel?.x.domain[1]).toBeGreaterThan(4);
    const texts = panel?.marks.flatMap((mark) => (mark.kind === "text" ? [mark.text] : []));
    expect(panel?.marks.every((mark) => mark.kind !== "text" || Number.isFinite(mark.x))).toBe(true);
    expect(texts).toEqual(["−1 ± 0.25", "3 ± 0.5", "2"]);
  });
});

describe("pairs and paths", () => {
  it("show data below the diagonal and samples above it", () => {
    const data = { columns: ["a", "b"], values: [0, 1, 2, 3] };
    const samples = { columns: ["a", "b"], values: [5, 6, 7, 8] };
    const points = pairsFigure({ data, samples }).panels.map((panel) =>
      panel?.marks.find(({ kind }) => kind === "points"),
    );
    const [, above, below] = points.map((mark) =>
      mark?.kind === "points" ? [[...Array.from(mark.x)], Array.from(mark.y)] : [],
    );
    expect(above).toEqual([
      [6, 8],
      [5, 7],
    ]);
    expect(below).toEqual([
      [0, 2],
      [1, 3],
    ]);
  });

  it("colour paths by the order of their starts", () => {
    const states = [Float32Array.of(3, 0, 1, 0, 2, 0), Float32Array.of(0, 1, 0, 2, 0, 3)];
    const { panels } = trajectoriesFigure({ axes: ["x", "y"], states, ends: [1] });
    const colors = panels[1]?.marks.flatMap((mark) => (mark.kind === "line" ? [mark.color] : []));
    expect(colors?.[1]).toBe("#440154");
    expect(new Set(colors).size).toBe(3);
  });
});
