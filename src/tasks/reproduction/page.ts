// page: an experiment as one HTML file, and as the JSON that it was made from.
import type { PublishedFigure } from "../presets/published.ts";
import { htmlReport, type ReportSection } from "../report.ts";
import type { Deviation, ExperimentResult } from "./experiment.ts";
import { integrationTable, likelihoodTable, publishedTable, ratesTable } from "./tables.ts";

/** What `reproduce` prints and keeps. Plain JSON. */
export interface Reproduction extends ExperimentResult {
  /** The configuration's name, where it is one of the authors'. */
  readonly preset?: string;
  readonly scale: number;
  readonly measured: Deviation;
  readonly published: readonly PublishedFigure[];
  /** Whether the figures may be held beside published ones; `why` if not. */
  readonly comparable: { readonly yes: boolean; readonly why?: string };
}

/** The page; `pictures` follow the tables. */
export function reproductionPage(reproduction: Reproduction, pictures: readonly ReportSection[]): string {
  const { name, measured, published, contenders, notes, comparable } = reproduction;
  const spread =
    measured.deviation === null ? "one seed" : `± ${measured.deviation.toFixed(4)}, ${measured.seeds} seeds`;
  const figure = `Test negative log-likelihood ${measured.mean.toFixed(4)} nats (${spread}).`;
  return htmlReport({
    title: `Reproduction: ${name}`,
    summary: `${figure}\n\n${standingText(comparable)}`,
    sections: [
      { heading: "Likelihood", text: notes.join(" "), table: likelihoodTable(reproduction) },
      {
        heading: "Integration",
        text: "An exact likelihood is an integral: these columns say how well it was computed, and what other ways to compute it give.",
        table: integrationTable(reproduction),
      },
      ...(published.length === 0 ? [] : [{ heading: "Published", table: publishedTable(published) }]),
      { heading: "Learning rates", table: ratesTable(contenders) },
      ...pictures,
    ],
    json: reproduction,
  });
}

/** What the figures may be held beside, in a sentence. */
export function standingText({ yes, why }: Reproduction["comparable"]): string {
  return yes
    ? "The figures may be held beside published ones that are marked as comparable."
    : `This is no reproduction of a published figure: ${why}.`;
}
