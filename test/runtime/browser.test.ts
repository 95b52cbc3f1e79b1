// browser: the same ONNX bytes give the same numbers in Chromium as on Node.
import { describe, expect, it } from "vitest";
import { encodeModel } from "../../src/onnx/encode.ts";
import type { OnnxModel } from "../../src/onnx/model.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { floats } from "../../src/tensor/array.ts";
import { chromiumPath, hasChromium, runInBrowser, wasmPaths } from "../support/browser.ts";

const width = 16;
const weights = Float32Array.from({ length: width * width }, (_, index) => Math.sin(index));
const points = Float32Array.from({ length: 7 * width }, (_, index) => Math.cos(3 * index));
const model: OnnxModel = {
  graph: {
    name: "layer",
    inputs: [{ name: "x", type: "float32", shape: ["batch", width] }],
    outputs: [{ name: "y", type: "float32", shape: ["batch", width] }],
    constants: [{ name: "w", value: floats(weights, [width, width]) }],
    nodes: [
      { operator: "Gemm", inputs: ["x", "w"], outputs: ["h"], attributes: { transB: { kind: "int", value: 1 } } },
      { operator: "Relu", inputs: ["h"], outputs: ["y"], attributes: {} },
    ],
  },
  opset: 17,
  producer: "localflow",
  metadata: {},
};

/** The page writes the model itself, from the same record. */
const entry = `
import { encodeModel } from "./src/onnx/encode.ts";
import { createEngine } from "./src/runtime/web.ts";
import { floats, zeros } from "./src/tensor/array.ts";

export default async function run() {
  const model = ${JSON.stringify({ ...model, graph: { ...model.graph, constants: [] } })};
  const weights = floats(${JSON.stringify([...weights])}, [${width}, ${width}]);
  model.graph.constants.push({ name: "w", value: weights });
  const engine = await createEngine({ wasmPaths: ${JSON.stringify(wasmPaths)}, threads: 2 });
  const session = await engine.open(encodeModel(model));
  const y = zeros([7, ${width}]);
  await session.run({ x: floats(${JSON.stringify([...points])}, [7, ${width}]) }, { y });
  const refused = await createEngine({ device: "cuda" }).catch((error) => error.message);
  await engine.close();
  const closed = await session.run({ x: y }).catch((error) => error.code);
  return { isolated: crossOriginIsolated, name: engine.name, threads: engine.threads, y: [...y.data], refused, closed };
}
`;

interface PageResult {
  readonly isolated: boolean;
  readonly name: string;
  readonly threads: number;
  readonly y: readonly number[];
  readonly refused: string;
  readonly closed: string;
}

async function onNode(): Promise<number[]> {
  const engine = await createEngine({ threads: 1 });
  const session = await engine.open(encodeModel(model));
  const { y } = await session.run({ x: floats(points, [7, width]) });
  await engine.close();
  return [...(y?.data ?? [])].map(Number);
}

describe.skipIf(!hasChromium)(`a page in Chromium (skipped without ${chromiumPath}; set LOCALFLOW_CHROMIUM)`, () => {
  it.each([true, false])(
    "computes what Node computes; isolated: %s",
    async (isolated) => {
      const [page, wanted] = await Promise.all([runInBrowser(entry, { isolated }) as Promise<PageResult>, onNode()]);
      expect(page).toMatchObject({ isolated, name: "onnxruntime-web", threads: isolated ? 2 : 1, closed: "runtime" });
      expect(page.refused).toMatch(/^device cuda: .*\(cpu.*use device cpu/);
      expect(page.y).toHaveLength(wanted.length);
      const errors = page.y.map((value, index) => Math.abs(value - (wanted[index] ?? Number.NaN)));
      expect(Math.max(...errors)).toBeLessThan(1e-6);
      expect(Math.max(...page.y)).toBeGreaterThan(0.1);
    },
    60_000,
  );

  it("tells what the page threw", async () => {
    const failing = runInBrowser(`export default async () => { throw new Error("no such luck"); }`);
    await expect(failing).rejects.toThrow(/no such luck/);
  }, 60_000);
});
