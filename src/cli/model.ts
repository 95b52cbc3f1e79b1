// model: reading a model file for a command.
import { readFile } from "node:fs/promises";
import { explained } from "../data/files.ts";
import { type DensityModel, decodeDensityModel } from "../tasks/density-model.ts";

/** Reads and validates a model file. Throws code `file` or `model`. */
export async function readModel(path: string): Promise<DensityModel> {
  return decodeDensityModel(await explained(path, () => readFile(path)), path);
}
