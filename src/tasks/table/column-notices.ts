// column-notices: what is said of the columns of a table before it is learnt, by `inspect` and by `fit`.
import type { CellTable } from "../../data/cell-table.ts";
import { boundNotices } from "./bound-notices.ts";
import { pileNotices } from "./pile-notices.ts";
import type { Schema } from "./schema.ts";
import type { SchemaOverrides } from "./schema-file.ts";
import { sparseNotices } from "./sparse-notices.ts";

/** A sentence for each column whose rows lie beyond its bounds, has too few values, or has values that many rows share. */
export function columnNotices(schema: Schema, table: CellTable, overrides?: SchemaOverrides): readonly string[] {
  return [...boundNotices(schema, table), ...sparseNotices(schema, table), ...pileNotices(schema, table, overrides)];
}
