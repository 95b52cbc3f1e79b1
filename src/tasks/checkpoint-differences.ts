// checkpoint-differences: in what the fit that is to go on from a checkpoint differs from the fit that left it, in words.
import { isRecord } from "../data/is-record.ts";
import { plainText, spellings } from "./checkpoint-flags.ts";
import { toJson } from "./model-file.ts";

/** An option, or a field of a configuration that none stands for, with both values as texts; "none" where it is not there. */
export interface FieldDifference {
  readonly name: string;
  readonly before: string;
  readonly now: string;
}

/** In what two origins differ. */
export interface OriginDifferences {
  readonly fields: readonly FieldDifference[];
  /** The columns of a table are others, or are taken for something else, and no option named above says so. */
  readonly columns: boolean;
  /** An option says other rows or columns: what differs in these may follow from it. */
  readonly others: boolean;
}

/** What follows from the columns of a table, from its label and from its rows, beside options. */
const derivedFields = ["training.masks", "network.context", "network.levels", "network.detailed"];
const absent = "none";
/** What is said under the name of an option of the configuration, and goes before it. */
const overriding: readonly string[] = ["--method"];
/** Objects within objects below this are compared as one value: files are not trusted. */
const deepest = 6;
/** Characters of a value that are shown, and how many of them stand before the first that differs. */
const [longest, lead] = [60, 20];

/** In what two origins `{configuration, columns?, said?}` differ, as JSON has them. */
export function originDifferences(before: unknown, now: unknown): OriginDifferences {
  const isKnown = saidIn(before) !== undefined && saidIn(now) !== undefined;
  const [old, own] = [partsOf(before, isKnown), partsOf(now, isKnown)];
  const differing = [...new Set([...old.said.keys(), ...own.said.keys()])].filter(
    (name) => old.said.get(name) !== own.said.get(name),
  );
  const others = differing.some((name) => !overriding.includes(name));
  const fields = [...new Set([...old.fields.keys(), ...own.fields.keys()])].flatMap((name) => {
    const [one = absent, other = absent] = [old.fields.get(name), own.fields.get(name)];
    if (one === other) return [];
    const from = Math.max(0, firstDifferent(one, other) - lead);
    return [{ name, before: shown(one, from), now: shown(other, from) }];
  });
  return { fields, columns: old.columns !== own.columns && !others, others };
}

/** Whether two origins are known to say other things that stand in no configuration; those of earlier releases say nothing. */
export function saysOther(before: unknown, now: unknown): boolean {
  const [old, own] = [saidIn(before), saidIn(now)];
  if (old === undefined || own === undefined) return false;
  return old.size !== own.size || [...old].some(([name, text]) => own.get(name) !== text);
}

function saidIn(origin: unknown): ReadonlyMap<string, string> | undefined {
  const said = isRecord(origin) ? origin["said"] : undefined;
  return isRecord(said) ? new Map(Object.entries(said).map(([name, text]) => [name, plainText(text)])) : undefined;
}

interface Parts {
  /** Texts of values by their names. */
  readonly fields: ReadonlyMap<string, string>;
  /** Those of them that stand in no configuration. */
  readonly said: ReadonlyMap<string, string>;
  /** What the columns of a table are, as one text. */
  readonly columns: string;
}

function partsOf(origin: unknown, isKnown: boolean): Parts {
  const said = (isKnown ? saidIn(origin) : undefined) ?? new Map<string, string>();
  const { configuration, said: _said, heldOut: _heldOut, ...others } = isRecord(origin) ? origin : {};
  const { blocks: found, seed: _, ...rest } = isRecord(configuration) ? configuration : {};
  const blocks = Array.isArray(found) ? found : [];
  const training = isRecord(rest["training"]) ? rest["training"] : {};
  const whole = isRecord(training["masks"]) ? tableParts(others["columns"], training["masks"], blocks) : undefined;
  const { columns: _columns, ...options } = others;
  const own = fieldsOf({ ...(whole ? options : others), ...rest });
  return {
    fields: new Map([
      ...said,
      ...(whole ? [["--label", whole.label] as const] : []),
      ...blockFields(blocks),
      ...own,
      ...said,
    ]),
    said,
    columns: whole?.columns ?? "",
  };
}

/** Of a table: its label, and all that tells what its columns are but for the shares of their levels, which follow from the rows. */
function tableParts(columns: unknown, masks: Record<string, unknown>, blocks: readonly unknown[]) {
  const names: readonly unknown[] = Array.isArray(columns) ? columns : [];
  const { alone, groups } = masks;
  const labelled = isRecord(alone) ? names[Number(alone["start"])] : undefined;
  const networks = blocks.map((block) => {
    const network = isRecord(block) && isRecord(block["network"]) ? block["network"] : {};
    const levels: readonly unknown[] = Array.isArray(network["levels"]) ? network["levels"] : [];
    const cells = levels.map((each) => (isRecord(each) ? [each["at"], countOf(each["edges"])] : each));
    return [network["context"], network["detailed"], cells];
  });
  return {
    label: typeof labelled === "string" ? labelled.replace(/ (digit \d+|\S+)$/, "") : absent,
    columns: toJson([columns, groups, ...new Set(networks.map(toJson))]),
  };
}

function countOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0;
}

/** What blocks have in common once, else all their values in order, as options take them. */
function blockFields(blocks: readonly unknown[]): readonly (readonly [string, string])[] {
  const texts = blocks.map((block) => new Map(fieldsOf(block)));
  return [...new Set(texts.flatMap((each) => [...each.keys()]))].map((name) => {
    const values = texts.map((each) => each.get(name) ?? absent);
    if (name === "--steps") return [name, values.join(",")];
    return [name, new Set(values).size === 1 ? (values[0] ?? absent) : values.join(";")];
  });
}

function firstDifferent(one: string, other: string): number {
  let place = 0;
  while (place < one.length && one[place] === other[place]) place++;
  return place;
}

function shown(text: string, from: number): string {
  if (text.length <= longest) return text;
  const start = Math.min(from, text.length - longest);
  const cut = text.slice(start, start + longest);
  return `${start > 0 ? "…" : ""}${cut}${start + longest < text.length ? "…" : ""}`;
}

/** The values of an object by their options, or by their paths where none stands for them; lists are one value. */
function fieldsOf(value: unknown, path = "", depth = 0): readonly (readonly [string, string])[] {
  if (derivedFields.includes(path)) return [];
  const { flag, typed = plainText } = spellings.get(path) ?? {};
  if (flag !== undefined) return [[flag, typed(value)]];
  if (!isRecord(value) || depth === deepest) return [[path, plainText(value)]];
  return Object.entries(value).flatMap(([name, item]) =>
    item === undefined ? [] : fieldsOf(item, path === "" ? name : `${path}.${name}`, depth + 1),
  );
}
