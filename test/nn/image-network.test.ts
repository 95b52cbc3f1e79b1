// image-network: both networks have the published sizes, start where they should, take any size, and have exact divergences.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exactDivergence, hutchinsonDivergence } from "../../src/flow/density.ts";
import { drawMasks } from "../../src/nn/dropout.ts";
import {
  applyImageNetwork,
  type ImageNetwork,
  type ImageParameters,
  imageParameterCount,
  initialImageNetwork,
} from "../../src/nn/image-network.ts";
import { groupCount } from "../../src/nn/normalization.ts";
import { applyUnet, initialUnet, type UnetConfiguration, type UnetTensors, unetMaskShapes } from "../../src/nn/unet.ts";
import { toOnnx } from "../../src/onnx/graph.ts";
import { fillNormal, random, split } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { createWebEngine } from "../../src/runtime/web.ts";
import { elementCount, type FloatArray, floats } from "../../src/tensor/array.ts";
import { mean, square } from "../../src/tensor/functions.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import { constant, placeholder, type Tensor } from "../../src/tensor/tensor.ts";
import { leaves, mapTree } from "../../src/tensor/tree.ts";
import { column, evaluate, largestDifference, moments, numbers } from "../support/evaluate.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const unet = (options: Partial<UnetConfiguration> = {}): UnetConfiguration => ({
  kind: "unet",
  image: { channels: 2, height: 5, width: 6 },
  channels: 4,
  multipliers: [1, 2],
  residualBlocks: 1,
  attentionAt: [3],
  headChannels: 4,
  dropout: 0,
  ...options,
});

const patches: ImageNetwork = {
  kind: "patches",
  image: { channels: 2, height: 4, width: 6 },
  ...{ patch: 2, width: 8, blocks: 2, headChannels: 4, expansion: 2 },
};

const networks: readonly ImageNetwork[] = [unet(), patches];
const dimensionOf = ({ image }: ImageNetwork) => image.channels * image.height * image.width;

/** Parameters with nothing at zero, so that every part matters. */
function stirred<T extends ImageParameters<FloatArray>>(parameters: T) {
  return mapTree<FloatArray, FloatArray, T>(parameters, (array, path) => {
    const noise = normal(array.shape, `stir ${path}`);
    return floats(
      array.data.map((value, i) => value + 0.2 * (noise.data[i] ?? 0)),
      array.shape,
    );
  });
}

function normal(shape: readonly number[], name: string): FloatArray {
  const array = floats(new Float32Array(elementCount(shape)), shape);
  fillNormal(split(random(5), name), array.data);
  return array;
}

const constants = (parameters: ImageParameters<FloatArray>): ImageParameters<Tensor> =>
  mapTree<FloatArray, Tensor, ImageParameters<FloatArray>>(parameters, (array) => constant(array));

const times = (rows: number) =>
  floats(
    Float32Array.from({ length: rows }, (_, i) => (i + 0.5) / rows),
    [rows, 1],
  );

async function velocityOf(
  network: ImageNetwork,
  parameters: ImageParameters<FloatArray>,
  x: FloatArray,
  t: FloatArray,
  on = engine,
) {
  const [point, time] = [column(dimensionOf(network)), column(1)];
  const velocity = applyImageNetwork(network, constants(parameters), point, time);
  return evaluate(on, { point, time }, { velocity }, { point: x, time: t });
}

describe("the authors' networks", () => {
  const image = { channels: 3, height: 32, width: 32 };
  const authors = { kind: "unet", channels: 128, multipliers: [1, 2, 2, 2], dropout: 0 } as const;
  it.each<readonly [string, UnetConfiguration, number]>([
    ["CIFAR-10", { ...authors, image, residualBlocks: 2, attentionAt: [16], headChannels: 32 }, 35_746_307],
    ["ImageNet-32", { ...authors, image, residualBlocks: 3, attentionAt: [16, 8], headChannels: 64 }, 49_062_787],
    [
      "Flowers-128",
      {
        ...authors,
        image: { channels: 3, height: 128, width: 128 },
        ...{ channels: 64, multipliers: [1, 1, 2, 3, 4], residualBlocks: 2, attentionAt: [16], headChannels: 64 },
      },
      21_424_323,
    ],
  ])("have as many parameters as published: %s", (_, network, count) => {
    expect(imageParameterCount(network)).toBe(count);
  });

  it("have 32 groups; smaller ones groups of at least two channels", () => {
    expect([64, 128, 192, 256, 384].map(groupCount)).toEqual([32, 32, 32, 32, 32]);
    expect([96, 48, 32, 6, 4, 3, 2, 1].map(groupCount)).toEqual([16, 8, 16, 1, 2, 1, 1, 1]);
  });
});

describe.each(networks)("a network of kind $kind", (network) => {
  const d = dimensionOf(network);
  const parameters = initialImageNetwork(random(7), network);

  it("starts with velocity zero and is the same for the same key", async () => {
    const { velocity } = await velocityOf(network, parameters, normal([3, d], "x"), times(3));
    expect(velocity.shape).toEqual([3, d]);
    expect(numbers(velocity).every((value) => value === 0)).toBe(true);
    const again = leaves<FloatArray>(initialImageNetwork(random(7), network));
    expect(leaves<FloatArray>(parameters)).toEqual(again);
    expect(leaves<FloatArray>(initialImageNetwork(random(8), network))).not.toEqual(again);
  });

  it("gives each row what it gives the row alone", async () => {
    const all = stirred(parameters);
    const x = normal([5, d], "x");
    const together = await velocityOf(network, all, x, times(5));
    const last = floats(x.data.slice(4 * d), [1, d]);
    const alone = await velocityOf(network, all, last, floats(times(5).data.slice(4), [1, 1]));
    expect(largestDifference(numbers(together.velocity).slice(4 * d), numbers(alone.velocity))).toBeLessThan(1e-4);
    expect(moments(numbers(alone.velocity)).variance).toBeGreaterThan(1e-3);
  });

  it("reads the time, and every parameter matters", async () => {
    const all = stirred(parameters);
    const [point, time] = [placeholder(["rows", d]), placeholder(["rows", 1])];
    const tensors = mapTree<FloatArray, Tensor, ImageParameters<FloatArray>>(all, (array) => placeholder(array.shape));
    const loss = mean(square(applyImageNetwork(network, tensors, point, time)));
    const gradients = { parameters: gradient(loss, tensors), time: gradient(loss, { time }) };
    const found = await evaluate<object, object>(
      engine,
      { point, time, tensors },
      { gradients },
      { point: normal([3, d], "x"), time: times(3), tensors: all },
    );
    const still = leaves<FloatArray>(found).filter(({ value }) => value.data.every((slope) => Math.abs(slope) < 1e-7));
    expect(still.map(({ path }) => path)).toEqual([]);
  });

  it("has the divergence of its Jacobian, exactly and on average over probes", async () => {
    const all = stirred(parameters);
    const field = (x: Tensor, t: Tensor) => applyImageNetwork(network, constants(all), x, t);
    const [point, time, probes] = [column(d), column(1), column(2 * d)];
    const signs = floats(
      normal([2, 2 * d], "probes").data.map((z) => Math.sign(z)),
      [2, 2 * d],
    );
    const wanted = {
      exact: exactDivergence(field, point, time).divergence,
      grouped: exactDivergence(field, point, time, d / 2).divergence,
      estimates: hutchinsonDivergence(field, point, time, probes).divergence,
    };
    const given = { point: normal([2, d], "x"), time: times(2), probes: signs };
    const { exact, grouped, estimates } = await evaluate(engine, { point, time, probes }, wanted, given);
    expect(largestDifference(numbers(exact), numbers(grouped))).toBeLessThan(1e-3);
    const jacobians = await rowJacobians(network, all, given.point, given.time);
    jacobians.forEach((jacobian, row) => {
      const trace = jacobian.reduce((total, line, i) => total + (line[i] ?? 0), 0);
      expect(Math.abs((exact.data[row] as number) - trace)).toBeLessThan(0.02 * Math.max(1, Math.abs(trace)));
      for (const probe of [0, 1]) {
        const e = Array.from(signs.data.slice((2 * row + probe) * d, (2 * row + probe + 1) * d));
        const form = jacobian.reduce((sum, line, i) => sum + (e[i] ?? 0) * inner(line, e), 0);
        const size = Math.max(1, Math.abs(form));
        expect(Math.abs((estimates.data[2 * row + probe] as number) - form)).toBeLessThan(0.02 * size);
      }
    });
  });

  it("has the same gradient when inner values are made once more instead of kept", async () => {
    const all = stirred(parameters);
    const [point, time] = [placeholder(["rows", d]), placeholder(["rows", 1])];
    const tensors = mapTree<FloatArray, Tensor, ImageParameters<FloatArray>>(all, (array) => placeholder(array.shape));
    const asked = (recompute: boolean) => {
      const loss = mean(square(applyImageNetwork(network, tensors, point, time, { recompute })));
      return { loss, gradients: gradient(loss, { tensors, point }) };
    };
    const given = { point: normal([3, d], "x"), time: times(3), tensors: all };
    const [kept, again] = [asked(false), asked(true)];
    const inputs = { point, time, tensors };
    const found = await Promise.all(
      [kept, again].map((outputs) => evaluate<object, object>(engine, inputs, outputs, given)),
    );
    const [plain = [], thrifty = []] = found.map((one) =>
      leaves<FloatArray>(one).flatMap(({ value }) => numbers(value)),
    );
    expect(largestDifference(plain, thrifty)).toBeLessThan(1e-5);
    expect(moments(plain).variance).toBeGreaterThan(0);
    // Neither simplification nor we merge what is made twice.
    const products = (outputs: object) => {
      const named = leaves<Tensor>(outputs).map(({ path, value }) => ({ name: path, tensor: value }));
      const fed = leaves<Tensor>(inputs).map(({ path, value }) => ({ name: path, tensor: value }));
      const made = toOnnx(fed, named).graph.nodes;
      return made.filter(({ operator }) => operator === "Conv" || operator === "Softmax").length;
    };
    expect(products(again)).toBeGreaterThan(products(kept));
  });

  it("gives the same on WebAssembly, gradients too", async () => {
    const web = await createWebEngine({ threads: 1 }, () => import("onnxruntime-web"));
    try {
      const all = stirred(parameters);
      const [point, time] = [column(d), column(1)];
      const velocity = applyImageNetwork(network, constants(all), point, time);
      const outputs = { velocity, slope: gradient(mean(square(velocity)), { point }).point };
      const given = { point: normal([2, d], "x"), time: times(2) };
      const native = await evaluate(engine, { point, time }, outputs, given);
      const there = await evaluate(web, { point, time }, outputs, given);
      expect(largestDifference(numbers(native.velocity), numbers(there.velocity))).toBeLessThan(1e-4);
      expect(largestDifference(numbers(native.slope), numbers(there.slope))).toBeLessThan(1e-4);
    } finally {
      await web.close();
    }
  });
});

/** The Jacobian of each row by central differences on the engine, all shifted points as one batch. */
async function rowJacobians(network: ImageNetwork, all: ImageParameters<FloatArray>, x: FloatArray, t: FloatArray) {
  const d = dimensionOf(network);
  const step = 2e-2;
  const [point, time] = [column(d), column(1)];
  const velocity = applyImageNetwork(network, constants(all), point, time);
  return Promise.all(
    Array.from(t.data, async (at, row) => {
      const origin = x.data.slice(row * d, (row + 1) * d);
      const shifted = floats(new Float32Array(2 * d * d), [2 * d, d]);
      for (let j = 0; j < 2 * d; j++) {
        shifted.data.set(origin, j * d);
        const place = j * d + (j >> 1);
        shifted.data[place] = (shifted.data[place] ?? 0) + (j % 2 === 0 ? step : -step);
      }
      const moments = floats(new Float32Array(2 * d).fill(at), [2 * d, 1]);
      const run = await evaluate(engine, { point, time }, { velocity }, { point: shifted, time: moments });
      const values = numbers(run.velocity);
      const line = (i: number) => (_: unknown, j: number) =>
        ((values[2 * j * d + i] ?? 0) - (values[(2 * j + 1) * d + i] ?? 0)) / (2 * step);
      return Array.from({ length: d }, (_, i) => Array.from({ length: d }, line(i)));
    }),
  );
}

const inner = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);

describe("a U-net", () => {
  it.each([
    unet({ image: { channels: 1, height: 28, width: 28 }, multipliers: [1, 1, 1, 1], attentionAt: [7] }),
    unet({ image: { channels: 3, height: 1, width: 9 }, channels: 5, headChannels: 5, attentionAt: [] }),
    unet({ multipliers: [2], residualBlocks: 2, attentionAt: [5], headChannels: 2 }),
  ])("takes images of any size and number of channels: $image", async (network) => {
    const d = dimensionOf(network);
    const { velocity } = await velocityOf(
      network,
      stirred(initialUnet(random(1), network)),
      normal([2, d], "x"),
      times(2),
    );
    expect(velocity.shape).toEqual([2, d]);
    expect(moments(numbers(velocity)).variance).toBeGreaterThan(1e-4);
  });

  it("leaves out what its masks say, and scales the rest", async () => {
    const network = unet({ dropout: 0.25 });
    const all = stirred(initialUnet(random(2), network));
    const d = dimensionOf(network);
    const shapes = unetMaskShapes(network);
    expect(shapes).toEqual([
      [4, 5, 6],
      [8, 3, 3],
      [8, 3, 3],
      [8, 3, 3],
      [8, 3, 3],
      [8, 3, 3],
      [4, 5, 6],
      [4, 5, 6],
    ]);
    const masks = shapes.map((shape) => placeholder(["rows", ...shape], "bool"));
    const [point, time] = [column(d), column(1)];
    const applied = async (parameters: typeof all, kept: 0 | 1, options: { readonly masks?: readonly Tensor[] }) => {
      const weights = mapTree<FloatArray, Tensor, typeof all>(parameters, (array) => constant(array)) as UnetTensors;
      const velocity = applyUnet(network, weights, point, time, options);
      const bits = shapes.map((shape) => ({
        type: "bool" as const,
        shape: [2, ...shape],
        data: new Uint8Array(2 * elementCount(shape)).fill(kept),
      }));
      const given = { point: normal([2, d], "x"), time: times(2), masks: bits };
      return numbers((await evaluate(engine, { point, time, masks }, { velocity }, given)).velocity);
    };
    const second = (factor: number) =>
      mapTree<FloatArray, FloatArray, typeof all>(all, (array, path) =>
        path.endsWith("secondConvolution.weight")
          ? floats(
              array.data.map((w) => factor * w),
              array.shape,
            )
          : array,
      );
    expect(largestDifference(await applied(all, 0, { masks }), await applied(second(0), 1, {}))).toBeLessThan(1e-5);
    expect(largestDifference(await applied(all, 1, { masks }), await applied(second(4 / 3), 1, {}))).toBeLessThan(1e-4);
    expect(largestDifference(await applied(all, 1, { masks }), await applied(all, 1, {}))).toBeGreaterThan(1e-3);
  });

  it("draws masks with the share of zeros asked for, each from a place of its own", () => {
    const network = unet({ image: { channels: 1, height: 16, width: 16 }, attentionAt: [], dropout: 0.25 });
    const plan = { share: 0.25, shapes: unetMaskShapes(network) };
    const masks = drawMasks(random(4), plan, 20);
    expect(masks.map(({ shape }) => shape)).toEqual(plan.shapes.map((shape) => [20, ...shape]));
    for (const { data } of masks) expect(Math.abs(moments(data).mean - 0.75)).toBeLessThan(0.02);
    expect(masks[1]?.data).not.toEqual(masks[2]?.data);
    expect(drawMasks(random(4), plan, 20)).toEqual(masks);
    expect(drawMasks(random(5), plan, 20)).not.toEqual(masks);
  });

  it("starts as PyTorch does", () => {
    const { entry, down, exit } = initialUnet(random(3), unet({ channels: 32, headChannels: 32 }));
    const bound = 1 / Math.sqrt(2 * 9);
    const weights = Array.from(entry.weight.data);
    expect(Math.max(...weights.map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(moments(weights).variance / (bound ** 2 / 3)).toBeGreaterThan(0.8);
    expect(moments(weights).variance / (bound ** 2 / 3)).toBeLessThan(1.2);
    const [first] = down[0]?.stages ?? [];
    expect(first?.residual.firstNormalization.scale.data.every((value) => value === 1)).toBe(true);
    expect(first?.residual.secondConvolution.weight.data.every((value) => value === 0)).toBe(true);
    expect(exit.convolution.weight.data.every((value) => value === 0)).toBe(true);
  });
});

describe("configurations that do not fit together are refused", () => {
  it.each<readonly [ImageNetwork, string]>([
    [unet({ channels: 0 }), "unet channels: expected a whole number of at least 1, got 0"],
    [unet({ image: { channels: 2.5, height: 5, width: 6 } }), "unet image.channels: expected a whole number"],
    [unet({ multipliers: [] }), "unet multipliers: expected whole numbers of at least 1, one for each level, got []"],
    [unet({ headChannels: 3 }), "unet headChannels: expected a divisor of the 8 channels, got 3"],
    [unet({ attentionAt: [4] }), "unet attentionAt: expected heights among 5, 3, got 4"],
    [unet({ dropout: 1 }), "unet dropout: expected at least 0 and below 1, got 1"],
    [{ ...patches, patch: 4 }, "patches patch: expected a divisor of height 4 and width 6, got 4"],
    [{ ...patches, headChannels: 3 }, "patches headChannels: expected a divisor of the width 8, got 3"],
    [{ ...patches, blocks: 0 }, "patches blocks: expected a whole number of at least 1, got 0"],
  ])("%#", (network, message) => {
    expect(() => imageParameterCount(network)).toThrow(message);
  });
});
