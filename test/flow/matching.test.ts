// matching: the loss is the reference's, and between Gaussians the velocity known in closed form is what minimises it.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diffusionScales } from "../../src/flow/diffusion.ts";
import type { InterpolantName } from "../../src/flow/interpolant.ts";
import { matchingLoss, rightEnd, type VelocityField } from "../../src/flow/matching.ts";
import type { Step } from "../../src/flow/steps.ts";
import { applyMlp, type MlpArrays } from "../../src/nn/mlp.ts";
import { fillNormal, fillUniform, random, split } from "../../src/random.ts";
import { compile } from "../../src/runtime/compile.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { add, cosine, divide, multiply, sine, subtract } from "../../src/tensor/arithmetic.ts";
import { type FloatArray, floats } from "../../src/tensor/array.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import { constant, placeholder, type Tensor, type TensorLike } from "../../src/tensor/tensor.ts";
import { mapTree } from "../../src/tensor/tree.ts";
import {
  column,
  evaluate,
  moments,
  numbers,
  reference,
  stored,
  storedLayers,
  type TrainingReference,
} from "../support/evaluate.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

function batchInputs(d: number) {
  return { left: column(d), source: column(d), noise: column(d), time: column(1) };
}

describe("the matching loss", () => {
  it("is the reference's for every activation and interpolant there", async () => {
    const { batch, runs } = reference<TrainingReference>("training");
    for (const { activation, interpolant, start, steps } of runs) {
      const network = { hidden: [8, 8], activation, timeInput: "first", initialization: "default" } as const;
      const parameters = mapTree<FloatArray, Tensor, MlpArrays>(storedLayers(start), (array) => constant(array));
      const inputs = batchInputs(2);
      const loss = matchingLoss((x, t) => applyMlp(network, parameters, x, t), inputs, { kind: "free" }, interpolant);
      const [left, right] = [stored(batch.xLeft), stored(batch.xRight)];
      const values = { left, source: left, noise: right, time: stored(batch.t) };
      const result = await evaluate(engine, inputs, { loss }, values);
      expect(numbers(result.loss)[0]).toBeCloseTo(steps[0]?.loss ?? Number.NaN, 5);
    }
  });

  it("takes the diffused source as the right end, and the noise itself in the free block", async () => {
    const inputs = batchInputs(1);
    const right = (step: Step) => rightEnd(step, inputs.source, inputs.noise);
    const outputs = { diffused: right({ kind: "diffuse", duration: 0.4 }), free: right({ kind: "free" }) };
    const one = (value: number) => floats([value], [1, 1]);
    const { source, noise } = inputs;
    const result = await evaluate(engine, { source, noise }, outputs, { source: one(2), noise: one(-3) });
    expect(numbers(result.diffused)[0]).toBeCloseTo(2 * Math.exp(-0.4) - 3 * Math.sqrt(1 - Math.exp(-0.8)), 6);
    expect(numbers(result.free)).toEqual([-3]);
  });

  it("of rows with steps of their own is the mean of their blocks' losses", async () => {
    const inputs = { ...batchInputs(1), keep: column(1), spread: column(1) };
    const velocity: VelocityField = (x, t) => add(sine(x), t);
    const ofStep = (step: Step) => matchingLoss(velocity, inputs, step, "trigonometric");
    const outputs = {
      diffused: ofStep({ kind: "diffuse", duration: 0.4 }),
      free: ofStep({ kind: "free" }),
      mixed: matchingLoss(
        velocity,
        inputs,
        { kind: "by row", keep: inputs.keep, spread: inputs.spread },
        "trigonometric",
      ),
    };
    const rows = (values: readonly number[]) => floats(values, [values.length, 1]);
    const ends = { left: [1, -0.5], source: [0.3, 2], noise: [-1, 0.7], time: [0.2, 0.9] };
    const at = (pick: (values: readonly number[]) => readonly number[], keep: readonly number[]) => ({
      left: rows(pick(ends.left)),
      source: rows(pick(ends.source)),
      noise: rows(pick(ends.noise)),
      time: rows(pick(ends.time)),
      keep: rows(keep),
      spread: rows(keep.map((value) => Math.sqrt(1 - value ** 2))),
    });
    const [first, second] = [
      await evaluate(
        engine,
        inputs,
        outputs,
        at((values) => values.slice(0, 1), [0]),
      ),
      await evaluate(
        engine,
        inputs,
        outputs,
        at((values) => values.slice(1), [0]),
      ),
    ];
    const both = await evaluate(
      engine,
      inputs,
      outputs,
      at((values) => values, [Math.exp(-0.4), 0]),
    );
    const [one = 0, other = 0] = [...numbers(first.diffused), ...numbers(second.free)];
    expect(numbers(both.mixed)[0]).toBeCloseTo((one + other) / 2, 5);
  });
});

/** x_l ~ N(center, width^2); I_t = a x_l + b z and dI_t / dt = a' x_l + b' z with the coefficients below. */
const [center, width] = [1.5, 0.6];

interface Problem {
  readonly step: Step;
  readonly interpolant: InterpolantName;
}

/** The conditional mean of the curve's velocity given its point, which is linear in the point since all is Gaussian. */
function optimalVelocity({ step, interpolant }: Problem): VelocityField {
  const { keep, spread } = step.kind === "free" ? { keep: 0, spread: 1 } : diffusionScales(step.duration);
  const plus = (x: TensorLike, y: TensorLike) => add(x, y);
  return (x, t) => {
    const angle = multiply(Math.PI / 2, t);
    const isLinear = interpolant === "linear";
    const [left, right] = isLinear ? [subtract(1, t), t] : [cosine(angle), sine(angle)];
    const [leftRate, rightRate]: readonly [TensorLike, TensorLike] = isLinear
      ? [-1, 1]
      : [multiply(-Math.PI / 2, sine(angle)), multiply(Math.PI / 2, cosine(angle))];
    const [a, b] = [plus(left, multiply(keep, right)), multiply(spread, right)];
    const [aRate, bRate] = [plus(leftRate, multiply(keep, rightRate)), multiply(spread, rightRate)];
    const variance = plus(multiply(width ** 2, multiply(a, a)), multiply(b, b));
    const covariance = plus(multiply(width ** 2, multiply(a, aRate)), multiply(b, bRate));
    return plus(multiply(center, aRate), multiply(divide(covariance, variance), subtract(x, multiply(center, a))));
  };
}

describe("the optimal velocity between Gaussians", () => {
  const problems: readonly Problem[] = (["linear", "trigonometric"] as const).flatMap((interpolant) => [
    { interpolant, step: { kind: "diffuse", duration: 0.3 } },
    { interpolant, step: { kind: "free" } },
  ]);
  const [rows, draws] = [4000, 40];
  /** Directions in which a velocity can be wrong. */
  const directions: readonly ((x: Tensor, t: Tensor) => Tensor)[] = [
    (_, t) => add(1, multiply(0, t)),
    (x) => x,
    (x, t) => multiply(x, t),
    (x) => sine(multiply(2, x)),
  ];

  function draw(key: number) {
    const normal = (name: string) => {
      const values = new Float32Array(rows);
      fillNormal(split(random(key), name), values);
      return values;
    };
    const left = floats(
      normal("left").map((z) => center + width * z),
      [rows, 1],
    );
    const time = floats(new Float32Array(rows), [rows, 1]);
    fillUniform(split(random(key), "time"), time.data);
    return { left, source: left, noise: floats(normal("noise"), [rows, 1]), time };
  }

  it.each(problems)("has no gradient and the least loss: $interpolant, $step.kind", async ({ interpolant, step }) => {
    const best = optimalVelocity({ interpolant, step });
    const batch = batchInputs(1);
    const wrong = directions.map(() => placeholder([]));
    const velocity: VelocityField = (x, t) =>
      directions.reduce((v, direction, i) => add(v, multiply(wrong[i] ?? 0, direction(x, t))), best(x, t));
    const loss = matchingLoss(velocity, batch, step, interpolant);
    const program = await compile(engine, { batch, wrong }, { loss, gradients: gradient(loss, wrong) });
    const at = (values: readonly number[]) => values.map((value) => floats([value], []));

    const slopes: number[][] = directions.map(() => []);
    let gained = [0, 0];
    for (let k = 0; k < draws; k++) {
      const values = draw(k);
      const right = await program.run({ batch: values, wrong: at([0, 0, 0, 0]) });
      right.gradients.forEach((value, i) => slopes[i]?.push(numbers(value)[0] ?? Number.NaN));
      for (const [sign, factor] of [1, -1].entries()) {
        const off = await program.run({ batch: values, wrong: at([0.1, 0.2, -0.2, 0.1].map((w) => factor * w)) });
        gained = gained.map((sum, i) =>
          i === sign ? sum + Number(off.loss.data[0]) - Number(right.loss.data[0]) : sum,
        );
      }
    }
    await program.release();
    for (const slope of slopes) {
      const { mean, variance } = moments(slope);
      expect(Math.abs(mean)).toBeLessThan(4.5 * Math.sqrt(variance / draws));
      expect(variance).toBeGreaterThan(0);
    }
    for (const sum of gained) expect(sum / draws).toBeGreaterThan(0.002);
  });
});
