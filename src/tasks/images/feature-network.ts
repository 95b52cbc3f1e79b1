// feature-network: features of images by an ONNX file that the user names, such as the Inception network of FID.
import type { PixelBlock } from "../../data/images/image-set.ts";
import { failure } from "../../errors.ts";
import type { OnnxValue } from "../../onnx/model.ts";
import { modelPorts } from "../../onnx/ports.ts";
import type { Engine } from "../../runtime/contract.ts";
import { elementCount, type FloatArray, floats, type NDArray, stackedRows, zeros } from "../../tensor/array.ts";
import { type FeatureInput, type FeatureRange, featureInput, type Resizing } from "./feature-input.ts";
import { type ImageReader, partOf } from "./image-reader.ts";

export interface FeatureNetworkOptions {
  /** Its name in messages and descriptions; default `features.onnx`. */
  readonly name?: string;
  /** Default: as the sizes of its input tell, 1 or 3 being the channels. */
  readonly layout?: "NCHW" | "NHWC";
  /** What black and white are for it; default `0..1`, as pytorch-fid's Inception takes it. */
  readonly range?: FeatureRange;
  /** How images come to its size; default `bilinear`. */
  readonly resizing?: Resizing;
  /** Height and width where its input leaves them open; default: those of the images. */
  readonly size?: number;
  /** Which of its outputs are the features, where it has several. */
  readonly output?: string;
  /** Largest file, in bytes; default 1 GiB. */
  readonly largest?: number;
}

const largestFile = 2 ** 30;
/** Sizes that an input may ask for. */
const mostPixels = 2048;
/** Values of an input that are made at once, and images at most. */
const chunkValues = 2 ** 22;
const mostImages = 64;

/**
 * Opens a network with one float32 input [n, c, h, w], [n, h, w, c] or [n, values] and features [n, d] among its outputs; features
 * with two more axes are averaged over them. Nothing is fetched, and numbers outside of the file are refused. Throws "model" for a
 * file that is no such network, "option" where an option must say what the file does not.
 */
export async function openFeatureNetwork(
  engine: Engine,
  bytes: Uint8Array,
  options: FeatureNetworkOptions = {},
): Promise<ImageReader> {
  const { name = "features.onnx", largest = largestFile, range = "0..1", resizing = "bilinear" } = options;
  if (bytes.length > largest)
    throw failure("model", { where: name, expected: `at most ${largest} bytes`, received: String(bytes.length) });
  const { inputs, outputs } = modelPorts(bytes, name);
  const input = inputs[0];
  if (input === undefined || inputs.length > 1 || input.type !== "float32")
    throw failure("model", {
      where: name,
      expected: "one float32 input, the images",
      received: inputs.map((port) => `${port.name}: ${port.type}`).join(", ") || "none",
    });
  const output = chosenOutput(outputs, options.output, name);
  const form = inputForm(input, options, name);
  const session = await engine.open(bytes);
  return {
    description: `${name}, input ${form.layout} in ${range}, resized ${resizing}, output ${output.name}`,
    async read(images) {
      const wanted: FeatureInput = { ...sized(form, images, name), resizing, range };
      const parts: FloatArray[] = [];
      const values = wanted.channels * wanted.height * wanted.width;
      const step = form.batch ?? Math.max(1, Math.min(mostImages, Math.floor(chunkValues / values)));
      for (let first = 0; first < images.count; first += step) {
        const part = partOf(images, first, Math.min(images.count, first + step));
        const feeds = fed(featureInput(part, wanted), form);
        const results = await session.run({ [input.name]: feeds });
        parts.push(pooled(results[output.name], part.count, form.layout, name));
      }
      return { features: stackedRows(parts) };
    },
    release: () => session.release(),
  };
}

/** What a file says of its input. */
interface InputForm {
  readonly layout: "NCHW" | "NHWC";
  readonly flat: boolean;
  readonly batch?: number;
  readonly channels?: 1 | 3;
  readonly height?: number;
  readonly width?: number;
}

function inputForm({ name, shape }: OnnxValue, options: FeatureNetworkOptions, where: string): InputForm {
  const number = (size: number | string | undefined) => (typeof size === "number" ? size : undefined);
  const batch = number(shape[0]);
  const known = batch === undefined ? {} : { batch };
  if (batch !== undefined && !(batch >= 1 && batch <= 2 ** 16)) throw unlike(where, name, shape);
  if (shape.length === 2) return { layout: options.layout ?? "NCHW", flat: true, ...known };
  if (shape.length !== 4) throw unlike(where, name, shape);
  const isChannels = (size: number | string | undefined) => size === 1 || size === 3;
  const [first, last] = [isChannels(shape[1]), isChannels(shape[3])];
  const layout = options.layout ?? (first === last ? undefined : first ? "NCHW" : "NHWC");
  if (layout === undefined)
    throw failure("option", {
      where: `${where} input ${name}`,
      expected: "a layout, NCHW or NHWC",
      received: `sizes [${shape.join(", ")}], which fit both`,
      remedy: "state the layout",
    });
  const places = layout === "NCHW" ? ([1, 2, 3] as const) : ([3, 1, 2] as const);
  const [channels, height, width] = places.map((axis) => number(shape[axis]));
  const isSize = (size: number | undefined) => size === undefined || (size >= 1 && size <= mostPixels);
  if ((channels !== undefined && !isChannels(channels)) || !isSize(height) || !isSize(width))
    throw unlike(where, name, shape);
  return {
    layout,
    flat: false,
    ...known,
    ...(channels !== undefined && { channels: channels === 1 ? 1 : 3 }),
    ...(height !== undefined && { height }),
    ...(width !== undefined && { width }),
    ...(options.size !== undefined && openSize(options.size, height, width, where)),
  };
}

function openSize(size: number, height: number | undefined, width: number | undefined, where: string) {
  if (
    Number.isSafeInteger(size) &&
    size >= 1 &&
    size <= mostPixels &&
    (height ?? size) === size &&
    (width ?? size) === size
  )
    return { height: size, width: size };
  const received = height === undefined ? String(size) : `${size} for an input of ${height} x ${width}`;
  throw failure("option", {
    where: `${where} size`,
    expected: `a size from 1 to ${mostPixels} that the input has`,
    received,
  });
}

function sized({ channels, height, width, layout }: InputForm, images: PixelBlock, where: string) {
  const found = {
    layout,
    channels: channels ?? images.channels,
    height: height ?? images.height,
    width: width ?? images.width,
  };
  if (found.height <= mostPixels && found.width <= mostPixels) return found;
  throw failure("data", { where, expected: `images of at most ${mostPixels} pixels a side`, received: "larger ones" });
}

function unlike(where: string, name: string, shape: OnnxValue["shape"]) {
  return failure("model", {
    where: `${where} input ${name}`,
    expected: "images [n, c, h, w] or [n, h, w, c] with 1 or 3 channels, or rows [n, values]",
    received: `[${shape.map((size) => size || "?").join(", ")}]`,
  });
}

function chosenOutput(outputs: readonly OnnxValue[], wanted: string | undefined, where: string): OnnxValue {
  const found = wanted === undefined && outputs.length === 1 ? outputs[0] : outputs.find(({ name }) => name === wanted);
  if (found?.type === "float32") return found;
  throw failure("option", {
    where: `${where} output`,
    expected: `a float32 output among ${outputs.map(({ name }) => name).join(", ")}`,
    received: found ? `${found.name}: ${found.type}` : (wanted ?? "none named"),
  });
}

/** Filled up with zeros to the batch that the file fixes; flattened where it wants rows. */
function fed(values: FloatArray, { batch, flat }: InputForm): FloatArray {
  const [count = 0, ...sizes] = values.shape;
  const rows = Math.max(batch ?? 0, count);
  const data = rows === count ? values.data : new Float32Array(rows * elementCount(sizes));
  if (rows !== count) data.set(values.data);
  return floats(data, flat ? [rows, elementCount(sizes)] : [rows, ...sizes]);
}

/** The first `count` rows of [n, d], or of [n, d, h, w] (NHWC: [n, h, w, d]) averaged over h and w. */
function pooled(output: NDArray | undefined, count: number, layout: "NCHW" | "NHWC", where: string): FloatArray {
  const shape = output?.shape ?? [];
  const [rows = 0, a = 0, b = 1, c = 1] = shape;
  if (
    output?.type !== "float32" ||
    (shape.length !== 2 && shape.length !== 4) ||
    rows < count ||
    elementCount(shape) === 0
  )
    throw failure("model", {
      where,
      expected: "features [n, d] or [n, d, h, w]",
      received: `[${shape.join(", ")}]`,
      remedy: "name another output",
    });
  const isLast = shape.length === 4 && layout === "NHWC";
  const [d, places] = isLast ? [c, a * b] : [a, b * c];
  const features = zeros([count, d]);
  const data = output.data as Float32Array;
  for (let row = 0; row < count; row++)
    for (let k = 0; k < d; k++) {
      let total = 0;
      for (let i = 0; i < places; i++) total += data[row * d * places + (isLast ? i * d + k : k * places + i)]!;
      features.data[row * d + k] = total / places;
    }
  return features;
}
