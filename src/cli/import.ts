// import: `localflow import CHECKPOINT.safetensors -o MODEL`.
import { readFile } from "node:fs/promises";
import { explained, writeFileAtomically } from "../data/files.ts";
import { failure } from "../errors.ts";
import { perceptronOf } from "../flow/chain.ts";
import { encodeDensityModel } from "../tasks/density-model.ts";
import { importCheckpoint } from "../tasks/import.ts";
import { taskOf } from "../tasks/model-file.ts";
import { presetNamed } from "../tasks/presets/named.ts";
import { parameterCount } from "../train/configuration.ts";
import type { ImportOptions } from "./options.ts";
import { report } from "./output.ts";
import { checkExclusive, integrationFrom } from "./recipe.ts";
import { checkModelOutput } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** Makes a model file from PyTorch's weights. */
export async function importModel(path: string, options: ImportOptions, terminal: Terminal): Promise<void> {
  const { output, columns, activation, steps } = options;
  checkExclusive(options);
  const preset = options.preset === undefined ? undefined : presetNamed(options.preset);
  await checkModelOutput(output, "model", options);
  const bytes = await explained(path, () => readFile(path));
  if (taskOf(bytes, path) !== undefined)
    throw failure("model", {
      where: path,
      expected: "the weights of networks that PyTorch trained",
      received: "a localflow model",
      remedy: "it needs no import: use it as it is",
    });
  const integration = integrationFrom(options, preset?.configuration.integration);
  const request = {
    ...(preset && { preset }),
    ...(steps !== undefined && steps !== "auto" && { steps }),
    ...(activation && { activation }),
    ...(integration && { integration }),
    ...(columns && { columns }),
  };
  const model = importCheckpoint(bytes, request, path);
  await writeFileAtomically(output, encodeDensityModel(model), { force: options.force === true });
  const { record, chain } = model;
  const parameters = parameterCount(record.configuration, chain.dimension);
  const networks = chain.blocks.map((block) => perceptronOf(block).network);
  const result = {
    blocks: chain.blocks.length,
    parameters,
    columns: record.columns,
    hidden: networks.map(({ hidden }) => hidden),
    activation: networks.map((network) => network.activation),
    timeInput: networks.map(({ timeInput }) => timeInput),
  };
  const [first] = networks;
  const text = `${output}: ${chain.blocks.length} blocks, ${parameters} parameters, ${record.columns.length} columns; hidden layers of the first block ${first?.hidden.join(",")}`;
  await report(terminal, options, result, text);
}
