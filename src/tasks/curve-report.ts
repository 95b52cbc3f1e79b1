// curve-report: quality against evaluations as a section of a report: what it means, the table, the figure.
import type { Estimate } from "../measure/estimate.ts";
import { curveFigure } from "../pictures/curve.ts";
import { type CurvePoint, curveLabel } from "./curve.ts";
import type { ReportCell, ReportSection } from "./report.ts";

/** The section; `floor` is the sliced Wasserstein distance of training rows. */
export function curveSection(points: readonly CurvePoint[], floor?: Estimate): ReportSection {
  const text = [
    "Samples from one noise by several methods and numbers of velocity evaluations of the whole chain. The distance to the reference, dopri5 at tolerance 1e-6 from the same noise, is the error of integration alone: the root mean square over the samples, in deviations of a column.",
    "Seconds are wall time on the machine that evaluated, for 1000 samples drawn 1024 at a time.",
  ].join("\n\n");
  const rows = points.map((point): readonly ReportCell[] => [
    curveLabel(point),
    point.evaluations,
    point.seconds,
    { value: point.slicedWasserstein, standardError: point.standardError },
    point.distanceToReference,
  ]);
  return {
    heading: "Quality against evaluations",
    text,
    table: {
      columns: [
        { name: "method" },
        { name: "evaluations", unit: "per sample" },
        { name: "time", unit: "s per 1000 samples" },
        { name: "sliced Wasserstein", unit: "training deviations" },
        { name: "distance to the reference", unit: "deviations" },
      ],
      rows: floor ? [...rows, ["floor: training rows", "", "", floor, ""]] : rows,
    },
    figure: curveFigure(
      points.map(({ tolerance: _, ...point }) => ({ ...point, series: curveLabel(point) })),
      floor?.value,
    ),
  };
}
