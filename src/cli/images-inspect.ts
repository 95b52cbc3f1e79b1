// images-inspect: `localflow inspect PATH` for images and for models of them.
import type { ImageSet } from "../data/images/image-set.ts";
import { levelsPerImage, spokenShape } from "../data/images/image-set.ts";
import type { ImageNetwork } from "../nn/image-network.ts";
import { estimateImageFit, type ImageFitEstimate } from "../tasks/images/estimate-images.ts";
import type { ImageClass } from "../tasks/images/image-classes.ts";
import { poolBytes, pushedValues, trainingPlans, withPrecision } from "../tasks/images/image-memory.ts";
import type { ImageModel } from "../tasks/images/image-model.ts";
import { checkConfiguration, type PoolPrecision, parameterCount } from "../train/configuration.ts";
import { blockLines, blockTable } from "./block-table.ts";
import { endsByTime } from "./fit-plan.ts";
import { refuseAuto, refuseForImages } from "./images-checks.ts";
import { imagesSentence, openedFor, openImageData } from "./images-data.ts";
import { imageConfiguration, notOfImages } from "./images-fit.ts";
import { imageSize } from "./images-options.ts";
import type { InspectOptions } from "./options.ts";
import { spokenIterations } from "./outlook.ts";
import { report, short, spokenBytes, spokenTime } from "./output.ts";
import { printable } from "./printable.ts";
import { progressView } from "./progress.ts";
import { seedFrom, withEngine } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** Says what images are there, and what a fit of them would train. */
export async function inspectImages(path: string, options: InspectOptions, terminal: Terminal): Promise<void> {
  refuseForImages(options, [...notOfImages, "columns", "trainSplit", "validation", "rows"]);
  refuseAuto(options);
  const choice = { ...imageSize(options), ...(options.part && { part: options.part }) };
  const view = progressView(terminal, options);
  await openedFor(
    () => openImageData(path, choice, options, view),
    async (images) => {
      view.clear();
      const { fit, lines } = await plannedFit(images, options, terminal);
      const { channels, height, width, count, part, parts, labelNames, skipped } = images;
      const image = { channels, height, width };
      const classes = labelNames && { labelNames };
      const result = { kind: "data", task: "images", image, count, part, parts, ...classes, skipped, fit };
      const text = [imagesSentence(images), ...setLines(images), "", ...lines].join("\n");
      await report(terminal, options, result, text);
    },
  ).finally(view.clear);
}

/** What a fit of the images would train and take, as JSON and in lines. */
async function plannedFit(images: ImageSet, options: InspectOptions, { signal }: Terminal) {
  const asked = imageConfiguration(images, { ...options, output: "" }, seedFrom(options));
  checkConfiguration(asked);
  const trained = Math.min(images.count, options.images ?? images.count);
  const configuration = withPrecision(asked, trained, options.memory);
  const { blocks } = configuration;
  const d = levelsPerImage(images);
  const parameters = parameterCount(configuration, d);
  const iterations = blocks.reduce((total, block) => total + block.iterations, 0);
  const memoryBytes = poolBytes(configuration, trained);
  const pushed = pushedValues(configuration, trained);
  const { pool = "float32" } = configuration.training;
  const plans = trainingPlans(configuration);
  const trainingMemoryBytes = Math.max(...plans.map(([plan]) => plan?.bytes ?? 0));
  const leastTrainingMemoryBytes = Math.max(...plans.map((list) => Math.min(...list.map(({ bytes }) => bytes))));
  const limit = options.time !== undefined && { time: options.time };
  const estimate = options.estimate
    ? await withEngine(options, (engine) => estimateImageFit(engine, { images, configuration, ...limit, signal }))
    : undefined;
  const lines = [
    `fit trains ${blocks.length} blocks on ${trained} images, ${parameters} parameters, ${spokenIterations(iterations, options)}`,
    `network ${blocks[0] ? spokenNetwork(blocks[0].network) : ""}`,
    heldText(d * trained, pushed, pool),
    `training needs about ${spokenBytes(trainingMemoryBytes)} beside them, with --memory as little as ${spokenBytes(leastTrainingMemoryBytes)}`,
    ...tooSmall(options.memory, memoryBytes + leastTrainingMemoryBytes),
    ...(estimate ? [trainingText(estimate, options)] : []),
  ];
  const held = { images: trained, ...(pushed > 0 && { pool }), memoryBytes };
  const training = { trainingMemoryBytes, leastTrainingMemoryBytes, ...estimate };
  const planned = endsByTime(options)
    ? { blocks: blocks.map(({ iterations: _, ...block }) => block), parameters }
    : { blocks, parameters, iterations };
  return { fit: { ...planned, ...held, ...training }, lines };
}

/** Describes the model of images. */
export async function inspectImageModel(
  { record, chain }: ImageModel,
  options: InspectOptions,
  terminal: Terminal,
): Promise<void> {
  const { version, task, image, classes, configuration, training } = record;
  const parameters = parameterCount(configuration, chain.dimension);
  const blocks = blockLines(configuration, training.blocks, ({ kind }) => ({ network: kind }));
  const text = [
    `images model, version ${version}, ${spokenShape(image)}, ${parameters} parameters, seed ${configuration.seed}`,
    `trained on ${training.images} images of ${training.source}`,
    ...(classes ? [classesLine(classes)] : []),
    ...configuration.blocks.slice(0, 1).map(({ network }) => `network ${spokenNetwork(network)}`),
    "",
    blockTable(blocks, { network: ({ network }) => network }),
  ].join("\n");
  await report(
    terminal,
    options,
    { kind: "model", version, task, image, ...(classes && { classes }), blocks, parameters, configuration, training },
    text,
  );
}

/** How long training takes, or how far it gets in a limited time. */
function trainingText({ trainingSeconds, iterations }: ImageFitEstimate, { time }: InspectOptions): string {
  if (time === undefined || trainingSeconds < time)
    return `training takes about ${spokenTime(trainingSeconds)} here; pushing the images through each block comes on top`;
  return `about ${short(iterations, 2)} iterations at most are done in that time here; pushing the images through each block is in it`;
}

/** A line for a budget that a fit would refuse. */
function tooSmall(memory: number | undefined, least: number): readonly string[] {
  if (memory === undefined || memory >= least) return [];
  return [`a fit with --memory ${spokenBytes(memory)} would be refused: it takes at least ${spokenBytes(least)}`];
}

/** What images take: as levels, and, where they are pushed, as numbers. */
function heldText(levels: number, pushed: number, pool: PoolPrecision): string {
  const numbers = (pool === "float16" ? 2 : 4) * pushed;
  const once = pushed > 0 ? `, once they are pushed ${spokenBytes(numbers)} as ${pool}` : "";
  return `the images take ${spokenBytes(levels)} as levels${once}`;
}

function classesLine(classes: readonly ImageClass[]): string {
  const shown = classes.slice(0, 20).map(({ name, images }) => `${printable(name)} (${images})`);
  return `${classes.length} classes (images): ${shown.join(", ")}${classes.length > shown.length ? ", …" : ""}`;
}

function setLines({ parts, labelNames, skipped }: ImageSet): readonly string[] {
  return [
    ...(parts.length > 1 ? [`parts: ${parts.join(", ")}`] : []),
    ...(labelNames ? [`classes: ${labelNames.slice(0, 20).join(", ")}${labelNames.length > 20 ? ", …" : ""}`] : []),
    ...skipped.slice(0, 5).map(({ file, reason }) => `left out: ${file}: ${reason}`),
    ...(skipped.length > 5 ? [`left out: ${skipped.length - 5} more files`] : []),
  ];
}

function spokenNetwork(network: ImageNetwork): string {
  if (network.kind === "patches")
    return `patches of ${network.patch} x ${network.patch}, ${network.blocks} blocks of width ${network.width}`;
  const { channels, multipliers, residualBlocks, attentionAt } = network;
  const widths = multipliers.map((multiplier) => channels * multiplier).join(", ");
  const attention = attentionAt.length === 0 ? "" : `, attention at ${attentionAt.join(", ")}`;
  return `unet, channels ${widths}, ${residualBlocks} residual ${residualBlocks === 1 ? "block" : "blocks"} a level${attention}`;
}
