// image-measures: the measures of images by name, each beside its floor and its baselines.
import type { Estimate } from "../../measure/estimate.ts";
import type { ImageEvaluation, ImageMeasures } from "../../measure/evaluate-images.ts";

const neighbourhoodNames = ["precision", "recall", "density", "coverage"] as const;

/** Names of the measures that a classifier is needed for. */
export const classMetricNames = ["confidence", "labelEntropy", "score"] as const;

/** Names of all measures, in the order in which they are shown. */
export const imageMetricNames = [
  "frechet",
  "frechetInfinite",
  "kernel",
  ...neighbourhoodNames,
  ...classMetricNames,
  "nearness",
  "suspicious",
] as const;
export type ImageMetricName = (typeof imageMetricNames)[number];

const higher: readonly ImageMetricName[] = [...neighbourhoodNames, ...classMetricNames];

/** A measure; `floor` is what real images of the other split get. */
export interface ImageMetric extends Estimate {
  readonly better: "lower" | "higher";
  readonly floor?: Estimate;
  readonly baselines: { readonly gaussian?: Estimate };
}

export type ImageMetrics = Readonly<Partial<Record<ImageMetricName, ImageMetric>>>;

/** Every measure of an evaluation by its name. */
export function imageMetrics({ samples, floor, gaussian, nearest, referenceClasses }: ImageEvaluation): ImageMetrics {
  const entries = imageMetricNames.flatMap((name): [ImageMetricName, ImageMetric][] => {
    const better = higher.includes(name) ? "higher" : "lower";
    if (name === "nearness") return [[name, { ...nearest.nearness, better, floor: chance, baselines: {} }]];
    if (name === "suspicious") {
      const standardError = Math.sqrt((nearest.suspicious * (1 - nearest.suspicious)) / nearest.rows.samples);
      const rare = { value: 0.01, standardError: 0 };
      return [[name, { value: nearest.suspicious, standardError, better, floor: rare, baselines: {} }]];
    }
    const own = estimateOf(samples, name);
    if (own === undefined) return [];
    // Of classes the reference itself is what real images get.
    const real = isOfClasses(name) && referenceClasses ? referenceClasses[name] : estimateOf(floor, name);
    const rival = gaussian && estimateOf(gaussian, name);
    return [[name, { ...own, better, ...(real && { floor: real }), baselines: { ...(rival && { gaussian: rival }) } }]];
  });
  return Object.fromEntries(entries);
}

/** The measures of one set of images by name; those against training images are not among them. */
export function setMetrics(measures: ImageMeasures): Readonly<Partial<Record<ImageMetricName, Estimate>>> {
  const entries = imageMetricNames.flatMap((name): [ImageMetricName, Estimate][] => {
    const found = name === "nearness" || name === "suspicious" ? undefined : estimateOf(measures, name);
    return found ? [[name, found]] : [];
  });
  return Object.fromEntries(entries);
}

const chance: Estimate = { value: 0.5, standardError: 0 };

type ClassMetricName = (typeof classMetricNames)[number];

function isOfClasses(name: ImageMetricName): name is ClassMetricName {
  return classMetricNames.some((each) => each === name);
}

type TwoSampleMetric = Exclude<ImageMetricName, "nearness" | "suspicious">;

function estimateOf(
  { neighbourhoods, classes, ...measures }: ImageMeasures,
  name: TwoSampleMetric,
): Estimate | undefined {
  if (name === "frechet" || name === "frechetInfinite" || name === "kernel") return measures[name];
  if (name === "confidence" || name === "labelEntropy" || name === "score") return classes?.[name];
  return neighbourhoods[name];
}
