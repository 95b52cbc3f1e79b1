// models: trained models to score and sample from: those given by options, or a small one trained on the spot.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explained } from "../src/data/files.ts";
import { decodeNpy, encodeNpy } from "../src/data/npy.ts";
import { failure } from "../src/errors.ts";
import { explicitSteps } from "../src/flow/steps.ts";
import type { NetworkConfiguration } from "../src/nn/mlp.ts";
import type { Integration } from "../src/ode/integration.ts";
import { fillNormal, fillUniform, random, split } from "../src/random.ts";
import type { Engine } from "../src/runtime/contract.ts";
import { defaultConfiguration } from "../src/tasks/defaults.ts";
import { fitDensity } from "../src/tasks/density.ts";
import { type DensityModel, decodeDensityModel, encodeDensityModel } from "../src/tasks/density-model.ts";
import { type FloatArray, floats } from "../src/tensor/array.ts";
import type { CaseName, Settings } from "./benchmark.ts";

/** A model and rows to score, here and as files that the peers read. */
export interface TrainedCase {
  readonly name: CaseName | "built-in";
  readonly model: DensityModel;
  readonly modelFile: string;
  readonly rows: FloatArray;
  readonly rowsFile: string;
  /** What to add to a command to have this case again. */
  readonly options: string;
}

/** Both sides' way of asking for a tolerance. */
export const adaptive = (tolerance: number): Integration => ({
  kind: "adaptive",
  method: "dopri5",
  rtol: tolerance,
  atol: tolerance,
});

/** Tolerances from which each side takes the loosest that reaches the wanted error, and the one it is judged by. */
export const tolerances = [1e-3, 3e-4, 1e-4, 3e-5, 1e-5] as const;
export const reference = 1e-6;

/** The cases given by options; without any, a small model of eight Gaussians that is trained first. */
export async function* trainedCases(engine: Engine, settings: Settings): AsyncGenerator<TrainedCase> {
  const given = (["tree", "letter"] as const).filter((name) => settings.cases[name].model !== undefined);
  const directory = await mkdtemp(join(tmpdir(), "localflow-benchmark-"));
  try {
    for (const name of given) yield await readCase(settings, name, join(directory, "rows.npy"));
    if (given.length === 0) yield await smallCase(engine, settings, directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The first rows of a file, written apart so that both sides read the same. */
async function readCase({ cases, rows: most }: Settings, name: CaseName, rowsFile: string): Promise<TrainedCase> {
  const { model: modelFile = "", rows: source } = cases[name];
  if (source === undefined)
    throw failure("option", { where: `--${name}-rows`, expected: "a .npy file beside the model", received: "nothing" });
  const model = decodeDensityModel(await explained(modelFile, () => readFile(modelFile)), modelFile);
  const all = decodeNpy(await explained(source, () => readFile(source)), source);
  const d = model.chain.dimension;
  const count = Math.min(most, all.shape[0] ?? 0);
  const rows = floats(all.data.slice(0, count * d), [count, d]);
  await writeFile(rowsFile, encodeNpy(rows));
  return { name, model, modelFile, rows, rowsFile, options: ` --${name}-model ${modelFile} --${name}-rows ${source}` };
}

async function smallCase(engine: Engine, { say, rows: count }: Settings, directory: string): Promise<TrainedCase> {
  say("training a small model of eight Gaussians …");
  const network: NetworkConfiguration = {
    hidden: [64, 64, 64],
    activation: { kind: "silu" },
    timeInput: "first",
    initialization: "default",
  };
  const pool = eightGaussians(1, 20_000);
  const configuration = {
    ...defaultConfiguration({ rows: 20_000, columns: 2 }),
    blocks: explicitSteps([0.25]).map((step) => ({ step, network, iterations: 1000, learningRate: 2e-3 })),
  };
  const { model } = await fitDensity(engine, { rows: pool, columns: ["x", "y"], configuration, trainSplit: 1 });
  const rows = eightGaussians(2, count);
  const [modelFile, rowsFile] = [join(directory, "model.safetensors"), join(directory, "rows.npy")];
  await writeFile(modelFile, encodeDensityModel(model));
  await writeFile(rowsFile, encodeNpy(rows));
  return { name: "built-in", model, modelFile, rows, rowsFile, options: "" };
}

/** Eight round clouds on a circle. */
function eightGaussians(seed: number, rows: number): FloatArray {
  const [points, choice] = [new Float32Array(2 * rows), new Float32Array(rows)];
  fillNormal(split(random(seed), "points"), points);
  fillUniform(split(random(seed), "choice"), choice);
  const placed = points.map((z, i) => {
    const angle = (Math.PI / 4) * Math.floor(8 * (choice[i >> 1] ?? 0));
    return 0.2 * z + 2 * (i % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
  });
  return floats(placed, [rows, 2]);
}
