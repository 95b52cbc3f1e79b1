// curve-report: quality against evaluations as a section of a report: what it means, the table, the figure.
import type { Estimate } from "../measure/estimate.ts";
import { type CurveQuality, curveFigure } from "../pictures/curve.ts";
import type { CurvePoint } from "./curve.ts";
import { type CurvePlace, curveLabel } from "./curve-samplers.ts";
import type { ReportCell, ReportSection } from "./report.ts";

/** A curve as it is shown, whatever was measured. */
export interface ShownCurve {
  readonly points: readonly (CurvePlace & { readonly quality: Estimate })[];
  readonly quality: Omit<CurveQuality, "floor"> & { readonly unit?: string };
  /** What real data get in place of samples, and which data these are. */
  readonly floor?: (Estimate & { readonly of: string }) | undefined;
  /** What stands for the exact samples, in which unit the distance to them is, and how many are drawn at a time. */
  readonly reference: string;
  readonly unit: string;
  readonly batchRows: number;
}

/** The section. */
export function curveSection({ points, quality, floor, reference, unit, batchRows }: ShownCurve): ReportSection {
  const text = [
    `Samples from one noise by several methods and numbers of velocity evaluations of the whole chain. The distance to the reference, ${reference} from the same noise, is the error of integration alone: the root mean square over the samples, in ${unit}.`,
    `Seconds are wall time on the machine that evaluated, for 1000 samples drawn ${batchRows} at a time.`,
  ].join("\n\n");
  const rows = points.map((point): readonly ReportCell[] => [
    curveLabel(point),
    point.evaluations,
    point.seconds,
    point.quality,
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
        { name: quality.name, ...(quality.unit && { unit: quality.unit }) },
        { name: "distance to the reference", unit },
      ],
      rows: floor ? [...rows, [`floor: ${floor.of}`, "", "", floor, ""]] : rows,
    },
    figure: curveFigure(
      points.map(({ evaluations, seconds, quality: { value, standardError }, distanceToReference, ...by }) => ({
        series: curveLabel(by),
        evaluations,
        seconds,
        quality: value,
        standardError,
        distanceToReference,
      })),
      { ...quality, floor: floor?.value },
    ),
  };
}

/** The curve of a density, whose `floor` is the sliced Wasserstein distance of training rows. */
export function densityCurveSection(points: readonly CurvePoint[], floor?: Estimate): ReportSection {
  return curveSection({
    points: points.map(({ slicedWasserstein: value, standardError, ...place }) => ({
      ...place,
      quality: { value, standardError },
    })),
    quality: { name: "sliced Wasserstein", unit: "training deviations" },
    floor: floor && { ...floor, of: "training rows" },
    reference: "dopri5 at tolerance 1e-6",
    unit: "deviations of a column",
    batchRows: 1024,
  });
}
