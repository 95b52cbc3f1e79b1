// student-images: students of the models of images: distilled from one, drawing its images, and the way that these come.
import { levelsPerImage, type PixelShape } from "../../data/images/image-set.ts";
import { levelsOfRows } from "../../data/images/rows.ts";
import { failure } from "../../errors.ts";
import { fingerprint } from "../../fingerprint.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { floats } from "../../tensor/array.ts";
import { parameterCount } from "../../train/configuration.ts";
import { encodeImageModel, type ImageModel } from "../images/image-model.ts";
import type { DrawRequest, ImageSource } from "../images/image-source.ts";
import { type DrawnImages, gathered } from "../images/sample-images.ts";
import { checkCount } from "../rows.ts";
import { identityStandardization } from "../standardization.ts";
import { type Distilled, type DistillRequest, distillTeacher, studentParameters } from "./distill.ts";
import { noiseRows } from "./pool.ts";
import { createComposition, type Student, sampleStudent } from "./student.ts";
import type { Teacher } from "./teacher.ts";

/** The model of images as a teacher: of one that reads classes, without a class. */
export function imageTeacher(model: ImageModel): Teacher {
  const { chain, record } = model;
  return {
    chain,
    columns: [],
    standardize: false,
    standardization: identityStandardization(chain.dimension),
    fingerprint: fingerprint(encodeImageModel(model)),
    parameters: parameterCount(record.configuration, chain.dimension),
  };
}

/** Distils the model of images, see `distillDensity`; `hidden` is refused, as the maps have the teacher's networks. */
export async function distillImages(engine: Engine, model: ImageModel, request: DistillRequest): Promise<Distilled> {
  if (request.hidden !== undefined)
    throw failure("option", {
      where: "hidden",
      expected: "a model of rows of numbers or of a table",
      received: "a model of images",
      remedy: "leave it out: the networks are the model's own",
    });
  const { student, report } = await distillTeacher(engine, imageTeacher(model), request);
  return { student: { ...student, image: model.record.image }, report };
}

/**
 * Draws images, some at a time and in order, from the noise that `sampleImages` starts from with this seed. Throws "model" for a
 * student of other samples.
 */
export async function* sampleStudentImages(
  engine: Engine,
  student: Student,
  { images, ...request }: DrawRequest,
): AsyncGenerator<DrawnImages> {
  const image = imageOf(student);
  for await (const { points, evaluations } of sampleStudent(engine, student, { ...request, rows: images }))
    yield { block: levelsOfRows(points, image), evaluations };
}

/** Images before the first map and after each one, row by row of a grid, as `imageChains` shows the teacher's. */
export async function studentImageChains(
  engine: Engine,
  student: Student,
  { images, seed, signal }: DrawRequest,
): Promise<DrawnImages> {
  checkCount(images);
  const image = imageOf(student);
  const d = levelsPerImage(image);
  const stages = student.maps.length + 1;
  const all = new Float32Array(images * stages * d);
  let points = noiseRows(split(random(seed), "sample"), images, d);
  const place = (stage: number) => {
    for (let n = 0; n < images; n++) all.set(points.subarray(n * d, (n + 1) * d), (n * stages + stage) * d);
  };
  place(0);
  for (const [k, map] of student.maps.entries()) {
    const composition = await createComposition(engine, [map], d);
    points = await composition.run(points, signal).finally(() => composition.release());
    place(k + 1);
  }
  const block = levelsOfRows(floats(all, [images * stages, d]), image);
  return { block, evaluations: student.maps.length * images };
}

/** A student as a source of images to be measured. */
export function studentSource(engine: Engine, student: Student): ImageSource {
  const image = imageOf(student);
  return {
    image,
    parameters: studentParameters(student),
    stages: student.maps.length + 1,
    draw: async (request) => {
      let evaluations = 0;
      async function* blocks() {
        for await (const part of sampleStudentImages(engine, student, request)) {
          evaluations += part.evaluations;
          yield part.block;
        }
      }
      const block = await gathered(blocks(), image);
      return { block, evaluations };
    },
    chains: (request) => studentImageChains(engine, student, request),
  };
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
