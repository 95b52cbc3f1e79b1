// parse: the small languages of option values (`2GiB`, `10m`, `256x3`, `softplus(20)`, `0.025,0.031,free`).
import { didYouMean } from "../data/columns.ts";
import { isInside, type Range, spokenRange } from "../data/ranges.ts";
import { failure, type LocalFlowError } from "../errors.ts";
import { explicitSteps, type Step } from "../flow/steps.ts";
import type { TimeDistribution } from "../flow/time.ts";
import type { Activation } from "../nn/activation.ts";
import type { Integration, MethodName } from "../ode/integration.ts";
import { tableaus } from "../ode/tableaus.ts";
import type { Decay } from "../optim/schedule.ts";

/** Turns the text of one option into its value; `where` is the option's name. Throws code `option`. */
export type Parser<T> = (text: string, where: string) => T;

/** All methods, and those with an error estimate: the ones that can choose their own steps. */
export const methods = Object.keys(tableaus) as readonly MethodName[];
export const adaptiveMethods = methods.filter((name) => tableaus[name].error !== undefined);

/** The tolerance of adaptive integration when none is given. */
export const defaultTolerance = 1e-4;

/** A finite number inside `range`. */
export function number(range: Range = {}): Parser<number> {
  return (text, where) => {
    const value = decimal(text);
    if (Number.isFinite(value) && isInside(value, range)) return value;
    throw bad(where, spokenRange("a number", range), text);
  };
}

/** A whole number inside `range` that is exact in double precision. */
export function whole(range: Range = {}): Parser<number> {
  return (text, where) => {
    const value = decimal(text);
    if (Number.isSafeInteger(value) && isInside(value, range)) return value;
    throw bad(where, spokenRange("a whole number", range), text);
  };
}

export const truth: Parser<boolean> = (text, where) => choice(["true", "false"])(text, where) === "true";

/** One of the given words. */
export function choice<const T extends string>(words: readonly T[]): Parser<T> {
  return (text, where) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw bad(where, `one of ${words.join(", ")}`, text, didYouMean(text, words));
  };
}

const byteUnits: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** Bytes: `2GiB`, `500MB`, `1048576`. */
export const size: Parser<number> = (text, where) => {
  const [, digits = "", unit = ""] = /^([\d.]+)\s*([a-z]*)$/i.exec(text) ?? [];
  const bytes = Math.floor(decimal(digits) * (byteUnits[unit.toLowerCase()] ?? Number.NaN));
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw bad(where, "a size such as 2GiB or 500MB", text);
};

/** Seconds: `45s`, `10m`, `1h30m`, or a plain number of seconds. */
export const seconds: Parser<number> = (text, where) => {
  const [whole, h, m, s] = /^(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s?)?$/.exec(text) ?? [];
  const value = decimal(h ?? "0") * 3600 + decimal(m ?? "0") * 60 + decimal(s ?? "0");
  if (whole && value > 0 && Number.isFinite(value)) return value;
  throw bad(where, "a time such as 45s, 10m or 1h30m", text);
};

const width = whole({ atLeast: 1, atMost: 65536 });
const depth = whole({ atLeast: 1, atMost: 256 });

/** Hidden layer widths: `256x3` (width x layers) or `512,256,128`. */
export const hidden: Parser<readonly number[]> = (text, where) => {
  const [, each, layers] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (each !== undefined && layers !== undefined)
    return Array<number>(depth(layers, `${where} (layers)`)).fill(width(each, `${where} (width)`));
  if (/^\d+(,\d+)*$/.test(text)) return text.split(",").map((part) => width(part, `${where} (width)`));
  throw bad(where, "width x layers such as 256x3, or widths such as 512,256", text);
};

/** `relu`, `elu`, `silu`, `gelu`, `tanh`, `softplus(beta)`; `softplus` alone has beta = 1. */
export const activation: Parser<Activation> = (text, where) => {
  const softplus = call(text, "softplus", 1);
  if (softplus) return { kind: "softplus", beta: number({ above: 0 })(softplus[0] ?? "", `${where} softplus`) };
  if (text === "softplus") return { kind: "softplus", beta: 1 };
  const plain = ["relu", "elu", "silu", "gelu", "tanh"] as const;
  const kind = plain.find((word) => word === text);
  if (kind !== undefined) return { kind };
  throw bad(where, `one of ${plain.join(", ")}, softplus(20)`, text);
};

/** `uniform` or `beta(a,b)`. */
export const timeDistribution: Parser<TimeDistribution> = (text, where) => {
  if (text === "uniform") return { kind: "uniform" };
  const parameters = call(text, "beta", 2)?.map((part) => number({ above: 0 })(part, `${where} beta`));
  if (parameters?.[0] !== undefined && parameters[1] !== undefined)
    return { kind: "beta", alpha: parameters[0], beta: parameters[1] };
  throw bad(where, "uniform or beta(a,b)", text);
};

/** `0.99/1000`: the learning rate times 0.99 after every 1000 iterations; `none` keeps it constant. */
export const decay: Parser<Decay> = (text, where) => {
  if (text === "none") return { kind: "step", factor: 1, every: 1 };
  if (text === "cosine") return { kind: "cosine" };
  const parts = text.split("/");
  const [factor, every] = parts;
  if (parts.length !== 2 || factor === undefined || every === undefined)
    throw bad(where, "factor/iterations such as 0.99/1000, cosine, or none", text);
  return {
    kind: "step",
    factor: number({ above: 0, atMost: 1 })(factor, `${where} (factor)`),
    every: whole({ atLeast: 1 })(every, `${where} (iterations)`),
  };
};

/** `0.025,0.031,free`: the durations and the free block, which must come last; `auto` leaves the choice to the task. */
export const steps: Parser<readonly Step[] | "auto"> = (text, where) => {
  if (text === "auto") return "auto";
  const parts = text.split(",").map((part) => part.trim());
  if (parts.pop() !== "free" || parts.includes("free"))
    throw bad(where, "durations with `free` as the last one, such as 0.025,0.031,free", text);
  return explicitSteps(parts.map((part, n) => number({ above: 0 })(part, `${where}, block ${n + 1}`)));
};

/** Largest gradient norm; `none` is Infinity. */
export const clip: Parser<number> = (text, where) =>
  text === "none" ? Number.POSITIVE_INFINITY : number({ above: 0 })(text, where);

export const device = choice(["cpu", "cuda", "coreml", "directml", "webgpu"]);

/** One value, or one per block separated by `;`. */
export function perBlock<T>(parse: Parser<T>): Parser<readonly T[]> {
  return (text, where) => {
    const parts = text.split(";");
    return parts.map((part, n) => parse(part.trim(), parts.length === 1 ? where : `${where}, block ${n + 1}`));
  };
}

/** `auto`, or the number that `parse` reads. */
export function orAuto(parse: Parser<number>): Parser<number | "auto"> {
  return (text, where) => {
    if (text === "auto") return text;
    if (Number.isNaN(decimal(text))) throw bad(where, "a number or auto", text);
    return parse(text, where);
  };
}

/** Column names separated by commas; no name twice. */
export const columns: Parser<readonly string[]> = (text, where) => {
  const names = text.split(",").map((name) => name.trim());
  if (names.every((name) => name !== "") && new Set(names).size === names.length) return names;
  throw bad(where, "different column names separated by commas", text);
};

/** The levels of a column, the lowest first. */
export interface ColumnOrder {
  readonly column: string;
  readonly levels: readonly string[];
}

/** `size=S<M<L`: a column and its levels, as a list of one. */
export const ordinals: Parser<readonly ColumnOrder[]> = (text, where) => {
  const at = text.indexOf("=");
  const column = text.slice(0, Math.max(at, 0)).trim();
  const levels = text
    .slice(at + 1)
    .split("<")
    .map((level) => level.trim());
  const isSound = column !== "" && levels.length > 1 && !levels.includes("") && new Set(levels).size === levels.length;
  if (isSound) return [{ column, levels }];
  throw bad(where, "a column and its levels in order, such as size=S<M<L", text);
};

/** The orders of columns, each of which has one. */
export function distinctOrders(orders: readonly ColumnOrder[], where: string): readonly ColumnOrder[] {
  const [again] = orders.filter(({ column }, n) => orders.findIndex((each) => each.column === column) < n);
  if (again === undefined) return orders;
  const [first] = orders.filter(({ column }) => column === again.column);
  const spoken = ({ column, levels }: ColumnOrder) => `${column}=${levels.join("<")}`;
  throw twice(where, "one order of a column", first ? spoken(first) : "", spoken(again));
}

/** The error of an option that says two things where one is meant. */
export function twice(where: string, expected: string, first: string, second: string) {
  return failure("option", {
    where,
    expected,
    received: `${JSON.stringify(first)} and ${JSON.stringify(second)}`,
    remedy: "leave one of them out",
  });
}

/** The name of a column; the bare option, whose preset is no text, means the label. */
export const columnOrLabel: Parser<string | true> = (text) => text === "" || text;

/** A text as it is, as a list of one. */
export const texts: Parser<readonly string[]> = (text) => [text];

/** File names separated by commas. */
export const files: Parser<readonly string[]> = (text, where) => {
  const names = text.split(",").map((name) => name.trim());
  if (names.every((name) => name !== "")) return names;
  throw bad(where, "file names separated by commas", text);
};

/** `dopri5` or `dopri5/1e-3`: an adaptive method and its tolerance. */
export const handOver: Parser<Integration> = (text, where) => {
  const parts = text.split("/");
  const method = choice(adaptiveMethods)(parts[0] ?? "", where);
  if (parts.length > 2) throw bad(where, "method or method/tolerance such as dopri5/1e-3", text);
  const tolerance =
    parts[1] === undefined ? defaultTolerance : number({ atLeast: 1e-7 })(parts[1], `${where} (tolerance)`);
  return { kind: "adaptive", method, rtol: tolerance, atol: tolerance };
};

/** Arguments of `name(a,b)`, or undefined when the text is not such a call with `count` arguments. */
function call(text: string, name: string, count: number): readonly string[] | undefined {
  const inner = text.startsWith(`${name}(`) && text.endsWith(")") ? text.slice(name.length + 1, -1) : undefined;
  const parts = inner?.split(",").map((part) => part.trim());
  return parts?.length === count ? parts : undefined;
}

function decimal(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN;
}

function bad(where: string, expected: string, text: string, advice: { readonly remedy?: string } = {}): LocalFlowError {
  return failure("option", { where, expected, received: text === "" ? "nothing" : JSON.stringify(text), ...advice });
}
