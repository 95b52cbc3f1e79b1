// localflow: Local Flow Matching. A model is a chain of short flows from data (t = 0) to noise (t = 1).

// Densities: fit, sample, score, evaluate, save and load.

export { evaluationCurve } from "./tasks/curve.ts";
export { defaultConfiguration } from "./tasks/defaults.ts";
export { type FitReport, fitDensity, sampleDensity, scoreDensity } from "./tasks/density.ts";
export { type DensityModel, decodeDensityModel, encodeDensityModel } from "./tasks/density-model.ts";
export { distillDensity } from "./tasks/distillation/distill.ts";
export { type Student, sampleStudent } from "./tasks/distillation/student.ts";
export { decodeStudent, encodeStudent } from "./tasks/distillation/student-file.ts";
export { estimateFit } from "./tasks/estimate.ts";
export { type Evaluation, evaluateDensity } from "./tasks/evaluate.ts";
export { exportDensity } from "./tasks/export.ts";
export type { Progress } from "./tasks/progress.ts";
export { percentileOf } from "./tasks/quantiles.ts";
export { chooseTolerance } from "./tasks/tolerance.ts";
export type { Configuration } from "./train/configuration.ts";

// Rows: CSV from any stream of bytes, built-in densities whose logarithm is known.

export { readNumericCsv } from "./data/csv.ts";
export { densities } from "./data/densities.ts";

// Tables of mixed columns with gaps: objects or CSV in, typed records back.

export { readCellCsv } from "./data/cell-csv.ts";
export { cellTableOf, readCellRows, recordsOf } from "./data/cell-table.ts";
export { compareTables } from "./tasks/table/compare-tables.ts";
export { evaluateTable } from "./tasks/table/evaluate-table.ts";
export { fitTable } from "./tasks/table/fit-table.ts";
export { imputeTable } from "./tasks/table/impute-table.ts";
export { sampleTable } from "./tasks/table/sample-table.ts";
export { createTableScoring, scoreTable } from "./tasks/table/score-table.ts";
export { tableConfiguration } from "./tasks/table/table-configuration.ts";
export { decodeTableModel, encodeTableModel, type TableModel } from "./tasks/table/table-model.ts";

// Images: levels 0 … 255 in, levels out.

export { fitImages } from "./tasks/images/fit-images.ts";
export { defaultImageConfiguration } from "./tasks/images/image-defaults.ts";
export { decodeImageModel, encodeImageModel, type ImageModel } from "./tasks/images/image-model.ts";
export { sampleImages } from "./tasks/images/sample-images.ts";

// Pictures and reports.

export type { Figure } from "./pictures/figure.ts";
export { imageGrid, rasterPng } from "./pictures/grid.ts";
export { toPng } from "./pictures/png.ts";
export { toSvg } from "./pictures/svg.ts";
export { picture } from "./tasks/pictures.ts";
export { densityReportSections, htmlReport } from "./tasks/report.ts";

// The mathematics of a block, and rows on their way through a chain of them.

export type { Chain } from "./flow/chain.ts";
export { exactDivergence, hutchinsonDivergence } from "./flow/density.ts";
export { ornsteinUhlenbeck } from "./flow/diffusion.ts";
export { interpolants } from "./flow/interpolant.ts";
export { matchingLoss, type VelocityField } from "./flow/matching.ts";
export { explicitSteps, geometricSteps, type Step } from "./flow/steps.ts";
export type { NetworkConfiguration } from "./nn/mlp.ts";
export type { Integration } from "./ode/integration.ts";
export { createTransport } from "./runtime/transport.ts";

// Tensors describe computations, arrays hold numbers, an engine runs what was compiled.

export { createEngine } from "#runtime";
export { compile, type Program } from "./runtime/compile.ts";
export type { Engine } from "./runtime/contract.ts";
export { add, divide, exponential, logarithm, multiply, subtract } from "./tensor/arithmetic.ts";
export { type FloatArray, floats, type NDArray } from "./tensor/array.ts";
export { mean } from "./tensor/functions.ts";
export { gradient } from "./tensor/gradient.ts";
export { sum } from "./tensor/layout.ts";
export { matmul } from "./tensor/matrix.ts";
export { tangent } from "./tensor/tangent.ts";
export { constant, placeholder, type Tensor } from "./tensor/tensor.ts";

// Errors, and random numbers as functions of a key and a place.

export { type ErrorCode, LocalFlowError } from "./errors.ts";
export { fillNormal, type Random, random, split } from "./random.ts";
