// export-student: a distilled sampler as one ONNX file: its few networks one after another, no steps.
import { levelsPerImage, type PixelShape } from "../data/images/image-set.ts";
import { fingerprint } from "../fingerprint.ts";
import type { OnnxModel } from "../onnx/model.ts";
import { placeholder } from "../tensor/tensor.ts";
import { composed } from "./distillation/composition.ts";
import type { Student } from "./distillation/student.ts";
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
import { classesIn, imagesOut } from "./export-levels.ts";
import { noiseMetadata, type OwnNoise, withOwnNoise } from "./export-noise.ts";
import type { ImageClass } from "./images/image-classes.ts";

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
  const { classes } = student;
  const { before, after, ...ports } = samplerEnds({ image, ...(classes && { classes: classes.length }) });
  const x = points(levelsPerImage(image));
  const shares = classes ? [placeholder(["rows", classes.length])] : [];
  const drawn = composed(student.maps, x, shares[0]);
  const levels = (whole: OnnxModel) => (classes ? classesIn(imagesOut(whole), classes.length) : imagesOut(whole));
  return {
    ...ports,
    pieces: [before, { name: "student", inputs: [x, ...shares], outputs: [drawn, ...shares] }, after],
    documentation: `Turns noise into images. ${descent(student)}`,
    metadata: {
      ...(version !== undefined && { "localflow.version": version }),
      ...(source !== undefined && { "localflow.model": source }),
      ...imageMetadata(image),
      ...studentMetadata(student),
      ...(classes && classMetadata(classes, student)),
      ...(noise && noiseMetadata(noise)),
    },
    finish: (whole) => (noise ? withOwnNoise(levels(whole), noise) : levels(whole)),
  };
}

function classMetadata(classes: readonly ImageClass[], { record }: Student) {
  return {
    "localflow.classes": JSON.stringify(classes.map(({ name }) => name)),
    "localflow.guidance": String(record.training.classes?.guidance ?? 1),
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
