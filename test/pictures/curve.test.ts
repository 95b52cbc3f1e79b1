// curve: the figure of quality against work has a line for each series, in the order of the work, on positive axes.
import { describe, expect, it } from "vitest";
import { type CurveValue, curveFigure } from "../../src/pictures/curve.ts";
import { toSvg } from "../../src/pictures/svg.ts";

const value = (series: string, evaluations: number, quality: number, distance: number): CurveValue => ({
  series,
  evaluations,
  seconds: evaluations / 100,
  quality,
  standardError: 0.02,
  distanceToReference: distance,
});
const values = [value("euler", 8, 0.1, 0.2), value("euler", 2, 0.9, 1), value("rk4", 8, 0.05, 0)];

describe("the figure of a curve", () => {
  const { panels, legend } = curveFigure(values, { name: "distance", floor: 0.03 });
  const marks = panels.map((panel) => panel?.marks ?? []);

  it("has quality and distance against evaluations and seconds on logarithmic axes, one colour a series", () => {
    expect(panels).toHaveLength(4);
    for (const panel of panels) expect([panel?.x.scale, panel?.y.scale]).toEqual(["log", "log"]);
    expect(legend?.map(({ label }) => label)).toEqual(["euler", "rk4"]);
    const colors = legend?.map((entry) => (entry.kind === "swatch" ? entry.color : ""));
    expect(new Set(colors).size).toBe(2);
  });

  it("joins a series in the order of its evaluations and leaves out what is 0", () => {
    const points = marks.map((each) =>
      each.flatMap((mark) => (mark.kind === "points" ? [[Array.from(mark.x), Array.from(mark.y)]] : [])),
    );
    const [quality, , distance, distanceBySeconds] = points;
    expect(quality).toEqual([
      [
        [2, 8],
        [0.9, 0.1],
      ],
      [[8], [0.05]],
    ]);
    expect(distance?.[1]).toEqual([[], []]);
    expect(distanceBySeconds?.[0]).toEqual([
      [0.02, 0.08],
      [1, 0.2],
    ]);
  });

  it("shows the floor and whiskers that stay on the axis", () => {
    const [quality] = panels;
    const [low, high] = quality?.y.domain ?? [0, 0];
    expect(low).toBeLessThan(0.03);
    expect(high).toBeGreaterThan(0.9);
    const lines = quality?.marks.flatMap((mark) => (mark.kind === "line" ? [Array.from(mark.y)] : [])) ?? [];
    expect(lines[0]).toEqual([0.03, 0.03]);
    // 0.05 - 2 · 0.02 = 0.01 lies below the axis.
    expect(lines).toContainEqual([low, 0.05 + 0.04]);
    // 0.9 + 2 · 0.02 lies above it or not, and nothing is drawn outside.
    expect(Math.max(...lines.flat())).toBeLessThanOrEqual(high);
    expect(marks[2]?.filter(({ kind }) => kind === "line")).toHaveLength(2);
  });

  it("has a linear axis of quality where that is asked for, on which 0 has a place", () => {
    const { panels } = curveFigure([...values, value("rk4", 16, 0, 0)], { name: "area", scale: "linear" });
    expect(panels.map((panel) => panel?.y.scale)).toEqual(["linear", "linear", "log", "log"]);
    const points = panels[0]?.marks.flatMap((mark) => (mark.kind === "points" ? [Array.from(mark.y)] : []));
    expect(points?.[1]).toEqual([0.05, 0]);
  });

  it("can be drawn without a value and without a floor", () => {
    expect(toSvg(curveFigure([], { name: "distance" }))).toMatch(/^<svg/);
    expect(toSvg(curveFigure([value("euler", 1, 0, 0)], { name: "distance" }))).toMatch(/^<svg/);
  });
});
