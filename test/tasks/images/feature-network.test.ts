// feature-network.test: ONNX files of others as feature networks: what goes in, what comes out, and what is refused.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PixelBlock } from "../../../src/data/images/image-set.ts";
import { bytesInMemory } from "../../../src/data/stored-rows.ts";
import { encodeModel } from "../../../src/onnx/encode.ts";
import type { OnnxNode, OnnxValue } from "../../../src/onnx/model.ts";
import { modelPorts } from "../../../src/onnx/ports.ts";
import { createWriter, type WireWriter } from "../../../src/onnx/wire.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { axisWeights, featureInput } from "../../../src/tasks/images/feature-input.ts";
import { type FeatureNetworkOptions, openFeatureNetwork } from "../../../src/tasks/images/feature-network.ts";
import { encodeFeatureStatistics, readFeatureStatistics } from "../../../src/tasks/images/feature-statistics.ts";
import { measuredImages } from "../../../src/tasks/images/image-reader.ts";
import { floats, type NDArray } from "../../../src/tensor/array.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

type Shape = OnnxValue["shape"];
type Constant = { readonly name: string; readonly value: NDArray };

/** A file of one chain of nodes from "images" to "features". */
function file(input: Shape, output: Shape, nodes: readonly Partial<OnnxNode>[], constants: readonly Constant[] = []) {
  const whole = nodes.map((node) => ({ operator: "", inputs: [], outputs: [], attributes: {}, ...node }));
  return encodeModel({
    graph: {
      name: "features",
      inputs: [{ name: "images", type: "float32", shape: input }],
      outputs: [{ name: "features", type: "float32", shape: output }],
      constants,
      nodes: whole,
    },
    opset: 17,
    producer: "test",
    metadata: {},
  });
}
const copy = [{ operator: "Identity", inputs: ["images"], outputs: ["features"] }];

/** Two images of 2 x 2: 0, 85, 170, 255 and all 51. */
const gray: PixelBlock = {
  count: 2,
  channels: 1,
  height: 2,
  width: 2,
  levels: Uint8Array.of(0, 85, 170, 255, 51, 51, 51, 51),
};
const colour: PixelBlock = {
  count: 1,
  channels: 3,
  height: 1,
  width: 2,
  levels: Uint8Array.of(0, 51, 102, 153, 204, 255),
};

async function features(bytes: Uint8Array, images: PixelBlock, options: FeatureNetworkOptions = {}) {
  const network = await openFeatureNetwork(engine, bytes, options);
  const result = await network.read(images);
  await network.release();
  return result.features;
}
const rounded = ({ data }: { readonly data: Float32Array }) => [...data].map((value) => Number(value.toFixed(5)));

describe("a feature network", () => {
  it("averages features over places, images in [0, 1] unless stated otherwise", async () => {
    const bytes = file(["n", 1, "h", "w"], ["n", 1, "h", "w"], copy);
    expect(rounded(await features(bytes, gray))).toEqual([0.5, 0.2]);
    expect(rounded(await features(bytes, gray, { range: "-1..1" }))).toEqual([0, -0.6]);
    expect(rounded(await features(bytes, gray, { range: "0..255" }))).toEqual([127.5, 51]);
  });

  it("repeats gray images where colours are wanted, with torchvision's scale where stated", async () => {
    const bytes = file(["n", 3, 2, 2], ["n", 3, 2, 2], copy);
    const found = await features(bytes, gray, { range: "imagenet" });
    expect(found.shape).toEqual([2, 3]);
    const expected = [0.5, 0.2].flatMap((x) => [(x - 0.485) / 0.229, (x - 0.456) / 0.224, (x - 0.406) / 0.225]);
    rounded(found).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 4);
    });
  });

  it("sees from the sizes whether channels come first or last", async () => {
    const first = file(["n", 3, 1, 2], ["n", 3, 1, 2], copy);
    const last = file(["n", "h", "w", 3], ["n", "h", "w", 3], copy);
    expect(rounded(await features(first, colour, { layout: "NCHW" }))).toEqual([0.1, 0.5, 0.9]);
    expect(rounded(await features(last, colour))).toEqual([0.1, 0.5, 0.9]);
    const open = file(["n", "a", "b", "c"], ["n", "a", "b", "c"], copy);
    await expect(features(open, colour)).rejects.toThrow(/expected a layout.*which fit both; state the layout/);
    expect(rounded(await features(open, colour, { layout: "NHWC" }))).toEqual([0.1, 0.5, 0.9]);
  });

  it("takes rows of values, a fixed batch, and features [n, d]", async () => {
    const weights = { name: "w", value: floats([1, 0, 0, 1, 1, 0, 0, 1], [4, 2]) };
    const product = [{ operator: "MatMul", inputs: ["images", "w"], outputs: ["features"] }];
    const flat = file(["n", 4], ["n", 2], product, [weights]);
    expect(rounded(await features(flat, gray, { range: "0..255" }))).toEqual([170, 340, 102, 102]);
    const batches = file([5, 4], [5, 2], product, [weights]);
    expect(rounded(await features(batches, gray, { range: "0..255" }))).toEqual([170, 340, 102, 102]);
    const single = file([1, 4], [1, 2], product, [weights]);
    expect(rounded(await features(single, gray, { range: "0..255" }))).toEqual([170, 340, 102, 102]);
  });

  it("resizes images to its input, or to the stated size", async () => {
    const fixed = file(["n", 1, 4, 4], ["n", 1, 4, 4], copy);
    expect(rounded(await features(fixed, gray))).toEqual([0.5, 0.2]);
    const open = file(
      ["n", 1, "h", "w"],
      ["n", "k"],
      [{ operator: "Flatten", inputs: ["images"], outputs: ["features"] }],
    );
    const found = await features(open, gray, { size: 4, range: "0..255" });
    expect(found.shape).toEqual([2, 16]);
    expect(rounded(found).slice(0, 4)).toEqual([0, 21.25, 63.75, 85]);
    await expect(features(fixed, gray, { size: 8 })).rejects.toThrow(/8 for an input of 4 x 4/);
  });

  it("says which network, range and resizing made the numbers, and joins them with a classifier's", async () => {
    const network = await openFeatureNetwork(engine, file(["n", 1, 2, 2], ["n", 1, 2, 2], copy), { name: "mean.onnx" });
    expect(network.description).toBe("mean.onnx, input NCHW in 0..1, resized bilinear, output features");
    const measured = await measuredImages(gray, network);
    expect(rounded(measured.pixels).slice(4)).toEqual(Array(4).fill(Number((51.5 / 128 - 1).toFixed(5))));
    expect(measured.probabilities).toBeUndefined();
    await network.release();
  });

  it("refuses what is no such network", async () => {
    const images = ["n", 1, 2, 2];
    await expect(features(Uint8Array.of(1, 2, 3), gray)).rejects.toThrow(/features\.onnx/);
    await expect(features(file(images, images, copy), gray, { largest: 100 })).rejects.toThrow(/at most 100 bytes/);
    await expect(features(file(["n", 4, 2, 2], images, copy), gray, { layout: "NCHW" })).rejects.toThrow(
      /1 or 3 channels/,
    );
    await expect(features(file(["n", 1, 2], images, copy), gray)).rejects.toThrow(/images \[n, c, h, w\]/);
    await expect(features(file(images, images, copy), gray, { output: "logits" })).rejects.toThrow(
      /among features, got logits/,
    );
    await expect(features(file(images, images, copy), colour)).rejects.toThrow(/expected gray images/);
    const three = file(
      images,
      [2, 4],
      [
        { operator: "Flatten", inputs: ["images"], outputs: ["rows"] },
        { operator: "Unsqueeze", inputs: ["rows", "axis"], outputs: ["features"] },
      ],
      [{ name: "axis", value: { type: "int64", shape: [1], data: BigInt64Array.of(0n) } }],
    );
    await expect(features(three, gray)).rejects.toThrow(/features \[n, d\] or \[n, d, h, w\], got \[1, 2, 4\]/);
  });
});

describe("the ports of an ONNX file", () => {
  const value = (writer: WireWriter, name: string) => {
    writer.text(1, name);
    writer.message(2, (type) =>
      type.message(1, (tensor) => {
        tensor.integer(1, 1);
        tensor.message(2, (shape) => shape.message(1, (size) => size.integer(1, 4)));
      }),
    );
  };
  const model = (fill: (graph: WireWriter) => void) => {
    const writer = createWriter();
    writer.message(7, (graph) => {
      fill(graph);
      graph.message(11, (port) => value(port, "x"));
      graph.message(11, (port) => value(port, "w"));
      graph.message(12, (port) => value(port, "y"));
    });
    return writer.finish();
  };
  const outside = (tensor: WireWriter) => {
    tensor.text(8, "w");
    tensor.message(13, (entry) => {
      entry.text(1, "location");
      entry.text(2, "/etc/passwd");
    });
  };

  it("are the inputs that have no value of their own, and the outputs", () => {
    const bytes = model((graph) => graph.message(5, (tensor) => tensor.text(8, "w")));
    const { inputs, outputs } = modelPorts(bytes);
    expect(inputs).toEqual([{ name: "x", type: "float32", shape: [4] }]);
    expect(outputs.map(({ name }) => name)).toEqual(["y"]);
  });

  it("are refused where numbers lie in another file, in whatever depth", () => {
    const attribute = (fill: (attribute: WireWriter) => void) => (graph: WireWriter) =>
      graph.message(1, (node) => node.message(5, fill));
    const places: readonly ((graph: WireWriter) => void)[] = [
      (graph) => graph.message(5, outside),
      attribute((parts) => parts.message(5, outside)),
      attribute((parts) => parts.message(10, outside)),
      attribute((parts) => parts.message(6, (inner) => inner.message(5, outside))),
      attribute((parts) =>
        parts.message(
          11,
          attribute((deeper) => deeper.message(5, outside)),
        ),
      ),
      (graph) => graph.message(15, (sparse) => sparse.message(1, outside)),
      (graph) => graph.message(5, (tensor) => tensor.integer(14, 1)),
    ];
    for (const place of places) expect(() => modelPorts(model(place))).toThrow(/numbers in another file/);
  });

  it("are refused where graphs are nested without end, or there is none", () => {
    const nested = (depth: number) => (graph: WireWriter) => {
      if (depth > 0) graph.message(1, (node) => node.message(5, (parts) => parts.message(6, nested(depth - 1))));
    };
    expect(() => modelPorts(model(nested(10)))).not.toThrow();
    expect(() => modelPorts(model(nested(40)))).toThrow(/at most 100 nested/);
    expect(() => modelPorts(new Uint8Array(0))).toThrow(/an ONNX graph/);
  });
});

describe("resizing", () => {
  const row = (from: number, to: number, name: "bilinear" | "corner" | "bicubic", values: readonly number[]) =>
    axisWeights(from, to, name).map((parts) => parts.reduce((sum, { at, weight }) => sum + weight * values[at]!, 0));

  it("keeps constants, and mixes neighbours as the tools do", () => {
    for (const name of ["bilinear", "corner", "bicubic"] as const)
      for (const to of [2, 5, 13])
        for (const value of row(5, to, name, [7, 7, 7, 7, 7])) expect(value).toBeCloseTo(7, 12);
    expect(row(2, 4, "bilinear", [0, 4])).toEqual([0, 1, 3, 4]);
    expect(row(2, 4, "corner", [0, 4])).toEqual([0, 2, 4, 4]);
  });

  it("is Keys' cubic in between, exact for straight lines inside", () => {
    const line = row(8, 16, "bicubic", [0, 1, 2, 3, 4, 5, 6, 7]);
    line.slice(4, 12).forEach((value, i) => {
      expect(value).toBeCloseTo((i + 4 + 0.5) / 2 - 0.5, 12);
    });
    expect(row(4, 2, "bicubic", [0, 0, 8, 8])[0]).not.toBeCloseTo(0, 3);
  });

  it("leaves images of the right size as they are", () => {
    const wanted = { layout: "NCHW", channels: 1, height: 2, width: 2, resizing: "bicubic", range: "0..255" } as const;
    expect([...featureInput(gray, wanted).data]).toEqual([...gray.levels]);
  });
});

describe("statistics of features in files", () => {
  const { statistics } = JSON.parse(readFileSync(new URL("../../reference/frechet.json", import.meta.url), "utf8"));
  const bytes = (text: string) => bytesInMemory(Uint8Array.from(Buffer.from(text, "base64")), "stats.npz");

  it.each(["plain", "compressed"])("are read as NumPy wrote them: %s", async (kind) => {
    const { mean, covariance } = await readFeatureStatistics(bytes(statistics[kind]), "stats.npz");
    expect([...mean]).toEqual(statistics.mu);
    expect([...covariance]).toEqual(statistics.sigma);
  });

  it("are written as they are read", async () => {
    const own = { mean: Float64Array.of(1, 2), covariance: Float64Array.of(3, 0.1, 0.1, 4) };
    const written = encodeFeatureStatistics(own);
    expect(await readFeatureStatistics(bytesInMemory(written, "own"), "own")).toEqual(own);
  });

  it("are refused where sizes, symmetry or numbers are wrong", async () => {
    const read = (mean: number[], covariance: number[]) => {
      const made = encodeFeatureStatistics({
        mean: Float64Array.from(mean),
        covariance: Float64Array.from(covariance),
      });
      return readFeatureStatistics(bytesInMemory(made, "own.npz"), "own.npz");
    };
    await expect(read([1, 2], [1, 2, 3, 4])).rejects.toThrow(/symmetric/);
    await expect(read([1, Number.NaN], [1, 0, 0, 4])).rejects.toThrow(/finite/);
    const other = encodeFeatureStatistics({ mean: Float64Array.of(1, 2, 3), covariance: new Float64Array(9) });
    const torn = other.slice();
    torn.set(new TextEncoder().encode("nu"), new TextDecoder("latin1").decode(other).lastIndexOf("mu.npy"));
    await expect(readFeatureStatistics(bytesInMemory(torn, "t.npz"), "t.npz")).rejects.toThrow(/mu/);
  });
});
