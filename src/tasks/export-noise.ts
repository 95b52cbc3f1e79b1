// export-noise: a sampler that draws its noise itself: the number of rows goes in instead of noise.
import { invariant } from "../errors.ts";
import type { OnnxModel, OnnxNode } from "../onnx/model.ts";
import { integers } from "../tensor/array.ts";

/** Noise that the file draws by ONNX's RandomNormalLike; without a seed every session begins elsewhere. */
export interface OwnNoise {
  readonly seed?: number;
}

/** What a file of its own noise says of it: how numbers are drawn is the runtime's affair. */
export function noiseMetadata({ seed }: OwnNoise): Readonly<Record<string, string>> {
  const start = seed === undefined ? "another start in every session" : `seed ${seed}`;
  return {
    "localflow.noise": `drawn inside the file by RandomNormalLike (${start}): samples differ between runtimes, and from call to call`,
  };
}

/** The model with an input `rows`, an int64 scalar, in place of `noise` [rows, …]. */
export function withOwnNoise(model: OnnxModel, { seed }: OwnNoise): OnnxModel {
  const { graph } = model;
  const noise = graph.inputs.find(({ name }) => name === "noise");
  const sizes = noise?.shape.slice(1).map(Number) ?? [];
  invariant(sizes.length > 0 && sizes.every(Number.isInteger), "a sampler has an input for noise of known size");
  const plain = (operator: string, inputs: readonly string[], output: string): OnnxNode => ({
    operator,
    inputs,
    outputs: [output],
    attributes: {},
  });
  const drawing: readonly OnnxNode[] = [
    plain("Reshape", ["rows", "noise/one"], "noise/rows"),
    {
      ...plain("Concat", ["noise/rows", "noise/sizes"], "noise/shape"),
      attributes: { axis: { kind: "int", value: 0 } },
    },
    plain("ConstantOfShape", ["noise/shape"], "noise/zeros"),
    {
      ...plain("RandomNormalLike", ["noise/zeros"], "noise"),
      attributes: seed === undefined ? {} : { seed: { kind: "float", value: seed } },
    },
  ];
  const documentation = "int64, the number of rows to draw";
  return {
    ...model,
    graph: {
      ...graph,
      inputs: graph.inputs.map((input) =>
        input === noise ? { name: "rows", type: "int64" as const, shape: [], documentation } : input,
      ),
      constants: [
        ...graph.constants,
        { name: "noise/one", value: integers([1]) },
        { name: "noise/sizes", value: integers(sizes) },
      ],
      nodes: [...drawing, ...graph.nodes],
    },
  };
}
