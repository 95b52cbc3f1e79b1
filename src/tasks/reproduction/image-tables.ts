// image-tables: the figures of an experiment with images as tables, for the page and for the terminal.
import type { PublishedDistance } from "../presets/published-images.ts";
import type { ReportTable } from "../report.ts";
import type { ImageExperimentResult } from "./image-experiment.ts";
import { deviationCell, meanOf, memoryCell } from "./tables.ts";

/** Fréchet distances of all contenders and of other real images. */
export function distanceTable({ contenders, floor, images, reference }: ImageExperimentResult): ReportTable {
  return {
    caption: `Fréchet distance of ${images.samples} drawn images from ${reference}; ± is the standard deviation between seeds. Lower is better; fewer images make it larger.`,
    columns: [
      { name: "" },
      { name: "Fréchet" },
      { name: "parameters" },
      { name: "gradient steps" },
      { name: "evaluations per image" },
    ],
    rows: [
      ...contenders.map((contender) => [
        contender.method,
        deviationCell(contender.frechet),
        meanOf(contender, ({ parameters }) => parameters),
        meanOf(contender, ({ gradientSteps }) => gradientSteps),
        meanOf(contender, ({ evaluationsPerImage }) => evaluationsPerImage),
      ]),
      ...(floor ? [[`${floor.images} real images`, floor.frechet, "", "", ""]] : []),
    ],
  };
}

/** What the figures took, means over seeds. */
export function costTable({ contenders }: ImageExperimentResult): ReportTable {
  return {
    columns: [
      { name: "" },
      { name: "training", unit: "s" },
      { name: "of it pushing", unit: "s" },
      { name: "drawing", unit: "s" },
      { name: "peak memory", unit: "MiB" },
    ],
    rows: contenders.map((contender) => [
      contender.method,
      meanOf(contender, ({ trainSeconds }) => trainSeconds),
      meanOf(contender, ({ pushSeconds }) => pushSeconds),
      meanOf(contender, ({ sampleSeconds }) => sampleSeconds),
      memoryCell(contender),
    ]),
  };
}

/** What others printed, and whether it may be held beside ours. */
export function publishedDistanceTable(published: readonly PublishedDistance[]): ReportTable {
  return {
    columns: [{ name: "published" }, { name: "FID" }, { name: "comparable" }, { name: "source" }],
    rows: published.map(({ method, frechet, comparable, source }) => [
      method,
      frechet,
      `${comparable.yes ? "yes" : "no"}: ${comparable.why}`,
      source,
    ]),
  };
}
