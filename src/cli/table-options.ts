// table-options: what the options of integration mean for models of tables.
import { failure } from "../errors.ts";
import type { Engine } from "../runtime/contract.ts";
import type { TableModel } from "../tasks/table/table-model.ts";
import type { ToleranceRequest } from "../tasks/tolerance.ts";
import { flag } from "./flags.ts";
import { integrationFrom } from "./recipe.ts";
import { type SettledIntegration, type Surroundings, settledIntegration } from "./tolerance.ts";

/** The integration asked for; with `--tolerance auto` the loosest at which rows drawn from the model have converged. */
export function settledTableIntegration(
  engine: Engine,
  { density }: TableModel,
  probe: ToleranceRequest,
  surroundings: Surroundings,
): Promise<SettledIntegration> {
  const integration = integrationFrom(surroundings.options, density.record.configuration.integration);
  return settledIntegration(engine, density, integration, probe, surroundings);
}

/** Refuses options that have no meaning for what `model` says; `wanted` is what they have one for. */
export function refuse<O extends object>(
  options: O,
  names: readonly (keyof O & string)[],
  model: string,
  wanted?: string,
): void {
  const given = names.find((name) => options[name] !== undefined);
  if (given === undefined) return;
  throw failure("option", {
    where: flag(given),
    expected: wanted ?? `another model than ${model}`,
    ...(wanted !== undefined && { received: model }),
    remedy: "leave it out",
  });
}
