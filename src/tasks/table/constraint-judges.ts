// constraint-judges: which drawn or filled rows may stay, row by row and table by table.
import type { CellTable } from "../../data/cell-table.ts";
import {
  type BoundConstraint,
  bound,
  boundsOfSums,
  constraintPlace,
  partsOf,
  type TableConstraint,
} from "./bound-constraints.ts";
import { isGap } from "./comparisons.ts";
import { columnsByName, outcomesBeforeDraws } from "./conditions.ts";
import { partialTest, seenCodes, type UniqueTest, uniqueTest } from "./constraint-tests.ts";
import { cellsOf, outcomes } from "./linear.ts";
import type { Schema } from "./schema.ts";

/** Judges rows one table after the other; what must be unique is remembered from one to the next. */
export interface RowJudge {
  /** Sets to 0 the candidates that break a constraint. The first `limit` that stay are remembered as taken. */
  judge(table: CellTable, candidates: Uint8Array, limit: number): void;
  /** Candidates judged so far, and those that stayed. */
  readonly judged: number;
  readonly kept: number;
  /** Forgets which constraints were broken so far, for rows of another kind. */
  recount(): void;
  /** The constraint that most candidates broke since the last recount, and how many; none where all were met. */
  worst(): { readonly constraint: string; readonly broken: number } | undefined;
}

/** A judge of the rows of one result. Sums must also stay inside the bounds of their column. */
export function rowJudge(constraints: readonly TableConstraint[], schema: Schema): RowJudge {
  const ready = constraints.map((constraint) => bound(constraint, schema));
  const lists = ready.flatMap((each) => (each.kind === "unique" && each.columns.length > 0 ? [each] : []));
  const unique = uniqueTest(lists.map(({ columns }) => columns));
  const tests: readonly (readonly [string, UniqueTest])[] = [
    ...[...boundsOfSums(ready, schema), ...ready].flatMap((each) =>
      each.kind === "unique" ? [] : [[each.text, each.test] as const],
    ),
    ...(lists.length > 0 ? [[lists.map(({ text }) => text).join(", "), unique] as const] : []),
  ];
  const broken = new Map<string, number>();
  let [judged, kept] = [0, 0];
  const count = (rows: Uint8Array) => rows.reduce((total, value) => total + value, 0);
  return {
    judge(table, candidates, limit) {
      judged += count(candidates);
      for (const [text, test] of tests)
        test(table, candidates, limit).forEach((outcome, row) => {
          if (outcome !== outcomes.fails || candidates[row] === 0) return;
          candidates[row] = 0;
          broken.set(text, (broken.get(text) ?? 0) + 1);
        });
      kept += count(candidates);
    },
    get judged() {
      return judged;
    },
    get kept() {
      return kept;
    },
    recount() {
      broken.clear();
    },
    worst() {
      const [first] = [...broken].sort((a, b) => b[1] - a[1]);
      return first && { constraint: first[0], broken: first[1] };
    },
  };
}

/** The rows that are filled: a table that was repeated some times. */
export interface RowsToFill {
  /** The table with what known cells fix by themselves (constants, sums) in its gaps. */
  readonly before: CellTable;
  readonly copies: number;
  /** Cells with texts that the model cannot place, which are not known. */
  readonly isUnknown: (column: string, row: number) => boolean;
}

type FilledTest = (filled: CellTable, candidates: Uint8Array, rows: Uint32Array) => Uint8Array;

/**
 * A judge of filled rows: 1 for each row of a part of the repeated table (at the places `rows` of the whole) whose filled cells
 * break no constraint. What cells that were known break is not looked at, part by part of a condition that has several, and
 * combinations are judged by what is known of them.
 */
export function fillJudge(
  constraints: readonly TableConstraint[],
  schema: Schema,
  { before, copies, isUnknown }: RowsToFill,
): (filled: CellTable, rows: Uint32Array) => Uint8Array {
  const described = columnsByName(schema.columns);
  const ready = constraints.map((constraint) => bound(constraint, schema));
  const isOpen = (names: readonly string[]) => {
    const cells = names.map((name) => cellsOf(before, name));
    return (row: number) =>
      cells.some(({ name, codes, texts }) => {
        const code = codes[row] ?? -1;
        const column = described.get(name);
        return code < 0 || (column !== undefined && isGap(column, texts.at(code)));
      });
  };
  const brokenBefore = (each: BoundConstraint): Uint8Array | undefined => {
    if (each.kind !== "condition") return undefined;
    const place = { columns: described, where: constraintPlace(each.text) };
    return outcomesBeforeDraws(each.condition, place)(before);
  };
  const testOf = (each: BoundConstraint): FilledTest => {
    if (each.kind === "combinations") return knownCombinationTest(each, { before, isUnknown });
    if (each.kind !== "unique") return each.test;
    const test = uniqueTest([each.columns]);
    test(before);
    return (filled, candidates) => test(filled, candidates);
  };
  const parts = [...boundsOfSums(ready, schema), ...ready.flatMap((each) => partsOf(each, schema))];
  const concerns = parts.map((each) => {
    const [hasGap, known] = [isOpen(each.about), brokenBefore(each)];
    return (row: number) => hasGap(row) && known?.[row] !== outcomes.fails;
  });
  const judges = Array.from({ length: copies }, () =>
    parts.map((each, n) => ({ test: testOf(each), concerns: concerns[n]! })),
  );
  return (filled, rows) => {
    const meets = new Uint8Array(rows.length).fill(1);
    judges.forEach((tests, copy) => {
      for (const { test, concerns } of tests) {
        const candidates = Uint8Array.from(rows, (row, n) =>
          Number(meets[n] === 1 && Math.floor(row / before.rows) === copy && concerns(row % before.rows)),
        );
        test(filled, candidates, rows).forEach((outcome, n) => {
          if (outcome === outcomes.fails && candidates[n] === 1) meets[n] = 0;
        });
      }
    });
    return meets;
  };
}

/** Holds where some combination has the cells of a row that are not unknown. */
function knownCombinationTest(
  { columns, seen }: Extract<BoundConstraint, { kind: "combinations" }>,
  { before, isUnknown }: Pick<RowsToFill, "before" | "isUnknown">,
): FilledTest {
  const isSeen = partialTest(seen, columns.length);
  return (filled, candidates, rows) => {
    const codes = seenCodes(filled, columns, seen);
    return candidates.map((isAsked, n) => {
      if (isAsked === 0) return outcomes.open;
      const row = rows[n]! % before.rows;
      const known = codes.map((read, k) => (isUnknown(columns[k]!.name, row) ? undefined : read(n)));
      return isSeen(known) ? outcomes.holds : outcomes.fails;
    });
  };
}
