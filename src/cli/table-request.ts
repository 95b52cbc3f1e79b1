// table-request: what a fit of the table in a file learns from, as the options of `fit` and `inspect` say it.
import type { TableRequest } from "../tasks/table/prepare-table.ts";
import { tableConfiguration } from "../tasks/table/table-configuration.ts";
import { startingPoint } from "./fit-plan.ts";
import type { FitOptions } from "./options.ts";
import { configurationFrom, type RecipeOptions } from "./recipe.ts";
import { memoryLimit } from "./session.ts";
import { checkDescribed, readSchema, readTableFile } from "./table-data.ts";

type Named = "schema" | "label" | "constraint" | "ordinal" | "text";

/** What the options say of a table and its fit. */
export interface TableOptions
  extends RecipeOptions,
    Pick<FitOptions, Named | "columns" | "rows" | "memory" | "time" | "trainSplit" | "validation"> {}

/** Reads the table, its schema and held-out rows. Throws what their readers throw, and "option" for what is said of no column. */
export async function readTableRequest(path: string, options: TableOptions, seed: number): Promise<TableRequest> {
  const { columns: schema, constraints = [], label } = await readSchema(options);
  const table = await readTableFile(path, options);
  checkDescribed(table, schema, options);
  const columns = table.columns.map(({ name }) => name);
  const validation =
    options.validation === undefined
      ? undefined
      : await readTableFile(options.validation, { ...memoryLimit(options), columns });
  return {
    table,
    seed,
    schema,
    constraints,
    ...(options.text !== undefined && { texts: options.text }),
    ...(label !== undefined && { label }),
    configuration: (size) => configurationFrom(options, startingPoint(options, tableConfiguration(size)), seed),
    ...(validation && { validation }),
    ...(options.trainSplit !== undefined && { trainSplit: options.trainSplit }),
  };
}
