// published-images: Fréchet distances that others have printed for the authors' image experiments, and what stands behind them.
import type { RawImageSet } from "../../data/images/raw-sets.ts";
import type { Comparable } from "./published.ts";

/** A printed Fréchet Inception distance; lower is better. */
export interface PublishedDistance {
  readonly dataset: RawImageSet;
  readonly method: string;
  readonly frechet: number;
  readonly source: string;
  readonly comparable: Comparable;
}

const reviews =
  "reviews of the ICLR 2025 submission, openreview.net/forum?id=MM197t8WlM, which quote its table 2 (same model size)";

const earlier: Comparable = {
  yes: true,
  why: "with features of FID's Inception network; it is of the paper's first version, whose recipe (batches of 200 on CIFAR-10) is not the one that was published later and is trained here",
};
const quotedTwice: Comparable = {
  yes: true,
  why: "with features of FID's Inception network; quoted from InterFlow's paper, on CIFAR-10 with batches of 400 and ten times as many of them",
};

/** LFM's two figures belong to the trigonometric and the linear interpolant; which to which, the quotations do not say. */
function table(
  dataset: RawImageSet,
  [first, second]: readonly [number, number],
  plain: number,
  interFlow?: number,
): readonly PublishedDistance[] {
  const figure = (method: string, frechet: number, comparable = earlier) => ({
    ...{ dataset, method, frechet, comparable },
    source: reviews,
  });
  return [
    figure("LFM, one of two interpolants", first),
    figure("LFM, the other interpolant", second),
    figure("Flow Matching (theirs)", plain),
    ...(interFlow === undefined ? [] : [figure("InterFlow", interFlow, quotedTwice)]),
  ];
}

const figures: readonly PublishedDistance[] = [
  ...table("cifar10", [8.45, 8.55], 12.3, 10.27),
  ...table("imagenet32", [7.0, 7.2], 7.51, 8.49),
  ...table("flowers", [59.7, 55.7], 70.8),
];

/** The figures for a set, in the order in which they were printed. */
export function publishedDistances(dataset: RawImageSet): readonly PublishedDistance[] {
  return figures.filter((figure) => figure.dataset === dataset);
}
