// export-images-ends: what goes into and comes out of the files of image models: bytes, noise, classes, and their units.
import { levelsPerImage, type PixelShape } from "../data/images/image-set.ts";
import type { Piece, Port } from "../onnx/join.ts";
import { add, divide, multiply, subtract } from "../tensor/arithmetic.ts";
import { square } from "../tensor/functions.ts";
import { reshape, stretch, sum, transpose } from "../tensor/layout.ts";
import { constant, placeholder, type Tensor } from "../tensor/tensor.ts";
import { type Plan, points } from "./export-file.ts";

/** Images and, where their classes go in too, how many there are. */
export interface ImageEnds {
  readonly image: PixelShape;
  readonly classes?: number;
}

/** Inputs and outputs of a file, and the pieces before and after the blocks. */
export interface Ends extends Pick<Plan, "inputs" | "outputs"> {
  readonly before: Piece;
  readonly after: Piece;
}

/** The size of the images, and how numbers and levels belong together. */
export function imageMetadata({ channels, height, width }: PixelShape): Readonly<Record<string, string>> {
  return {
    "localflow.image": JSON.stringify({ channels, height, width }),
    "localflow.levels":
      "level k is the cell from k / 128 - 1 to (k + 1) / 128 - 1; levels are floor(128 (value + 1)), 0 to 255",
  };
}

/** A sampler: noise to rows, and rows to images in both layouts. */
export function samplerEnds({ image, classes }: ImageEnds): Ends {
  const [noise, moved] = [imagesOf(image), points(levelsPerImage(image))];
  const values = reshape(moved, imageShape(image));
  const shares = sharesOf(classes);
  const numbers = `${channelFirst(image)}, the images as numbers, about [-1, 1]`;
  return {
    inputs: [noisePort(image), ...classPorts(classes)],
    outputs: [
      { name: "images", documentation: levelsText(image) },
      { name: "values", documentation: numbers },
    ],
    before: { name: "begin", inputs: [noise, ...shares], outputs: [asRows(noise, image), ...shares] },
    after: { name: "end", inputs: [moved, ...sharesOf(classes)], outputs: [transpose(values, [0, 2, 3, 1]), values] },
  };
}

/** Levels with places in their cells to rows, and the noise at the end of the way; with a density log N(z; 0, I) and what the probes said. */
export function dataEnds({ image, classes }: ImageEnds, isDensity: boolean): Ends {
  const d = levelsPerImage(image);
  const levels = placeholder(["rows", image.height, image.width, image.channels]);
  const [places, probes, moved, change] = [
    placeholder(levels.shape),
    imagesOf(image),
    points(d),
    placeholder(["rows", 1]),
  ];
  const numbers = subtract(divide(add(levels, places), 128), 1);
  const rows = asRows(transpose(numbers, [0, 3, 1, 2]), image);
  const noise = reshape(moved, imageShape(image));
  const shares = sharesOf(classes);
  const ports = dataPorts({ image, ...(classes !== undefined && { classes }) }, isDensity);
  if (!isDensity)
    return {
      ...ports,
      before: { name: "begin", inputs: [levels, places, ...shares], outputs: [rows, ...shares] },
      after: { name: "end", inputs: [moved, ...sharesOf(classes)], outputs: [noise] },
    };
  const nothing = stretch(constant(0), ["rows", 1], rows);
  const logNormal = add(multiply(-0.5, sum(square(moved), [1])), -0.5 * d * Math.log(2 * Math.PI));
  const logDensity = add(logNormal, reshape(change, ["rows"]));
  const bits = add(multiply(-1 / (d * Math.LN2), logDensity), 7);
  const begun = [rows, nothing, ...shares, asRows(probes, image)];
  return {
    ...ports,
    before: { name: "begin", inputs: [levels, places, ...shares, probes], outputs: begun },
    after: {
      name: "end",
      inputs: [moved, change, ...sharesOf(classes), points(d)],
      outputs: [logDensity, bits, noise],
    },
  };
}

/** Where velocities are asked for: inputs of the file and of the graph. */
export function velocityStart({ image, classes }: ImageEnds) {
  const x = imagesOf(image);
  const at = `${channelFirst(image)}, images on their way: levels as (level + 1/2) / 128 - 1 at the data's end`;
  const ports: readonly Port[] = [
    { name: "x", documentation: at },
    { name: "t", documentation: "float32 [rows, 1], time inside the block: 0 on its data side, 1 on its noise side" },
    ...classPorts(classes),
  ];
  return { ports, x, t: placeholder(["rows", 1]), shares: sharesOf(classes) };
}

function sharesOf(classes: number | undefined): readonly Tensor[] {
  return classes === undefined ? [] : [placeholder(["rows", classes])];
}

function classPorts(classes: number | undefined): readonly Port[] {
  if (classes === undefined) return [];
  const documentation = `int64 [rows], the number of each image's class, 0 to ${classes - 1}, or -1: no class`;
  return [{ name: "classes", documentation }];
}

function dataPorts({ image, classes }: ImageEnds, isDensity: boolean): Pick<Plan, "inputs" | "outputs"> {
  const { channels, height, width } = image;
  const places = `float32 [rows, ${height}, ${width}, ${channels}], where in the cell of its level each value lies: uniform numbers of (0, 1), or 0.5`;
  const probes = `${channelFirst(image)}, -1 or 1 with equal probability: directions that the divergence is estimated from`;
  const inputs: readonly Port[] = [
    { name: "images", documentation: levelsText(image) },
    { name: "places", documentation: places },
    ...classPorts(classes),
  ];
  if (!isDensity) return { inputs, outputs: [noisePort(image)] };
  const logDensity = "float32 [rows], natural logarithm of the density in [-1, 1]^D (nats)";
  const bits =
    "float32 [rows], bits for each value: -log_density / (D log 2) + 7, an upper bound on average over places";
  return {
    inputs: [...inputs, { name: "probes", documentation: probes }],
    outputs: [
      { name: "log_density", documentation: logDensity },
      { name: "bits", documentation: bits },
      noisePort(image),
    ],
  };
}

function noisePort(image: PixelShape): Port {
  return { name: "noise", documentation: `${channelFirst(image)}, independent N(0, 1) values` };
}

function levelsText({ channels, height, width }: PixelShape): string {
  const colours = channels === 1 ? "gray" : "red, green and blue";
  return `uint8 [rows, ${height}, ${width}, ${channels}], levels 0 to 255 of ${colours}, the top row first`;
}

/** The type and sizes of noise and numbers, as a documentation says them. */
export function channelFirst({ channels, height, width }: PixelShape): string {
  return `float32 [rows, ${channels}, ${height}, ${width}]`;
}

/** Sizes of images, channel first. */
export function imageShape({ channels, height, width }: PixelShape) {
  return ["rows", channels, height, width];
}

function imagesOf(image: PixelShape): Tensor {
  return placeholder(imageShape(image));
}

/** Images as points [rows, d]. */
export function asRows(images: Tensor, image: PixelShape): Tensor {
  return reshape(images, ["rows", levelsPerImage(image)]);
}
