// tolerance: `--tolerance auto`: the choice before the work, and the note that tells it.
import type { Integration } from "../ode/integration.ts";
import type { Engine } from "../runtime/contract.ts";
import type { DensityModel } from "../tasks/density-model.ts";
import { type RowRequest, splitRows } from "../tasks/rows.ts";
import { chooseTolerance, type ToleranceChoice, type ToleranceRequest, tightest } from "../tasks/tolerance.ts";
import { short } from "./output.ts";
import type { ProgressView } from "./progress.ts";
import type { IntegrationOptions } from "./recipe.ts";
import type { Terminal } from "./terminal.ts";

/** How a command integrates, and the tolerance to report where it was chosen. */
export interface SettledIntegration {
  readonly integration?: Integration;
  readonly tolerance?: number;
}

/** What the commands that choose have at hand. */
export interface Surroundings {
  readonly options: IntegrationOptions & { readonly quiet?: boolean };
  readonly terminal: Terminal;
  readonly view: ProgressView;
}

/** `integration` as it is, or with `--tolerance auto` as the probe says; the choice is noted on standard error. */
export async function settledIntegration(
  engine: Engine,
  model: DensityModel,
  integration: Integration | undefined,
  probe: ToleranceRequest,
  { options, terminal, view }: Surroundings,
): Promise<SettledIntegration> {
  if (options.tolerance !== "auto") return integration ? { integration } : {};
  const method = options.method && { method: options.method };
  const controls = { signal: terminal.signal, onProgress: view.show };
  const choice = await chooseTolerance(engine, model, { ...controls, ...method, ...probe });
  view.clear();
  if (!options.quiet) terminal.err(`localflow: ${toleranceNote(choice)}\n`);
  return { integration: choice.integration, tolerance: choice.tolerance };
}

/** A trained model, with `--tolerance auto` one that records what its training rows and its samples need. */
export async function settledModel(
  engine: Engine,
  model: DensityModel,
  request: RowRequest,
  surroundings: Surroundings,
): Promise<{ readonly model: DensityModel; readonly tolerance?: number }> {
  if (surroundings.options.tolerance !== "auto") return { model };
  const { configuration } = model.record;
  const { train: rows } = splitRows(request, configuration.seed);
  const probe = { rows, samples: "points" } as const;
  const settled = await settledIntegration(engine, model, undefined, probe, surroundings);
  const integration = settled.integration ?? configuration.integration;
  const record = { ...model.record, configuration: { ...configuration, integration } };
  return { ...settled, model: { ...model, record } };
}

/** One sentence about a choice. */
export function toleranceNote({ tolerance, tried }: ToleranceChoice): string {
  const last = tried[tried.length - 1];
  const differences = [
    ...(last?.logDensity === undefined ? [] : [`log-densities by ${short(last.logDensity, 2)} nats`]),
    ...(last?.samples === undefined ? [] : [`samples by ${short(last.samples, 2)} deviations`]),
  ].join(", ");
  const chosen = `tolerance ${tolerance.toExponential()}`;
  return tolerance === tightest
    ? `${chosen}, the tightest: at ${last?.tolerance.toExponential()} answers still differ from it (${differences})`
    : `${chosen}: its answers differ from those at ${tightest.toExponential()} by little (${differences})`;
}
