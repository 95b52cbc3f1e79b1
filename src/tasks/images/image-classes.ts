// image-classes: the classes that a model of images was trained with, those of a set as the model knows them, and those to draw.

import { firstAbove } from "../../data/ascending.ts";
import { didYouMean, listNames } from "../../data/columns.ts";
import type { ImageSet } from "../../data/images/image-set.ts";
import { runningShares } from "../../data/shares.ts";
import { failure } from "../../errors.ts";
import { networkClasses } from "../../nn/network.ts";
import { fillUniform, type Random } from "../../random.ts";
import type { ImageConfiguration } from "./image-defaults.ts";

/** A class that a model can be told, and how many images of it the model was trained on. */
export interface ImageClass {
  readonly name: string;
  readonly images: number;
}

/** Most classes of a model: every one is an array of weights. */
export const mostClasses = 65_536;

/** Classes that the networks of a recipe read; 0 where they read none. */
export function classesRead({ blocks }: ImageConfiguration): number {
  return Math.max(0, ...blocks.map(({ network }) => networkClasses(network)));
}

/** The names of a set's classes, or their numbers where it has no names. Throws "data" for a set without classes. */
export function classNames({ labels, labelNames = [], description }: ImageSet): readonly string[] {
  const refuse = (expected: string, received: string, remedy: string) =>
    failure("data", { where: description, expected, received, remedy });
  const remedy = "put the file of labels beside the images, or images of one class into one folder each";
  if (labels === undefined || labels.length === 0) throw refuse("images with classes", "images without", remedy);
  const least = labels.reduce((low, own) => Math.min(low, own), 0);
  const most = labels.reduce((high, own) => Math.max(high, own), 0);
  const count = Math.max(most + 1, labelNames.length);
  if (least < 0 || count > mostClasses)
    throw refuse(`classes from 0 to ${mostClasses - 1}`, String(least < 0 ? least : count - 1), "number them anew");
  const names = Array.from({ length: count }, (_, place) => labelNames[place] ?? String(place));
  if (new Set(names).size === names.length) return names;
  const twice = names.find((name, place) => names.indexOf(name) < place);
  throw refuse("a name of its own for every class", `${twice} twice`, "rename one of them");
}

/** Classes with how many of the labels are of each. */
export function countedClasses(names: readonly string[], labels: Int32Array): readonly ImageClass[] {
  const counts = names.map(() => 0);
  for (const own of labels) counts[own] = (counts[own] ?? 0) + 1;
  return names.map((name, place) => ({ name, images: counts[place] ?? 0 }));
}

/**
 * The class of every image of a set as a model numbers them, by their names. Throws "data" for images of a class that the model was
 * not trained on.
 */
export function labelsAs(set: ImageSet, classes: readonly ImageClass[]): Int32Array {
  const places = new Map(classes.flatMap(({ name, images }, place) => (images > 0 ? [[name, place] as const] : [])));
  const names = classNames(set);
  const own = names.map((name) => places.get(name) ?? -1);
  return (set.labels ?? new Int32Array()).map((label) => {
    const place = own[label] ?? -1;
    if (place >= 0) return place;
    throw failure("data", {
      where: set.description,
      expected: `images of the classes that the model was trained on (${listNames([...places.keys()])})`,
      received: names[label] ?? String(label),
      remedy: "leave out the images of other classes",
    });
  });
}

/** The place of a class that is named, or numbered from 0. Throws "option" for one that the model was not trained on. */
export function classAt(classes: readonly ImageClass[], text: string, where: string): number {
  const named = classes.findIndex(({ name }) => name === text);
  const place = named < 0 && /^\d+$/.test(text) ? Number(text) : named;
  if ((classes[place]?.images ?? 0) > 0) return place;
  const names = classes.flatMap(({ name, images }) => (images > 0 ? [name] : []));
  const isEmpty = classes[place] !== undefined;
  throw failure("option", {
    where,
    expected: `a class of the model (${listNames(names)}) or its number from 0`,
    received: isEmpty ? `${text}, of which there were no training images` : JSON.stringify(text),
    ...didYouMean(text, names),
  });
}

/** Classes of images number `first` and so on, each drawn as often as it was trained on; a function of the key and the number alone. */
export function drawnClasses(classes: readonly ImageClass[], key: Random, first: number, count: number): Int32Array {
  const ends = runningShares(classes.map(({ images }) => images));
  const last = classes.findLastIndex(({ images }) => images > 0);
  const draws = new Float32Array(count);
  fillUniform(key, draws, { offset: first });
  return Int32Array.from(draws, (draw) => Math.min(last, firstAbove(ends, draw)));
}
