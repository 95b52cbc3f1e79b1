// images-checks: which options have a meaning for images, which for nothing else.
import { failure } from "../errors.ts";
import type { Integration } from "../ode/integration.ts";
import type { ImageModel } from "../tasks/images/image-model.ts";
import { flag } from "./flags.ts";
import { imageFitNames } from "./images-options.ts";
import { type IntegrationOptions, integrationFrom } from "./recipe.ts";
import { refuseGiven } from "./refusals.ts";

/** The integration asked for; none is the model's own. */
export function imageIntegration(
  options: IntegrationOptions,
  { record }: ImageModel,
): { readonly integration?: Integration } {
  refuseAuto(options);
  const integration = integrationFrom(options, record.configuration.integration);
  return integration ? { integration } : {};
}

/** Throws where a tolerance was to be chosen, which takes rows of numbers. */
export function refuseAuto({ tolerance }: IntegrationOptions): void {
  if (tolerance !== "auto") return;
  throw failure("option", {
    where: "--tolerance",
    expected: "a number, for images",
    received: "auto",
    remedy: "leave it out, or give a number such as 1e-3",
  });
}

/** Throws for an option about classes where the model was fitted without them. */
export function checkGuided<O extends object>(hasClasses: boolean, name: keyof O & string, options: O): void {
  if (hasClasses || options[name] === undefined) return;
  throw failure("option", {
    where: flag(name),
    expected: "a model that was fitted with --conditional",
    received: "one that knows of no classes",
    remedy: "leave it out, or fit one",
  });
}

/** Throws for options that have no meaning for images. */
export function refuseForImages<O extends object>(options: O, names: readonly (keyof O & string)[]): void {
  refuseGiven(options, names, { expected: "rows of numbers or a table", received: "images" });
}

/** Throws for options that nothing but images has; `received` is what there is instead. */
export function refuseImageOptions(options: object, received: string): void {
  const given: Readonly<Record<string, unknown>> = { ...options };
  refuseGiven(given, [...imageFitNames, "chain", "features", "class", "guidance", "marginal"], {
    expected: "images",
    received,
  });
}
