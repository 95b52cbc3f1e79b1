// request-rules: what the requests of programs about tables have in common: models, tables of cells, and how the work is done.
import { cellTableRule } from "../../data/cell-table.ts";
import { isRecord } from "../../data/is-record.ts";
import { callback, checkValue, type Rule, signal, whole } from "../../data/requests.ts";
import type { Integration } from "../../ode/integration.ts";
import { tableaus } from "../../ode/tableaus.ts";
import type { Controls } from "../progress.ts";

export const seed: Rule = whole();

/** What is given beside a request. */
const givenRules = {
  engine: {
    expected: "an engine",
    holds: (value) => isRecord(value) && typeof value["open"] === "function",
    remedy: "make one with await createEngine()",
  },
  model: {
    expected: "a model of a table",
    holds: (value) =>
      isRecord(value) && isRecord(value["density"]) && isRecord(value["encoder"]) && isRecord(value["training"]),
    remedy: "give what decodeTableModel reads, or `model` of what fitTable gives",
    code: "model",
  },
  table: cellTableRule,
} as const satisfies Readonly<Record<string, Rule>>;

/** Throws unless these are an engine, the model of a table and a table of cells. */
export function checkGiven(given: { readonly [Name in keyof typeof givenRules]?: unknown }): void {
  for (const name of ["engine", "model", "table"] as const)
    if (Object.hasOwn(given, name)) checkValue(given[name], givenRules[name], name);
}

const examples: readonly Integration[] = [
  { kind: "adaptive", method: "dopri5", rtol: 1e-4, atol: 1e-4 },
  { kind: "fixed", method: "rk4", evaluations: 8 },
];

export const integration: Rule = {
  expected: `an integration such as ${examples.map((example) => JSON.stringify(example)).join(" or ")}`,
  holds: isIntegration,
};

function isIntegration(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { kind, method, rtol, atol, evaluations } = value;
  const found = Object.entries(tableaus).find(([name]) => name === method)?.[1];
  const isPositive = (size: unknown) => typeof size === "number" && Number.isFinite(size) && size > 0;
  if (kind === "adaptive") return found?.error !== undefined && isPositive(rtol) && isPositive(atol);
  return kind === "fixed" && found !== undefined && isPositive(evaluations) && Number.isSafeInteger(evaluations);
}

export const controls = { signal, onProgress: callback } as const satisfies Record<keyof Controls, Rule>;
