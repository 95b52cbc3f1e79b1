// image-page: what an evaluation of images found, as one HTML file: the measures beside their floors, then images to look at.
import { imageGrid, rasterPng } from "../../pictures/grid.ts";
import { imageCurveSection } from "../curve-images.ts";
import { htmlReport, type ReportCell, type ReportImage, type ReportTable } from "../report.ts";
import type { EvaluationPictures, ImageModelEvaluation, ShownImages } from "./evaluate-image-model.ts";
import { type ImageMetrics, imageMetricNames } from "./image-measures.ts";

/** The page. */
export function imageEvaluationPage(
  evaluation: ImageModelEvaluation,
  { samples, neighbours, chain }: EvaluationPictures,
  model: string,
): string {
  const { verdict, notes, sets, features, seed } = evaluation;
  return htmlReport({
    title: `Evaluation of ${model}`,
    summary: [
      ...verdict,
      `Test images: ${sets.test}. Training images: ${sets.train}.`,
      `Features: ${features}.`,
      `Seed ${seed}. A model can memorise images; localflow gives no differential privacy guarantee.`,
    ].join("\n\n"),
    sections: [
      {
        heading: "Measures",
        text: [
          "± is one standard error. The floor is what real images get in place of samples: no model can be expected beyond it. The pixel Gaussian has the mean and covariance of the training images' values, and no shapes.",
          ...notes,
        ].join("\n\n"),
        table: measuresTable(evaluation.measures),
      },
      ...(evaluation.curve && evaluation.curveFloor
        ? [imageCurveSection(evaluation.curve, evaluation.curveFloor)]
        : []),
      { heading: "Samples", text: "Not chosen: the first ones of the seed.", image: shownPicture(samples, "samples") },
      {
        heading: "Nearest training images",
        text: "Left a sample, then the training images nearest to it by the Euclidean distance of pixels. A copy would stand beside itself.",
        image: shownPicture(neighbours, "samples with their nearest training images"),
      },
      {
        heading: "From noise to data",
        text: `Each row is an image: noise on the left, then after each of the ${chain.columns - 1} pieces of the way (of a model its blocks, of a student its networks).`,
        image: shownPicture(chain, "images at their stages from noise to data"),
      },
    ],
    json: evaluation,
  });
}

/** Pixels of the longer side of an image on the page, about. */
const shownPixels = 64;

/** Images side by side, small ones enlarged. */
export function shownPicture({ block, columns }: ShownImages, text: string): ReportImage {
  const scale = Math.max(1, Math.floor(shownPixels / Math.max(block.height, block.width)));
  const raster = imageGrid(block, { scale, columns });
  return { png: rasterPng(raster), width: raster.width, height: raster.height, text };
}

function measuresTable(measures: ImageMetrics): ReportTable {
  const rows = imageMetricNames.flatMap((name): (readonly ReportCell[])[] => {
    const measure = measures[name];
    if (measure === undefined) return [];
    return [[name, measure.better, measure, measure.floor ?? "", measure.baselines.gaussian ?? ""]];
  });
  return {
    columns: [{ name: "" }, { name: "better" }, { name: "samples" }, { name: "floor" }, { name: "pixel Gaussian" }],
    rows,
  };
}
