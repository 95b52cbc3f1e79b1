// interpolant: the curves have their closed forms and ends, and their velocity is their derivative.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type InterpolantName, interpolants } from "../../src/flow/interpolant.ts";
import { fillNormal, fillUniform, random, split } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { floats } from "../../src/tensor/array.ts";
import { expandLike } from "../../src/tensor/layout.ts";
import { tangent } from "../../src/tensor/tangent.ts";
import { constant } from "../../src/tensor/tensor.ts";
import { column, evaluate, largestDifference, moments, numbers } from "../support/evaluate.ts";

const names = Object.keys(interpolants) as InterpolantName[];

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

function normal(key: string, rows: number, d: number) {
  const values = new Float32Array(rows * d);
  fillNormal(split(random(8), key), values);
  return floats(values, [rows, d]);
}

async function curve(name: InterpolantName, times: Float32Array, d = 3) {
  const [left, right, time] = [column(d), column(d), column(1)];
  const { point, velocity } = interpolants[name](left, right, time);
  const [derivative = point] = tangent([point], [{ tensor: time, direction: expandLike(constant(1), time) }]);
  const rows = times.length;
  const ends = { left: normal("left", rows, d), right: normal("right", rows, d) };
  const values = { ...ends, time: floats(times, [rows, 1]) };
  return { ...ends, ...(await evaluate(engine, { left, right, time }, { point, velocity, derivative }, values)) };
}

describe("interpolants", () => {
  it("are the linear and the trigonometric one", () => {
    expect(names).toEqual(["linear", "trigonometric"]);
  });

  it.each(names)("%s runs from the left end at t = 0 to the right end at t = 1", async (name) => {
    const start = await curve(name, new Float32Array(20));
    expect(numbers(start.point)).toEqual(numbers(start.left));
    const end = await curve(name, new Float32Array(20).fill(1));
    expect(largestDifference(numbers(end.point), numbers(end.right))).toBeLessThan(1e-6);
  });

  it.each(names)("%s has its closed form", async (name) => {
    const times = new Float32Array(50);
    fillUniform(random(2), times);
    const { left, right, point, velocity } = await curve(name, times);
    const expected = Array.from(left.data, (l, i) => {
      const [t, r] = [times[Math.floor(i / 3)] ?? 0, right.data[i] ?? 0];
      const [c, s] = [Math.cos((Math.PI / 2) * t), Math.sin((Math.PI / 2) * t)];
      if (name === "linear") return { point: (1 - t) * l + t * r, velocity: r - l };
      return { point: c * l + s * r, velocity: (Math.PI / 2) * (c * r - s * l) };
    });
    expect(
      largestDifference(
        numbers(point),
        expected.map((value) => value.point),
      ),
    ).toBeLessThan(1e-6);
    expect(
      largestDifference(
        numbers(velocity),
        expected.map((value) => value.velocity),
      ),
    ).toBeLessThan(2e-6);
  });

  it.each(names)("%s has its time derivative as velocity", async (name) => {
    const times = new Float32Array(50);
    fillUniform(random(3), times);
    const { velocity, derivative } = await curve(name, times);
    expect(largestDifference(numbers(velocity), numbers(derivative))).toBeLessThan(2e-6);
    expect(Math.max(...numbers(velocity).map(Math.abs))).toBeGreaterThan(1);
  });

  it("of the trigonometric kind keep the variance of independent ends, and linear ones halve it midway", async () => {
    const rows = 40_000;
    const variance = async (name: InterpolantName) =>
      moments(numbers((await curve(name, new Float32Array(rows).fill(0.5), 1)).point)).variance;
    const standardError = Math.sqrt(2 / rows);
    expect(Math.abs((await variance("trigonometric")) - 1)).toBeLessThan(5 * standardError);
    expect(Math.abs((await variance("linear")) - 0.5)).toBeLessThan(2.5 * standardError);
  });
});
