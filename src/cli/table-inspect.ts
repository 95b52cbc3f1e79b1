// table-inspect: `localflow inspect FILE` for tables of mixed columns and models of them: what columns are taken for, what a fit would take.

import { counted } from "../data/columns.ts";
import { listedRows } from "../data/table-places.ts";
import { LocalFlowError } from "../errors.ts";
import { columnNotices } from "../tasks/table/column-notices.ts";
import { columnsByName } from "../tasks/table/conditions.ts";
import type { ConstraintReport } from "../tasks/table/constraints.ts";
import { gapCells } from "../tasks/table/gap-counts.ts";
import {
  preparedTable,
  type TableFindings,
  type TableRequest,
  tableFindings,
  tablePlan,
} from "../tasks/table/prepare-table.ts";
import type { Schema } from "../tasks/table/schema.ts";
import { columnDetails, schemaSummary } from "../tasks/table/schema-summary.ts";
import type { TableModel } from "../tasks/table/table-model.ts";
import { checkConfiguration, parameterCount } from "../train/configuration.ts";
import { blockLines, blockTable } from "./block-table.ts";
import type { InspectOptions } from "./options.ts";
import { fitOutlook, type Outlook, plannedFit } from "./outlook.ts";
import { report, say } from "./output.ts";
import { printable } from "./printable.ts";
import { seedFrom } from "./session.ts";
import { readTableRequest } from "./table-request.ts";
import type { Terminal } from "./terminal.ts";

/** Says of a table what a fit would take its columns for, and why, and what it would take in time and memory. */
export async function inspectTable(path: string, options: InspectOptions, terminal: Terminal): Promise<void> {
  const request = await readTableRequest(path, options, seedFrom(options));
  const { table, label } = request;
  const findings = tableFindings(request);
  const { schema, reports: constraints } = findings;
  const described = columnsByName(schema.columns);
  const gaps = new Map(table.columns.map((column) => [column.name, gapCells(column, described.get(column.name))]));
  const notices = columnNotices(findings, request);
  await say(terminal, options, [
    `${counted(table.rows, "row")}, ${printable(schemaSummary(schema))}`,
    "",
    schemaTable(schema, gaps),
    ...rulesText(constraints, label),
    ...(notices.length > 0 ? ["", ...notices] : []),
    "",
  ]);
  const fit = await plannedTableFit(request, findings, options, terminal);
  if (!options.json) return;
  const columns = schema.columns.map((column) => ({ ...column, gapCells: gaps.get(column.name) ?? 0 }));
  const rules = { ...(constraints.length > 0 && { constraints }), ...(label !== undefined && { label }) };
  const result = {
    kind: "data",
    task: "table",
    rows: table.rows,
    columns,
    ...rules,
    ...(notices.length > 0 && { notices }),
    fit,
  };
  await terminal.out(`${JSON.stringify(result)}\n`);
}

/** Says what a fit of the table would train and take, and gives it as fields for JSON. */
async function plannedTableFit(
  request: TableRequest,
  findings: TableFindings,
  options: InspectOptions,
  terminal: Terminal,
): Promise<Outlook["fields"]> {
  try {
    const plan = tablePlan(request, findings);
    const { configuration, encoder } = plan;
    checkConfiguration(configuration);
    const dimensions = encoder.dimensions.length;
    const judged = plan.heldOut !== undefined;
    const size = { dimensions, spoken: ` for ${counted(dimensions, "dimension")}`, judged };
    const planned = plannedFit(configuration, options, size);
    await say(terminal, options, planned.text);
    if (!options.estimate) return planned.fields;
    const { request: rows } = preparedTable(plan);
    const outlook = await fitOutlook(rows, options, terminal);
    await say(terminal, options, outlook.text);
    return { ...planned.fields, ...outlook.fields };
  } catch (error) {
    if (!(error instanceof LocalFlowError) || error.code !== "data") throw error;
    await say(terminal, options, [`a fit would fail: ${error.message}`]);
    return { problem: error.message };
  }
}

/** Describes the model of a table. */
export async function inspectTableModel(model: TableModel, options: InspectOptions, terminal: Terminal): Promise<void> {
  const { encoder, density, training, constraints = [], label } = model;
  const { configuration, training: trained, version } = density.record;
  const [dimensions, { schema, codes }] = [encoder.dimensions.length, encoder.toJSON()];
  const parameters = parameterCount(configuration, dimensions);
  const gaps = new Map(schema.columns.map(({ name }, place) => [name, codes[place]?.gaps ?? 0]));
  const blocks = blockLines(configuration, trained.blocks, ({ hidden, activation }) => ({ hidden, activation }));
  const text = [
    `table model, version ${version}, ${parameters} parameters for ${dimensions} dimensions, seed ${configuration.seed}`,
    `trained on ${training.rows} rows: ${printable(schemaSummary(schema))}`,
    "",
    schemaTable(schema, gaps),
    ...rulesText(
      constraints.map(({ text: constraint, violations }) => ({ constraint, violations, rows: [] })),
      label,
    ),
    "",
    blockTable(blocks, { hidden: ({ hidden }) => hidden.join(",") }),
  ].join("\n");
  const result = {
    kind: "model",
    version,
    task: "table",
    schema,
    dimensions,
    blocks,
    parameters,
    configuration,
    training,
    ...(constraints.length > 0 && { constraints }),
    ...(label !== undefined && { label }),
  };
  await report(terminal, options, result, text);
}

/** Lines about constraints and the label, after an empty one, where there are any. */
function rulesText(
  constraints: readonly Pick<ConstraintReport, "constraint" | "violations" | "rows">[],
  label: string | undefined,
): readonly string[] {
  const lines = constraints.map(({ constraint, violations, rows }) => {
    const shown = rows.length === 0 ? "" : `: ${listedRows(rows, violations)}`;
    const met =
      violations === 0
        ? "met by all rows of the data"
        : `${violations === 1 ? "1 row of the data breaks" : `${violations} rows of the data break`} it${shown}`;
    return `constraint  ${constraint} (${met})`;
  });
  const labels = label === undefined ? [] : [`label       ${label}`];
  return lines.length + labels.length === 0 ? [] : ["", ...lines, ...labels];
}

function schemaTable({ columns }: Schema, gaps: ReadonlyMap<string, number>): string {
  const rows = columns.map((column) =>
    [
      column.name,
      `  ${column.kind}`,
      String(gaps.get(column.name) ?? 0),
      `  ${columnDetails(column)}`,
      `  ${column.reason}`,
    ].map(printable),
  );
  const widths = [0, 1, 2, 3].map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0), 6));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(["column", "  type", "gaps", "  values", "  because"]), ...rows.map(line)].join("\n");
}
