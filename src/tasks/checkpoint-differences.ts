// checkpoint-differences: in what the fit that is to go on from a checkpoint differs from the fit that left it, in words.
import { isRecord } from "../data/is-record.ts";
import { toJson } from "./model-file.ts";

/** One field of a configuration, or the columns, with both values as texts; "none" where it is not there. */
export interface FieldDifference {
  readonly name: string;
  readonly before: string;
  readonly now: string;
}

/** Fields that follow from the data as well as from options: they are named last. */
const isDerived = /^(training\.masks|network\.(context|levels|detailed))\b/;
const absent = "none";
/** Objects within objects below this are compared as one value: files are not trusted. */
const deepest = 6;
/** Characters of a value that are shown, and how many of them stand before the first that differs. */
const [longest, lead] = [60, 20];

/**
 * The fields in which two origins `{configuration, columns?}` differ, as JSON has them. A field that differs in all blocks alike is
 * named once, others with their block.
 */
export function fieldDifferences(before: unknown, now: unknown): readonly FieldDifference[] {
  const [old, own] = [partsOf(before), partsOf(now)];
  const blocks =
    old.blocks.length === own.blocks.length
      ? blockDifferences(old.blocks, own.blocks)
      : [{ name: "blocks", before: String(old.blocks.length), now: String(own.blocks.length) }];
  const found = [...blocks, ...differences(old.rest, own.rest)];
  return [...found.filter(({ name }) => !isDerived.test(name)), ...found.filter(({ name }) => isDerived.test(name))];
}

interface Parts {
  readonly blocks: readonly unknown[];
  readonly rest: unknown;
}

function partsOf(origin: unknown): Parts {
  const { configuration, ...others } = isRecord(origin) ? origin : {};
  const { blocks, seed: _, ...rest } = isRecord(configuration) ? configuration : {};
  return { blocks: Array.isArray(blocks) ? blocks : [], rest: { ...others, ...rest } };
}

function blockDifferences(old: readonly unknown[], own: readonly unknown[]): readonly FieldDifference[] {
  const found = old.flatMap((block, n) =>
    differences(block, own[n]).map((difference) => ({ ...difference, block: n + 1 })),
  );
  const key = ({ name, before, now }: FieldDifference) => toJson([name, before, now]);
  const counts = new Map<string, number>();
  for (const each of found) counts.set(key(each), (counts.get(key(each)) ?? 0) + 1);
  return found.flatMap(({ block, ...difference }) => {
    if (counts.get(key(difference)) === old.length) return block === 1 ? [difference] : [];
    return [{ ...difference, name: `${difference.name} of block ${block}` }];
  });
}

function differences(old: unknown, own: unknown): readonly FieldDifference[] {
  const [before, now] = [new Map(fieldsOf(old)), new Map(fieldsOf(own))];
  return [...new Set([...before.keys(), ...now.keys()])].flatMap((name) => {
    const [one = absent, other = absent] = [before.get(name), now.get(name)];
    if (one === other) return [];
    const from = Math.max(0, firstDifferent(one, other) - lead);
    return [{ name, before: shown(one, from), now: shown(other, from) }];
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

/** The values of an object by their paths; lists are one value. */
function fieldsOf(value: unknown, path = "", depth = 0): readonly (readonly [string, string])[] {
  if (!isRecord(value) || depth === deepest)
    return [[path, ["string", "number"].includes(typeof value) ? String(value) : toJson(value)]];
  return Object.entries(value).flatMap(([name, item]) =>
    item === undefined ? [] : fieldsOf(item, path === "" ? name : `${path}.${name}`, depth + 1),
  );
}
