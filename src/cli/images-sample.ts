// images-sample: `localflow sample MODEL -n N -o OUT`, for models of images: a grid, a folder, an array, or the way from noise.
import { readdir, stat } from "node:fs/promises";
import { extname } from "node:path";
import { writeFileAtomically } from "../data/files.ts";
import type { PixelBlock, PixelShape } from "../data/images/image-set.ts";
import { writeImages } from "../data/images/write.ts";
import { failure } from "../errors.ts";
import { imageGrid, rasterPng } from "../pictures/grid.ts";
import type { Engine } from "../runtime/contract.ts";
import { classAt, countedClasses, type ImageClass } from "../tasks/images/image-classes.ts";
import type { ImageModel } from "../tasks/images/image-model.ts";
import {
  type DrawnImages,
  gathered,
  type ImageSampleRequest,
  imageChains,
  sampleImages,
} from "../tasks/images/sample-images.ts";
import { flag, outputFlags } from "./flags.ts";
import { checkGuided, imageIntegration, refuseForImages } from "./images-checks.ts";
import type { SampleOptions } from "./options.ts";
import { report, spokenTime } from "./output.ts";
import { printable } from "./printable.ts";
import { progressView } from "./progress.ts";
import { checkOutput, seedFrom, withEngine } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** Pixels of the longer side of an image in a grid, about. */
const shownPixels = 56;
/** Most pixels of a grid. */
const mostPixels = 2 ** 26;

/** What draws images: a model by its equation, or a student. */
export interface Drawer {
  readonly image: PixelShape;
  /** Images of a row with `--chain`. */
  readonly stages: number;
  /** What evaluates, such as "velocity". */
  readonly evaluated: string;
  parts(engine: Engine, request: DrawingRequest): AsyncIterable<DrawnImages>;
  chains(engine: Engine, request: DrawingRequest): Promise<DrawnImages>;
}

export type DrawingRequest = Pick<ImageSampleRequest, "images" | "seed" | "signal" | "onProgress">;

/** What was drawn and written, and a line that says so. */
interface Written {
  readonly result: Readonly<Record<"rows" | "seconds" | "evaluations" | "seed", number>>;
  readonly labels: readonly number[];
  readonly text: string;
}

/** Draws images and writes them: a grid, a folder, an array, or the way from noise. The output was checked before. */
export async function writeDrawn(drawer: Drawer, options: SampleOptions, terminal: Terminal): Promise<Written> {
  const { output, rows, chain = false, force = false } = options;
  const { image, stages, evaluated } = drawer;
  const isGrid = extname(output).toLowerCase() === ".png";
  const scale = isGrid ? gridScale(image, chain ? rows * stages : rows) : 1;
  const started = performance.now();
  const seed = seedFrom(options);
  const view = progressView(terminal, options);
  const request = { images: rows, seed, signal: terminal.signal, onProgress: view.show };
  const writeGrid = (block: PixelBlock, columns?: number) =>
    writeFileAtomically(output, rasterPng(imageGrid(block, { scale, ...(columns && { columns }) })), { force });
  let evaluations = 0;
  const labels: number[] = [];
  const taken = (part: DrawnImages): PixelBlock => {
    evaluations += part.evaluations;
    labels.push(...(part.labels ?? []));
    return part.block;
  };
  await withEngine(options, async (engine) => {
    if (chain) return writeGrid(taken(await drawer.chains(engine, request)), stages);
    async function* drawn(): AsyncGenerator<PixelBlock> {
      for await (const part of drawer.parts(engine, request)) yield taken(part);
    }
    return isGrid ? writeGrid(await gathered(drawn(), image)) : writeImages(output, drawn(), rows, { force });
  }).finally(view.clear);
  const seconds = (performance.now() - started) / 1000;
  const what = chain ? `${rows} images at ${stages} stages from noise to data` : `${rows} images`;
  const text = `${what} in ${spokenTime(seconds)}, ${evaluations} ${evaluated} evaluations, seed ${seed}: ${output}`;
  return { result: { rows, seconds, evaluations, seed }, labels, text };
}

/** Draws images from a model and writes them. */
export async function sampleImageFile(model: ImageModel, options: SampleOptions, terminal: Terminal): Promise<void> {
  refuseForImages(options, ["logDensity", "where", "balance"]);
  const { image, configuration, classes: known } = model.record;
  const how = imageIntegration(options, model);
  await checkImagesOutput(options);
  const condition = drawnCondition(model, options);
  const drawer: Drawer = {
    image,
    stages: configuration.blocks.length + 1,
    evaluated: "velocity",
    parts: (engine, request) => sampleImages(engine, model, { ...request, ...how, ...condition }),
    chains: (engine, request) => imageChains(engine, model, { ...request, ...how, ...condition }),
  };
  const { result, labels, text } = await writeDrawn(drawer, options, terminal);
  await reportDrawn({ result, labels, text, known, guidance: options.guidance ?? 1 }, options, terminal);
}

/** What was drawn, and of which classes where any are known. */
export async function reportDrawn(
  { result, labels, text, known, guidance }: Written & ConditionDrawn,
  options: SampleOptions,
  terminal: Terminal,
): Promise<void> {
  if (known === undefined) return report(terminal, options, result, text);
  const names = known.map(({ name }) => name);
  const classes = countedClasses(names, Int32Array.from(labels)).filter(({ images }) => images > 0);
  await report(
    terminal,
    options,
    { ...result, guidance, classes, labels },
    `${text}\n${classesText(classes, guidance)}`,
  );
}

interface ConditionDrawn {
  readonly known: readonly ImageClass[] | undefined;
  readonly guidance: number;
}

/** The classes and the guidance asked for. Throws "option" where the model has none, or not these. */
function drawnCondition({ record: { classes } }: ImageModel, options: SampleOptions) {
  const { class: wanted, guidance } = options;
  checkGuided(classes !== undefined, wanted === undefined ? "guidance" : "class", options);
  return { ...placesOf(classes, wanted), ...(guidance !== undefined && { guidance }) };
}

/** The places of classes asked for by name or number, some with commas between. Throws "option" for one that is not known. */
export function placesOf(
  classes: readonly ImageClass[] | undefined,
  wanted: readonly string[] | undefined,
): { readonly classes?: readonly number[] } {
  const where = flag("class");
  const isName = (text: string) => classes?.some(({ name }) => name === text) ?? false;
  const texts = wanted?.flatMap((text) => (isName(text) ? [text] : text.split(",").map((part) => part.trim())));
  const places = texts?.map((text) => classAt(classes ?? [], text, where));
  return places ? { classes: places } : {};
}

/** "classes (images): left (3), right (2); guidance 2". */
function classesText(classes: readonly ImageClass[], guidance: number): string {
  const shown = classes.slice(0, 20).map(({ name, images }) => `${printable(name)} (${images})`);
  const more = classes.length > shown.length ? ` and ${classes.length - shown.length} more` : "";
  return guidance === 0
    ? "classes left out: guidance 0"
    : `classes (images): ${shown.join(", ")}${more}; guidance ${guidance}`;
}

/** Throws unless images can be written there. */
export async function checkImagesOutput({ output, chain, force }: SampleOptions): Promise<void> {
  const ending = extname(output).toLowerCase();
  const known = chain ? [".png"] : [".png", ".npy", ""];
  if (output === "-" || !known.includes(ending))
    throw failure("option", {
      where: outputFlags,
      expected: chain ? "a grid.png for the chain" : "a grid.png, an array.npy or the name of a folder, for images",
      received: output === "-" ? "none" : output,
    });
  if (ending !== "") return checkOutput(output, force ? { force } : {});
  const isFolder = (await stat(output).catch(() => undefined))?.isDirectory() ?? false;
  if (!isFolder) return checkOutput(output, {});
  if (!force && (await readdir(output)).length > 0)
    throw failure("file", {
      where: output,
      expected: "a new or empty folder",
      received: "one with files in it",
      remedy: "add --force to write into it",
    });
}

/** Pixels of a grid for a pixel of an image, along each axis. Throws "option" for more images than a grid holds. */
export function gridScale({ height, width }: PixelShape, images: number): number {
  const scale = Math.max(1, Math.min(4, Math.floor(shownPixels / Math.max(height, width))));
  if (images * height * width * scale ** 2 <= mostPixels) return scale;
  throw failure("option", {
    where: "-n, --rows",
    expected: `at most ${Math.floor(mostPixels / (height * width * scale ** 2))} images in one picture`,
    received: String(images),
    remedy: "write a folder or an array.npy",
  });
}
