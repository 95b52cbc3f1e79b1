// classes.test: networks that read classes are what they were without one; guidance mixes both velocities; divergences follow the class.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { classShares, guidedVelocity, noClass, withoutSome } from "../../src/flow/classes.ts";
import { exactDivergence, hutchinsonDivergence } from "../../src/flow/density.ts";
import type { VelocityField } from "../../src/flow/matching.ts";
import {
  applyImageNetwork,
  type ImageNetwork,
  type ImageParameters,
  imageParameterCount,
  initialImageNetwork,
} from "../../src/nn/image-network.ts";
import { fillNormal, random, split } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { imagePreset } from "../../src/tasks/images/image-defaults.ts";
import { add, multiply } from "../../src/tensor/arithmetic.ts";
import { elementCount, type FloatArray, floats } from "../../src/tensor/array.ts";
import { constant, placeholder, type Tensor } from "../../src/tensor/tensor.ts";
import { mapTree } from "../../src/tensor/tree.ts";
import { evaluate, numbers } from "../support/evaluate.ts";

const image = { channels: 1, height: 4, width: 4 } as const;
const [d, rows, classes] = [16, 6, 3];
const networks: readonly ImageNetwork[] = [
  {
    ...{ kind: "unet", image, channels: 4, multipliers: [1, 2], residualBlocks: 1, attentionAt: [2], headChannels: 4 },
    ...{ dropout: 0, classes },
  },
  { kind: "patches", image, ...{ patch: 2, width: 8, blocks: 2, headChannels: 4, expansion: 2, classes } },
];

function normal(shape: readonly number[], name: string, deviation = 1): FloatArray {
  const array = floats(new Float32Array(elementCount(shape)), shape);
  fillNormal(split(random(3), name), array.data);
  return floats(
    array.data.map((value) => deviation * value),
    shape,
  );
}

/** Parameters with nothing at zero. */
function stirred(network: ImageNetwork): ImageParameters<FloatArray> {
  const parameters = initialImageNetwork(random(1), network) as ImageParameters<FloatArray>;
  return mapTree<FloatArray, FloatArray, ImageParameters<FloatArray>>(parameters, (array, path) => {
    const noise = normal(array.shape, path, 0.3);
    return floats(
      array.data.map((value, i) => value + noise.data[i]!),
      array.shape,
    );
  });
}

const points = normal([rows, d], "points");
const times = floats(
  Float32Array.from({ length: rows }, (_, n) => (n + 0.5) / rows),
  [rows, 1],
);
const told = Int32Array.of(0, 1, 2, noClass, 1, 0);

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

type Outputs = { readonly [name: string]: Tensor };

/** Values of what `make` makes of the points, the times and the shares of classes. */
async function values(
  make: (x: Tensor, t: Tensor, shares: Tensor) => Outputs,
  labels = told,
  at: ArrayLike<number> = points.data,
) {
  const [x, t, shares] = [placeholder(["rows", d]), placeholder(["rows", 1]), placeholder(["rows", classes])];
  const count = labels.length;
  const given = {
    x: floats(Float32Array.from(at), [count, d]),
    t: floats(
      Float32Array.from({ length: count }, (_, n) => times.data[n % rows]!),
      [count, 1],
    ),
    shares: classShares(labels, classes),
  };
  const results = await evaluate(engine, { x, t, shares }, make(x, t, shares), given);
  return (name: string): readonly number[] => numbers(results[name]!);
}

function expectNear(found: readonly number[], expected: readonly number[], digits = 4): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, digits);
  });
}

describe.each(networks)("a network ($kind) that reads classes", (network) => {
  const parameters = stirred(network);
  const tensors = mapTree<FloatArray, Tensor, ImageParameters<FloatArray>>(parameters, (array) => constant(array));
  const field =
    (shares?: Tensor): VelocityField =>
    (x, t) =>
      applyImageNetwork(network, tensors as ImageParameters<Tensor>, x, t, shares && { classes: shares });

  it("is without a class what it is without classes, and tells classes apart", async () => {
    const of = await values((x, t, shares) => ({ with: field(shares)(x, t), none: field()(x, t) }));
    const [own, none] = [of("with"), of("none")];
    expectNear(own.slice(3 * d, 4 * d), none.slice(3 * d, 4 * d), 5);
    expect(Math.abs(own[0]! - none[0]!)).toBeGreaterThan(1e-3);
    const swapped = (
      await values(
        (x, t, shares) => ({ with: field(shares)(x, t) }),
        told.map((own) => Math.max(own, 0)),
      )
    )("with");
    expectNear(swapped.slice(0, 3 * d), own.slice(0, 3 * d), 5);
    expect(Math.abs(swapped[3 * d]! - own[3 * d]!)).toBeGreaterThan(1e-3);
  });

  it("is guided to v(x, none) + w (v(x, class) - v(x, none))", async () => {
    const strengths = [0, 1, -0.5, 3];
    const of = await values((x, t, shares) => ({
      own: field(shares)(x, t),
      none: field()(x, t),
      ...Object.fromEntries(strengths.map((w) => [String(w), guidedVelocity(field, shares, constant(w))(x, t)])),
    }));
    const [own, none] = [of("own"), of("none")];
    for (const w of strengths)
      expectNear(
        of(String(w)),
        none.map((value, i) => value + w * (own[i]! - value)),
      );
  });

  it("has the divergence of its own class: the sum of central differences", async () => {
    const exact = await values((x, t, shares) => ({ ...exactDivergence(field(shares), x, t) }));
    const ones = await values((x, t, shares) => {
      const probe = constant(floats(new Float32Array(d).fill(1), [1, d]));
      return { ...hutchinsonDivergence(field(shares), x, t, add(probe, multiply(0, x))) };
    });
    const plain = (x: Tensor, t: Tensor, shares: Tensor) => ({ v: field(shares)(x, t) });
    expectNear(exact("velocity"), (await values(plain))("v"), 5);
    const h = 2 ** -6;
    const shift = (value: number, place: number, i: number) => value + (i === place >> 1 ? (place % 2 ? -h : h) : 0);
    const moved = await values(
      plain,
      Int32Array.from({ length: 2 * d * rows }, (_, n) => told[n % rows]!),
      Array.from({ length: 2 * d }, (_, place) =>
        [...points.data].map((value, i) => shift(value, place, i % d)),
      ).flat(),
    );
    const [sums, all] = [new Float64Array(rows), new Float64Array(rows)];
    const v = moved("v");
    for (let k = 0; k < d; k++)
      for (let i = 0; i < rows * d; i++) {
        const slope = (v[2 * k * rows * d + i]! - v[(2 * k + 1) * rows * d + i]!) / (2 * h);
        if (i % d === k) sums[Math.floor(i / d)]! += slope;
        all[Math.floor(i / d)]! += slope;
      }
    expectNear(exact("divergence"), [...sums], 2);
    expectNear(ones("divergence"), [...all], 1);
  });
});

describe("shares of classes", () => {
  it("are 1 at a row's class, and nothing without one", () => {
    const { data, shape } = classShares(Int32Array.of(2, noClass, 0), 3);
    expect(shape).toEqual([3, 3]);
    expect([...data]).toEqual([0, 0, 1, 0, 0, 0, 1, 0, 0]);
    for (const strange of [3, -2])
      expect(() => classShares(Int32Array.of(strange), 3)).toThrow(/classes: expected 0 to 2, or -1 for none, got/);
  });

  it("are left out of as many rows as asked for, by the key alone", () => {
    const labels = new Int32Array(10_000).fill(1);
    const left = withoutSome(labels, 0.1, random(2));
    const count = left.filter((own) => own === noClass).length;
    expect(count).toBeGreaterThan(900);
    expect(count).toBeLessThan(1100);
    expect(withoutSome(labels, 0.1, random(2))).toEqual(left);
    expect(withoutSome(labels, 0, random(2))).toEqual(labels);
  });
});

describe("the parameters of a network that reads classes", () => {
  it("are those of guided diffusion's class-conditional one: four times the channels more for each class", () => {
    const { network } = imagePreset("cifar10").blocks[0]!;
    expect(imageParameterCount(network)).toBe(35_746_307);
    expect(imageParameterCount({ ...network, classes: 10 })).toBe(35_746_307 + 10 * 4 * 128);
  });

  it("start where those of one that reads none do", () => {
    for (const network of networks) {
      const { classes: _, ...without } = network;
      const { time, ...rest } = initialImageNetwork(random(1), network);
      const plain = initialImageNetwork(random(1), without as ImageNetwork);
      const { classes: embedded, ...own } = time;
      expect({ ...rest, time: own }).toEqual(plain);
      expect(embedded?.shape[0]).toBe(classes);
    }
  });

  it.each([0, 1.5, -1])("refuse %d classes", (count) => {
    for (const network of networks)
      expect(() => imageParameterCount({ ...network, classes: count })).toThrow(/classes: expected a whole number/);
  });
});
