// table-options: what the options of integration mean for models of tables.
import type { Engine } from "../runtime/contract.ts";
import type { TableModel } from "../tasks/table/table-model.ts";
import type { ToleranceRequest } from "../tasks/tolerance.ts";
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
