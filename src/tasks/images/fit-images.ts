// fit-images: the front door for images: a chain of flows over the pixels of a set.
import { type ImageSet, levelsPerImage, type PixelBlock, spokenShape } from "../../data/images/image-set.ts";
import { imageSetOf } from "../../data/images/memory-set.ts";
import { failure } from "../../errors.ts";
import { fingerprint } from "../../fingerprint.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { type BlockRecord, trainChain } from "../../train/chain.ts";
import { parameterCount } from "../../train/configuration.ts";
import type { Look, Looks } from "../../train/looks.ts";
import { type FitControls, keptRecords, type ReportedBlock, reportedBlocks, trainingControls } from "../chain-fit.ts";
import { checkpointOrigin, checkpointSeed, decodeCheckpoint } from "../checkpoint.ts";
import { modelVersion } from "../model-file.ts";
import { classesRead, classNames, countedClasses, type ImageClass } from "./image-classes.ts";
import type { ImageConfiguration } from "./image-defaults.ts";
import { memoryOfTraining, pushedValues, withPrecision } from "./image-memory.ts";
import type { ImageModel, ImageRecord } from "./image-model.ts";
import { chosenPlaces, poolAt } from "./image-places.ts";
import { pictureDrawer, type TrainingPicture, type TrainingPictures } from "./training-pictures.ts";

export interface ImageFitRequest extends FitControls {
  /** A set, or images in memory. */
  readonly images: ImageSet | PixelBlock;
  readonly configuration: ImageConfiguration;
  /** Images to train on at most, a random choice; default: all. */
  readonly most?: number;
  /** Budget in bytes for the images, what a push makes of them and, on a CPU, what training takes. */
  readonly memory?: number;
  /** Shows on the way what is trained so far; the model is the same. */
  readonly pictures?: TrainingPictures;
}

/** What a fit did. Plain JSON. */
export interface ImageFitReport {
  readonly seed: number;
  readonly task: "images";
  readonly images: number;
  /** Of a fit that reads classes. */
  readonly classes?: readonly ImageClass[];
  readonly blocks: readonly ReportedBlock[];
  readonly parameters: number;
  readonly seconds: number;
  /** What the user should know of the fit, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Trains a chain on images of levels 0 … 255, which the networks read as values from -1 to 1. Throws "data" for images
 * of another size, "option" for a budget that is too small, "model" for a checkpoint of another fit, "numeric" for a
 * loss that stays non-finite, "interrupted" after a checkpoint when the signal fires.
 */
export async function fitImages(
  engine: Engine,
  request: ImageFitRequest,
): Promise<{ readonly model: ImageModel; readonly report: ImageFitReport }> {
  const started = performance.now();
  const { pictures, signal } = request;
  const images = "levels" in request.images ? imageSetOf(request.images) : request.images;
  const { resume, where, said } = request.checkpoint ?? {};
  const asked = resume ? { ...request.configuration, seed: checkpointSeed(resume, where) } : request.configuration;
  const image = { channels: images.channels, height: images.height, width: images.width };
  checkImages(images, asked);
  const d = levelsPerImage(image);
  const places = chosenPlaces(images.count, request.most, split(random(asked.seed), "images"));
  const configuration = withPrecision(asked, places.length, request.memory);
  const stepMemory = memoryOfTraining(engine, configuration, places.length, request.memory);
  const { pool, mark: levelsMark } = await poolAt(images, places, configuration.training.pool ?? "float32", signal);
  const told = toldClasses(images, configuration, places);
  const origin = {
    configuration,
    ...(said && { said }),
    fingerprint: fingerprintOf(configuration, levelsMark, told),
  };
  if (resume) checkPrecision(resume, configuration, (other) => fingerprintOf(other, levelsMark, told));
  const shown = { image, pool, ...(told && { labels: told.labels }) };
  const trained = await trainChain(
    engine,
    {
      pool,
      configuration,
      ...(stepMemory !== undefined && { stepMemory }),
      ...(told && { classes: { labels: told.labels, count: told.names.length } }),
      ...(resume && { resume: decodeCheckpoint(resume, origin, d, where) }),
    },
    {
      ...trainingControls(request, { origin, started }),
      ...(pictures && { looks: looksOf(pictures, pictureDrawer(engine, shown, configuration.seed)) }),
    },
  );
  const classes = told && { classes: countedClasses(told.names, told.labels) };
  const record: ImageRecord = {
    version: modelVersion,
    task: "images",
    image,
    ...classes,
    configuration,
    training: {
      images: places.length,
      source: nameOf(images),
      blocks: keptRecords(trained.records),
    },
  };
  const report: ImageFitReport = {
    seed: configuration.seed,
    task: "images",
    images: places.length,
    ...classes,
    blocks: reportedBlocks(trained.records, configuration),
    parameters: parameterCount(configuration, d),
    seconds: (performance.now() - started) / 1000,
    notes: [
      ...notesOf(images),
      ...precisionNotes(asked, configuration, places.length),
      ...untrainedNotes(trained.records, configuration.blocks),
    ],
  };
  return { model: { record, chain: trained.chain }, report };
}

/** Seconds between two pictures where nothing is said. */
const usualPause = 120;

function looksOf(
  { every = usualPause, save }: TrainingPictures,
  draw: (look: Look) => Promise<TrainingPicture>,
): Looks {
  return { every: 1000 * every, show: async (look) => save(await draw(look)) };
}

function checkImages(images: ImageSet, { blocks }: ImageConfiguration): void {
  if (images.count === 0)
    throw failure("data", { where: images.description, expected: "at least one image", received: "none" });
  const wrong = blocks.find(
    ({ network: { image } }) =>
      image.channels !== images.channels || image.height !== images.height || image.width !== images.width,
  );
  if (wrong)
    throw failure("data", {
      where: images.description,
      expected: `images of ${wrong.network.image.channels} x ${wrong.network.image.height} x ${wrong.network.image.width} (channels, height, width), as the networks read them`,
      received: spokenShape(images),
      remedy: "give the size that the networks are for (--size, --channels)",
    });
}

function notesOf({ skipped }: ImageSet): readonly string[] {
  const broken = skipped.filter(({ kind }) => kind === "broken").length;
  return broken > 0 ? [`${broken} ${broken === 1 ? "file was" : "files were"} broken and left out`] : [];
}

/** What was chosen for a large pool. */
function precisionNotes(
  asked: ImageConfiguration,
  { training }: ImageConfiguration,
  images: number,
): readonly string[] {
  if (training.pool === undefined || asked.training.pool !== undefined) return [];
  const mebibytes = Math.ceil((4 * pushedValues(asked, images)) / 2 ** 20);
  return [`pushed images were held as float16, as they would have taken ${mebibytes} MiB as float32 (--pool float32)`];
}

/** Moving images through a block takes time too, and may leave none for the next block. */
function untrainedNotes(blocks: readonly BlockRecord[], planned: ImageConfiguration["blocks"]): readonly string[] {
  const numbers = blocks.flatMap(({ iterations }, n) =>
    iterations < Math.min(fewIterations, planned[n]?.iterations ?? 0) ? [n + 1] : [],
  );
  if (numbers.length === 0) return [];
  const which = numbers.length === 1 ? `block ${numbers[0]}` : `blocks ${numbers.join(", ")}`;
  const counts = numbers.map((number) => blocks[number - 1]?.iterations).join(", ");
  return [
    `there was hardly time to train ${which} (iterations: ${counts}): give more (--time), fewer images (--images) or a smaller network (--width)`,
  ];
}

/** Below these a network has hardly learnt to stop guessing zero. */
const fewIterations = 50;

/** The names of all classes, and the class of each image that is trained on. */
interface ToldClasses {
  readonly names: readonly string[];
  readonly labels: Int32Array;
}

/** What networks that read classes are told of. Throws "data" for a set without classes, or with another number of them. */
function toldClasses(
  images: ImageSet,
  configuration: ImageConfiguration,
  places: Uint32Array,
): ToldClasses | undefined {
  const read = classesRead(configuration);
  if (read === 0) return undefined;
  const [names, all] = [classNames(images), images.labels ?? new Int32Array()];
  if (names.length === read) return { names, labels: Int32Array.from(places, (place) => all[place] ?? 0) };
  throw failure("data", {
    where: images.description,
    expected: `images of ${read} classes, as the networks read them`,
    received: String(names.length),
  });
}

/** What the images are called, without the folders above them: a model that is passed on says nothing of its maker's disk. */
function nameOf({ description }: ImageSet): string {
  return description.split(/[/\\]/).at(-1) ?? description;
}

/** Throws "option" for a checkpoint that differs in nothing but what pushed images are held as. */
function checkPrecision(
  resume: Uint8Array,
  configuration: ImageConfiguration,
  markOf: (configuration: ImageConfiguration) => string,
): void {
  const { pool, ...training } = configuration.training;
  const other = { ...configuration, training: pool ? training : { ...training, pool: "float16" as const } };
  if (checkpointOrigin(resume).fingerprint !== markOf(other)) return;
  const [own, theirs] = pool ? ["float16", "float32"] : ["float32", "float16"];
  throw failure("option", {
    where: "pool",
    expected: `${theirs}, as pushed images were held when the checkpoint was made`,
    received: own,
    remedy: `use --pool ${theirs} to go on, or start anew with --force and without --resume`,
  });
}

/** Everything but the seed that decides the result. */
function fingerprintOf(
  { seed: _, ...configuration }: ImageConfiguration,
  levelsMark: string,
  told?: ToldClasses,
): string {
  const text = new TextEncoder().encode(JSON.stringify(configuration));
  const labels = told && new Uint8Array(told.labels.buffer, told.labels.byteOffset, told.labels.byteLength);
  return [fingerprint(text), levelsMark, ...(labels ? [fingerprint(labels)] : [])].join(" ");
}
