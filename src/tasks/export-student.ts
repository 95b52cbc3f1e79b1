// export-student: a distilled sampler as one ONNX file: its few networks one after another, no steps.
import { levelsPerImage, type PixelShape } from "../data/images/image-set.ts";
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
import { imageMetadata, samplerEnds } from "./export-images-ends.ts";
import { imagesOut } from "./export-levels.ts";
import { noiseMetadata, type OwnNoise, withOwnNoise } from "./export-noise.ts";

/** Writes a student's sampler as ONNX bytes, from noise to samples, or to images. */
export function exportStudent(student: Student, request: StudentExportRequest = {}): Exported {
  return written(
    "sampler",
    student.image ? imagesPlan(student, student.image, request) : studentPlan(student, request),
  );
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
    documentation: `${purposes.sampler} ${descent(student)}`,
    metadata: {
      ...originMetadata(student, origin),
      ...studentMetadata(student),
      ...(ownNoise && noiseMetadata(ownNoise)),
    },
    ...(ownNoise && { finish: (model) => withOwnNoise(model, ownNoise) }),
  };
}

/** The sampler of a student of images: the ports of its teacher's. */
function imagesPlan(student: Student, image: PixelShape, { noise, version, source }: StudentExportRequest): Plan {
  const { before, after, ...ports } = samplerEnds({ image });
  const x = points(levelsPerImage(image));
  return {
    ...ports,
    pieces: [before, { name: "student", inputs: [x], outputs: [composed(student.maps, x)] }, after],
    documentation: `Turns noise into images. ${descent(student)}`,
    metadata: {
      ...(version !== undefined && { "localflow.version": version }),
      ...(source !== undefined && { "localflow.model": source }),
      ...imageMetadata(image),
      ...studentMetadata(student),
      ...(noise && noiseMetadata(noise)),
    },
    finish: (whole) => (noise ? withOwnNoise(imagesOut(whole), noise) : imagesOut(whole)),
  };
}

function descent({ maps, record }: Student): string {
  return `A student of ${maps.length} network evaluations; its teacher is ${record.teacher.name}.`;
}

function studentMetadata(student: Student) {
  const { maps, record } = student;
  return {
    "localflow.model_fingerprint": fingerprint(encodeStudent(student)),
    "localflow.evaluations": String(maps.length),
    "localflow.teacher": record.teacher.name,
    "localflow.teacher_fingerprint": record.teacher.fingerprint,
    "localflow.seed": String(record.configuration.seed),
    "localflow.training_rows": String(record.training.rows),
  };
}
