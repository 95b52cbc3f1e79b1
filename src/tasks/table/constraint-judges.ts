// constraint-judges: which drawn or filled rows may stay, row by row and table by table.
import type { CellTable } from "../../data/cell-table.ts";
import { bound, boundsOfSums, type TableConstraint } from "./bound-constraints.ts";
import { isGap } from "./comparisons.ts";
import { columnsByName } from "./conditions.ts";
import { type UniqueTest, uniqueTest } from "./constraint-tests.ts";
import { cellsOf, outcomes } from "./linear.ts";
import type { Schema } from "./schema.ts";

/** Judges rows one table after the other; what must be unique is remembered from one to the next. */
export interface RowJudge {
  /** Sets to 0 the candidates that break a constraint. The first `limit` that stay are remembered as taken. */
  judge(table: CellTable, candidates: Uint8Array, limit: number): void;
  /** Candidates judged so far, and those that stayed. */
  readonly judged: number;
  readonly kept: number;
  /** The constraint that most candidates broke, and how many; none where all were met. */
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
    worst() {
      const [first] = [...broken].sort((a, b) => b[1] - a[1]);
      return first && { constraint: first[0], broken: first[1] };
    },
  };
}

/**
 * A judge of filled rows of a table that was repeated `copies` times: 1 for each row of a part of it (at the places `rows` of the
 * whole) whose filled cells break no constraint. What cells that were known break is not looked at.
 */
export function fillJudge(
  constraints: readonly TableConstraint[],
  schema: Schema,
  before: CellTable,
  copies: number,
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
  const judges = Array.from({ length: copies }, () =>
    [...boundsOfSums(ready, schema), ...ready].map((each) => {
      const test = each.kind === "unique" ? uniqueTest([each.columns]) : each.test;
      if (each.kind === "unique") test(before);
      return { test, isOpen: isOpen(each.about) };
    }),
  );
  return (filled, rows) => {
    const meets = new Uint8Array(rows.length).fill(1);
    judges.forEach((tests, copy) => {
      for (const { test, isOpen: concerns } of tests) {
        const candidates = Uint8Array.from(rows, (row, n) =>
          Number(meets[n] === 1 && Math.floor(row / before.rows) === copy && concerns(row % before.rows)),
        );
        test(filled, candidates).forEach((outcome, n) => {
          if (outcome === outcomes.fails && candidates[n] === 1) meets[n] = 0;
        });
      }
    });
    return meets;
  };
}
