// images-fit: `localflow fit IMAGES -o MODEL`, for folders and files of images.
import { rm } from "node:fs/promises";
import { writeFileAtomically } from "../data/files.ts";
import type { ImageSet } from "../data/images/image-set.ts";
import { failure, LocalFlowError } from "../errors.ts";
import { fitImages, type ImageFitReport } from "../tasks/images/fit-images.ts";
import { classNames } from "../tasks/images/image-classes.ts";
import {
  conditionalConfiguration,
  defaultImageConfiguration,
  type ImageConfiguration,
  imagePreset,
} from "../tasks/images/image-defaults.ts";
import { encodeImageModel } from "../tasks/images/image-model.ts";
import { endsByTime, howToResume, startingPoint, withoutTotal } from "./fit-plan.ts";
import { refuseAuto, refuseForImages } from "./images-checks.ts";
import { imagesSentence, openedFor, openImageData } from "./images-data.ts";
import { type ImageFitOptions, imageSize } from "./images-options.ts";
import { picturesOf } from "./images-pictures.ts";
import type { FitOptions } from "./options.ts";
import { alignedTable, report, short, spokenBytes, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { type RecipeOptions, recipeFrom } from "./recipe.ts";
import { checkInterrupted, memoryLimit, peakMemoryBytes, withEngine } from "./session.ts";
import type { Checkpoint } from "./table-fit.ts";
import type { Terminal } from "./terminal.ts";

/** Options of the recipe that are of perceptrons, of columns and of held-out rows. */
export const notOfImages = [
  ...(["hidden", "activation", "timeInput", "init", "frequencies", "standardize", "earlyStopping"] as const),
] satisfies readonly (keyof RecipeOptions)[];

/** Trains a model of the images at `data` and writes it; after Ctrl-C a checkpoint is left beside the output. */
export async function fitImageFile(
  data: string,
  options: FitOptions,
  terminal: Terminal,
  { seed, path, resume }: Checkpoint,
): Promise<void> {
  refuseForImages(options, [...notOfImages, "columns", "trainSplit", "validation", "rows"]);
  refuseAuto(options);
  const choice = { ...imageSize(options), ...(options.part && { part: options.part }) };
  const pictures = await picturesOf(options);
  const view = progressView(terminal, options);
  const fitted = await openedFor(
    () => openImageData(data, choice, options, view),
    async (images) => {
      view.clear();
      if (!options.quiet) terminal.err(`localflow: ${imagesSentence(images)}\n`);
      checkInterrupted(terminal.signal);
      return withEngine(options, (engine) =>
        fitImages(engine, {
          images,
          configuration: imageConfiguration(images, options, seed),
          ...memoryLimit(options),
          ...(options.images !== undefined && { most: options.images }),
          ...(options.time !== undefined && { time: options.time }),
          signal: terminal.signal,
          checkpoint: {
            save: (bytes) => writeFileAtomically(path, bytes, { force: true }),
            ...(resume && { resume }),
          },
          ...pictures,
          onProgress: (progress) => view.show(endsByTime(options) ? withoutTotal(progress) : progress),
        }),
      );
    },
  )
    .catch((error: unknown) => {
      throw error instanceof LocalFlowError && error.code === "interrupted"
        ? howToResume(data, options, seed, error)
        : error;
    })
    .finally(view.clear);
  await writeFileAtomically(options.output, encodeImageModel(fitted.model), { force: options.force === true });
  await rm(path, { force: true });
  if (!options.quiet) for (const note of fitted.report.notes) terminal.err(`localflow: note: ${note}\n`);
  const result = { ...fitted.report, peakMemoryBytes: peakMemoryBytes() };
  await report(terminal, options, result, fitText(options.output, result));
}

/** The recipe of a fit: the preset's or the default one, with what the options say laid over it. */
export function imageConfiguration(
  images: ImageSet,
  options: FitOptions & ImageFitOptions,
  seed: number,
): ImageConfiguration {
  const { preset, network, conditional = false, classDropout, dequantise = false } = options;
  const { channels, height, width } = images;
  const image = { channels, height, width };
  const known = preset ? imagePreset(preset) : defaultImageConfiguration(image, network, options.width);
  const base = dequantise ? { ...known, training: { ...known.training, dequantise } } : known;
  const recipe = recipeFrom(options, startingPoint(options, base), seed);
  if (conditional) return conditionalConfiguration(recipe, classNames(images).length, classDropout);
  if (classDropout === undefined) return recipe;
  throw failure("option", {
    where: "--class-dropout",
    expected: "--conditional beside it",
    received: "a fit that reads no classes",
    remedy: "add --conditional, or leave it out",
  });
}

function fitText(output: string, result: ImageFitReport & { readonly peakMemoryBytes: number }): string {
  const rows = result.blocks.map((block, n) => [
    String(n + 1),
    block.duration === null ? "free" : short(block.duration),
    String(block.iterations),
    short(block.loss),
    spokenTime(block.seconds),
    short(block.poolToNormal, 3),
    short(block.blockDistance, 3),
  ]);
  return [
    alignedTable(["block", "duration", "iterations", "loss", "time", "to normal", "moved"], rows),
    "",
    `images          ${result.images}`,
    ...(result.classes ? [`classes         ${result.classes.length}`] : []),
    `parameters      ${result.parameters}`,
    `time, memory    ${spokenTime(result.seconds)}, ${spokenBytes(result.peakMemoryBytes)} at most`,
    `seed            ${result.seed}`,
    `model           ${output}`,
  ].join("\n");
}
