// export-student: a distilled sampler as one ONNX file: its few networks one after another, no steps.
import { fingerprint } from "../fingerprint.ts";
import { composed, type Student } from "./distillation/student.ts";
import { encodeStudent } from "./distillation/student-file.ts";
import {
  type Exported,
  type Origin,
  originMetadata,
  type Plan,
  points,
  portsOf,
  purposes,
  unscaled,
  written,
} from "./export-file.ts";
import { noiseMetadata, type OwnNoise, withOwnNoise } from "./export-noise.ts";

/** Writes a student's sampler as ONNX bytes, from noise to samples. */
export function exportStudent(student: Student, request: StudentExportRequest = {}): Exported {
  return written("sampler", studentPlan(student, request));
}

/** Where the file comes from, and whether it draws its noise itself. */
export type StudentExportRequest = Origin & { readonly noise?: OwnNoise };

/** A student's sampler before it is written. */
export function studentPlan(student: Student, { noise: ownNoise, ...origin }: StudentExportRequest): Plan {
  const { maps, record, standardization } = student;
  const noise = points(record.columns.length);
  const samples = unscaled(standardization, composed(maps, noise));
  return {
    pieces: [{ name: "student", inputs: [noise], outputs: [samples] }],
    ...portsOf("sampler", record.columns),
    documentation: `${purposes.sampler} A student of ${maps.length} network evaluations; its teacher is ${record.teacher.name}.`,
    metadata: {
      ...originMetadata(student, origin),
      "localflow.model_fingerprint": fingerprint(encodeStudent(student)),
      "localflow.evaluations": String(maps.length),
      "localflow.teacher": record.teacher.name,
      "localflow.teacher_fingerprint": record.teacher.fingerprint,
      "localflow.seed": String(record.configuration.seed),
      "localflow.training_rows": String(record.training.rows),
      ...(ownNoise && noiseMetadata(ownNoise)),
    },
    ...(ownNoise && { finish: (model) => withOwnNoise(model, ownNoise) }),
  };
}
