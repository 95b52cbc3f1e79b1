// nearest-neighbours.test: beside each image stand the training images that are nearest to it, nearest first.
import { describe, expect, it } from "vitest";
import type { PixelBlock } from "../../../src/data/images/image-set.ts";
import { fillBelow, random } from "../../../src/random.ts";
import { nearestImagesOf } from "../../../src/tasks/images/nearest-neighbours.ts";
import { smallImages } from "../../support/small-images.ts";

const imageOf = ({ levels }: PixelBlock, place: number) => levels.slice(64 * place, 64 * (place + 1));
const squared = (a: Uint8Array, b: Uint8Array) => a.reduce((total, level, k) => total + (level - b[k]!) ** 2, 0);

describe("the nearest images", () => {
  const train = smallImages(50, "train").images;
  const samples = smallImages(4, "samples").images;

  it("are those of all distances, sorted", () => {
    const shown = nearestImagesOf(samples, train, 3);
    expect(shown).toMatchObject({ count: 16, channels: 1, height: 8, width: 8 });
    for (let n = 0; n < 4; n++) {
      const own = imageOf(samples, n);
      expect(imageOf(shown, 4 * n)).toEqual(own);
      const distances = Array.from({ length: 50 }, (_, place) => squared(own, imageOf(train, place))).sort(
        (a, b) => a - b,
      );
      const found = [1, 2, 3].map((k) => squared(own, imageOf(shown, 4 * n + k)));
      expect(found).toEqual(distances.slice(0, 3));
    }
  });

  it("show a copy beside itself, and no more images than there are", () => {
    const place = new Uint32Array(1);
    fillBelow(random("place"), place, 50);
    const copy = { ...samples, count: 1, levels: imageOf(train, place[0]!) };
    const shown = nearestImagesOf(copy, train, 2);
    expect(imageOf(shown, 1)).toEqual(imageOf(shown, 0));
    expect(nearestImagesOf(copy, { ...train, count: 2, levels: train.levels.slice(0, 128) }, 9).count).toBe(3);
  });
});
