// table-fit: `localflow fit TABLE -o MODEL`, for tables of mixed columns.
import type { Engine } from "../runtime/contract.ts";
import type { ConstraintReport } from "../tasks/table/constraints.ts";
import { type FittedTable, fitTable } from "../tasks/table/fit-table.ts";
import { schemaSummary } from "../tasks/table/schema-summary.ts";
import { encodeTableModel } from "../tasks/table/table-model.ts";
import { type FitRun, keepModel, trained } from "./fit-run.ts";
import { fitText, likelihoodLines } from "./fit-text.ts";
import { report } from "./output.ts";
import { printable } from "./printable.ts";
import { checkInterrupted, peakMemoryBytes, withEngine } from "./session.ts";
import { settledTableIntegration } from "./table-options.ts";
import { readTableRequest } from "./table-request.ts";
import type { Surroundings } from "./tolerance.ts";

/** Trains a model of a table and writes it; after Ctrl-C a checkpoint is left beside the output. */
export async function fitTableFile(run: FitRun): Promise<void> {
  const { data, options, terminal, seed } = run;
  const request = await readTableRequest(data, options, seed);
  checkInterrupted(terminal.signal);
  const fitted = await trained(run, ({ view, controls }) =>
    withEngine(options, async (engine) => {
      const found = await fitTable(engine, {
        ...request,
        ...controls,
        onSchema: (found) => {
          if (!options.quiet) terminal.err(`localflow: ${printable(schemaSummary(found))}\n`);
        },
      });
      return settled(engine, found, { options, terminal, view });
    }),
  );
  await keepModel(run, encodeTableModel(fitted.model), fitted.report.notes);
  const { report: done, tolerance } = fitted;
  const result = { ...done, ...(tolerance !== undefined && { tolerance }), peakMemoryBytes: peakMemoryBytes() };
  const text = fitText(options.output, result, {
    distances: false,
    findings: likelihoodLines(result),
    size: ` for ${result.dimensions} dimensions`,
    more: [
      ...constraintLines(result.constraints ?? []),
      ...(result.label === undefined ? [] : [`label           ${result.label}`]),
    ],
  });
  await report(terminal, options, result, text);
}

/** The model, with `--tolerance auto` one that records what rows drawn from it and their likelihoods need. */
async function settled(
  engine: Engine,
  { model, report: found }: FittedTable,
  surroundings: Surroundings,
): Promise<FittedTable & { readonly tolerance?: number }> {
  if (surroundings.options.tolerance !== "auto") return { model, report: found };
  const probe = { samples: "logDensity" } as const;
  const { integration, tolerance } = await settledTableIntegration(engine, model, probe, surroundings);
  const { record } = model.density;
  const configuration = { ...record.configuration, ...(integration && { integration }) };
  const density = { ...model.density, record: { ...record, configuration } };
  return { model: { ...model, density }, report: found, ...(tolerance !== undefined && { tolerance }) };
}

function constraintLines(constraints: readonly ConstraintReport[]): readonly string[] {
  return constraints.map(({ constraint, enforced, violations }, n) => {
    const how = { computed: "computed", nearest: "the nearest is taken", rejection: "by rejection" }[enforced];
    const met = violations === 0 ? "met by all rows" : `broken by ${violations} of the rows`;
    return `${(n === 0 ? "constraints" : "").padEnd(16)}${constraint} (${how}; ${met})`;
  });
}
