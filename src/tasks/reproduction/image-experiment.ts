// image-experiment: the authors' experiment with a set of images: contenders trained on it over several seeds, and how far the images
// that they draw are from real ones.
import type { ImageSet, PixelBlock } from "../../data/images/image-set.ts";
import type { RawImages } from "../../data/images/raw-sets.ts";
import { fingerprint } from "../../fingerprint.ts";
import { frechetDistance } from "../../measure/frechet.ts";
import type { FeatureStatistics } from "../../measure/moments.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import type { ShownImages } from "../images/evaluate-image-model.ts";
import { fitImages } from "../images/fit-images.ts";
import type { ImageConfiguration } from "../images/image-defaults.ts";
import { decodeImageModel, encodeImageModel, type ImageModel } from "../images/image-model.ts";
import { chosenPlaces } from "../images/image-places.ts";
import { partOf } from "../images/image-reader.ts";
import { imageChains } from "../images/sample-images.ts";
import type { Controls } from "../progress.ts";
import { type Deviation, deviationOf } from "./experiment.ts";
import { type Features, featureMoments, ownFeatures, statisticsOfSet } from "./image-features.ts";
import type { ImageContender, ImagePlan } from "./image-plan.ts";
import { samplesInParts } from "./image-samples.ts";
import { costOf, keptRun, markOfValue, type RunCost, type Store } from "./store.ts";

export interface ImageExperimentRequest extends Controls {
  readonly plan: ImagePlan;
  readonly images: RawImages;
  readonly seeds: readonly number[];
  /** The network that distances are measured in; default: of our own. */
  readonly features?: Features;
  readonly store?: Store;
  /** Resident memory now, in bytes. */
  readonly memory?: () => number;
  /** Told what begins, for people. */
  readonly onStage?: (text: string) => void;
}

/** One contender with one seed. */
export interface ImageSeedResult extends RunCost {
  readonly seed: number;
  readonly frechet: number;
  readonly sampleSeconds: number;
  readonly evaluationsPerImage: number;
}

export interface ImageContenderResult {
  readonly method: string;
  readonly description: string;
  readonly frechet: Deviation;
  readonly runs: readonly ImageSeedResult[];
}

/** Plain JSON. */
export interface ImageExperimentResult {
  readonly name: string;
  /** The network that distances are measured in. */
  readonly features: string;
  /** Images trained on, drawn from each model, and of the reference; which the reference is, in words. */
  readonly images: { readonly train: number; readonly samples: number; readonly reference: number };
  readonly reference: string;
  readonly contenders: readonly ImageContenderResult[];
  /** What other real images get in place of samples; absent where there are none. */
  readonly floor?: { readonly of: string; readonly images: number; readonly frechet: number };
  readonly notes: readonly string[];
  readonly seconds: number;
}

/** What a page shows: the first samples of every contender with the first seed, and the chain. */
export interface ImageExperimentPictures {
  readonly samples: readonly { readonly method: string; readonly images: ShownImages }[];
  readonly chain?: ShownImages;
}

const shown = { samples: 64, columns: 8, chains: 8 } as const;

/** Runs an experiment. Throws "interrupted" when the signal fires; what is finished stays in the store. */
export async function runImageExperiment(
  engine: Engine,
  request: ImageExperimentRequest,
): Promise<{ readonly result: ImageExperimentResult; readonly pictures: ImageExperimentPictures }> {
  const started = performance.now();
  const { plan, images, onStage } = request;
  const key = split(random(0), "image experiment");
  const trained = plan.share(images.train.count);
  if (!request.features) onStage?.("features: a classifier of the training images' classes, if they have some");
  const features = request.features ?? (await ownFeatures(engine, images.train, trained, split(key, "own"), request));
  try {
    const statistics = (set: ImageSet, count: number, name: string) => {
      onStage?.(`features of ${count} images: ${name}`);
      return statisticsOfSet(features, set, chosenPlaces(set.count, count, split(key, name)), { ...request, name });
    };
    const { reference, others } = images;
    const [compared, real] = [plan.share(reference.count), others && plan.share(others.count)];
    const held = await statistics(reference, compared, "reference");
    const floor = others && real && frechetDistance(await statistics(others, real, "others"), held);
    const mark = await markOfSet(images.train);
    const contenders: ImageContenderResult[] = [];
    const samples: ImageExperimentPictures["samples"][number][] = [];
    let chain: ShownImages | undefined;
    for (const contender of plan.contenders) {
      const { result, model, first } = await contest(engine, contender, { ...request, features, held, mark, trained });
      contenders.push(result);
      if (first) samples.push({ method: contender.method, images: { block: first, columns: shown.columns } });
      if (model) chain ??= await chainOf(engine, model, request);
    }
    const result: ImageExperimentResult = {
      name: plan.name,
      features: features.reader.description,
      images: { train: trained, samples: plan.samples, reference: compared },
      reference: setInWords(reference, compared),
      contenders,
      ...(others &&
        real &&
        floor !== undefined && { floor: { of: setInWords(others, real), images: real, frechet: floor } }),
      notes: plan.notes,
      seconds: (performance.now() - started) / 1000,
    };
    return { result, pictures: { samples, ...(chain && { chain }) } };
  } finally {
    if (features !== request.features) await features.reader.release();
  }
}

/** "64 of 50000 images of part train: PATH (CIFAR-10, binary)". */
function setInWords({ count, part, description }: ImageSet, used: number): string {
  const which = used === count ? `all ${count} images` : `${used} of ${count} images, a random choice`;
  return `${which}${part === "whole" ? "" : ` of part ${part}`}: ${description}`;
}

interface Contest extends ImageExperimentRequest {
  readonly features: Features;
  readonly held: FeatureStatistics;
  readonly mark: string;
  readonly trained: number;
}

interface Contested {
  readonly result: ImageContenderResult;
  /** Of the first seed. */
  readonly model?: ImageModel;
  readonly first?: PixelBlock;
}

async function contest(
  engine: Engine,
  { method, description, configuration }: ImageContender,
  request: Contest,
): Promise<Contested> {
  const { plan, features, held, seeds, onStage, signal } = request;
  const runs: ImageSeedResult[] = [];
  let pictured: Pick<Contested, "model" | "first"> = {};
  for (const seed of seeds) {
    onStage?.(`${method}, seed ${seed}: training`);
    const name = `${method}-seed-${seed}`;
    const own = { ...configuration, seed };
    const { model, cost, mark } = await trainedModel(engine, name, own, request);
    onStage?.(`${method}, seed ${seed}: drawing ${plan.samples} images and measuring them`);
    const moments = featureMoments(features);
    let [evaluations, sampleSeconds] = [0, 0];
    for await (const part of samplesInParts(engine, model, { ...request, name, mark, seed, images: plan.samples })) {
      await moments.add(part.block, signal);
      evaluations += part.evaluations;
      sampleSeconds += part.seconds;
      if (!pictured.first)
        pictured = { model, first: partOf(part.block, 0, Math.min(shown.samples, part.block.count)) };
    }
    const frechet = frechetDistance(moments.statistics(), held);
    runs.push({ seed, ...cost, frechet, sampleSeconds, evaluationsPerImage: evaluations / plan.samples });
  }
  const frechet = deviationOf(runs.map((run) => run.frechet));
  return { result: { method, description, frechet, runs }, ...pictured };
}

/** A model of the images, trained now or kept from before. */
async function trainedModel(
  engine: Engine,
  name: string,
  configuration: ImageConfiguration,
  { images, mark: set, trained, store, memory, signal, onProgress }: Contest,
): Promise<{ readonly model: ImageModel; readonly cost: RunCost; readonly mark: string }> {
  const mark = markOfValue([configuration, set, trained]);
  const { model, record } = await keptRun<ImageModel, { readonly cost: RunCost }>(
    {
      ...{ name, mark, store, encode: encodeImageModel, decode: decodeImageModel },
      complete: ({ cost }) => cost && { cost },
    },
    async (checkpoint) => {
      let peak = memory?.() ?? 0;
      const fitted = await fitImages(engine, {
        ...{ images: images.train, configuration, most: trained },
        ...(signal && { signal }),
        ...(checkpoint && { checkpoint }),
        onProgress: (progress) => {
          peak = Math.max(peak, memory?.() ?? 0);
          onProgress?.(progress);
        },
      });
      return { model: fitted.model, record: { cost: costOf(fitted.report, peak) } };
    },
  );
  return { model, mark, cost: record.cost };
}

/** Images at the front and the end of a set, by which it is known again. */
const probed = 64;

/** A word for a set: how many images it has, of which size, and what the first and the last ones are. */
async function markOfSet(set: ImageSet): Promise<string> {
  const places = Uint32Array.from({ length: Math.min(set.count, 2 * probed) }, (_, n) =>
    n < probed ? n : set.count - 1 - (n - probed),
  );
  const { channels, height, width, levels } = await set.read(places);
  return markOfValue([set.count, channels, height, width, fingerprint(levels)]);
}

async function chainOf(
  engine: Engine,
  model: ImageModel,
  { plan, seeds: [seed = 1], signal, onStage }: ImageExperimentRequest,
): Promise<ShownImages> {
  onStage?.("drawing the chain");
  const images = Math.min(shown.chains, plan.samples);
  const { block } = await imageChains(engine, model, { images, seed, ...(signal && { signal }) });
  return { block, columns: model.chain.blocks.length + 1 };
}
