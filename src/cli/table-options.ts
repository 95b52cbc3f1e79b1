// table-options: what the options of integration mean for models of tables.
import { failure } from "../errors.ts";
import type { Integration } from "../ode/integration.ts";
import type { TableModel } from "../tasks/table/table-model.ts";
import { flag } from "./flags.ts";
import { type IntegrationOptions, integrationFrom } from "./recipe.ts";

/** The integration asked for; none is the model's own. */
export function tableIntegration(
  options: IntegrationOptions,
  { density }: TableModel,
): { readonly integration?: Integration } {
  if (options.tolerance === "auto")
    throw failure("option", {
      where: "--tolerance",
      expected: "a number, for the model of a table",
      received: "auto",
      remedy: "leave it out, or give a number such as 1e-3",
    });
  const integration = integrationFrom(options, density.record.configuration.integration);
  return integration ? { integration } : {};
}

/** Refuses options that have no meaning for the model of a table, or that only have one for it. */
export function refuse<O extends object>(options: O, names: readonly (keyof O & string)[], model: string): void {
  const given = names.find((name) => options[name] !== undefined);
  if (given === undefined) return;
  throw failure("option", {
    where: flag(given),
    expected: `another model than ${model}`,
    received: model,
    remedy: "leave it out",
  });
}
