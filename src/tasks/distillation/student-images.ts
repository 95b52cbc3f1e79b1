// student-images: students of the models of images: distilled from one, drawing its images, and the way that these come.
import { levelsPerImage, type PixelShape } from "../../data/images/image-set.ts";
import { levelsOfRows } from "../../data/images/rows.ts";
import { failure } from "../../errors.ts";
import { fingerprint } from "../../fingerprint.ts";
import { classShares } from "../../flow/classes.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { parameterCount } from "../../train/configuration.ts";
import { encodeImageModel, type ImageModel } from "../images/image-model.ts";
import type { DrawRequest, ImageSource } from "../images/image-source.ts";
import { type DrawnImages, labelsToDraw, stagesInRows, together } from "../images/sample-images.ts";
import { checkCount } from "../rows.ts";
import { identityStandardization } from "../standardization.ts";
import { createComposition } from "./composition.ts";
import { type Distilled, type DistillRequest, distillTeacher, studentParameters } from "./distill.ts";
import { noiseRows } from "./pool.ts";
import { type Student, sampleStudent } from "./student.ts";
import type { Teacher } from "./teacher.ts";

/** The model of images as a teacher; of one that reads classes these are followed so strongly, with a guidance of 0 not at all. */
export function imageTeacher(model: ImageModel, guidance = 1): Teacher {
  const { chain, record } = model;
  const { classDropout } = record.configuration.training;
  const known = guidance === 0 ? undefined : record.classes;
  return {
    chain,
    ...(known && { classes: { known, guidance } }),
    ...(known && classDropout !== undefined && { classDropout }),
    columns: [],
    standardize: false,
    standardization: identityStandardization(chain.dimension),
    fingerprint: fingerprint(encodeImageModel(model)),
    parameters: parameterCount(record.configuration, chain.dimension),
  };
}

export interface DistillImagesRequest extends DistillRequest {
  /**
   * Of a model with classes: how strongly the teacher follows them, which is built into the student (Meng et al., arXiv 2210.03142,
   * with one strength in place of a range): each of its evaluations stands for two of the teacher's at a point. Default 1, the class
   * itself; 0 makes a student that takes no classes.
   */
  readonly guidance?: number;
}

/**
 * Distils the model of images, see `distillDensity`; `hidden` is refused, as the maps have the teacher's networks. The student of a
 * model with classes takes them: its lessons have them as often as the teacher was trained on, and the teacher's share has none.
 */
export async function distillImages(
  engine: Engine,
  model: ImageModel,
  { guidance, ...request }: DistillImagesRequest,
): Promise<Distilled> {
  if (guidance !== undefined) checkGuidance(guidance, model);
  if (request.hidden !== undefined)
    throw failure("option", {
      where: "hidden",
      expected: "a model of rows of numbers or of a table",
      received: "a model of images",
      remedy: "leave it out: the networks are the model's own",
    });
  const teacher = imageTeacher(model, guidance);
  const { student, report } = await distillTeacher(engine, teacher, request);
  const classes = teacher.classes?.known;
  return { student: { ...student, image: model.record.image, ...(classes && { classes }) }, report };
}

function checkGuidance(guidance: number, { record }: ImageModel): void {
  if (record.classes !== undefined && Number.isFinite(guidance)) return;
  throw failure("option", {
    where: "guidance",
    expected: record.classes ? "a finite number" : "a model that was trained with the classes of images",
    received: record.classes ? String(guidance) : "one without",
  });
}

export interface StudentImageRequest extends DrawRequest {
  /** Draws without classes. Another strength than the one that a student was taught cannot be had. */
  readonly guidance?: 0;
}

/**
 * Draws images, some at a time and in order, from the noise, and of the classes, that `sampleImages` starts from with this seed.
 * Throws "model" for a student of other samples, "option" for classes that it was not taught.
 */
export async function* sampleStudentImages(
  engine: Engine,
  student: Student,
  request: StudentImageRequest,
): AsyncGenerator<DrawnImages> {
  const { images, seed, signal, onProgress } = request;
  const image = imageOf(student);
  const { labels, told } = labelsOf(student, request);
  const controls = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  let first = 0;
  const drawn = sampleStudent(engine, student, { rows: images, seed, ...(told && { labels: told }), ...controls });
  for await (const { points, evaluations } of drawn) {
    const block = levelsOfRows(points, image);
    const own = labels?.subarray(first, first + block.count);
    first += block.count;
    yield { block, ...(own && { labels: own }), evaluations };
  }
}

/** The classes of images, and those that the networks are told. */
function labelsOf({ classes }: Student, request: StudentImageRequest) {
  const labels = labelsToDraw(classes, request)(0, request.images);
  return { labels, told: request.guidance === 0 ? undefined : labels };
}

/** Images before the first map and after each one, row by row of a grid, as `imageChains` shows the teacher's. */
export async function studentImageChains(
  engine: Engine,
  student: Student,
  request: StudentImageRequest,
): Promise<DrawnImages> {
  const { images, seed, signal } = request;
  checkCount(images);
  const image = imageOf(student);
  const { labels, told } = labelsOf(student, request);
  const contexts = told && classShares(told, student.classes?.length ?? 0).data;
  const d = levelsPerImage(image);
  let points = noiseRows(split(random(seed), "sample"), images, d);
  const stages = [points];
  for (const map of student.maps) {
    const composition = await createComposition(engine, [map], d);
    points = await composition.run(points, signal, contexts).finally(() => composition.release());
    stages.push(points);
  }
  const block = stagesInRows(stages, image);
  return { block, ...(labels && { labels }), evaluations: student.maps.length * images };
}

/** A student as a source of images to be measured, with a guidance of 0 of images without a class. */
export function studentSource(
  engine: Engine,
  student: Student,
  how: Pick<StudentImageRequest, "guidance"> = {},
): ImageSource {
  const image = imageOf(student);
  return {
    image,
    ...(student.classes && { classes: student.classes, guidance: how.guidance ?? builtInGuidance(student) }),
    parameters: studentParameters(student),
    stages: student.maps.length + 1,
    draw: (request) => together(sampleStudentImages(engine, student, { ...request, ...how }), image),
    chains: (request) => studentImageChains(engine, student, { ...request, ...how }),
  };
}

/** How strongly a student follows the classes that it takes. */
export function builtInGuidance({ record }: Student): number {
  return record.training.classes?.guidance ?? 1;
}

/** The size of a student's images; throws "model" where it draws something else. */
export function imageOf({ image, record }: Student): PixelShape {
  if (image !== undefined) return image;
  throw failure("model", {
    where: "student",
    expected: "a student of a model of images",
    received: `one of ${record.teacher.name}, which is of rows`,
  });
}
