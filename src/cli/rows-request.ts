// rows-request: what a fit of rows of numbers learns from, as the options of `fit` and `inspect` say it.
import type { Source } from "../data/sources.ts";
import { defaultConfiguration } from "../tasks/defaults.ts";
import type { FitRequest } from "../tasks/density.ts";
import { startingPoint } from "./fit-plan.ts";
import type { FitOptions } from "./options.ts";
import { configurationFrom, type RecipeOptions } from "./recipe.ts";
import { memoryLimit, readColumns } from "./session.ts";

/** What the options say of the fit of rows. */
export interface RowsOptions extends RecipeOptions, Pick<FitOptions, "time" | "memory" | "trainSplit" | "validation"> {}

/** Reads the held-out rows, if any, and chooses the recipe. Throws what their reader throws. */
export async function readRowsRequest(source: Source, options: RowsOptions, seed: number): Promise<FitRequest> {
  const validation =
    options.validation === undefined
      ? undefined
      : await readColumns(options.validation, source.columns, { ...memoryLimit(options), seed });
  const [rows = 0, columns = 0] = source.rows.shape;
  return {
    rows: source.rows,
    columns: source.columns,
    configuration: configurationFrom(options, startingPoint(options, defaultConfiguration({ rows, columns })), seed),
    ...(validation === undefined ? {} : { validation }),
    ...(options.trainSplit === undefined ? {} : { trainSplit: options.trainSplit }),
  };
}
