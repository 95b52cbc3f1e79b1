// forest-copies: what a protocol says of rows that are copies: the rows to train again, a little beside where they were.
import { fillNormal, fillUniform, random, split } from "../src/random.ts";
import type { SplitSet } from "./forest-peer.ts";

type Rows = readonly (readonly number[])[];

/**
 * Tables of as many rows as there are to train, drawn from these with replacement. Numbers get normal noise of so many deviations of
 * their class, or of all rows where there are no classes, and stay within the range of the rows to train; levels stay as they are.
 */
export function copiedTables(set: SplitSet, seed: number, tables: number, noise: number): readonly Rows[] {
  const { train, levels, binary, classes } = set;
  const width = train[0]?.length ?? 0;
  const isLevel = (k: number) => levels.includes(k) || binary.includes(k);
  const ofRow = classes ? new Map(groupsOf(train)) : new Map(train.map((row) => [row, train]));
  const deviations = new Map([...new Set(ofRow.values())].map((rows) => [rows, deviationsOf(rows)]));
  const ranges = Array.from({ length: width }, (_, k) => {
    const column = train.map((row) => row[k]!);
    return [Math.min(...column), Math.max(...column)] as const;
  });
  return Array.from({ length: tables }, (_, table) => {
    const key = split(random(seed), "copies", table);
    const [places, beside] = [new Float32Array(train.length), new Float32Array(train.length * width)];
    fillUniform(split(key, "rows"), places);
    fillNormal(split(key, "noise"), beside);
    return Array.from(places, (place, n) => {
      const row = train[Math.min(train.length - 1, Math.floor(place * train.length))]!;
      const spread = deviations.get(ofRow.get(row)!)!;
      return row.map((value, k) => {
        const [low, high] = ranges[k]!;
        return isLevel(k) ? value : Math.min(high, Math.max(low, value + noise * spread[k]! * beside[n * width + k]!));
      });
    });
  });
}

/** Each row beside the rows of its class. */
function groupsOf(train: Rows): readonly (readonly [readonly number[], Rows])[] {
  const groups = new Map<number, (readonly number[])[]>();
  for (const row of train) {
    const label = row.at(-1)!;
    groups.set(label, [...(groups.get(label) ?? []), row]);
  }
  return train.map((row) => [row, groups.get(row.at(-1)!)!] as const);
}

function deviationsOf(rows: Rows): readonly number[] {
  return (rows[0] ?? []).map((_, k) => {
    const mean = rows.reduce((sum, row) => sum + row[k]!, 0) / rows.length;
    return Math.sqrt(rows.reduce((sum, row) => sum + (row[k]! - mean) ** 2, 0) / rows.length);
  });
}
