// student-table: students of the models of tables: distilled from one, and drawing its rows, under a condition too.
import type { CellTable } from "../../data/cell-table.ts";
import { failure } from "../../errors.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { allPoints } from "../all-points.ts";
import { checkCount } from "../rows.ts";
import { type AskedRows, type DrawnRows, heldRows, isTested, type KindsReport, rowKinds } from "../table/row-kinds.ts";
import { combinedBeside, givenPoints, withGiven } from "../table/table-draws.ts";
import type { TableModel } from "../table/table-model.ts";
import { type DistillReport, type DistillRequest, distillDensity } from "./distill.ts";
import { isConditional, type Student, type StudentSampleRequest, type StudentTable, sampleStudent } from "./student.ts";

/** Distils the model of a table, see `distillDensity`: cells can be given to its student where that is conditional. */
export async function distillTable(
  engine: Engine,
  { density, encoder, constraints = [], label }: TableModel,
  request: DistillRequest,
): Promise<{ readonly student: Student; readonly report: DistillReport }> {
  const { student, report } = await distillDensity(engine, density, request);
  const table = { encoder, ...(constraints.length > 0 && { constraints }), ...(label !== undefined && { label }) };
  return { student: { ...student, table }, report };
}

/** `evaluations` are those of the networks, `condition` tells how rows were found: those that fail what is not given are drawn again. */
export interface StudentTableSample extends KindsReport {
  readonly table: CellTable;
}

export interface StudentTableRequest extends Omit<StudentSampleRequest, "firstRow" | "known"> {
  /** Of a conditional student: what every row must meet, as `sampleTable` takes it. */
  readonly where?: string;
  /** Of a conditional student: the column whose levels share the rows, true for the label, as `sampleTable` takes it. */
  readonly balance?: string | true;
}

/** The most rows that are drawn for each that is wanted, the fewest drawn at once, and the most. */
const [mostDrawsPerRow, fewestAtOnce, mostAtOnce] = [100, 512, 32_768];

/**
 * Draws rows of a table that meet its constraints, and a condition, from the noise that `sampleTable` starts from with this seed.
 * Throws "model" for a student of rows of numbers, "option" for a condition or a balance of a student that cannot be told cells,
 * "numeric" where too few rows meet what they have to.
 */
export async function sampleStudentTable(
  engine: Engine,
  student: Student,
  request: StudentTableRequest,
): Promise<StudentTableSample> {
  const { rows, seed, where, balance } = request;
  checkCount(rows);
  const own = tableOf(student);
  if (where !== undefined) checkTold(student, "where");
  if (balance !== undefined) checkTold(student, "balance");
  const kinds = rowKinds(own, request);
  const { points, ...found } = await kinds.drawn((asked) => drawRows(engine, student, request, asked));
  const key = split(random(seed), "table", "texts");
  const combined = combinedBeside(own, kinds.condition, kinds.column);
  return { table: withGiven(own.encoder.decode(points, rows, { key, combined }), kinds.condition), ...found };
}

/** Rows of one kind: those that fail are drawn again. */
async function drawRows(
  engine: Engine,
  student: Student,
  { where, balance: _, ...request }: StudentTableRequest,
  { rows, condition, judge, firstRow }: AskedRows,
): Promise<DrawnRows> {
  const { seed } = request;
  const own = tableOf(student);
  const { encoder } = own;
  const combined = combinedBeside(own, condition);
  const hasTests = isTested(condition);
  const d = encoder.dimensions.length;
  const points = new Float32Array(rows * d);
  let [filled, draws, found, met, evaluations] = [0, 0, 0, 0, 0];
  while (filled < rows) {
    if (draws >= mostDrawsPerRow * Math.max(rows, fewestAtOnce)) throw tooRare(where, rows, filled, draws);
    const wanted = rows - filled;
    const mayFail = judge !== undefined || hasTests;
    const likely = Math.max(fewestAtOnce, Math.ceil((1.1 * wanted * (draws + 1)) / (found + 1)));
    const size = Math.min(mayFail ? likely : wanted, mostAtOnce);
    const known = condition && givenPoints(encoder, condition, seed, size, firstRow + draws);
    const asked = {
      ...request,
      rows: size,
      firstRow: firstRow + draws,
      ...(known && { known: { given: known.values, state: known.states } }),
    };
    const drawn = await allPoints(sampleStudent(engine, student, asked), [size, d]);
    const values = drawn.points.data;
    const table = withGiven(encoder.decode(values, size, { combined }), condition);
    const kept = heldRows(table, hasTests ? condition : undefined, judge, wanted);
    met += kept.met;
    for (let row = 0; row < size; row++) {
      if (kept.held[row] !== 1) continue;
      found++;
      if (filled < rows) points.set(values.subarray(row * d, (row + 1) * d), filled++ * d);
    }
    draws += size;
    evaluations += drawn.evaluations;
  }
  const acceptance = hasTests && draws > 0 ? met / draws : 1;
  return { points, evaluations, method: hasTests ? "rejection" : "given", draws, acceptance, effectiveRows: rows };
}

/** Throws "option" for a student that cannot be told cells. */
function checkTold(student: Student, where: "where" | "balance"): void {
  if (isConditional(student)) return;
  throw failure("option", {
    where,
    expected: "a student that can be told cells",
    received: "one of whole rows",
    remedy: `distil one with --conditional, or use the teacher, ${student.record.teacher.name}`,
  });
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
