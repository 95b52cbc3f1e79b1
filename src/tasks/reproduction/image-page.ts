// image-page: an experiment with images as one HTML file, and as the JSON that it was made from.
import { shownPicture } from "../images/image-page.ts";
import type { PublishedDistance } from "../presets/published-images.ts";
import { htmlReport } from "../report.ts";
import type { Deviation } from "./experiment.ts";
import type { ImageExperimentPictures, ImageExperimentResult } from "./image-experiment.ts";
import { costTable, distanceTable, publishedDistanceTable } from "./image-tables.ts";
import { standingText } from "./page.ts";

/** What `reproduce` prints and keeps of images. Plain JSON. */
export interface ImageReproduction extends ImageExperimentResult {
  readonly preset: string;
  readonly scale: number;
  readonly measured: Deviation;
  readonly published: readonly PublishedDistance[];
  /** Whether the figures may be held beside published ones; `why` if not. */
  readonly comparable: { readonly yes: boolean; readonly why?: string };
}

/** The page. */
export function imageReproductionPage(
  reproduction: ImageReproduction,
  { samples, chain }: ImageExperimentPictures,
): string {
  const { name, measured, published, contenders, notes, comparable, features, images, reference } = reproduction;
  const spread =
    measured.deviation === null ? "one seed" : `± ${measured.deviation.toFixed(3)}, ${measured.seeds} seeds`;
  return htmlReport({
    title: `Reproduction: ${name}`,
    summary: [
      `Fréchet distance ${measured.mean.toFixed(3)} (${spread}): ${images.samples} images drawn, reference ${reference}.`,
      `Features: ${features}.`,
      standingText(comparable),
    ].join("\n\n"),
    sections: [
      {
        heading: "Distances",
        text: [notes.join(" "), ...contenders.map(({ method, description }) => `${method}: ${description}.`)].join(
          "\n\n",
        ),
        table: distanceTable(reproduction),
      },
      { heading: "Costs", text: `Trained on ${images.train} images.`, table: costTable(reproduction) },
      { heading: "Published", table: publishedDistanceTable(published) },
      ...samples.map(({ method, images: drawn }) => ({
        heading: `Samples of ${method}`,
        text: "Not chosen: the first ones of the first seed.",
        image: shownPicture(drawn, `images drawn by ${method}`),
      })),
      ...(chain
        ? [
            {
              heading: "From noise to data",
              text: `Each row is an image: noise on the left, then after each of the ${chain.columns - 1} blocks.`,
              image: shownPicture(chain, "images at their stages from noise to data"),
            },
          ]
        : []),
    ],
    json: reproduction,
  });
}
