// memory-set: images that are in memory already, as a set.
import { checkPlaces, type ImageSet, levelsPerImage, type PixelBlock } from "./image-set.ts";

/** The images of a block as a set; `close` does nothing. */
export function imageSetOf(block: PixelBlock, description = "images in memory"): ImageSet {
  const { channels, height, width, count, levels } = block;
  const size = levelsPerImage(block);
  return {
    channels,
    height,
    width,
    count,
    description,
    part: "whole",
    parts: ["whole"],
    skipped: [],
    read: async (places) => {
      checkPlaces(places, count, description);
      const chosen = new Uint8Array(places.length * size);
      for (let n = 0; n < places.length; n++)
        chosen.set(levels.subarray(places[n]! * size, (places[n]! + 1) * size), n * size);
      return { channels, height, width, count: places.length, levels: chosen };
    },
    close: async () => {},
  };
}
