// refusals: options that have no meaning for what is at hand.
import { failure, type Problem } from "../errors.ts";
import { flag } from "./flags.ts";

/** Throws code `option` for the first of `names` that is given, which is to be left out. */
export function refuseGiven<O extends object>(
  options: O,
  names: readonly (keyof O & string)[],
  { remedy = "leave it out", ...problem }: Omit<Problem, "where">,
): void {
  const given = names.find((name) => options[name] !== undefined);
  if (given !== undefined) throw failure("option", { where: flag(given), ...problem, remedy });
}

/** Refuses options that have no meaning for what `model` says; `wanted` is what they have one for. */
export function refuse<O extends object>(
  options: O,
  names: readonly (keyof O & string)[],
  model: string,
  wanted?: string,
): void {
  const problem =
    wanted === undefined ? { expected: `another model than ${model}` } : { expected: wanted, received: model };
  refuseGiven(options, names, problem);
}
