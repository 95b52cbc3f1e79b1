// published: test figures that others have printed for the same data, with where they stand and what they can be held against.
import type { PresetDataset } from "./preset.ts";

/** A printed figure in nats, lower is better. */
export interface PublishedFigure {
  /** `plane`: a density in the plane, and the source does not say which. */
  readonly dataset: PresetDataset | "plane";
  readonly method: string;
  readonly figure: Figure;
  readonly source: string;
  readonly comparable: Comparable;
}

/** A negative log-likelihood, or its size alone where the sign that was printed is in doubt. */
export type Figure =
  | { readonly kind: "nats"; readonly value: number }
  | { readonly kind: "size"; readonly value: number; readonly why: string };

/** Whether an exact likelihood on the same test rows may be held against the figure; `why` either way. */
export interface Comparable {
  readonly yes: boolean;
  readonly why: string;
}

const sources = {
  tan: "table in the README of github.com/lupalab/tan (signs turned)",
  maf: "table in the README of github.com/lupalab/tan, there as reported in the MAF paper (signs turned)",
  ffjord: "FFJORD, arXiv 1810.01367, table 2",
  mafPaper: "MAF (Papamakarios, Pavlakou and Murray, 2017), Gaussian baseline",
  reviews: "reviews of the ICLR 2025 submission, openreview.net/forum?id=MM197t8WlM, which quote its table 1",
  reviewsPlane: "a review of the ICLR 2025 submission, openreview.net/forum?id=MM197t8WlM, which quotes its figure 2",
} as const;

const exact: Comparable = { yes: true, why: "exact likelihood of the test rows of the same files" };
const solved: Comparable = {
  yes: true,
  why: "likelihood of the test rows of the same files, by an adaptive solver with its own tolerance",
};
const quoted: Comparable = {
  yes: false,
  why: "quoted by reviewers from a version whose earlier code scores validation rows and sums log-determinants by Euler steps",
};

const tables: readonly PresetDataset[] = ["power", "gas", "miniboone", "bsds300"];

/** One method's row of a table, in the order POWER, GAS, MINIBOONE, BSDS300. */
function row(
  method: string,
  values: readonly [number, number, number, number],
  source: string,
  comparable: Comparable = exact,
): readonly PublishedFigure[] {
  return values.map((value, k) => ({
    dataset: tables[k]!,
    method,
    figure: { kind: "nats", value },
    source,
    comparable,
  }));
}

/** Only what was seen in its source or in a text that quotes it; the paper's own full table was not at hand. */
export const publishedFigures: readonly PublishedFigure[] = [
  ...row("Gaussian", [7.74, 3.58, 37.24, -96.67], sources.mafPaper),
  ...row("MADE", [3.08, -3.56, 15.59, -148.85], sources.maf),
  ...row("MADE MoG", [-0.4, -8.47, 12.27, -153.71], sources.maf),
  ...row("Real NVP (5)", [0.02, -4.78, 13.55, -152.97], sources.maf),
  ...row("Real NVP (10)", [-0.17, -8.33, 13.84, -153.28], sources.maf),
  ...row("Glow", [-0.17, -8.15, 11.35, -155.07], sources.ffjord),
  ...row("MAF (5)", [-0.14, -9.07, 11.75, -155.69], sources.tan),
  ...row("MAF (10)", [-0.24, -10.08, 12.24, -154.93], sources.tan),
  ...row("MAF MoG (5)", [-0.3, -9.59, 11.68, -156.36], sources.tan),
  ...row("FFJORD", [-0.46, -8.59, 10.43, -157.4], sources.tan, solved),
  ...row("NAF DDSF (5)", [-0.62, -11.91, 8.86, -157.73], sources.tan),
  ...row("NAF DDSF (10)", [-0.6, -11.96, 9.01, -157.43], sources.tan),
  ...row("SOS", [-0.6, -11.99, 8.9, -157.48], sources.tan),
  ...row("TAN", [-0.6, -12.06, 11.01, -159.8], sources.tan),
  {
    dataset: "power",
    method: "LFM",
    figure: {
      kind: "size",
      value: 0.67,
      why: "a reviewer reads +0.67; the ranks that two reviewers give fit -0.67, so that a minus sign may have been lost",
    },
    source: sources.reviews,
    comparable: quoted,
  },
  {
    dataset: "power",
    method: "nMDMA",
    figure: { kind: "nats", value: -1.78 },
    source: sources.reviews,
    comparable: { yes: false, why: "quoted twice over; how its likelihood is normalised was not looked up" },
  },
  {
    dataset: "plane",
    method: "LFM",
    figure: { kind: "nats", value: 2.24 },
    source: sources.reviewsPlane,
    comparable: { yes: false, why: "which density and which rows is not stated" },
  },
  {
    dataset: "plane",
    method: "the method that LFM is compared with there",
    figure: { kind: "nats", value: 2.35 },
    source: sources.reviewsPlane,
    comparable: { yes: false, why: "which method, density and rows is not stated" },
  },
];

/** The figures for a data set, best first; figures without a sign come last. */
export function publishedFor(dataset: PresetDataset): readonly PublishedFigure[] {
  const found = publishedFigures.filter((published) => published.dataset === dataset);
  const place = ({ figure }: PublishedFigure) => (figure.kind === "nats" ? figure.value : Number.POSITIVE_INFINITY);
  return found.sort((a, b) => place(a) - place(b));
}
