// evaluate-student: how far a student's samples are from held-out rows, and a student's places on its teacher's curve.
import { failure } from "../../errors.ts";
import { classShares } from "../../flow/classes.ts";
import type { Estimate } from "../../measure/estimate.ts";
import type { TwoSampleName } from "../../measure/names.ts";
import type { Engine } from "../../runtime/contract.ts";
import { type FloatArray, floats } from "../../tensor/array.ts";
import { allPoints } from "../all-points.ts";
import type { CurveSampler } from "../curve-samplers.ts";
import { type HeldOutRequest, heldOutComparison, sampleCount } from "../held-out.ts";
import type { Progress } from "../progress.ts";
import { checkSamples } from "../rows.ts";
import { unstandardize } from "../standardization.ts";
import { studentParameters } from "./distill.ts";
import { type FixedStepsResult, fixedSteps } from "./solvers.ts";
import { createStepper } from "./stepper.ts";
import { openStudent, type Student, sampleStudent } from "./student.ts";
import type { Teacher } from "./teacher.ts";

export interface StudentRequest extends HeldOutRequest {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** What `evaluateStudent` found: an evaluation of a model less its likelihood and its baselines. Plain JSON. */
export interface StudentEvaluation {
  readonly rows: number;
  readonly comparedRows: number;
  readonly seed: number;
  readonly parameters: number;
  /** Network evaluations of all samples. */
  readonly evaluations: number;
  readonly seconds: number;
  readonly measures: Readonly<Record<TwoSampleName, Estimate & { readonly floor?: Estimate }>>;
  readonly notes: readonly string[];
}

/** Measures samples of a student. Throws as `evaluateDensity`. */
export async function evaluateStudent(
  engine: Engine,
  student: Student,
  request: StudentRequest,
): Promise<StudentEvaluation> {
  const started = performance.now();
  const { heldOut, train, seed } = request;
  const { columns, teacher } = student.record;
  const { rows, distances } = heldOutComparison(student, request);
  const count = sampleCount(request);
  const drawn = sampleStudent(engine, student, { ...request, rows: count });
  const { points, evaluations } = await allPoints(drawn, [count, columns.length]);
  const [ours, floor] = [distances(points), train && distances(train)];
  const measured = (name: TwoSampleName) => ({ ...ours[name], ...(floor && { floor: floor[name] }) });
  return {
    rows: heldOut.shape[0] ?? 0,
    comparedRows: rows,
    seed,
    parameters: studentParameters(student),
    evaluations,
    seconds: (performance.now() - started) / 1000,
    measures: {
      slicedWasserstein: measured("slicedWasserstein"),
      energyDistance: measured("energyDistance"),
      mmdSquared: measured("mmdSquared"),
    },
    notes: [`a student has no exact density, and so no likelihood: its teacher ${teacher.name} has`],
  };
}

/**
 * Students' places on the curve of their teacher, and for each number of evaluations that of the teacher by the best fixed
 * steps that were found without training. Throws "model" for another model's student, "option" for one that follows classes
 * otherwise than the teacher is to.
 */
export async function studentSamplers(
  engine: Engine,
  teacher: Teacher,
  students: readonly Student[],
  signal?: AbortSignal,
): Promise<readonly CurveSampler[]> {
  const stranger = students.find(({ record }) => record.teacher.fingerprint !== teacher.fingerprint);
  if (stranger)
    throw failure("model", {
      where: "student",
      expected: "a student of this model",
      received: `one of ${stranger.record.teacher.name}, another model or an earlier state of it`,
      remedy: "distil this model, or give the student's own teacher",
    });
  if (teacher.classes)
    for (const [k, student] of students.entries())
      checkFollowing(student, teacher.classes.guidance, `student ${k + 1}`);
  const efforts = [...new Set(students.map(({ maps }) => maps.length))];
  const samplers: CurveSampler[] = [];
  for (const effort of efforts) {
    const found = (await fixedSteps(engine, teacher, effort, signal)).find(({ method }) => method === "chosen");
    if (!found) continue;
    const open = () => openSteps(engine, teacher, found);
    samplers.push({ sampler: "fixed steps", method: "chosen", evaluations: found.evaluations, open });
  }
  for (const student of students) {
    const open = () => openStudent(engine, student);
    samplers.push({ sampler: "student", method: "maps", evaluations: student.maps.length, open });
  }
  return samplers;
}

/** Throws "option" for a student that does not follow classes as strongly as a curve with classes does. */
export function checkFollowing({ record, classes }: Student, guidance: number, where: string): void {
  const own = classes && record.training.classes?.guidance;
  if (own === guidance) return;
  throw failure("option", {
    where,
    expected: `one of guidance ${guidance}, as the curve's images are drawn`,
    received: own === undefined ? "one that takes no classes" : `one of guidance ${own}`,
    remedy: `leave it out, or draw the curve with --guidance ${own ?? 0} (0, without classes, does for every student)`,
  });
}

async function openSteps(engine: Engine, teacher: Teacher, { steps, evaluations }: FixedStepsResult) {
  const { columns, standardization, classes } = teacher;
  const stepper = await createStepper(engine, teacher);
  return {
    draw: async ({ data, shape }: FloatArray, signal?: AbortSignal, labels?: Int32Array) => {
      const contexts = labels && classes && classShares(labels, classes.known.length).data;
      const points = floats(unstandardize(standardization, await stepper.run(data, steps, signal, contexts)), shape);
      checkSamples(points, columns, 0);
      return { points, evaluations: evaluations * (shape[0] ?? 0) };
    },
    release: stepper.release,
  };
}
