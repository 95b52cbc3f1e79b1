// column-notices: what is to be said of columns before a fit: values that a schema moves, values that are too few or that drawn rows may
// lose, gaps that sums bring and gaps that depend on each other.
import { boundNotices } from "./bound-notices.ts";
import { type GapPattern, gapPatternNotices, gapPatterns } from "./gap-patterns.ts";
import { gridNotices } from "./grid-notices.ts";
import { pileNotices } from "./pile-notices.ts";
import type { TableFindings, TableRequest } from "./prepare-table.ts";
import { sparseNotices } from "./sparse-notices.ts";
import { sumNotices } from "./sum-notices.ts";

/** A sentence for each. */
export function columnNotices(
  { schema, sums, reports }: Pick<TableFindings, "schema" | "sums" | "reports">,
  { table, schema: overrides }: Pick<TableRequest, "table" | "schema">,
  patterns: readonly GapPattern[] = gapPatterns(schema, table),
): readonly string[] {
  return [
    ...boundNotices(schema, table),
    ...gridNotices(schema, table),
    ...sparseNotices(schema, table),
    ...pileNotices(schema, table, overrides),
    ...sumNotices(sums, schema, table),
    ...gapPatternNotices(patterns, reports),
  ];
}
