// said-options: options of `fit` that decide its result and stand in no configuration, as a checkpoint keeps them.
import { toJson } from "../tasks/model-file.ts";
import type { FitOptions } from "./options.ts";
import { readSchemaFile } from "./table-data.ts";

/** Such options as they are typed, by their names; those that say the default are left out. Throws what the reader of a schema file throws. */
export async function saidOptions(options: FitOptions): Promise<Readonly<Record<string, string>>> {
  const { schema, constraint = [], ordinal = [], text, validation, trainSplit, tolerance } = options;
  const usualSplit = validation === undefined ? 0.9 : 1;
  return {
    ...(schema !== undefined && { "--schema": toJson(await readSchemaFile(schema)) }),
    ...(constraint.length > 0 && { "--constraint": constraint.map((rule) => JSON.stringify(rule)).join(" ") }),
    ...(ordinal.length > 0 && {
      "--ordinal": ordinal.map(({ column, levels }) => JSON.stringify(`${column}=${levels.join("<")}`)).join(" "),
    }),
    ...(text !== undefined && text !== "leave-out" && { "--text": text }),
    ...(validation !== undefined && { "--validation": validation }),
    ...(trainSplit !== undefined && trainSplit !== usualSplit && { "--train-split": String(trainSplit) }),
    ...(tolerance === "auto" && { "--method": `${options.method ?? "dopri5"} --tolerance auto` }),
  };
}
