// student-table: students of the models of tables: distilled from one, and drawing its rows, under a condition too.
import type { CellTable } from "../../data/cell-table.ts";
import { failure } from "../../errors.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { checkCount } from "../rows.ts";
import { type BoundCondition, bindCondition } from "../table/conditions.ts";
import { type RowJudge, rowJudge } from "../table/constraint-judges.ts";
import type { TableEncoder } from "../table/encoder.ts";
import { combinationReader } from "../table/nearest-combinations.ts";
import type { ConditionReport } from "../table/sample-table.ts";
import { givenPoints, withGiven } from "../table/table-draws.ts";
import type { TableModel } from "../table/table-model.ts";
import { type DistillReport, type DistillRequest, distillDensity } from "./distill.ts";
import { readsContexts, type Student, type StudentSampleRequest, type StudentTable, sampleStudent } from "./student.ts";

/** Distils the model of a table, see `distillDensity`: cells can be given to its student where that is conditional. */
export async function distillTable(
  engine: Engine,
  { density, encoder, constraints = [] }: TableModel,
  request: DistillRequest,
): Promise<{ readonly student: Student; readonly report: DistillReport }> {
  const { student, report } = await distillDensity(engine, density, request);
  return { student: { ...student, table: { encoder, ...(constraints.length > 0 && { constraints }) } }, report };
}

export interface StudentTableSample {
  readonly table: CellTable;
  /** Network evaluations of all rows that were drawn. */
  readonly evaluations: number;
  /** How rows under a condition were found: cells of equalities are given, rows that fail the rest are drawn again. */
  readonly condition?: ConditionReport;
  /** Where the teacher has constraints: how many of the rows that were drawn met them. */
  readonly constraints?: { readonly draws: number; readonly acceptance: number };
}

export interface StudentTableRequest extends Omit<StudentSampleRequest, "firstRow" | "known"> {
  /** Of a conditional student: what every row must meet, as `sampleTable` takes it. */
  readonly where?: string;
}

/** The most rows that are drawn for each that is wanted, the fewest drawn at once, and the most. */
const [mostDrawsPerRow, fewestAtOnce, mostAtOnce] = [100, 512, 32_768];

/**
 * Draws rows of a table that meet its constraints, and a condition, from the noise that `sampleTable` starts from with this seed.
 * Throws "model" for a student of rows of numbers, "option" for a condition of a student that cannot be told cells, "numeric"
 * where too few rows meet what they have to.
 */
export async function sampleStudentTable(
  engine: Engine,
  student: Student,
  { where, ...request }: StudentTableRequest,
): Promise<StudentTableSample> {
  const { rows, seed } = request;
  checkCount(rows);
  const { encoder, constraints = [] } = tableOf(student);
  const condition = where === undefined ? undefined : conditionOf(student, where, encoder);
  const judge = constraints.length === 0 ? undefined : rowJudge(constraints, encoder.schema);
  const hasTests = condition !== undefined && (condition.mixed || condition.tests.size > 0);
  const read = combinationReader(constraints, encoder);
  const combined = (table: CellTable, points: Float32Array) =>
    read(table, points, (column) => condition?.given.has(column) === true);
  const d = encoder.dimensions.length;
  const points = new Float32Array(rows * d);
  let [filled, draws, found, met, evaluations] = [0, 0, 0, 0, 0];
  while (filled < rows) {
    if (draws >= mostDrawsPerRow * Math.max(rows, fewestAtOnce)) throw tooRare(where, rows, filled, draws);
    const wanted = rows - filled;
    const isTested = judge !== undefined || hasTests;
    const likely = Math.max(fewestAtOnce, Math.ceil((1.1 * wanted * (draws + 1)) / (found + 1)));
    const size = Math.min(isTested ? likely : wanted, mostAtOnce);
    const known = condition && givenPoints(encoder, condition, seed, size, draws);
    const drawn = await drawnPoints(engine, student, {
      ...request,
      rows: size,
      firstRow: draws,
      ...(known && { known: { given: known.values, state: known.states } }),
    });
    const table = withGiven(encoder.decode(drawn.points, size, { combined }), condition);
    const kept = heldIn(table, hasTests ? condition : undefined, judge, wanted);
    met += kept.met;
    for (let row = 0; row < size; row++) {
      if (kept.held[row] !== 1) continue;
      found++;
      if (filled < rows) points.set(drawn.points.subarray(row * d, (row + 1) * d), filled++ * d);
    }
    draws += size;
    evaluations += drawn.evaluations;
  }
  const judged = judge && { draws: judge.judged, acceptance: judge.judged === 0 ? 1 : judge.kept / judge.judged };
  const key = split(random(seed), "table", "texts");
  const how = hasTests
    ? ({ method: "rejection", draws, acceptance: draws === 0 ? 1 : met / draws, effectiveRows: rows } as const)
    : ({ method: "given", draws, acceptance: 1, effectiveRows: rows } as const);
  return {
    table: withGiven(encoder.decode(points, rows, { key, combined }), condition),
    evaluations,
    ...(condition && { condition: how }),
    ...(judged && { constraints: judged }),
  };
}

/** Which rows meet the condition and the constraints, the first `limit` of them counting as taken, and how many the condition. */
function heldIn(
  table: CellTable,
  condition: BoundCondition | undefined,
  judge: RowJudge | undefined,
  limit: number,
): { readonly held: Uint8Array; readonly met: number } {
  const held = condition?.holds(table) ?? new Uint8Array(table.rows).fill(1);
  const met = held.reduce((total, value) => total + value, 0);
  judge?.judge(table, held, limit);
  return { held, met };
}

/** The condition of a student that can be told cells. */
function conditionOf({ maps, record }: Student, where: string, encoder: TableEncoder): BoundCondition {
  if (maps.some(readsContexts)) return bindCondition(where, encoder);
  throw failure("option", {
    where: "where",
    expected: "a student that can be told cells",
    received: "one of whole rows",
    remedy: `distil one with --conditional, or use the teacher, ${record.teacher.name}`,
  });
}

async function drawnPoints(engine: Engine, student: Student, request: StudentSampleRequest) {
  const out = new Float32Array(request.rows * student.record.columns.length);
  let [at, evaluations] = [0, 0];
  for await (const chunk of sampleStudent(engine, student, request)) {
    out.set(chunk.points.data, at);
    at += chunk.points.data.length;
    evaluations += chunk.evaluations;
  }
  return { points: out, evaluations };
}

function tableOf({ table }: Student): StudentTable {
  if (table !== undefined) return table;
  throw failure("model", { where: "student", expected: "a student of a table", received: "one of rows of numbers" });
}

function tooRare(where: string | undefined, rows: number, found: number, draws: number) {
  return failure("numeric", {
    where: where === undefined ? "constraints" : `where ${where}`,
    expected: `${rows} rows that meet ${where === undefined ? "them" : "it"}`,
    received: `${found} among ${draws} draws`,
    remedy: "ask for fewer rows, or use the teacher",
  });
}
