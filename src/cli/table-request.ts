// table-request: what a fit of the table in a file learns from, as the options of `fit` and `inspect` say it.
import { chosenCells } from "../data/cell-rows.ts";
import type { CellTable } from "../data/cell-table.ts";
import { listNames, mayBeRenamed } from "../data/columns.ts";
import { failure } from "../errors.ts";
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
  const { columns: schema, constraints = [], label, places } = await readSchema(options);
  const table = await readTableFile(path, options);
  checkDescribed(table, schema, options);
  const columns = table.columns.map(({ name }) => name);
  const validation =
    options.validation === undefined ? undefined : await heldOutTable(options.validation, columns, options);
  return {
    table,
    seed,
    schema,
    constraints,
    places,
    ...(options.text !== undefined && { texts: options.text }),
    ...(label !== undefined && { label }),
    configuration: (size) => configurationFrom(options, startingPoint(options, tableConfiguration(size)), seed),
    ...(validation && { validation }),
    ...(options.trainSplit !== undefined && { trainSplit: options.trainSplit }),
  };
}

/** The columns of the table to learn in the file of `--validation`. Throws "option" for one that lacks some of them. */
async function heldOutTable(
  path: string,
  columns: readonly string[],
  options: Pick<FitOptions, "memory">,
): Promise<CellTable> {
  const table = await readTableFile(path, memoryLimit(options));
  const names = table.columns.map(({ name }) => name);
  const lacking = columns.filter((name) => !names.includes(name));
  if (lacking.length === 0) return chosenCells(table, columns, path);
  const others = names.filter((name) => !columns.includes(name));
  throw failure("option", {
    where: `--validation ${path}`,
    expected: `the columns of the table to learn (${listNames(columns)})`,
    received: `a table without ${listNames(lacking)}`,
    remedy: mayBeRenamed(lacking, others, "give held-out rows of the same table"),
  });
}
