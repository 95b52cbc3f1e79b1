// needed-measures: what measures take that not all tables have, and the refusal of one that is asked for where it is not there
import { isRecord } from "../../data/is-record.ts";
import { type Rule, text, texts } from "../../data/requests.ts";
import { failure } from "../../errors.ts";
import { gapCodes } from "../../measure/column-shapes.ts";
import { columnNamed } from "../../measure/columns-rows.ts";
import type { MeasuredTable } from "../../measure/columns-table.ts";
import { fewestClassifierRows } from "../../measure/drift.ts";
import { fewestTargetRows } from "../../measure/utility.ts";
import type { TableMetricName } from "./evaluate-table-metrics.ts";

/** Measures that there must be, and who asks for them, such as an option. */
export interface NeededMeasures {
  readonly names: readonly string[];
  readonly where: string;
}

/** Of requests of programs. */
export const neededRule: Rule = {
  expected: 'names of measures and who asks for them, such as { names: ["c2st"], where: "nightly check" }',
  holds: (value) => isRecord(value) && texts.holds(value["names"]) && text.holds(value["where"]),
};

const fewestGapColumns = 2;

/** What a measure takes that tables may lack. */
export const measureNeeds = {
  gapPatterns: `at least ${fewestGapColumns} columns with gaps`,
  pairTrends: "at least 2 columns",
  c2st: `at least ${fewestClassifierRows} rows of each table`,
  utility: `at least ${fewestTargetRows} rows of each table in which the target is known`,
} as const satisfies Partial<Record<TableMetricName, string>>;

/** Throws "option" where tables of the same columns, of which so many rows are compared, lack what a measure that is asked for takes. */
export function checkNeeded(
  { names, where }: NeededMeasures,
  tables: readonly [MeasuredTable, ...MeasuredTable[]],
  rows: number,
): void {
  const lacking = (name: "c2st" | "gapPatterns", received: string) =>
    failure("option", {
      where: `${where} ${name}`,
      expected: measureNeeds[name],
      received,
      remedy: `leave ${name} out of ${where}`,
    });
  if (names.includes("c2st") && rows < fewestClassifierRows) throw lacking("c2st", String(rows));
  if (!names.includes("gapPatterns")) return;
  const gapped = tables[0].columns.filter(({ name }) =>
    tables.some((table) => gapCodes(columnNamed(table, name)).includes(1)),
  );
  if (gapped.length < fewestGapColumns) throw lacking("gapPatterns", String(gapped.length));
}
