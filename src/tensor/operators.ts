// operators: the table of every operator of the engine. Derivative rules, shape rules and ONNX forms stand in each record.
import { binaryOperators, unaryOperators, whereOperator } from "./arithmetic.ts";
import { convolutionInputOperator, convolutionOperator, convolutionWeightOperator } from "./convolution.ts";
import { smoothOperators, softmaxOperator, sumSquaresOperator } from "./functions.ts";
import {
  castOperator,
  concatenateOperator,
  expandOperator,
  reshapeOperator,
  sizeOperator,
  sliceOperator,
  sumOperator,
  transposeOperator,
} from "./layout.ts";
import { affineOperator, contractOperator, gatherOperator, matmulOperator, scatterOperator } from "./matrix.ts";
import { afterOperator, recomputeOperator } from "./recompute.ts";
import { downsampleOperator, upsampleOperator } from "./resampling.ts";
import type { Operator } from "./tensor.ts";

/** An operator, or what makes one from its attributes. */
export type OperatorEntry = Operator | ((...attributes: never[]) => Operator);

/** Every operator under its name; a new one belongs here, and the contract tests then ask for its cases. */
export const operators = {
  ...unaryOperators,
  ...binaryOperators,
  ...smoothOperators,
  where: whereOperator,
  size: sizeOperator,
  cast: castOperator,
  reshape: reshapeOperator,
  transpose: transposeOperator,
  expand: expandOperator,
  sum: sumOperator,
  concatenate: concatenateOperator,
  slice: sliceOperator,
  matmul: matmulOperator,
  affine: affineOperator,
  contract: contractOperator,
  gather: gatherOperator,
  scatter: scatterOperator,
  sumSquares: sumSquaresOperator,
  softmax: softmaxOperator,
  convolution: convolutionOperator,
  convolutionInput: convolutionInputOperator,
  convolutionWeight: convolutionWeightOperator,
  upsample: upsampleOperator,
  downsample: downsampleOperator,
  recompute: recomputeOperator,
  after: afterOperator,
} as const satisfies Readonly<Record<string, OperatorEntry>>;

export type OperatorName = keyof typeof operators;
