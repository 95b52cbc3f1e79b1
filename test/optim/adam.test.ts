// adam: three training steps match PyTorch's, with and without weight decay and clipping; rates and averages follow formulas.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { matchingLoss } from "../../src/flow/matching.ts";
import { applyMlp, type MlpArrays, type MlpTensors } from "../../src/nn/mlp.ts";
import { adamScales, adamUpdate } from "../../src/optim/adam.ts";
import { averageKept, clipByGlobalNorm, learningRateAt, movingAverage } from "../../src/optim/schedule.ts";
import { compile } from "../../src/runtime/compile.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { add, multiply, squareRoot } from "../../src/tensor/arithmetic.ts";
import { type FloatArray, floats, type NDArray, zeros } from "../../src/tensor/array.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import { sum } from "../../src/tensor/layout.ts";
import { placeholder, type Tensor } from "../../src/tensor/tensor.ts";
import { leaves, mapTree } from "../../src/tensor/tree.ts";
import {
  column,
  evaluate,
  largestDifference,
  numbers,
  reference,
  type StoredLayers,
  stored,
  storedLayers,
  type TrainingReference,
} from "../support/evaluate.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const training = reference<TrainingReference>("training");
const scalar = (value: number) => floats([value], []);
const flat = (layers: StoredLayers) => leaves<FloatArray>(storedLayers(layers)).map((leaf) => leaf.value);

/**
 * onnxruntime's Sigmoid is exact to 6e-8, not to a share of its value: gradients through units that softplus(20) has shut are
 * 0 where float64 has some 1e-10. Adam divides them by epsilon = 1e-8, so that a step may differ by a few hundredths.
 */
const vanishing = 5e-10;

describe("Adam", () => {
  it.each(training.runs)("makes PyTorch's three steps: $activation.kind, $interpolant, $optimizer", async (run) => {
    const { learningRate, weightDecay, clip = Number.POSITIVE_INFINITY } = run.optimizer;
    const network = {
      hidden: [8, 8],
      activation: run.activation,
      timeInput: "first",
      initialization: "default",
    } as const;
    const tensors = mapTree<FloatArray, Tensor, MlpArrays>(storedLayers(run.start), (array) =>
      placeholder(array.shape),
    ) as MlpTensors;
    const parameters = leaves<Tensor>(tensors).map((leaf) => leaf.value);
    const blank = () => parameters.map((tensor) => placeholder(tensor.shape));
    const [first, second] = [blank(), blank()];
    const scales = { rate: placeholder([]), epsilon: placeholder([]), shrink: placeholder([]) };
    const [left, right, time] = [column(2), column(2), column(1)];
    const loss = matchingLoss(
      (x, t) => applyMlp(network, tensors, x, t),
      { left, source: left, noise: right, time },
      { kind: "free" },
      run.interpolant,
    );
    const slopes = gradient(loss, parameters);
    const norm = squareRoot(slopes.map((slope) => sum(multiply(slope, slope))).reduce((a, b) => add(a, b)));
    const clipped = clipByGlobalNorm(slopes, clip);
    const updates = parameters.map((parameter, i) =>
      adamUpdate(
        parameter,
        clipped[i] ?? parameter,
        { first: first[i] ?? parameter, second: second[i] ?? parameter },
        scales,
        { weightDecay },
      ),
    );
    const outputs = {
      loss,
      norm,
      parameters: updates.map((update) => update.parameter),
      first: updates.map((update) => update.state.first),
      second: updates.map((update) => update.state.second),
    };
    const program = await compile(engine, { parameters, first, second, scales, left, right, time }, outputs);
    const nothing = () => parameters.map((tensor) => zeros(tensor.shape.map(Number)));
    let state: { parameters: readonly NDArray[]; first: readonly NDArray[]; second: readonly NDArray[] } = {
      parameters: flat(run.start),
      first: nothing(),
      second: nothing(),
    };
    const batch = {
      left: stored(training.batch.xLeft),
      right: stored(training.batch.xRight),
      time: stored(training.batch.t),
    };
    const allowed = flat(run.start).map(({ data }) => Array.from(data, () => 5e-6));
    for (const [k, step] of run.steps.entries()) {
      const { rate, epsilon, shrink } = adamScales(k + 1, learningRate, { weightDecay });
      const result = await program.run({
        ...state,
        ...batch,
        scales: { rate: scalar(rate), epsilon: scalar(epsilon), shrink: scalar(shrink) },
      });
      expect(Math.abs(Number(result.loss.data[0]) / step.loss - 1)).toBeLessThan(2e-6);
      expect(Math.abs(Number(result.norm.data[0]) / step.gradientNorm - 1)).toBeLessThan(5e-6);
      for (const [i, expected] of flat(step.layers).entries()) {
        const moments = numbers(result.first[i] ?? scalar(0));
        const slack = (allowed[i] ?? []).map(
          (sofar, j) => sofar + (learningRate * vanishing) / (Math.abs(moments[j] ?? 0) + 1e-8),
        );
        allowed[i] = slack;
        const excess = numbers(result.parameters[i] ?? scalar(0)).map(
          (value, j) => Math.abs(value - (expected.data[j] ?? Number.NaN)) - (slack[j] ?? 0),
        );
        expect(Math.max(...excess)).toBeLessThan(0);
      }
      state = { parameters: result.parameters, first: result.first, second: result.second };
    }
    await program.release();
  });

  it("forms the textbook's step out of its three scalars", async () => {
    // Plain Adam on one number with gradients g_k, in float64, against the rescaled moments.
    const options = { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.2 };
    const slopes = [0.5, -0.002, 3, 0.1];
    const inputs = {
      p: placeholder([]),
      g: placeholder([]),
      first: placeholder([]),
      second: placeholder([]),
      rate: placeholder([]),
      epsilon: placeholder([]),
      shrink: placeholder([]),
    };
    const { p, g, first, second, ...scales } = inputs;
    const update = adamUpdate(p, g, { first, second }, scales, options);
    const program = await compile(engine, inputs, {
      p: update.parameter,
      first: update.state.first,
      second: update.state.second,
    });
    let state: { p: NDArray; first: NDArray; second: NDArray } = { p: scalar(1), first: scalar(0), second: scalar(0) };
    let [value, m, v] = [1, 0, 0];
    for (const [i, slope] of slopes.entries()) {
      const k = i + 1;
      m = options.beta1 * m + (1 - options.beta1) * slope;
      v = options.beta2 * v + (1 - options.beta2) * slope ** 2;
      const move = m / (1 - options.beta1 ** k) / (Math.sqrt(v / (1 - options.beta2 ** k)) + options.epsilon);
      value = value - 0.05 * options.weightDecay * value - 0.05 * move;
      const { rate, epsilon, shrink } = adamScales(k, 0.05, options);
      state = await program.run({
        ...state,
        g: scalar(slope),
        rate: scalar(rate),
        epsilon: scalar(epsilon),
        shrink: scalar(shrink),
      });
      expect(Number(state.p.data[0])).toBeCloseTo(value, 6);
      expect(Number(state.first.data[0]) * (1 - options.beta1)).toBeCloseTo(m, 6);
      expect(Number(state.second.data[0]) * (1 - options.beta2)).toBeCloseTo(v, 6);
    }
    await program.release();
  });
});

describe("clipping", () => {
  async function clipped(largest: number): Promise<number[]> {
    const gradients = [placeholder([2]), placeholder([1, 2])];
    const outputs = { all: [...clipByGlobalNorm(gradients, largest)] };
    const { all } = await evaluate(engine, { gradients }, outputs, {
      gradients: [floats([1, 2]), floats([-2, 4], [1, 2])],
    });
    return all.flatMap((array) => [...numbers(array)]);
  }

  it("scales all gradients together to the largest norm, and leaves shorter ones", async () => {
    // The norm of (1, 2, -2, 4) is 5.
    expect(largestDifference(await clipped(1), [0.2, 0.4, -0.4, 0.8])).toBeLessThan(1e-6);
    expect(await clipped(5.1)).toEqual([1, 2, -2, 4]);
    expect(await clipped(Number.POSITIVE_INFINITY)).toEqual([1, 2, -2, 4]);
  });
});

describe("the learning rate", () => {
  it("falls by the factor after every stretch", () => {
    const schedule = { learningRate: 0.01, decay: { kind: "step", factor: 0.5, every: 10 } as const, warmUp: 0 };
    expect([0, 9, 10, 19, 20].map((k) => learningRateAt(schedule, k, 0))).toEqual([0.01, 0.01, 0.005, 0.005, 0.0025]);
  });

  it("follows half a cosine to 0 at the end of the training", () => {
    const schedule = { learningRate: 2, decay: { kind: "cosine" } as const, warmUp: 0 };
    const rates = [0, 1 / 3, 1 / 2, 1].map((progress) => learningRateAt(schedule, 5, progress));
    [2, 1.5, 1, 0].forEach((rate, i) => expect(rates[i]).toBeCloseTo(rate, 12));
  });

  it("rises linearly to full over the warm-up, never starting at 0", () => {
    const schedule = { learningRate: 2, decay: { kind: "step", factor: 1, every: 1 } as const, warmUp: 4 };
    expect([0, 1, 2, 3, 4, 100].map((k) => learningRateAt(schedule, k, 0))).toEqual([0.5, 1, 1.5, 2, 2, 2]);
  });
});

describe("the moving average", () => {
  it("copies during the warm-up, forgets its start quickly, and ends at its decay", () => {
    expect([0, 4].map((k) => averageKept(0.999, 5, k))).toEqual([0, 0]);
    expect(averageKept(0.999, 0, 0)).toBeCloseTo(0.1, 12);
    expect(averageKept(0.999, 5, 90)).toBeCloseTo(0.91, 12);
    expect(averageKept(0.999, 0, 100_000)).toBe(0.999);
    const left = Array.from({ length: 500 }, (_, k) => averageKept(0.999, 0, k)).reduce((a, b) => a * b, 1);
    expect(left).toBeLessThan(1e-6);
  });

  it("is average · decay + value · (1 - decay), a copy at decay 0", async () => {
    const [average, value, decay] = [placeholder([3]), placeholder([3]), placeholder([])];
    const inputs = { average: floats([1, 2, 3]), value: floats([5, 5, -1]) };
    const averaged = async (keep: number) => {
      const outputs = { after: movingAverage(average, value, decay) };
      return numbers(
        (await evaluate(engine, { average, value, decay }, outputs, { ...inputs, decay: scalar(keep) })).after,
      );
    };
    expect(await averaged(0)).toEqual([5, 5, -1]);
    expect(await averaged(1)).toEqual([1, 2, 3]);
    expect(largestDifference(await averaged(0.9), [1.4, 2.3, 2.6])).toBeLessThan(1e-6);
  });
});
