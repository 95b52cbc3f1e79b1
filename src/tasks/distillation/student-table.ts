// student-table: students of the models of tables: distilled from one, and drawing its rows.
import type { CellTable } from "../../data/cell-table.ts";
import { failure } from "../../errors.ts";
import type { Engine } from "../../runtime/contract.ts";
import { checkCount } from "../rows.ts";
import { rowJudge } from "../table/constraint-judges.ts";
import type { TableModel } from "../table/table-model.ts";
import { type DistillReport, type DistillRequest, distillDensity } from "./distill.ts";
import { type Student, type StudentSampleRequest, type StudentTable, sampleStudent } from "./student.ts";

/** Distils the model of a table, see `distillDensity`: the student draws whole rows, no cell of which can be given. */
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
  /** Where the teacher has constraints: how many of the rows that were drawn met them. */
  readonly constraints?: { readonly draws: number; readonly acceptance: number };
}

/** The most rows that are drawn for each that is wanted, and the fewest drawn at once. */
const [mostDrawsPerRow, fewestAtOnce] = [100, 512];

/**
 * Draws rows of a table that meet its constraints, from the noise that `sampleTable` starts from with this seed. Throws "model"
 * for a student of rows of numbers, "numeric" where too few rows meet the constraints.
 */
export async function sampleStudentTable(
  engine: Engine,
  student: Student,
  request: Omit<StudentSampleRequest, "firstRow">,
): Promise<StudentTableSample> {
  const { rows } = request;
  checkCount(rows);
  const { encoder, constraints = [] } = tableOf(student);
  const d = encoder.dimensions.length;
  const judge = constraints.length === 0 ? undefined : rowJudge(constraints, encoder.schema);
  const points = new Float32Array(rows * d);
  let [filled, draws, evaluations] = [0, 0, 0];
  while (filled < rows) {
    const wanted = rows - filled;
    const count = judge
      ? Math.max(fewestAtOnce, Math.ceil((1.1 * wanted * (judge.judged + 1)) / (judge.kept + 1)))
      : wanted;
    if (draws >= mostDrawsPerRow * Math.max(rows, fewestAtOnce)) throw tooRare(rows, filled, draws);
    const drawn = await drawnPoints(engine, student, { ...request, rows: Math.min(count, 32_768), firstRow: draws });
    const size = drawn.points.length / d;
    const kept = new Uint8Array(size).fill(1);
    judge?.judge(encoder.decode(drawn.points, size), kept, wanted);
    for (let row = 0; row < size && filled < rows; row++)
      if (kept[row] === 1) points.set(drawn.points.subarray(row * d, (row + 1) * d), filled++ * d);
    draws += size;
    evaluations += drawn.evaluations;
  }
  const met = judge && { draws: judge.judged, acceptance: judge.judged === 0 ? 1 : judge.kept / judge.judged };
  return { table: encoder.decode(points, rows), evaluations, ...(met && { constraints: met }) };
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

function tooRare(rows: number, found: number, draws: number) {
  return failure("numeric", {
    where: "constraints",
    expected: `${rows} rows that meet them`,
    received: `${found} among ${draws} draws`,
    remedy: "ask for fewer rows, or use the teacher",
  });
}
