// pictures: what the pictures of a small fitted model show, against the model itself.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configurationFrom } from "../../src/cli/recipe.ts";
import { type Figure, type Mark, middleRange } from "../../src/pictures/figure.ts";
import { fillNormal, random } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { defaultConfiguration } from "../../src/tasks/defaults.ts";
import { fitDensity, sampleDensity, scoreDensity } from "../../src/tasks/density.ts";
import type { DensityModel } from "../../src/tasks/density-model.ts";
import { densityGrid, picture } from "../../src/tasks/pictures.ts";
import { densityReportSections } from "../../src/tasks/report.ts";
import { type FloatArray, floats } from "../../src/tensor/array.ts";

function gaussian(rows: number, columns: number): FloatArray {
  const data = new Float32Array(rows * columns);
  fillNormal(random("rows"), data);
  return floats(
    data.map((z, k) => 10 * (k % columns) + (1 + (k % columns)) * z),
    [rows, columns],
  );
}

let engine: Engine;
let plane: DensityModel;
let space: DensityModel;

async function fitted(rows: FloatArray, columns: readonly string[]): Promise<DensityModel> {
  const recipe = {
    steps: [{ kind: "diffuse", duration: 0.5 }, { kind: "free" }],
    hidden: [[8]],
    iterations: [5],
    batchSize: 32,
  } as const;
  const base = defaultConfiguration({ rows: rows.shape[0]!, columns: columns.length });
  return (await fitDensity(engine, { rows, columns, configuration: configurationFrom(recipe, base, 1) })).model;
}

beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  plane = await fitted(gaussian(400, 2), ["a", "b"]);
  space = await fitted(gaussian(300, 3), ["a", "b", "c"]);
});
afterAll(() => engine.close());

const marks = (figure: Figure, panel: number): readonly Mark[] => figure.panels[panel]?.marks ?? [];
function points(figure: Figure, panel: number): { readonly x: readonly number[]; readonly y: readonly number[] } {
  const mark = marks(figure, panel).find(({ kind }) => kind === "points");
  return mark?.kind === "points" ? { x: Array.from(mark.x), y: Array.from(mark.y) } : { x: [], y: [] };
}
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const deviation = (values: readonly number[]) => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));

describe("picture", () => {
  it("shows the data's rows and the samples that the seed draws, in the user's units", async () => {
    const data = gaussian(400, 2);
    const figure = await picture(engine, plane, { kind: "samples", data, points: 50, seed: 3 });
    const drawn: number[] = [];
    for await (const chunk of sampleDensity(engine, plane, { rows: 50, seed: 3 })) drawn.push(...chunk.points.data);
    expect(points(figure, 1).x).toEqual(drawn.filter((_, k) => k % 2 === 0));
    const shown = points(figure, 0);
    expect(shown.x).toHaveLength(50);
    const rows = new Set(Array.from({ length: 400 }, (_, row) => `${data.data[2 * row]},${data.data[2 * row + 1]}`));
    expect(new Set(shown.x).size).toBe(50);
    expect(shown.x.every((x, k) => rows.has(`${x},${shown.y[k]}`))).toBe(true);
  });

  it("takes given samples instead of drawing", async () => {
    const samples = floats([1, 2, 3, 4], [2, 2]);
    expect(points(await picture(engine, plane, { kind: "samples", samples }), 0)).toEqual({ x: [1, 3], y: [2, 4] });
  });

  it("holds the pools beside the exact diffusion: unit deviation at every time for standardised data", async () => {
    const data = gaussian(4000, 2);
    const figure = await picture(engine, plane, { kind: "blocks", data });
    expect(figure.panels.map((panel) => panel?.title)).toEqual([
      "data",
      "block 1, 0.5",
      "block 2, noise",
      undefined,
      undefined,
      undefined,
    ]);
    const [start, half, noise] = [points(figure, 3), points(figure, 4), points(figure, 5)];
    expect(points(figure, 0)).toEqual(start);
    for (const { x, y } of [start, half, noise]) {
      expect(deviation(x)).toBeGreaterThan(0.9);
      expect(deviation(x)).toBeLessThan(1.1);
      expect(Math.abs(mean(y))).toBeLessThan(0.15);
    }
    const correlation = (values: readonly number[]) =>
      mean(values.map((value, k) => value * start.x[k]!)) / deviation(values);
    expect(correlation(half.x)).toBeCloseTo(Math.exp(-0.5), 1);
    expect(Math.abs(correlation(noise.x))).toBeLessThan(0.06);
  });

  it("scores the middles of the cells of a grid, row after row", async () => {
    const grid = await densityGrid(engine, plane, { x: [-2, 2], y: [6, 14] }, 4);
    const places = floats([-1.5, 7, -0.5, 7, 1.5, 13], [3, 2]);
    const scores: number[] = [];
    for await (const { logDensity } of scoreDensity(engine, plane, places)) scores.push(...logDensity);
    for (const [k, cell] of [0, 1, 15].entries()) expect(grid.logDensity[cell]).toBeCloseTo(scores[k]!, 3);
    await expect(densityGrid(engine, plane, { x: [0, 1], y: [0, 1] }, 1)).rejects.toThrow(/from 2 to 2000/);
  });

  it("starts paths at standardised rows", async () => {
    const data = gaussian(400, 2);
    const figure = await picture(engine, plane, { kind: "trajectories", data, points: 30 });
    const lines = marks(figure, 1).filter(({ kind }) => kind === "line");
    expect(lines).toHaveLength(30);
    const starts = lines.map((line) => (line.kind === "line" ? line.x[0]! : 0));
    expect(Math.abs(mean(starts))).toBeLessThan(0.8);
    expect(figure.panels[0]?.x.label).toBe("a (standardised)");
    expect(middleRange(starts)[1]).toBeLessThan(5);
  });

  it("says what a kind needs", async () => {
    const refused = (request: Parameters<typeof picture>[2], model = space) =>
      expect(picture(engine, model, request)).rejects;
    await refused({ kind: "blocks" }, plane).toThrow(/picture blocks: expected DATA beside the model, got none/);
    await refused({ kind: "samples" }).toThrow(/picture samples: expected 2 columns, got 3; choose two with --columns/);
    await refused({ kind: "density" }).toThrow(
      /picture density: expected a model of 2 columns, got 3; try --kind pairs/,
    );
    await refused({ kind: "samples", columns: ["a", "z"] }).toThrow(/columns of the model \(a, b, c\), got "z"/);
    await refused({ kind: "pairs", data: gaussian(5, 2) }).toThrow(/rows: expected 3 columns, got 2/);
  });

  it("shows chosen columns of a wider model", async () => {
    const figure = await picture(engine, space, {
      kind: "samples",
      data: gaussian(300, 3),
      columns: ["c", "a"],
      points: 200,
    });
    expect(figure.panels[0]?.x.label).toBe("c");
    expect(mean([...points(figure, 0).x])).toBeGreaterThan(18);
    expect(mean([...points(figure, 0).y])).toBeLessThan(1);
  });
});

describe("densityReportSections", () => {
  it("has the pictures that suit the model and the data", async () => {
    const headings = async (...request: Parameters<typeof densityReportSections>) =>
      (await densityReportSections(...request)).map(({ heading }) => heading);
    expect(await headings(engine, plane)).toEqual(["Samples", "Density", "Training"]);
    expect(await headings(engine, space, gaussian(100, 3))).toEqual(["Samples", "Training", "Blocks", "Paths"]);
  });
});
