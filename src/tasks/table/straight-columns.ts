// straight-columns: numbers and dates that are mapped straight (`"scale": "robust"`) have no cells for the values that occurred, so they are written as any of their grid.
import { failure } from "../../errors.ts";
import type { Schema } from "./schema.ts";
import type { SchemaOverrides } from "./schema-file.ts";

/** The schema with that said of its columns. Throws "option" where a user asks for both. */
export function withStraightColumns({ columns }: Schema, overrides: SchemaOverrides = {}): Schema {
  return {
    columns: columns.map((column) => {
      if ((column.kind !== "number" && column.kind !== "date") || column.scale !== "robust" || column.values === "any")
        return column;
      const own = Object.hasOwn(overrides, column.name) ? overrides[column.name] : undefined;
      if ((own?.kind === "number" || own?.kind === "date") && own.values === "observed")
        throw failure("option", {
          where: `schema column ${JSON.stringify(column.name)}`,
          expected: `"values": "any" beside "scale": "robust", which maps values straight and knows none that occurred`,
          received: `"values": "observed"`,
          remedy: `leave out "scale" to write observed values alone, or "values" to write all of the grid`,
        });
      return { ...column, values: "any" };
    }),
  };
}
