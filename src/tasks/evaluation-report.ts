// evaluation-report: what `evaluate` found, as one HTML file: the measures beside baselines, then pictures of the model.
import type { Estimate } from "../measure/estimate.ts";
import { type MeasureName, measureNames } from "../measure/names.ts";
import { measuresFigure } from "../pictures/measures.ts";
import { densityCurveSection } from "./curve-report.ts";
import type { Evaluation } from "./evaluate.ts";
import { htmlReport, type ReportCell, type ReportSection, type ReportTable } from "./report.ts";

const titles: Readonly<Record<MeasureName, { readonly name: string; readonly unit?: string }>> = {
  nll: { name: "negative log-likelihood", unit: "nats per row, units of the data" },
  nllStandardized: { name: "negative log-likelihood", unit: "nats per row, standardised columns" },
  slicedWasserstein: { name: "sliced Wasserstein", unit: "training deviations" },
  energyDistance: { name: "energy distance", unit: "training deviations" },
  mmdSquared: { name: "MMD²" },
};

/** The page; `pictures` are sections to show after the measures (report.ts: densityReportSections). */
export function evaluationReport(evaluation: Evaluation, model: string, pictures: readonly ReportSection[]): string {
  const { rows, comparedRows, seed, notes, measures } = evaluation;
  const shown = measureNames.filter((name) => measures[name] !== undefined);
  const figure = measuresFigure(
    shown.flatMap((name) => {
      const measured = measures[name];
      const { name: title, unit } = titles[name];
      return measured ? [{ ...measured, name: title, ...(unit && { unit }), better: "lower" as const }] : [];
    }),
  );
  const text = [
    `Likelihood on ${rows} held-out rows; distances between ${comparedRows} samples and as many held-out rows.`,
    "± is one standard error. Lower is better everywhere. The floor is the distance of training rows from held-out rows: no model can be expected below it.",
    ...notes,
  ].join("\n\n");
  return htmlReport({
    title: `Evaluation of ${model}`,
    summary: `${verdict(evaluation)}\n\nSeed ${seed}. A density model can memorise rows; localflow gives no differential privacy guarantee.`,
    sections: [
      { heading: "Measures", text, table: measuresTable(evaluation, shown), figure },
      ...(evaluation.curve ? [densityCurveSection(evaluation.curve, measures.slicedWasserstein?.floor)] : []),
      ...pictures,
    ],
    json: evaluation,
  });
}

/** One sentence in plain words about the likelihood. */
function verdict({ measures, baselines }: Evaluation): string {
  const nll = measures.nll;
  const rivals = Object.keys(baselines).flatMap((name) => {
    const estimate = nll?.baselines[name];
    return estimate ? [{ name, ...estimate }] : [];
  });
  const best = rivals.reduce<(typeof rivals)[number] | undefined>(
    (a, b) => (a && a.value <= b.value ? a : b),
    undefined,
  );
  if (!nll || !best) return "No baselines were asked for: give the training rows to see what the figures are worth.";
  const gap = best.value - nll.value;
  const doubt = 2 * Math.hypot(nll.standardError, best.standardError);
  if (Math.abs(gap) <= doubt)
    return `On held-out likelihood the model and its strongest baseline (${best.name}) cannot be told apart.`;
  return gap > 0
    ? `On held-out likelihood the model is ${gap.toFixed(2)} nats per row better than its strongest baseline (${best.name}).`
    : `On held-out likelihood the baseline ${best.name} is ${(-gap).toFixed(2)} nats per row better than the model.`;
}

function measuresTable({ measures, baselines }: Evaluation, shown: readonly MeasureName[]): ReportTable {
  const line = (label: string, pick: (name: MeasureName) => Estimate | undefined): readonly ReportCell[] => [
    label,
    ...shown.map((name): ReportCell => pick(name) ?? ""),
  ];
  return {
    columns: [{ name: "" }, ...shown.map((name) => titles[name])],
    rows: [
      line("this model", (name) => measures[name]),
      ...Object.keys(baselines).map((label) => line(label, (name) => measures[name]?.baselines[label])),
      ...(shown.some((name) => measures[name]?.floor)
        ? [line("floor: training rows", (name) => measures[name]?.floor)]
        : []),
    ],
  };
}
