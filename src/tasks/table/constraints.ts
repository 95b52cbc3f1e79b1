// constraints: what all rows of a table have to meet: read, counted in the data, and read from a model's file.
import * as z from "zod";
import type { CellTable } from "../../data/cell-table.ts";
import { shorten } from "../../data/columns.ts";
import { listedRows } from "../../data/table-places.ts";
import { failure, LocalFlowError } from "../../errors.ts";
import { checked } from "../json-fault.ts";
import { type BoundConstraint, bound, sumsAmong, type TableConstraint } from "./bound-constraints.ts";
import { drawnColumn } from "./comparisons.ts";
import { parseConstraint } from "./condition-text.ts";
import { columnsByName, conjuncts } from "./conditions.ts";
import { combinationsIn, mostCombinations, uniqueTest } from "./constraint-tests.ts";
import { outcomes } from "./linear.ts";
import { type SaidPlaces, saidPlaces } from "./said-places.ts";
import type { Schema } from "./schema.ts";
import { type Sum, sumsFrom } from "./sums.ts";

/** What the rows of the data say of a constraint. Plain JSON. */
export interface ConstraintReport {
  readonly constraint: string;
  /**
   * "computed": a column is the sum of others and follows from them. "nearest": points are read as the nearest combination that was
   * seen. "rejection": rows that do not meet it are drawn again.
   */
  readonly enforced: "computed" | "nearest" | "rejection";
  readonly violations: number;
  /** The first rows that do not meet it, the first of the data being 1. */
  readonly rows: readonly number[];
}

/** Constraints made ready for a table. */
export interface FoundConstraints {
  readonly constraints: readonly TableConstraint[];
  readonly sums: readonly Sum[];
  readonly reports: readonly ConstraintReport[];
}

const [mostConstraints, shownRows] = [1000, 5];
/** Where more of the rows than this violate a constraint, it is taken for a mistake. */
const mostViolating = 0.5;

const constraintsJson = z
  .array(
    z.strictObject({
      text: z.string().max(10_000),
      violations: z.int().nonnegative(),
      seen: z
        .strictObject({
          texts: z.array(z.array(z.string().max(2 ** 20)).max(mostCombinations)).max(1000),
          rows: z.array(z.int().min(-1)),
        })
        .exactOptional(),
    }),
  )
  .max(mostConstraints);

/** The constraints of a model file, which is not trusted; throws a `model` error that says where one is wrong. */
export function constraintsFrom(json: unknown, schema: Schema, where: string): readonly TableConstraint[] {
  const constraints = checked(constraintsJson, json, where, "model");
  try {
    for (const constraint of constraints) bound(constraint, schema);
  } catch (error) {
    if (!(error instanceof LocalFlowError)) throw error;
    throw failure("model", { ...error.problem, where: `${where}: ${error.problem.where}` }, error);
  }
  return constraints;
}

/**
 * Reads constraints and counts the rows of a table that do not meet them. Throws `option` for what cannot be read, has no meaning
 * in the columns, or is not met by more than half of the rows that it is about.
 */
export function findConstraints(
  texts: readonly string[],
  table: CellTable,
  schema: Schema,
  places: Pick<SaidPlaces, "constraint"> = saidPlaces,
): FoundConstraints {
  if (texts.length > mostConstraints)
    throw failure("option", {
      where: "constraints",
      expected: `at most ${mostConstraints}`,
      received: String(texts.length),
    });
  const found = texts.map((text) => {
    const where = places.constraint(text);
    const parsed = parseConstraint(text, where);
    if (parsed.kind !== "combinations") return { text, violations: 0 };
    const place = { columns: columnsByName(schema.columns), where };
    const columns = parsed.columns.map((name) => drawnColumn(name, place));
    return { text, violations: 0, seen: combinationsIn(table, columns, where) };
  });
  const ready = found.map((constraint) => bound(constraint, schema, places.constraint(constraint.text)));
  const sums = sumsAmong(ready, schema);
  const reports = ready.map((constraint): ConstraintReport => {
    const { text } = constraint;
    const judged = testOnce(constraint, table);
    const rows = [...judged.keys()].filter((row) => judged[row] === outcomes.fails);
    const isComputed =
      constraint.kind === "condition" &&
      conjuncts(constraint.condition).every((part) => sumsFrom(part, sums).length > 0);
    const about = judged.reduce((total, outcome) => total + Number(outcome !== outcomes.open), 0);
    if (rows.length > mostViolating * about) throw tooManyViolations(places.constraint(text), rows, about);
    const shown = rows.slice(0, shownRows).map((row) => row + 1);
    return {
      constraint: text,
      enforced: isComputed ? "computed" : constraint.kind === "combinations" ? "nearest" : "rejection",
      violations: rows.length,
      rows: shown,
    };
  });
  return {
    constraints: found.map((constraint, n) => ({ ...constraint, violations: reports[n]?.violations ?? 0 })),
    sums,
    reports,
  };
}

/** A sentence for each constraint that some rows of the data do not meet. */
export function constraintNotices(reports: readonly ConstraintReport[]): readonly string[] {
  return reports.flatMap(({ constraint, violations, rows }) => {
    if (violations === 0) return [];
    const count = violations === 1 ? "1 row of the data does" : `${violations} rows of the data do`;
    return [
      `${count} not meet the constraint ${shorten(constraint)}: ${listedRows(rows, violations)}; drawn rows will`,
    ];
  });
}

function testOnce(constraint: BoundConstraint, table: CellTable): Uint8Array {
  return constraint.kind === "unique" ? uniqueTest([constraint.columns])(table) : constraint.test(table);
}

function tooManyViolations(where: string, rows: readonly number[], about: number) {
  const shown = rows.slice(0, shownRows).map((row) => row + 1);
  return failure("option", {
    where,
    expected: "a constraint that most rows of the data meet",
    received: `${rows.length} of ${about} rows that do not, such as ${listedRows(shown)}`,
    remedy: "correct the constraint or the rows, or leave it out",
  });
}
