// images-evaluate: `localflow evaluate MODEL IMAGES`, for models of images.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { explained, writeFileAtomically } from "../data/files.ts";
import type { ImageSet } from "../data/images/image-set.ts";
import { imageParts } from "../data/images/open.ts";
import { failure } from "../errors.ts";
import type { Engine } from "../runtime/contract.ts";
import { decodeClassifier, openClassifier } from "../tasks/images/classifier.ts";
import { evaluateImageModel, type ImageModelEvaluation } from "../tasks/images/evaluate-image-model.ts";
import { openFeatureNetwork } from "../tasks/images/feature-network.ts";
import { classMetricNames, imageMetricNames } from "../tasks/images/image-measures.ts";
import type { ImageModel } from "../tasks/images/image-model.ts";
import { imageEvaluationPage } from "../tasks/images/image-page.ts";
import type { ImageReader } from "../tasks/images/image-reader.ts";
import { withDigits } from "./estimates.ts";
import { imageIntegration, refuseForImages } from "./images-checks.ts";
import { heldOutPart, openedFor, openForModel } from "./images-data.ts";
import type { EvaluateOptions } from "./options.ts";
import { alignedTable, report, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { checkInterrupted, withEngine } from "./session.ts";
import type { Terminal } from "./terminal.ts";
import { checkMeasures, missed } from "./thresholds.ts";

interface Evaluated {
  readonly path: string;
  readonly data: string;
  readonly seed: number;
}

/** Draws images from a model and measures them against images that it has not seen; the report file was checked before. */
export async function evaluateImageFile(
  model: ImageModel,
  { path, data, seed }: Evaluated,
  options: EvaluateOptions,
  terminal: Terminal,
): Promise<void> {
  refuseForImages(options, ["samples", "baselines", "plain", "target", "curve", "student"]);
  const { failUnder = [], rows, images: most, report: page, quiet } = options;
  checkMeasures(failUnder, imageMetricNames, "a model of images");
  checkClassMeasures(options);
  const integration = imageIntegration(options, model);
  const part = await heldOutPart(data, options);
  const trainPath = await trainingImages(data, options);
  const view = progressView(terminal, options);
  const say = (text: string) => {
    view.clear();
    if (!quiet) terminal.err(`localflow: ${text} …\n`);
  };
  const { image } = model.record;
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
      return evaluateImageModel(engine, model, {
        ...{ test, train, seed, pictures: page !== undefined, ...integration },
        ...(rows !== undefined && { images: rows }),
        ...(most !== undefined && { most }),
        ...(network && { network }),
        signal: terminal.signal,
        onProgress: view.show,
        onStage: say,
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
  const { measures, sets, rows, features, verdict, notes, evaluations, seed, seconds } = evaluation;
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
    ...notes.map((note) => `note: ${note}`),
    `${rows.drawn} images drawn with ${evaluations} velocity evaluations; seed ${seed}, ${spokenTime(seconds)}`,
  ].join("\n");
}
