// evaluate-table-metrics: the measures of synthetic rows by name: what each one is, and which way is better

export const tableMetricNames = [
  "quality",
  "columnShapes",
  "gapRates",
  "gapPatterns",
  "pairTrends",
  "c2st",
  "utility",
  "precision",
  "recall",
  "density",
  "coverage",
  "rangeCoverage",
  "categoryCoverage",
  "closerToTrain",
  "nearness",
  "identicalRows",
  "membership",
  "membershipAtOnePercent",
] as const;

export type TableMetricName = (typeof tableMetricNames)[number];

export interface TableMetricMeaning {
  readonly title: string;
  readonly group: "overall" | "columns" | "pairs" | "rows" | "coverage" | "privacy";
  readonly better: "lower" | "higher";
  /** What the number is, in a sentence, with its best value. */
  readonly definition: string;
}

/** Those that need rows that the generator has learnt from. */
export const privacyMetricNames = [
  "closerToTrain",
  "nearness",
  "identicalRows",
  "membership",
  "membershipAtOnePercent",
] as const satisfies readonly TableMetricName[];

/** Those of two files, none of which was made from the other. */
export const driftMetricNames = [
  "quality",
  "columnShapes",
  "gapRates",
  "gapPatterns",
  "pairTrends",
  "c2st",
] as const satisfies readonly TableMetricName[];
export type DriftMetricName = (typeof driftMetricNames)[number];

/** What each measure is; the formulas are in docs/measures.md. */
export const tableMetrics: Readonly<Record<TableMetricName, TableMetricMeaning>> = {
  quality: {
    title: "quality",
    group: "overall",
    better: "higher",
    definition:
      "1 less the mean of the column shapes' and the pair trends' distances: one number from 0 to 1, 1 being equal. It says nothing of three or more columns together, nor of privacy.",
  },
  columnShapes: {
    title: "column shapes",
    group: "columns",
    better: "lower",
    definition:
      "Mean over columns of the distance between synthetic and held-out values, each column alone: for numbers the largest difference of the cumulative shares (Kolmogorov–Smirnov), for categories half the summed differences of the shares (total variation). 0 is equal, 1 is disjoint.",
  },
  gapRates: {
    title: "gap rates",
    group: "columns",
    better: "lower",
    definition: "Mean over columns of the difference between the shares of gaps. 0 is equal.",
  },
  gapPatterns: {
    title: "gap patterns",
    group: "pairs",
    better: "lower",
    definition:
      "Mean over pairs of columns of which both have gaps: half the summed differences of the shares of rows in which both, one or the other, and none is a gap (total variation). 0 is equal.",
  },
  pairTrends: {
    title: "pair trends",
    group: "pairs",
    better: "lower",
    definition:
      "Mean over pairs of columns: for two numbers half the difference of their correlations, otherwise, and where no rows know both, the total variation of their joint table, numbers in ten cells of equally many real rows. 0 is equal, 1 is as different as can be.",
  },
  c2st: {
    title: "classifier two-sample test",
    group: "rows",
    better: "lower",
    definition:
      "How well boosted trees tell synthetic from held-out rows that they did not train on: the area under the ROC curve. 0.5 is not at all, 1 is always. The strictest of these measures.",
  },
  utility: {
    title: "train on synthetic, test on real",
    group: "rows",
    better: "higher",
    definition:
      "How well boosted trees that learnt from synthetic rows predict the target column of held-out rows: the mean F1 score of its categories, or R² of its numbers. 1 is perfect; the floor has learnt from equally many real rows.",
  },
  precision: {
    title: "precision",
    group: "rows",
    better: "higher",
    definition: "Share of synthetic rows that lie in the neighbourhood of a held-out row. Low: implausible rows.",
  },
  recall: {
    title: "recall",
    group: "coverage",
    better: "higher",
    definition:
      "Share of held-out rows that lie in the neighbourhood of a synthetic row. Low: kinds of rows are missing.",
  },
  density: {
    title: "density",
    group: "rows",
    better: "higher",
    definition:
      "Mean number of held-out neighbourhoods that a synthetic row lies in, divided by what is expected. 1 is right; well above 1 the rows crowd where real ones are commonest.",
  },
  coverage: {
    title: "coverage",
    group: "coverage",
    better: "higher",
    definition: "Share of held-out rows whose own neighbourhood holds a synthetic row. Low: kinds of rows are missing.",
  },
  rangeCoverage: {
    title: "range coverage",
    group: "coverage",
    better: "higher",
    definition: "Mean over numbers of the share of the held-out range, smallest to largest value, that is reached.",
  },
  categoryCoverage: {
    title: "category coverage",
    group: "coverage",
    better: "higher",
    definition: "Mean over categories of the share of the held-out levels that occur.",
  },
  closerToTrain: {
    title: "closer to training rows",
    group: "privacy",
    better: "lower",
    definition:
      "Share of synthetic rows that are nearer to a training row than to any of as many held-out rows. 0.5 where nothing was memorised, 1 where rows are copied.",
  },
  nearness: {
    title: "nearness to training rows",
    group: "privacy",
    better: "lower",
    definition:
      "Chance that a synthetic row is nearer to its closest training row than a held-out row is to its own. 0.5 for rows of the law itself; above it rows are too near, below it they keep away or are implausible.",
  },
  identicalRows: {
    title: "identical rows",
    group: "privacy",
    better: "lower",
    definition:
      "Share of synthetic rows that equal a training row in every column; the floor is that of held-out rows.",
  },
  membership: {
    title: "membership inference",
    group: "privacy",
    better: "lower",
    definition:
      "How well an attacker who has the synthetic rows tells training from held-out rows by the distance to the closest synthetic row: the area under the ROC curve. 0.5 is not at all, 1 is always.",
  },
  membershipAtOnePercent: {
    title: "membership at 1 % false alarms",
    group: "privacy",
    better: "lower",
    definition:
      "Share of training rows that the same attacker finds while wrongly accusing 1 % of the held-out rows. 0.01 is nothing learnt.",
  },
};
