// joined-set (Node only): the images of several files as one set, held in memory where they fit.
import { failure } from "../../errors.ts";
import { sliceBytes } from "../stored-rows.ts";
import { channelsFirst, channelsLast, checkPlaces, type ImageRun, type ImageSet, levelsPerImage } from "./image-set.ts";
import { copied, fitsMemory, type PixelStore, pixelStore } from "./pixel-store.ts";
import { withChannels } from "./pixels.ts";
import { resizedSquare, type SquareFit } from "./resize.ts";

/** What a set is beside its images. */
export type SetFacts = Pick<ImageSet, "description" | "part" | "parts" | "skipped"> & {
  readonly labelNames?: readonly string[] | undefined;
  readonly names?: readonly string[];
  /** Most bytes of levels to hold in memory. */
  readonly memory: number;
};

/** How many images are read at once from a file of images of this size. */
function imagesPerSlice(size: number): number {
  return Math.max(1, Math.floor(sliceBytes / size));
}

/**
 * Runs of one shape, at least one, one behind the other. All are read at the first `read` into memory, or, where files can
 * only be read forwards and the memory is too small, into a temporary file; else images are read from their files each time.
 */
export function joinedSet(runs: readonly ImageRun[], { memory, labelNames, names, ...facts }: SetFacts): ImageSet {
  const { channels, height, width } = runs[0]!;
  const size = levelsPerImage(runs[0]!);
  const count = runs.reduce((sum, run) => sum + run.count, 0);
  if (count === 0)
    throw failure("data", { where: facts.description, expected: "at least one image", received: "none" });
  const labels = joinedLabels(runs, count, labelNames);
  const isStored = fitsMemory(size * count, memory) || runs.some(({ isForward }) => isForward);
  let stored: Promise<PixelStore> | undefined;
  return {
    ...facts,
    channels,
    height,
    width,
    count,
    ...(labels !== undefined && { labels }),
    ...(labels !== undefined && labelNames !== undefined && { labelNames }),
    ...(names !== undefined && { names }),
    async read(places) {
      checkPlaces(places, count, facts.description);
      if (!isStored)
        return { count: places.length, channels, height, width, levels: await gathered(runs, places, size) };
      stored ??= loaded(runs, size, count, memory);
      return copied(await stored, places, { channels, height, width });
    },
    async close() {
      for (const run of runs) run.close();
      (await stored?.catch(() => undefined))?.close();
    },
  };
}

/** The run with its images brought to a square, or with another number of channels. */
export function adaptedRun(
  run: ImageRun,
  {
    size,
    fit,
    channels = run.channels,
  }: {
    readonly size?: number | undefined;
    readonly fit?: SquareFit | undefined;
    readonly channels?: 1 | 3 | undefined;
  },
): ImageRun {
  const { height, width } = run;
  const isSized = size === undefined || (height === size && width === size);
  if (isSized && channels === run.channels) return run;
  const shape = isSized ? { channels, height, width } : { channels, height: size, width: size };
  const [from, to] = [levelsPerImage(run), levelsPerImage(shape)];
  return {
    ...run,
    ...shape,
    async read(first, end) {
      const pixels = channelsLast(await run.read(first, end), run);
      const out = new Uint8Array((end - first) * to);
      for (let i = 0; i < end - first; i++) {
        const data = pixels.subarray(i * from, (i + 1) * from);
        const picture = withChannels({ width, height, channels: run.channels, data }, channels);
        out.set(isSized ? picture.data : resizedSquare(picture, size, fit).data, i * to);
      }
      return channelsFirst(out, shape);
    },
  };
}

function joinedLabels(
  runs: readonly ImageRun[],
  count: number,
  names: readonly string[] | undefined,
): Int32Array | undefined {
  if (runs.some(({ labels }) => labels === undefined)) return undefined;
  const all = new Int32Array(count);
  let at = 0;
  for (const { labels = all, where } of runs) {
    const strange = names === undefined ? undefined : labels.find((label) => label >= names.length);
    if (strange !== undefined && names !== undefined)
      throw failure("data", { where, expected: `labels below ${names.length}`, received: String(strange) });
    all.set(labels, at);
    at += labels.length;
  }
  return all;
}

async function loaded(runs: readonly ImageRun[], size: number, count: number, memory: number): Promise<PixelStore> {
  const store = pixelStore(size, count, memory);
  try {
    const slice = imagesPerSlice(size);
    for (const run of runs)
      for (let from = 0; from < run.count; from += slice)
        store.append(await run.read(from, Math.min(run.count, from + slice)));
    return store;
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Images straight from their files; places that follow each other are read together. */
async function gathered(runs: readonly ImageRun[], places: ArrayLike<number>, size: number): Promise<Uint8Array> {
  const out = new Uint8Array(places.length * size);
  const most = imagesPerSlice(size);
  for (let i = 0; i < places.length; ) {
    let run = 0;
    let first = places[i]!;
    while (first >= runs[run]!.count) first -= runs[run++]!.count;
    let length = 1;
    while (length < most && first + length < runs[run]!.count && places[i + length] === places[i]! + length) length++;
    out.set(await runs[run]!.read(first, first + length), i * size);
    i += length;
  }
  return out;
}
