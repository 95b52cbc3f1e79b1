// equal-levels: whether columns of levels that are to be equal have a level in common.
import { levelTexts } from "./column-code.ts";
import type { CellTest } from "./comparisons.ts";
import type { Atom } from "./condition-atoms.ts";
import { amountReader } from "./linear.ts";
import type { ColumnSchema } from "./schema.ts";

/** What is known of the columns of some comparisons. */
export interface LevelFacts {
  readonly columns: ReadonlyMap<string, ColumnSchema>;
  /** Columns that have a value in every row that is wanted. */
  readonly filled: ReadonlySet<string>;
  /** What the level of a column has to pass. */
  readonly testOf: (column: string) => CellTest | undefined;
}

/** Columns that are to be equal but have no level in common among those that pass; undefined where all have one. */
export function unequalLevels(atoms: readonly Atom[], facts: LevelFacts): readonly string[] | undefined {
  let groups: readonly Group[] = [];
  for (const atom of atoms) {
    if (atom.kind !== "linear" || atom.relation !== "==") continue;
    const names = atom.leaf.terms.map(({ column }) => column);
    const columns = names.map((name) => facts.columns.get(name));
    const isOfLevels = columns.some((column) => column !== undefined && amountReader(column) === undefined);
    if (!isOfLevels || !names.every((name) => facts.filled.has(name))) continue;
    const joined = groups.filter((group) => names.some((name) => group.names.includes(name)));
    const own = columns.flatMap((column) => (column ? [groupOf(column, facts)] : []));
    const whole = [...joined, ...own].reduce(together);
    if (whole.texts.size === 0) return whole.names;
    groups = [...groups.filter((group) => !joined.includes(group)), whole];
  }
  return undefined;
}

/** Columns that are equal, and the levels that all of them may have. */
interface Group {
  readonly names: readonly string[];
  readonly texts: ReadonlySet<string>;
}

function groupOf(column: ColumnSchema, { testOf }: LevelFacts): Group {
  const test = testOf(column.name) ?? (() => true);
  const texts = column.kind === "constant" ? [column.text] : levelTexts(column);
  return { names: [column.name], texts: new Set(texts.filter(test)) };
}

function together(a: Group, b: Group): Group {
  return {
    names: [...new Set([...a.names, ...b.names])],
    texts: new Set([...a.texts].filter((text) => b.texts.has(text))),
  };
}
