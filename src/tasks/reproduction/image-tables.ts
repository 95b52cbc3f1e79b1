// image-tables: the figures of an experiment with images as tables, for the page and for the terminal.
import type { PublishedDistance } from "../presets/published-images.ts";
import type { ReportCell, ReportTable } from "../report.ts";
import type { ImageContenderResult, ImageExperimentResult, ImageSeedResult } from "./image-experiment.ts";
import { deviationCell } from "./tables.ts";

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
        of(contender, ({ parameters }) => parameters),
        of(contender, ({ gradientSteps }) => gradientSteps),
        of(contender, ({ evaluationsPerImage }) => evaluationsPerImage),
      ]),
      ...(floor ? [[`${floor.images} real images`, floor.frechet, "", "", ""]] : []),
    ],
  };
}

/** What the figures took, means over seeds. */
export function costTable({ contenders }: ImageExperimentResult): ReportTable {
  const memory = ({ runs }: ImageContenderResult): ReportCell => {
    const known = runs.flatMap(({ peakMemoryBytes }) => peakMemoryBytes ?? []);
    return known.length === 0 ? "" : Math.round(Math.max(...known) / 2 ** 20);
  };
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
      of(contender, ({ trainSeconds }) => trainSeconds),
      of(contender, ({ pushSeconds }) => pushSeconds),
      of(contender, ({ sampleSeconds }) => sampleSeconds),
      memory(contender),
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

function of({ runs }: ImageContenderResult, pick: (run: ImageSeedResult) => number): number {
  return runs.reduce((total, run) => total + pick(run), 0) / runs.length;
}
