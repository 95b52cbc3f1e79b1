// row-kinds: what is asked of drawn rows, the kinds they fall into where a column is balanced, and how they were found.
import type { CellTable } from "../../data/cell-table.ts";
import { shorten } from "../../data/columns.ts";
import { failure } from "../../errors.ts";
import { neverHolds } from "./comparisons.ts";
import { type BoundCondition, bindCondition } from "./conditions.ts";
import { type RowJudge, rowJudge } from "./constraint-judges.ts";
import { contradictionJudge } from "./contradictions.ts";
import { type ConditionJudge, givenCellsJudge } from "./given-cells.ts";
import { levelsInTraining } from "./label.ts";
import type { TableModel } from "./table-model.ts";

/** How rows under a condition were found. */
export interface ConditionReport {
  /**
   * "given": equalities alone, drawn from their conditional law. "rejection": rows that did not meet the rest were drawn again.
   * "importance": the cells of rare ranges were drawn first, weighted by the model, and the rest of the row given them.
   */
  readonly method: "given" | "rejection" | "importance";
  readonly draws: number;
  /** Share of the rows with the given cells that meet the rest of the condition, as the model sees it. */
  readonly acceptance: number;
  /** Independent draws that the rows are worth: fewer than the rows where weights differ. */
  readonly effectiveRows: number;
}

/** How all rows were found. */
export interface KindsReport {
  readonly condition?: ConditionReport;
  /** Where the model has constraints: how many of the rows that were drawn met them. */
  readonly constraints?: { readonly draws: number; readonly acceptance: number };
  /** The rows of each level where they were balanced. */
  readonly balance?: { readonly column: string; readonly rows: Readonly<Record<string, number>> };
  readonly evaluations: number;
}

/** What rows of one kind have to meet, and how many of them there are to be; `firstRow` is their place in the stream of noise. */
export interface AskedRows {
  readonly rows: number;
  readonly condition: BoundCondition | undefined;
  readonly judge: RowJudge | undefined;
  readonly firstRow: number;
}

/** Rows of one kind. */
export interface DrawnRows extends ConditionReport {
  /** [rows · d]. */
  readonly points: Float32Array;
  readonly evaluations: number;
}

export interface RowKinds {
  readonly condition: BoundCondition | undefined;
  /** The column that is balanced: one kind for each of its levels. */
  readonly column: string | undefined;
  readonly count: number;
  /** All rows, of the kinds in turn, each kind as `draw` gives it. */
  drawn(draw: (asked: AskedRows) => Promise<DrawnRows>): Promise<KindsReport & { readonly points: Float32Array }>;
}

/**
 * The kinds of rows that meet a condition and the model's constraints, equally many of each level of a column to balance. Throws
 * "option" for what no row can meet.
 */
export function rowKinds(
  { encoder, constraints = [], label }: Pick<TableModel, "encoder" | "constraints" | "label">,
  { rows, where, balance }: { readonly rows: number; readonly where?: string; readonly balance?: string | true },
): RowKinds {
  const condition = where === undefined ? undefined : bindCondition(where, encoder);
  const [cellsExclude, partsExclude] = [
    givenCellsJudge(constraints, encoder),
    contradictionJudge(constraints, encoder),
  ];
  const contradiction: ConditionJudge = (...asked) => cellsExclude(...asked) ?? partsExclude(...asked);
  const excluded = condition && contradiction(condition, "where");
  if (excluded) throw excluded;
  const judge = constraints.length === 0 ? undefined : rowJudge(constraints, encoder.schema);
  const column = balance === true ? (label ?? noLabel()) : balance;
  const levels = column === undefined ? [undefined] : levelsUnder({ encoder }, column, condition, contradiction);
  return {
    condition,
    column,
    count: levels.length,
    drawn: async (draw) => {
      const parts: DrawnRows[] = [];
      let firstRow = 0;
      for (const [n, level] of levels.entries()) {
        const own = level === undefined || column === undefined ? condition : withCell(condition, column, level);
        const drawn = await draw({ rows: shareOf(rows, n, levels.length), condition: own, judge, firstRow });
        firstRow += drawn.draws;
        parts.push(drawn);
      }
      const points = parts.map((part) => part.points);
      return {
        points: dealt(points, rows, encoder.dimensions.length),
        ...(condition && { condition: togetherOf(parts) }),
        ...(judge && {
          constraints: { draws: judge.judged, acceptance: judge.judged ? judge.kept / judge.judged : 1 },
        }),
        ...(column !== undefined && { balance: { column, rows: countsOf(levels, rows) } }),
        evaluations: parts.reduce((total, { evaluations }) => total + evaluations, 0),
      };
    },
  };
}

/** Whether rows drawn under a condition may still fail it: cells that equalities give do not. */
export function isTested(condition: BoundCondition | undefined): condition is BoundCondition {
  return condition !== undefined && (condition.mixed || condition.tests.size > 0);
}

export interface HeldRows {
  /** 1 for each row to keep. */
  readonly held: Uint8Array;
  /** Rows that meet the condition, whatever the constraints. */
  readonly met: number;
}

/** Which rows meet the condition and the constraints, the first `limit` of them counting as taken. */
export function heldRows(
  table: CellTable,
  condition: BoundCondition | undefined,
  judge: RowJudge | undefined,
  limit: number,
): HeldRows {
  const held = condition?.holds(table) ?? new Uint8Array(table.rows).fill(1);
  const met = held.reduce((total, value) => total + value, 0);
  judge?.judge(table, held, limit);
  return { held, met };
}

/** Rows of the n-th of some kinds. */
function shareOf(rows: number, n: number, kinds: number): number {
  return Math.ceil(Math.max(0, rows - n) / kinds);
}

/** The levels of a column that the condition leaves and that can stand beside the cells that it gives. */
function levelsUnder(
  { encoder }: Pick<TableModel, "encoder">,
  column: string,
  condition: BoundCondition | undefined,
  contradiction: ConditionJudge,
): readonly string[] {
  const test = condition?.tests.get(column) ?? (() => true);
  const levels = levelsInTraining(encoder, column, "balance")
    .filter(test)
    .filter((level) => contradiction(withCell(condition, column, level), "balance") === undefined);
  if (levels.length > 1 && !condition?.given.has(column)) return levels;
  throw failure("option", {
    where: "balance",
    expected: `a condition that leaves several levels of "${shorten(column)}"`,
    received: condition?.given.has(column) ? "one that gives it" : `one that leaves ${levels.length}`,
    remedy: "leave out the balance, or change the condition",
  });
}

/** The condition with one more cell given. */
function withCell(condition: BoundCondition | undefined, column: string, text: string): BoundCondition {
  const {
    given = new Map(),
    equal = given,
    tests = new Map(),
    mixed = false,
    joint = [],
    parts = [],
  } = condition ?? {};
  const others = new Map([...tests].filter(([name]) => name !== column));
  if (tests.get(column)?.(text) === false) throw neverHolds("balance", column);
  const holds = (table: CellTable) => condition?.holds(table) ?? new Uint8Array(table.rows).fill(1);
  const cell = [column, text] as const;
  const cells = { given: new Map([...given, cell]), equal: new Map([...equal, cell]) };
  return { ...cells, tests: others, mixed, joint, parts, holds };
}

/** Rows of the parts in turn: one of each, then the next of each. */
function dealt(parts: readonly Float32Array[], rows: number, d: number): Float32Array {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const out = new Float32Array(rows * d);
  for (let row = 0; row < rows; row++) {
    const from = Math.floor(row / parts.length) * d;
    out.set(parts[row % parts.length]!.subarray(from, from + d), row * d);
  }
  return out;
}

/** Rows of each level. */
function countsOf(levels: readonly (string | undefined)[], rows: number): Readonly<Record<string, number>> {
  return Object.fromEntries(levels.map((level, n) => [level ?? "", shareOf(rows, n, levels.length)]));
}

const methods = ["given", "rejection", "importance"] as const;

/** How rows were found, of all parts together. */
function togetherOf(parts: readonly ConditionReport[]): ConditionReport {
  const draws = parts.reduce((total, part) => total + part.draws, 0);
  const weighted = parts.reduce((total, part) => total + part.acceptance * part.draws, 0);
  return {
    method: methods[Math.max(...parts.map(({ method }) => methods.indexOf(method)))] ?? "given",
    draws,
    acceptance: draws === 0 ? 1 : weighted / draws,
    effectiveRows: parts.reduce((total, part) => total + part.effectiveRows, 0),
  };
}

/** Throws where the column to balance is the label, and there is none. */
function noLabel(): never {
  throw failure("option", {
    where: "balance",
    expected: "a model that was fitted with a label",
    received: "one without",
    remedy: "name the column to balance",
  });
}
