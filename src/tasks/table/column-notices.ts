// column-notices: what is to be said of columns before a fit: values that a schema moves, and values that drawn rows may lose.
import type { CellTable } from "../../data/cell-table.ts";
import { boundNotices } from "./bound-notices.ts";
import { gridNotices } from "./grid-notices.ts";
import { pileNotices } from "./pile-notices.ts";
import type { Schema } from "./schema.ts";
import type { SchemaOverrides } from "./schema-file.ts";

/** A sentence for each. */
export function columnNotices(schema: Schema, table: CellTable, overrides: SchemaOverrides = {}): readonly string[] {
  return [...boundNotices(schema, table), ...gridNotices(schema, table), ...pileNotices(schema, table, overrides)];
}
