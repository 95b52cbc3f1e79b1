// evaluate-table-page: what was found about synthetic rows, as one HTML file with the same numbers as JSON inside
import { type Measure, measuresFigure } from "../../pictures/measures.ts";
import { htmlReport, type ReportCell, type ReportSection, type ReportTable } from "../report.ts";
import { type Beside, type TableEstimate, type TableEvaluation, tableBaselines } from "./evaluate-rows.ts";
import { type TableMetricMeaning, type TableMetricName, tableMetricNames } from "./evaluate-table-metrics.ts";
import { whatIsOff } from "./pair-findings.ts";

/** Columns and pairs shown, at most; the JSON has all. */
const shownRows = 40;

/** Those with a figure: the ones to look at first. */
const pictured: readonly TableMetricName[] = [
  "c2st",
  "columnShapes",
  "pairTrends",
  "utility",
  "closerToTrain",
  "membership",
];

/** The page; `name` is what was evaluated, such as a file, and `more` is shown after the measures. */
export function tableEvaluationPage(
  evaluation: TableEvaluation,
  name: string,
  more: readonly ReportSection[] = [],
): string {
  const { rows, seed, verdict } = evaluation;
  return htmlReport({
    title: `Synthetic rows of ${name}`,
    summary: `${verdict.join("\n\n")}\n\n${rows.synthetic} synthetic, ${rows.train} training and ${rows.heldOut} held-out rows; seed ${seed}.`,
    sections: [
      measuresSection(evaluation),
      ...more,
      columnsSection(evaluation),
      ...pairsSections(evaluation),
      definitions(evaluation),
    ],
    json: evaluation,
  });
}

/** What columns of the page are called; rivals have their own names. */
const baselineTitles: Readonly<Record<string, string>> = {
  independent: "independent columns",
  copula: "Gaussian copula",
  "flow-wide": "plain Flow Matching (wide)",
  "flow-long": "plain Flow Matching (long)",
};

/** Names of the baselines in the order in which they are shown. */
export function shownBaselines({ measures }: TableEvaluation): readonly string[] {
  const found = Object.keys(measures.columnShapes?.baselines ?? {});
  return [...tableBaselines, ...found.filter((name) => !tableBaselines.some((known) => known === name))];
}

function sides(evaluation: TableEvaluation): ReportTable["columns"] {
  const names = shownBaselines(evaluation).map((name) => ({ name: baselineTitles[name] ?? name }));
  return [{ name: "this table" }, { name: "floor: real rows" }, ...names];
}

function sideCells(beside: Beside, evaluation: TableEvaluation): readonly ReportCell[] {
  return [beside, beside.floor, ...shownBaselines(evaluation).map((name) => beside.baselines[name])].map((estimate) =>
    estimate === undefined ? "" : cell(estimate),
  );
}

export function cell({ value, standardError }: TableEstimate): ReportCell {
  return standardError === null ? value : { value, standardError };
}

function measuresSection(evaluation: TableEvaluation): ReportSection {
  const { measures, notes, rows } = evaluation;
  const text = [
    `${rows.compared} synthetic rows are held beside the held-out rows, and so are as many real rows (the floor: no table can be expected beyond it) and rows of each baseline.`,
    "± is one standard error. What each measure is stands at the end.",
    ...notes,
  ].join("\n\n");
  const table: ReportTable = {
    columns: [{ name: "" }, { name: "better" }, ...sides(evaluation)],
    rows: tableMetricNames.flatMap((name) => {
      const metric = measures[name];
      return metric ? [[metric.title, metric.better, ...sideCells(metric, evaluation)]] : [];
    }),
  };
  const bars = pictured.flatMap((name): Measure[] => {
    const metric = measures[name];
    if (!metric) return [];
    const baselines = {
      "real rows": bar(metric.floor),
      ...Object.fromEntries(Object.entries(metric.baselines).map(([name, estimate]) => [name, bar(estimate)])),
    };
    return [{ ...bar(metric), name: metric.title, better: metric.better, baselines }];
  });
  return { heading: "Measures", text, table, figure: measuresFigure(bars, "this table") };
}

function bar({ value, standardError }: TableEstimate) {
  return { value, ...(standardError !== null && { standardError }) };
}

function columnsSection(evaluation: TableEvaluation): ReportSection {
  const { columns, telling } = evaluation;
  const shown = columns.toSorted((a, b) => b.value - b.floor.value - (a.value - a.floor.value)).slice(0, shownRows);
  const shareOf = (name: string) => telling.find(({ column }) => column === name)?.share;
  return {
    heading: "Columns",
    text: `The distance of each column from the held-out one, the worst beside its floor first${cut(columns.length)}. What gave rows away is a column's share in what the trees of the two-sample test gained.`,
    table: {
      columns: [
        { name: "column" },
        { name: "kind" },
        ...sides(evaluation),
        { name: "gaps, held-out", unit: "%" },
        { name: "gaps, here", unit: "%" },
        { name: "gave rows away", unit: "%" },
      ],
      rows: shown.map((column): readonly ReportCell[] => [
        column.column,
        column.kind,
        ...sideCells(column, evaluation),
        percentCell(column.gaps.heldOut),
        percentCell(column.gaps.synthetic),
        percentCell(shareOf(column.column)),
      ]),
    },
  };
}

/** One decimal; a dash where it is not known. */
export function percentCell(share: number | undefined): ReportCell {
  return share === undefined ? Number.NaN : Math.round(1000 * share) / 10;
}

function pairsSections(evaluation: TableEvaluation): readonly ReportSection[] {
  const { pairs } = evaluation;
  if (pairs.length === 0) return [];
  return [
    {
      heading: "Pairs of columns",
      text: `How far the two columns of each pair together are from the held-out ones: numbers by their correlation, others by their joint table, which is off, too, where a column alone is. The worst come first${cut(pairs.length)}.`,
      table: {
        columns: [{ name: "pair" }, { name: "kind" }, ...sides(evaluation), { name: "beyond chance" }],
        rows: pairs
          .slice(0, shownRows)
          .map((pair): readonly ReportCell[] => [
            pair.columns.join(" · "),
            pair.kind,
            ...sideCells(pair, evaluation),
            whatIsOff(pair, pairs.length),
          ]),
      },
    },
  ];
}

function cut(count: number): string {
  return count > shownRows ? `; ${shownRows} of ${count} are shown` : "";
}

function definitions({ measures, distances }: TableEvaluation): ReportSection {
  const distance =
    "The distance of two rows is the mean over columns of: for numbers the difference of their places among all values compared (0 to 1), for categories 1 if they differ, and 1 between a value and a gap. A neighbourhood reaches to the fifth nearest row of the same table.";
  return {
    heading: "What the measures are",
    text: distances === undefined ? distance : `${distance}\n\n${nearText(distances)}`,
    table: definitionTable(measures),
  };
}

/** The measures with what they are. */
export function definitionTable(
  measures: Readonly<Partial<Record<TableMetricName, Pick<TableMetricMeaning, "title" | "definition">>>>,
): ReportTable {
  const rows = tableMetricNames.flatMap((name) => {
    const found = measures[name];
    return found ? [[found.title, name, found.definition]] : [];
  });
  return { columns: [{ name: "measure" }, { name: "name in the JSON" }, { name: "definition" }], rows };
}

function nearText({ synthetic, heldOut }: NonNullable<TableEvaluation["distances"]>): string {
  return `Half of the synthetic rows are within ${short(synthetic.median)} of a training row, and 5 % within ${short(synthetic.low)}; of the held-out rows half are within ${short(heldOut.median)} and 5 % within ${short(heldOut.low)}.`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
