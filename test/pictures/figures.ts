// figures: one example of every figure, with hostile names, for the tests of the renderers.
import { curveFigure } from "../../src/pictures/curve.ts";
import { densityFigure } from "../../src/pictures/density-map.ts";
import type { Figure } from "../../src/pictures/figure.ts";
import { blocksFigure, trajectoriesFigure } from "../../src/pictures/journey.ts";
import { measuresFigure } from "../../src/pictures/measures.ts";
import { pairsFigure, samplesFigure } from "../../src/pictures/samples.ts";
import { lossFigure } from "../../src/pictures/training.ts";
import { fillNormal, random, split } from "../../src/random.ts";

export const hostile = `<script>alert("1")</script> & 'größe' \u0001\ud800 ]]>`;

export function normal(count: number, name: string): Float32Array {
  const values = new Float32Array(count);
  fillNormal(split(random(1), name), values);
  return values;
}

const cells = 12;
const grid = {
  x: [-2, 2],
  y: [-1, 1],
  columns: cells,
  rows: cells,
  logDensity: Float64Array.from({ length: cells * cells }, (_, k) => (k === 5 ? Number.NEGATIVE_INFINITY : -k / 20)),
} as const;

/** Every kind of figure by name. */
export function exampleFigures(): Readonly<Record<string, Figure>> {
  const table = (rows: number, columns: readonly string[], name: string) => ({
    columns,
    values: normal(rows * columns.length, name),
  });
  const pool = (name: string) => ({ learnt: normal(400, name), exact: normal(400, `${name}!`), name });
  const states = Array.from({ length: 6 }, (_, k) => normal(40, "states").map((value) => value * (1 + k)));
  return {
    samples: samplesFigure({ data: table(300, ["a", hostile], "d"), samples: table(200, ["a", hostile], "s") }),
    many: samplesFigure({ samples: table(4000, ["a", "b"], "m") }),
    pairs: pairsFigure({ data: table(100, ["a", hostile, "c"], "d"), samples: table(80, ["a", hostile, "c"], "s") }),
    one: pairsFigure({ samples: table(80, [hostile], "o") }),
    blocks: blocksFigure({ axes: [hostile, "b"], stages: [pool("data"), pool("block 1")] }),
    trajectories: trajectoriesFigure({ axes: ["a", "b"], states, ends: [3, 5] }),
    density: densityFigure({ axes: [hostile, "y"], grid, points: Float32Array.of(0, 0, 1, 0.5) }),
    losses: lossFigure([
      { block: 1, iterations: [1, 2, 3], losses: [3, 2, 1] },
      { block: 2, iterations: [1, 2], losses: [0.2, 0.1] },
    ]),
    measures: measuresFigure([
      { name: "nll", unit: "nats", value: 1.5, standardError: 0.1, baselines: { [hostile]: { value: 2 } } },
      { name: "score", value: -3, better: "higher" },
    ]),
    curve: curveFigure(
      [2, 4, 8].map((evaluations) => ({
        series: hostile,
        evaluations,
        seconds: evaluations / 50,
        quality: 1 / evaluations,
        standardError: 0.01,
        distanceToReference: 1 / evaluations ** 2,
      })),
      { name: "sliced Wasserstein", floor: 0.1 },
    ),
    empty: lossFigure([]),
  };
}
