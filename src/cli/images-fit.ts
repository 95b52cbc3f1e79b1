// images-fit: `localflow fit IMAGES -o MODEL`, for folders and files of images.
import type { ImageSet } from "../data/images/image-set.ts";
import { failure } from "../errors.ts";
import { fitImages } from "../tasks/images/fit-images.ts";
import { classNames } from "../tasks/images/image-classes.ts";
import {
  conditionalConfiguration,
  defaultImageConfiguration,
  type ImageConfiguration,
  imagePreset,
} from "../tasks/images/image-defaults.ts";
import { encodeImageModel } from "../tasks/images/image-model.ts";
import { isFromMarginals, type PoolPrecision } from "../train/configuration.ts";
import { startingPoint } from "./fit-plan.ts";
import { type FitRun, keepModel, trained } from "./fit-run.ts";
import { fitText } from "./fit-text.ts";
import { refuseAuto, refuseForImages } from "./images-checks.ts";
import { imagesSentence, openedFor, openImageData } from "./images-data.ts";
import { type ImageFitOptions, imageSize } from "./images-options.ts";
import { picturesOf } from "./images-pictures.ts";
import type { FitOptions } from "./options.ts";
import { report } from "./output.ts";
import { type RecipeOptions, recipeFrom } from "./recipe.ts";
import { checkInterrupted, peakMemoryBytes, withEngine } from "./session.ts";

/** Options of the recipe that are of perceptrons, of columns and of held-out rows. */
export const notOfImages = [
  ...(["hidden", "activation", "timeInput", "init", "frequencies", "dropout", "standardize", "earlyStopping"] as const),
] satisfies readonly (keyof RecipeOptions)[];

/** Trains a model of images and writes it; after Ctrl-C a checkpoint is left beside the output. */
export async function fitImageFile(run: FitRun): Promise<void> {
  const { data, options, terminal, seed } = run;
  refuseForImages(options, [...notOfImages, "columns", "trainSplit", "validation", "rows"]);
  refuseAuto(options);
  const choice = { ...imageSize(options), ...(options.part && { part: options.part }) };
  const pictures = await picturesOf(options);
  const fitted = await trained(run, ({ view, controls }) =>
    openedFor(
      () => openImageData(data, choice, options, view),
      async (images) => {
        view.clear();
        if (!options.quiet) terminal.err(`localflow: ${imagesSentence(images)}\n`);
        checkInterrupted(terminal.signal);
        return withEngine(options, (engine) =>
          fitImages(engine, {
            images,
            configuration: imageConfiguration(images, options, seed),
            ...(options.images !== undefined && { most: options.images }),
            ...pictures,
            ...controls,
          }),
        );
      },
    ),
  );
  await keepModel(run, encodeImageModel(fitted.model), fitted.report.notes);
  const result = { ...fitted.report, peakMemoryBytes: peakMemoryBytes() };
  const findings = [
    `images          ${result.images}`,
    ...(result.classes ? [`classes         ${result.classes.length}`] : []),
  ];
  await report(terminal, options, result, fitText(options.output, result, { findings }));
}

/** The recipe of a fit: the preset's or the default one, with what the options say laid over it. */
export function imageConfiguration(
  images: ImageSet,
  options: FitOptions & ImageFitOptions,
  seed: number,
): ImageConfiguration {
  const { preset, network, conditional = false, classDropout, dequantise = false, pool } = options;
  const { channels, height, width } = images;
  const image = { channels, height, width };
  const known = preset ? imagePreset(preset) : defaultImageConfiguration(image, network, options.width);
  const base = dequantise ? { ...known, training: { ...known.training, dequantise } } : known;
  const recipe = withPool(recipeFrom(options, startingPoint(options, base), seed), pool);
  if (conditional) return conditionalConfiguration(recipe, classNames(images).length, classDropout);
  if (classDropout === undefined) return recipe;
  throw failure("option", {
    where: "--class-dropout",
    expected: "--conditional beside it",
    received: "a fit that reads no classes",
    remedy: "add --conditional, or leave it out",
  });
}

/** A recipe with what pushed images are to be held as. Throws "option" where none are pushed. */
function withPool(recipe: ImageConfiguration, pool: PoolPrecision | undefined): ImageConfiguration {
  if (pool === undefined) return recipe;
  if (!isFromMarginals(recipe.training)) return { ...recipe, training: { ...recipe.training, pool } };
  throw failure("option", {
    where: "--pool",
    expected: "images that are pushed from block to block",
    received: "blocks that are trained from exact marginals",
    remedy: "leave it out: levels are held in a byte each",
  });
}
