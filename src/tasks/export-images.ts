// export-images: parts of a trained image model as one ONNX file each: 8-bit levels on one side, N(0, 1) noise on the other.
import { spokenShape } from "../data/images/image-set.ts";
import { failure } from "../errors.ts";
import { fingerprint } from "../fingerprint.ts";
import { blockVelocity } from "../flow/chain.ts";
import { networkClasses } from "../nn/network.ts";
import type { OnnxModel } from "../onnx/model.ts";
import type { FloatArray } from "../tensor/array.ts";
import { reshape } from "../tensor/layout.ts";
import { leaves } from "../tensor/tree.ts";
import { blockAt, type ExportRequest, exportIntegration } from "./export.ts";
import { type Exported, type Plan, written } from "./export-file.ts";
import {
  asRows,
  channelFirst,
  dataEnds,
  type ImageEnds,
  imageMetadata,
  imageShape,
  samplerEnds,
  velocityStart,
} from "./export-images-ends.ts";
import { classesIn, imagesIn, imagesOut } from "./export-levels.ts";
import { noiseMetadata, withOwnNoise } from "./export-noise.ts";
import { chainSteps, toldVelocity } from "./export-steps.ts";
import { encodeImageModel, type ImageModel } from "./images/image-model.ts";

export interface ImageExportRequest extends Omit<ExportRequest, "conditional"> {
  /** Of `sampler`, of a model with classes: how strongly they are followed (`guidedVelocity`); default 1, the class itself. */
  readonly guidance?: number;
}

const purposes = {
  sampler: "Turns noise into images, by a density that localflow learnt.",
  density: "Log-density and noise of images, under a density that localflow learnt.",
  encoder: "Turns images into the noise that the sampler makes them from.",
  velocity: "Velocities of the blocks of a density over images that localflow learnt.",
} as const;

/** What one ONNX file holds: protobuf counts its bytes in 31 bits. */
const mostBytes = 2 ** 31 - 2 ** 24;

/**
 * Writes one part of an image model as ONNX bytes. Noise is [rows, channels, height, width]; images are uint8 [rows, height, width,
 * channels]. Throws "option" for a block or for evaluations that do not exist, and for noise or guidance of what takes none, "model"
 * for weights that one file cannot hold. A model with classes has an input for them.
 */
export function exportImages(model: ImageModel, request: ImageExportRequest): Exported {
  const { part, noise, version, source } = request;
  const { record, chain } = model;
  checkRequest(model, request);
  checkWeights(model);
  const plan = part === "velocity" ? velocityPlan(model, request.block) : chainPlan(model, part, request);
  const metadata = {
    ...(version !== undefined && { "localflow.version": version }),
    ...(source !== undefined && { "localflow.model": source }),
    "localflow.model_fingerprint": fingerprint(encodeImageModel(model)),
    ...imageMetadata(record.image),
    "localflow.network": record.configuration.blocks[0]?.network.kind ?? "",
    "localflow.blocks": String(chain.blocks.length),
    "localflow.seed": String(record.configuration.seed),
    "localflow.training_images": String(record.training.images),
    ...(record.classes && { "localflow.classes": JSON.stringify(record.classes.map(({ name }) => name)) }),
    ...plan.metadata,
    ...(noise && noiseMetadata(noise)),
  };
  const before = plan.finish ?? ((whole) => whole);
  return written(part, {
    ...plan,
    metadata,
    finish: (whole) => (noise ? withOwnNoise(before(whole), noise) : before(whole)),
  });
}

function chainPlan(
  { chain, record }: ImageModel,
  part: Exclude<ImageExportRequest["part"], "velocity">,
  request: ImageExportRequest,
): Plan {
  const integration = exportIntegration({ record }, part, request.integration);
  const { guidance = 1 } = request;
  const { classes } = record;
  const { form, pieces } = chainSteps(chain, {
    direction: part === "sampler" ? -1 : 1,
    divergence: part === "density" ? "probed" : "none",
    integration,
    ...(classes && { guidance }),
  });
  const { method, evaluations } = integration;
  const known = endsOf(record);
  const { before, after, ...ports } = part === "sampler" ? samplerEnds(known) : dataEnds(known, part === "density");
  return {
    ...ports,
    pieces: [before, ...pieces, after],
    documentation: `${purposes[part]} Blocks: ${chain.blocks.length}; ${method} with ${evaluations} velocity evaluations per block.`,
    metadata: {
      "localflow.method": method,
      "localflow.evaluations_per_block": String(evaluations),
      "localflow.steps": form,
      ...(part === "density" && { "localflow.divergence": "estimated from one probe for each image (Hutchinson)" }),
      ...(classes && part === "sampler" && { "localflow.guidance": String(guidance) }),
    },
    steps: { form, integration },
    finish: (whole) => withClasses((part === "sampler" ? imagesOut : imagesIn)(whole), known),
  };
}

function endsOf({ image, classes }: ImageModel["record"]): ImageEnds {
  return { image, ...(classes && { classes: classes.length }) };
}

function withClasses(model: OnnxModel, { classes }: ImageEnds): OnnxModel {
  return classes === undefined ? model : classesIn(model, classes);
}

function velocityPlan({ chain, record }: ImageModel, chosen: number | undefined): Plan {
  const { image } = record;
  const known = endsOf(record);
  const { ports, x, t, shares } = velocityStart(known);
  const blocks = chosen === undefined ? chain.blocks : [blockAt(chain.blocks, chosen)];
  const size = channelFirst(image);
  const velocity = (block: (typeof blocks)[number]) => {
    const [told] = shares;
    const field = told && networkClasses(block.network) > 0 ? toldVelocity(block, told) : blockVelocity(block);
    return reshape(field(asRows(x, image), t), imageShape(image));
  };
  return {
    pieces: [{ name: "velocity", inputs: [x, t, ...shares], outputs: blocks.map(velocity) }],
    inputs: ports,
    outputs: blocks.map((_, n) => ({
      name: chosen === undefined ? `velocity_${n + 1}` : "velocity",
      documentation: `${size}, dx/dt in block ${chosen ?? n + 1} of ${chain.blocks.length}, counted from the data side`,
    })),
    documentation: purposes.velocity,
    metadata: chosen === undefined ? {} : { "localflow.block": String(chosen) },
    finish: (whole) => withClasses(whole, known),
  };
}

function checkRequest({ record }: ImageModel, { part, noise, guidance }: ImageExportRequest): void {
  const refuse = (where: string, expected: string, received: string) =>
    failure("option", { where, expected, received });
  if (part !== "sampler" && (noise || guidance !== undefined))
    throw refuse(noise ? "noise" : "guidance", "the part sampler beside it", part);
  if (guidance === undefined) return;
  if (record.classes === undefined)
    throw refuse("guidance", "a model that was trained with the classes of images", "one without");
  if (!Number.isFinite(guidance)) throw refuse("guidance", "a number", String(guidance));
}

function checkWeights({ chain, record }: ImageModel): void {
  const arrays = chain.blocks.flatMap(({ parameters }) => leaves<FloatArray>(parameters));
  const bytes = [...new Set(arrays.map(({ value }) => value.data))].reduce((total, data) => total + data.byteLength, 0);
  if (bytes <= mostBytes) return;
  throw failure("model", {
    where: `model of images of ${spokenShape(record.image)}`,
    expected: "weights of less than 2 GiB, which one ONNX file holds",
    received: `${bytes} bytes`,
    remedy: "export one block at a time: --part velocity --block N",
  });
}
