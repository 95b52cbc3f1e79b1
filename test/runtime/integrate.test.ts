// integrate: many rows along an ODE. Closed forms are met to the tolerance, and every row travels on its own.
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import type { Integration, MethodName } from "../../src/ode/integration.ts";
import { evaluationsPerStep, tableaus } from "../../src/ode/tableaus.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import {
  type Direction,
  type Equation,
  type Integrated,
  paddedRows,
  paddedSlice,
  type Rows,
} from "../../src/runtime/equation.ts";
import { createIntegrator, type IntegratorOptions } from "../../src/runtime/integrate.ts";
import { createEngine } from "../../src/runtime/node.ts";
import {
  add,
  cosine,
  hyperbolicTangent,
  multiply,
  negate,
  sine,
  squareRoot,
  subtract,
} from "../../src/tensor/arithmetic.ts";
import { floats } from "../../src/tensor/array.ts";
import { square } from "../../src/tensor/functions.ts";
import { affine, beside } from "../../src/tensor/matrix.ts";
import { constant } from "../../src/tensor/tensor.ts";
import { largestDifference } from "../support/evaluate.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const adaptive = (tolerance: number, method: MethodName = "dopri5"): Integration => ({
  kind: "adaptive",
  method,
  rtol: tolerance,
  atol: tolerance,
});

async function integrate(
  equation: Equation,
  rows: Rows,
  options: Partial<IntegratorOptions> & { readonly context?: Rows },
) {
  const { direction = 1, integration = adaptive(1e-4), slots = 64, context = [] } = options;
  const integrator = await createIntegrator(engine, equation, { direction, integration, slots });
  try {
    return await integrator.run(rows, { context });
  } finally {
    await integrator.release();
  }
}

/** x' = x cos 3t, so x(t) = x(0) exp(sin(3t) / 3). */
const swing: Equation = {
  widths: [1],
  context: [],
  derivative: ([x], t) => (x ? [multiply(x, cosine(multiply(3, t)))] : []),
};
const swingGrowth = Math.exp(Math.sin(3) / 3);

/** x' = A(t) x with A = -sin(3t) I + 4 cos(2t) J, J a quarter turn: scaling and rotation commute, so the exponential is known. */
const spiral: Equation = {
  widths: [2],
  context: [],
  derivative: ([x], t) => {
    if (!x) return [];
    const turn = constant(floats([0, 1, -1, 0], [2, 2]));
    const turned = affine(x, turn, constant(floats([0, 0])));
    return [add(multiply(negate(sine(multiply(3, t))), x), multiply(multiply(4, cosine(multiply(2, t))), turned))];
  },
};
function spiralled(points: Float32Array): number[] {
  const scale = Math.exp((Math.cos(3) - 1) / 3);
  const [c, s] = [scale * Math.cos(2 * Math.sin(2)), scale * Math.sin(2 * Math.sin(2))];
  return Array.from({ length: points.length / 2 }, (_, i) => [points[2 * i] ?? 0, points[2 * i + 1] ?? 0]).flatMap(
    ([x = 0, y = 0]) => [c * x - s * y, s * x + c * y],
  );
}

/** x' = -rate (x - cos t) + tanh(x) / 10: the rate stands in the context; 300 is stiff. */
const relaxation: Equation = {
  widths: [1],
  context: [1],
  derivative: ([x], t, [rate]) =>
    x && rate ? [subtract(multiply(0.1, hyperbolicTangent(x)), multiply(rate, subtract(x, cosine(t))))] : [],
};

/** A small network with fixed weights: what bits depend on is seen in matrix products. */
const network: Equation = {
  widths: [3],
  context: [],
  derivative: ([x], t) => {
    const weights = (rows: number, columns: number, scale: number) =>
      constant(
        floats(
          Array.from({ length: rows * columns }, (_, i) => scale * Math.sin(1 + 7.3 * i)),
          [rows, columns],
        ),
      );
    const bias = (columns: number) => constant(floats(Array.from({ length: columns }, (_, i) => Math.cos(3 * i) / 3)));
    if (!x) return [];
    const hidden = hyperbolicTangent(affine(beside(t, x), weights(4, 37, 0.5), bias(37)));
    return [affine(hyperbolicTangent(affine(hidden, weights(37, 37, 0.2), bias(37))), weights(37, 3, 0.3), bias(3))];
  },
};
/**
 * With one thread rows have the same bits in every company and place (as measured on x64, 16 padded rows and more). With several,
 * scalar kernels such as Log's round differently where threads divide the work; then a step decision may flip, too.
 */
const lastBits = 2e-6;
const networkPoints = Float32Array.from({ length: 3 * 150 }, (_, i) => 2 * Math.sin(i * i + 0.5));

describe("adaptive integration of equations with a closed form", () => {
  const points = Float32Array.from({ length: 40 }, (_, i) => 3 * Math.sin(2.7 * i));
  const cases = (["heun", "bosh3", "dopri5", "tsit5"] as const).flatMap((method) =>
    ([1, -1] as const).map((direction) => ({ method, direction })),
  );

  it.each(cases)("meets the tolerance with $method in direction $direction", async ({ method, direction }) => {
    for (const tolerance of method === "heun" ? [1e-3] : [1e-3, 1e-5]) {
      const options = { direction, integration: adaptive(tolerance, method) };
      const start = direction === 1 ? points : Float32Array.from(points, (x) => x * swingGrowth);
      const end = direction === 1 ? Array.from(points, (x) => x * swingGrowth) : Array.from(points);
      const swung = await integrate(swing, [start], options);
      expect(largestDifference(swung.state[0] ?? [], end)).toBeLessThan(4 * tolerance);

      const turned = await integrate(
        spiral,
        [direction === 1 ? points : Float32Array.from(spiralled(points))],
        options,
      );
      const expected = direction === 1 ? spiralled(points) : Array.from(points);
      expect(largestDifference(turned.state[0] ?? [], expected)).toBeLessThan(20 * tolerance);
    }
  });

  it("takes more evaluations for a smaller tolerance and makes smaller errors with them", async () => {
    const runs: Integrated[] = [];
    for (const tolerance of [1e-2, 1e-3, 1e-4, 1e-5])
      runs.push(await integrate(spiral, [points], { integration: adaptive(tolerance) }));
    const errors = runs.map(({ state }) => largestDifference(state[0] ?? [], spiralled(points)));
    runs.slice(1).forEach((run, i) => {
      expect(run.evaluations).toBeGreaterThan(runs[i]?.evaluations ?? 0);
      expect(errors[i + 1]).toBeLessThan(errors[i] ?? 0);
    });
  });

  it("comes back to where it started", async () => {
    const there = await integrate(network, [networkPoints], { integration: adaptive(1e-5) });
    const back = await integrate(network, there.state, { integration: adaptive(1e-5), direction: -1 });
    expect(largestDifference(there.state[0] ?? [], networkPoints)).toBeGreaterThan(0.1);
    expect(largestDifference(back.state[0] ?? [], networkPoints)).toBeLessThan(1e-4);
  });

  it("meets the tolerance in every part of a state: a wide calm one does not drown a narrow one", async () => {
    // The narrow part, y' = 60 cos 60t beside 100 columns that rest, is what needs short steps.
    const pair: Equation = {
      widths: [100, 1],
      context: [],
      derivative: ([x, y], t) =>
        x && y ? [multiply(0, x), add(multiply(0, y), multiply(60, cosine(multiply(60, t))))] : [],
    };
    for (const method of ["bosh3", "dopri5", "tsit5"] as const) {
      const { state } = await integrate(pair, [new Float32Array(200), Float32Array.of(0, 1)], {
        integration: adaptive(1e-4, method),
      });
      expect(largestDifference(state[1] ?? [], [Math.sin(60), 1 + Math.sin(60)])).toBeLessThan(1e-3);
    }
  });
});

test("slack lets a part's error be so many times the tolerance, and saves the evaluations it would have taken", async () => {
  const wave: Equation = {
    widths: [1, 1],
    context: [],
    derivative: ([x, y], t) =>
      x && y ? [multiply(-1, x), add(multiply(0, y), multiply(20, cosine(multiply(20, t))))] : [],
  };
  const start = [Float32Array.of(1), new Float32Array(1)];
  const strict = await integrate(wave, start, { integration: adaptive(1e-5) });
  const slack = await integrate({ ...wave, slack: [1, 1000] }, start, { integration: adaptive(1e-5) });
  expect(slack.evaluations).toBeLessThan(0.6 * strict.evaluations);
  expect(largestDifference(slack.state[0] ?? [], [Math.exp(-1)])).toBeLessThan(1e-5);
  expect(largestDifference(strict.state[1] ?? [], [Math.sin(20)])).toBeLessThan(1e-4);
  expect(largestDifference(slack.state[1] ?? [], [Math.sin(20)])).toBeLessThan(1e-1);
});

describe("rows", () => {
  const run = (rows: Float32Array, slots = 64) => integrate(network, [rows], { slots });
  const rowsOf = (values: ArrayLike<number>, order: readonly number[]) =>
    Float32Array.from(order.flatMap((row) => [0, 1, 2].map((k) => values[3 * row + k] ?? Number.NaN)));
  const all = Array.from({ length: 150 }, (_, i) => i);

  it("are the same bytes when run again", async () => {
    const [a, b] = [await run(networkPoints), await run(networkPoints)];
    expect(a.state).toEqual(b.state);
    expect(a.evaluations).toBe(b.evaluations);
  });

  it("do not depend on their order", async () => {
    const order = all.map((i) => (i * 37) % 150);
    const [straight, permuted] = [await run(networkPoints), await run(rowsOf(networkPoints, order))];
    expect(largestDifference(permuted.state[0] ?? [], rowsOf(straight.state[0] ?? [], order))).toBeLessThan(lastBits);
  });

  it("do not depend on how many travel together", async () => {
    const whole = await run(networkPoints);
    for (const count of [1, 15, 16, 17, 63, 64, 65, 149]) {
      const [head, tail] = [
        await run(rowsOf(networkPoints, all.slice(0, count))),
        await run(rowsOf(networkPoints, all.slice(count))),
      ];
      const joined = [...(head.state[0] ?? []), ...(tail.state[0] ?? [])];
      expect(largestDifference(joined, whole.state[0] ?? [])).toBeLessThan(lastBits);
    }
    for (const slots of [16, 256, 2048]) {
      expect(largestDifference((await run(networkPoints, slots)).state[0] ?? [], whole.state[0] ?? [])).toBeLessThan(
        lastBits,
      );
    }
  });

  it("do not depend on their neighbours", async () => {
    const changed = networkPoints.map((value, i) => (i % 9 < 3 ? value : 5 * Math.cos(i)));
    const [before, after] = [await run(networkPoints), await run(changed)];
    const kept = all.filter((row) => row % 3 === 0);
    expect(largestDifference(rowsOf(before.state[0] ?? [], kept), rowsOf(after.state[0] ?? [], kept))).toBeLessThan(
      lastBits,
    );
  });

  it("that are stiff do not disturb easy ones, and cost only what they cost alone", async () => {
    const relax = (rates: readonly number[]) =>
      integrate(relaxation, [Float32Array.from(rates, (_, i) => 1 + i / 4)], { context: [Float32Array.from(rates)] });
    const easy = await relax([1, 1, 1, 1, 1, 1]);
    const mixed = await relax([1, 1, 300, 1, 1, 1]);
    const others = [0, 1, 3, 4, 5];
    expect(
      largestDifference(
        others.map((i) => mixed.state[0]?.[i] ?? 0),
        others.map((i) => easy.state[0]?.[i] ?? 1),
      ),
    ).toBeLessThan(1e-6);
    expect(Math.abs((mixed.state[0]?.[2] ?? 0) - Math.cos(1))).toBeLessThan(0.01);

    const alone = await integrate(relaxation, [Float32Array.of(1.5)], { context: [Float32Array.of(300)] });
    const sixth = easy.evaluations / 6;
    expect(alone.evaluations).toBeGreaterThan(5 * sixth);
    expect(Math.abs(mixed.evaluations - 5 * sixth - alone.evaluations)).toBeLessThan(2 * sixth);
  });

  it("may be none or one", async () => {
    for (const integration of [adaptive(1e-4), { kind: "fixed", method: "rk4", evaluations: 40 } as const]) {
      const none = await integrate(network, [new Float32Array()], { integration });
      expect(none).toEqual({ state: [new Float32Array()], evaluations: 0 });
      const one = await integrate(network, [networkPoints.slice(0, 3)], { integration });
      expect(one.state[0]?.length).toBe(3);
      const many = await integrate(network, [networkPoints], { integration });
      expect(largestDifference(one.state[0] ?? [], many.state[0]?.slice(0, 3) ?? [])).toBeLessThan(lastBits);
    }
  });

  it("that stand alone travel by themselves, within the tolerance of where they come in company", async () => {
    const heights = new Set<number>();
    const watched: Engine = {
      ...engine,
      open: async (model) => {
        const session = await engine.open(model);
        return {
          ...session,
          run: (feeds, into) => {
            for (const { shape } of Object.values(feeds)) heights.add(shape[0] ?? 0);
            return session.run(feeds, into);
          },
        };
      },
    };
    const own = networkPoints.slice(3, 6);
    for (const integration of [adaptive(1e-4), { kind: "fixed", method: "rk4", evaluations: 40 } as const]) {
      const integrator = await createIntegrator(watched, network, { direction: 1, integration, slots: 64 });
      heights.clear();
      const alone = await integrator.run([own], { alone: true });
      expect([...heights]).toEqual([1]);
      const padded = await integrator.run([own]);
      expect([...heights]).toEqual([1, 4]);
      await integrator.release();
      expect(alone.evaluations).toBe(padded.evaluations);
      expect(largestDifference(alone.state[0] ?? [], padded.state[0] ?? [])).toBeLessThan(1e-4);
    }
  });

  it("may start at the origin, where the state gives no scale", async () => {
    const away: Equation = {
      widths: [1],
      context: [1],
      derivative: ([x], t, [rate]) => (x && rate ? [multiply(rate, add(1, multiply(0, multiply(x, t))))] : []),
    };
    const rates = Float32Array.of(0, 1e-4, 1, -60, 1e4);
    for (const method of ["heun", "bosh3", "dopri5", "tsit5"] as const)
      for (const direction of [1, -1] as const) {
        const run = await integrate(away, [new Float32Array(5)], {
          integration: adaptive(1e-5, method),
          direction,
          context: [rates],
        });
        const relative = Array.from(
          run.state[0] ?? [],
          (x, i) => (direction * x - (rates[i] ?? 0)) / Math.max(1, Math.abs(rates[i] ?? 0)),
        );
        expect(largestDifference(relative, new Float32Array(5))).toBeLessThan(1e-5);
        expect(run.evaluations).toBeLessThan(5 * (2 + 8 * evaluationsPerStep(tableaus[method])));
      }
  });

  it("carry their context with them through the slots", async () => {
    // x' = 3 rate t^2: more rows than slots, leaving at different times.
    const drift: Equation = {
      widths: [1],
      context: [1],
      derivative: ([x], t, [rate]) => (x && rate ? [add(multiply(0, x), multiply(rate, multiply(3, square(t))))] : []),
    };
    const rates = Float32Array.from({ length: 101 }, (_, i) => (i % 7 === 0 ? 1000 : i / 10));
    for (const integration of [adaptive(1e-4, "bosh3"), { kind: "fixed", method: "rk4", evaluations: 8 } as const]) {
      const { state } = await integrate(drift, [new Float32Array(101)], { integration, slots: 16, context: [rates] });
      const relative = Array.from(state[0] ?? [], (x, i) => (x - (rates[i] ?? 0)) / Math.max(1, rates[i] ?? 0));
      expect(largestDifference(relative, new Float32Array(101))).toBeLessThan(2e-3);
    }
  });
});

describe("counting evaluations", () => {
  it("gives rows x steps x stages for fixed steps, whole steps only", async () => {
    for (const method of Object.keys(tableaus) as MethodName[]) {
      const perStep = evaluationsPerStep(tableaus[method]);
      const { evaluations } = await integrate(swing, [new Float32Array(70)], {
        integration: { kind: "fixed", method, evaluations: 3 * perStep + perStep - 1 },
      });
      expect(evaluations).toBe(70 * 3 * perStep);
    }
  });

  it("gives two to depart and the stages of every step for adaptive steps, whatever the padding", async () => {
    // A constant field is met by the first attempt: the starting step is the longest allowed, then tenfold growth.
    const still: Equation = { widths: [1], context: [], derivative: ([x]) => (x ? [multiply(0, x)] : []) };
    for (const method of ["heun", "bosh3", "dopri5", "tsit5"] as const) {
      const one = await integrate(still, [Float32Array.of(1)], { integration: adaptive(1e-3, method) });
      const steps = (one.evaluations - 2) / evaluationsPerStep(tableaus[method]);
      expect(Number.isInteger(steps)).toBe(true);
      expect(steps).toBeLessThanOrEqual(8);
      const many = await integrate(still, [new Float32Array(67).fill(1)], {
        integration: adaptive(1e-3, method),
        slots: 16,
      });
      expect(many.evaluations).toBe(67 * one.evaluations);
    }
  });
});

describe("errors", () => {
  const root: Equation = { widths: [1], context: [], derivative: ([x]) => (x ? [squareRoot(x)] : []) };
  const explosion: Equation = { widths: [1], context: [], derivative: ([x]) => (x ? [square(x)] : []) };
  const starts = Float32Array.from({ length: 30 }, (_, i) => (i === 20 ? -1 : 1));

  it("name the row whose velocity is not finite, also beyond the first slots", async () => {
    const stuck =
      /^row 21 at t = 0\.000000: expected a step that meets the tolerance, got a velocity that is not finite/;
    await expect(integrate(root, [starts], {})).rejects.toMatchObject({
      code: "numeric",
      message: expect.stringMatching(stuck),
    });
    await expect(integrate(root, [starts], { slots: 16 })).rejects.toThrow(/^row 21 /);
    await expect(integrate(swing, [Float32Array.of(1, Number.NaN)], {})).rejects.toThrow(/^row 2 at t = 0/);
    await expect(integrate(swing, [Float32Array.of(Number.POSITIVE_INFINITY, 1)], { direction: -1 })).rejects.toThrow(
      /^row 1 at t = 1/,
    );
  });

  it("name the row and the time of a solution that ends before t = 1", async () => {
    // x' = x^2 from 2 is 1 / (1/2 - t).
    const run = integrate(explosion, [Float32Array.of(0.1, 0.2, 2)], {});
    await expect(run).rejects.toMatchObject({
      code: "numeric",
      message: expect.stringMatching(/^row 3 at t = 0\.(49|50)/),
    });
  });

  it("name the row that leaves the finite numbers in fixed steps, counted from the caller's first row", async () => {
    const integration: Integration = { kind: "fixed", method: "euler", evaluations: 10 };
    await expect(integrate(root, [starts], { integration })).rejects.toMatchObject({
      code: "numeric",
      message: expect.stringMatching(/^row 21: expected finite values/),
    });
    for (const kind of [integration, adaptive(1e-4)]) {
      const integrator = await createIntegrator(engine, root, { direction: 1, integration: kind, slots: 16 });
      await expect(integrator.run([starts], { firstRow: 1000 })).rejects.toThrow(/^row 1021\b/);
      await integrator.release();
    }
  });

  it("say which methods can be adaptive and how many evaluations a step takes", async () => {
    for (const method of ["euler", "midpoint", "rk4"] as const)
      await expect(integrate(swing, [starts], { integration: adaptive(1e-3, method) })).rejects.toMatchObject({
        code: "option",
      });
    for (const evaluations of [0, 3, Number.NaN])
      await expect(
        integrate(swing, [starts], { integration: { kind: "fixed", method: "rk4", evaluations } }),
      ).rejects.toThrow(/at least 4 for one step of rk4/);
  });
});

describe("padding", () => {
  it("goes up in powers of four from 4, and never above the most", () => {
    const sizes = [1, 4, 5, 16, 17, 64, 65, 256, 257, 1024, 1025, 2048].map((n) => paddedRows(n, 2048));
    expect(sizes).toEqual([4, 4, 16, 16, 64, 64, 256, 256, 1024, 1024, 2048, 2048]);
    expect([1, 5, 8].map((n) => paddedRows(n, 8))).toEqual([4, 8, 8]);
    expect(paddedRows(1, 8, true)).toBe(1);
  });

  it("repeats the last row, so that it adds no value that was not there", () => {
    const rows = [Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(7, 8, 9)];
    const [points, logs] = paddedSlice(rows, [2, 1], 1, 2, 4);
    expect(points).toEqual(floats([3, 4, 5, 6, 5, 6, 5, 6], [4, 2]));
    expect(logs).toEqual(floats([8, 9, 9, 9], [4, 1]));
  });

  it("does not change what fixed steps compute", async () => {
    const direction: Direction = 1;
    const integration: Integration = { kind: "fixed", method: "tsit5", evaluations: 60 };
    const whole = await integrate(network, [networkPoints], { direction, integration });
    for (const count of [1, 16, 17, 100]) {
      const part = await integrate(network, [networkPoints.slice(0, 3 * count)], { direction, integration });
      expect(largestDifference(part.state[0] ?? [], whole.state[0]?.slice(0, 3 * count) ?? [])).toBeLessThan(lastBits);
    }
  });
});
