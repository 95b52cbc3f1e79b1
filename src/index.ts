// localflow: Local Flow Matching. A model is a chain of short flows from data (t = 0) to noise (t = 1).

// Engines and programs.
export { createEngine } from "#runtime";
export { type ErrorCode, LocalFlowError } from "./errors.ts";
// The mathematics.
export type { Block, Chain } from "./flow/chain.ts";
export type { Coupling } from "./flow/coupling.ts";
export { exactDivergence, hutchinsonDivergence } from "./flow/density.ts";
export { ornsteinUhlenbeck } from "./flow/diffusion.ts";
export { type InterpolantName, interpolants } from "./flow/interpolant.ts";
export { matchingLoss, type VelocityField } from "./flow/matching.ts";
export { diffusionSteps, explicitSteps, geometricSteps, type Step } from "./flow/steps.ts";
export type { TimeDistribution } from "./flow/time.ts";
export { gaussianNll } from "./measure/gaussian.ts";
export type { Activation } from "./nn/activation.ts";
export { applyMlp, initialMlp, type NetworkConfiguration } from "./nn/mlp.ts";
export type { Integration, MethodName } from "./ode/integration.ts";
// Tensors describe computations, arrays hold numbers.
export { type Random, random, split } from "./random.ts";
export { compile, type Program } from "./runtime/compile.ts";
export type { Device, Engine, EngineOptions } from "./runtime/contract.ts";
export { createTransport, type Divergence, type Transport, type TransportOptions } from "./runtime/transport.ts";
export { defaultConfiguration } from "./tasks/defaults.ts";
export {
  type FitReport,
  type FitRequest,
  fitDensity,
  type Likelihood,
  type Progress,
  type SampleRequest,
  type ScoreRequest,
  sampleDensity,
  scoreDensity,
} from "./tasks/density.ts";
// Tasks: fit, sample, score, save, load.
export { type DensityModel, decodeDensityModel, encodeDensityModel, type ModelRecord } from "./tasks/density-model.ts";
export { type FloatArray, floats, type NDArray } from "./tensor/array.ts";
export { gradient } from "./tensor/gradient.ts";
export { tangent } from "./tensor/tangent.ts";
export { constant, placeholder, type Tensor } from "./tensor/tensor.ts";
export type { BlockConfiguration, Configuration, TrainingConfiguration } from "./train/configuration.ts";
