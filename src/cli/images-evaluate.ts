// images-evaluate: `localflow evaluate MODEL IMAGES`, for models of images.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { explained, writeFileAtomically } from "../data/files.ts";
import type { ImageSet } from "../data/images/image-set.ts";
import { imageParts } from "../data/images/open.ts";
import { failure } from "../errors.ts";
import { fewestCompared } from "../measure/kernel-distance.ts";
import type { Engine } from "../runtime/contract.ts";
import { checkFollowing, studentSamplers } from "../tasks/distillation/evaluate-student.ts";
import type { Student } from "../tasks/distillation/student.ts";
import { imageOf, imageTeacher, studentSource } from "../tasks/distillation/student-images.ts";
import { decodeClassifier, openClassifier } from "../tasks/images/classifier.ts";
import { evaluateImageModel, type ImageModelEvaluation } from "../tasks/images/evaluate-image-model.ts";
import { openFeatureNetwork } from "../tasks/images/feature-network.ts";
import { classMetricNames, imageMetricNames } from "../tasks/images/image-measures.ts";
import { imageEvaluationPage } from "../tasks/images/image-page.ts";
import type { ImageReader } from "../tasks/images/image-reader.ts";
import { modelSource } from "../tasks/images/image-source.ts";
import { fewestImages } from "../tasks/images/train-classifier.ts";
import { curveTable } from "./curve-text.ts";
import { withDigits } from "./estimates.ts";
import { checkGuided, imageIntegration, refuseForImages } from "./images-checks.ts";
import { heldOutPart, openedFor, openForModel } from "./images-data.ts";
import { type AnyModel, readStudent } from "./model.ts";
import type { EvaluateOptions } from "./options.ts";
import { alignedTable, report, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { integrationNames } from "./recipe.ts";
import { checkInterrupted, withEngine } from "./session.ts";
import { checkBuiltIn, refuseForStudent } from "./student.ts";
import type { Terminal } from "./terminal.ts";
import { checkMeasures, missed } from "./thresholds.ts";

interface Evaluated {
  readonly path: string;
  readonly data: string;
  readonly seed: number;
}

/** Draws images from a model and measures them against images that it has not seen; the report file was checked before. */
export async function evaluateImageFile(
  generator: ImageGenerator,
  { path, data, seed }: Evaluated,
  options: EvaluateOptions,
  terminal: Terminal,
): Promise<void> {
  refuseForImages(options, ["samples", "baselines", "plain", "target"]);
  const { failUnder = [], rows, images: most, report: page } = options;
  checkEnough(options);
  checkMeasures(failUnder, imageMetricNames, "a model of images");
  checkClassMeasures(options);
  const open = await sourceOf(generator, options);
  const part = await heldOutPart(data, options);
  const trainPath = await trainingImages(data, options);
  const view = progressView(terminal, options);
  const { image } = generator.kind === "images" ? generator.images.record : { image: imageOf(generator.student) };
  const both = (use: (test: ImageSet, train: ImageSet) => Promise<Found>) =>
    openedFor(
      () => openForModel(data, image, part, options, view),
      (test) =>
        openedFor(
          () => openForModel(trainPath, image, undefined, options, view),
          (train) => use(test, train),
        ),
    );
  const { evaluation, pictures } = await both((test, train) => {
    checkApart(test, train, data, trainPath);
    checkInterrupted(terminal.signal);
    return withEngine(options, async (engine) => {
      const network = await networkOf(engine, options);
      const { source, curve } = await open(engine, terminal.signal);
      return evaluateImageModel(engine, source, {
        ...{ test, train, seed, pictures: page !== undefined, ...(curve && { curve }) },
        ...(rows !== undefined && { images: rows }),
        ...(most !== undefined && { most }),
        ...(network && { network }),
        signal: terminal.signal,
        onProgress: view.show,
        onStage: view.say,
      }).finally(() => network?.release());
    });
  }).finally(view.clear);
  if (page !== undefined && pictures !== undefined) {
    const html = imageEvaluationPage(evaluation, pictures, basename(path));
    await writeFileAtomically(page, new TextEncoder().encode(html), { force: options.force === true });
  }
  await report(terminal, options, { ...evaluation }, evaluationText(evaluation));
  const failed = missed(failUnder, evaluation.measures);
  if (failed) throw failed;
}

/** Throws "option" for numbers of images that nothing could be measured with. */
function checkEnough({ rows, images, features }: EvaluateOptions): void {
  const check = (where: string, given: number | undefined, least: number, what: string) => {
    if (given !== undefined && given < least)
      throw failure("option", { where, expected: `at least ${least}, which ${what} takes`, received: String(given) });
  };
  check("-n", rows, fewestCompared, "the kernel distance");
  if (features === undefined) check("--images", images, fewestImages, "training a classifier");
}

/** A model of images, or a student of one. */
export type ImageGenerator = Extract<AnyModel, { readonly kind: "images" | "student" }>;

/** What is measured, once there is an engine; of a model also what stands on its curve. */
async function sourceOf(generator: ImageGenerator, options: EvaluateOptions) {
  if (generator.kind === "student") {
    const { student } = generator;
    checkBuiltIn(student, options);
    refuseForStudent(options, ["curve", "student", ...integrationNames], student);
    const how = options.guidance === 0 && student.classes ? ({ guidance: 0 } as const) : {};
    return async (engine: Engine) => ({ source: studentSource(engine, student, how), curve: undefined });
  }
  const model = generator.images;
  const { guidance } = options;
  checkGuided(model.record.classes !== undefined, "guidance", options);
  const how = { ...imageIntegration(options, model), ...(guidance !== undefined && { guidance }) };
  const students: Student[] = [];
  for (const file of options.student ?? []) {
    const student = await readStudent(file);
    if (model.record.classes && guidance !== 0) checkFollowing(student, guidance ?? 1, `--student ${file}`);
    students.push(student);
  }
  return async (engine: Engine, signal: AbortSignal) => {
    const source = modelSource(engine, model, how);
    if (!options.curve) return { source, curve: undefined };
    const teacher = imageTeacher(model, guidance);
    return { source, curve: { model: teacher, samplers: await studentSamplers(engine, teacher, students, signal) } };
  };
}

type Found = Awaited<ReturnType<typeof evaluateImageModel>>;

/** The network named by `--features`: any ONNX file, or a classifier of ours. */
async function networkOf(engine: Engine, { features }: EvaluateOptions): Promise<ImageReader | undefined> {
  if (features === undefined) return undefined;
  const bytes = await explained(features, () => readFile(features));
  return isOnnx(features)
    ? openFeatureNetwork(engine, bytes, { name: basename(features) })
    : openClassifier(engine, decodeClassifier(bytes, features));
}

const isOnnx = (path: string) => path.toLowerCase().endsWith(".onnx");

/** Where the training images are: named, or another part of the same set. */
async function trainingImages(data: string, { train }: EvaluateOptions): Promise<string> {
  if (train !== undefined) return train;
  const parts = await imageParts(data);
  if (parts.includes("train")) return data;
  throw failure("option", {
    where: "--train",
    expected: "the images that the model was trained on, for the floor and to see whether samples are copies",
    received: "none, and images without a part of that name",
    remedy: "name them: --train PATH",
  });
}

/** The model's own training images are no judge of it. */
function checkApart(test: ImageSet, train: ImageSet, data: string, trainPath: string): void {
  if (data !== trainPath || test.part !== train.part) return;
  throw failure("option", {
    where: "--train",
    expected: "other images than the ones to evaluate with",
    received: `${data}, part ${test.part}, for both`,
    remedy: "name images that the model has not seen",
  });
}

function checkClassMeasures({ features, failUnder = [] }: EvaluateOptions): void {
  const ofClasses = failUnder.find(({ measure }) => classMetricNames.some((name) => name === measure));
  if (ofClasses === undefined || features === undefined || !isOnnx(features)) return;
  throw failure("option", {
    where: `--fail-under ${ofClasses.measure}`,
    expected: "a classifier",
    received: features,
    remedy: "leave out --features, or name a classifier.safetensors",
  });
}

function evaluationText(evaluation: ImageModelEvaluation): string {
  const { measures, sets, rows, features, guidance, verdict, notes, evaluations, seed, seconds } = evaluation;
  const lines = imageMetricNames.flatMap((name) => {
    const measure = measures[name];
    if (measure === undefined) return [];
    const { floor, baselines, better } = measure;
    return [[name, better, ...[measure, floor, baselines.gaussian].map((each) => (each ? withDigits(each) : ""))]];
  });
  return [
    alignedTable(["", "better", "samples", "floor", "pixel Gaussian"], lines),
    "",
    "± standard error; the floor is what real images get (docs/measures.md says what each is).",
    ...verdict,
    `test images      ${sets.test}`,
    `training images  ${sets.train}`,
    `features         ${features}`,
    ...(guidance === undefined ? [] : [`guidance         ${guidance}${guidance === 0 ? ": classes left out" : ""}`]),
    ...curveText(evaluation),
    ...notes.map((note) => `note: ${note}`),
    `${rows.drawn} images drawn with ${evaluations} velocity evaluations; seed ${seed}, ${spokenTime(seconds)}`,
  ].join("\n");
}

/** The curve as a table of its own, where there is one. */
function curveText({ curve, curveFloor }: ImageModelEvaluation): readonly string[] {
  if (curve === undefined || curveFloor === undefined) return [];
  const meaning = `Of ${curveFloor.images} images each. Evaluations of the whole chain per image; distance to the images of dopri5 at 1e-5 from the same noise, in values from -1 to 1.`;
  return [
    ...curveTable({
      drawn: "images",
      names: ["frechet", "kernel", "precision", "recall"],
      points: curve,
      floor: { name: "training images", measures: curveFloor.measures },
      meaning,
    }),
    "",
  ];
}
