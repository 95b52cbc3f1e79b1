// evaluate-table-page: what was found about synthetic rows, as one HTML file with the same numbers as JSON inside
import { type Measure, measuresFigure } from "../../pictures/measures.ts";
import { htmlReport, type ReportCell, type ReportSection, type ReportTable } from "../report.ts";
import type { Beside, TableEstimate, TableEvaluation } from "./evaluate-table.ts";
import { type TableMetricName, tableMetricNames } from "./evaluate-table-metrics.ts";

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

/** The page; `name` is what was evaluated, such as a file. */
export function tableEvaluationPage(evaluation: TableEvaluation, name: string): string {
  const { rows, seed, verdict } = evaluation;
  return htmlReport({
    title: `Synthetic rows of ${name}`,
    summary: `${verdict.join("\n\n")}\n\n${rows.synthetic} synthetic, ${rows.train} training and ${rows.heldOut} held-out rows; seed ${seed}.`,
    sections: [
      measuresSection(evaluation),
      columnsSection(evaluation),
      ...pairsSections(evaluation),
      definitions(evaluation),
    ],
    json: evaluation,
  });
}

const sides = [
  { name: "this table" },
  { name: "floor: real rows" },
  { name: "independent columns" },
  { name: "Gaussian copula" },
];

function sideCells(beside: Beside): readonly ReportCell[] {
  return [beside, beside.floor, beside.baselines.independent, beside.baselines.copula].map(cell);
}

function cell({ value, standardError }: TableEstimate): ReportCell {
  return standardError === null ? value : { value, standardError };
}

function measuresSection({ metrics, notes, rows }: TableEvaluation): ReportSection {
  const text = [
    `${rows.compared} synthetic rows are held beside the held-out rows, and so are as many training rows (the floor: no table can be expected beyond it), rows of independent columns and rows of a Gaussian copula.`,
    "± is one standard error. What each measure is stands at the end.",
    ...notes,
  ].join("\n\n");
  const table: ReportTable = {
    columns: [{ name: "" }, { name: "better" }, ...sides],
    rows: tableMetricNames.flatMap((name) => {
      const metric = metrics[name];
      return metric ? [[metric.title, metric.better, ...sideCells(metric)]] : [];
    }),
  };
  const measures = pictured.flatMap((name): Measure[] => {
    const metric = metrics[name];
    if (!metric) return [];
    const baselines = {
      "real rows": bar(metric.floor),
      independent: bar(metric.baselines.independent),
      copula: bar(metric.baselines.copula),
    };
    return [{ ...bar(metric), name: metric.title, better: metric.better, baselines }];
  });
  return { heading: "Measures", text, table, figure: measuresFigure(measures, "this table") };
}

function bar({ value, standardError }: TableEstimate) {
  return { value, ...(standardError !== null && { standardError }) };
}

function columnsSection({ columns, telling }: TableEvaluation): ReportSection {
  const shown = columns.toSorted((a, b) => b.value - b.floor.value - (a.value - a.floor.value)).slice(0, shownRows);
  const shareOf = (name: string) => telling.find(({ column }) => column === name)?.share;
  return {
    heading: "Columns",
    text: `The distance of each column from the held-out one, the worst beside its floor first${cut(columns.length)}. What gave rows away is a column's share in what the trees of the two-sample test gained.`,
    table: {
      columns: [
        { name: "column" },
        { name: "kind" },
        ...sides,
        { name: "gaps, held-out", unit: "%" },
        { name: "gaps, here", unit: "%" },
        { name: "gave rows away", unit: "%" },
      ],
      rows: shown.map((column): readonly ReportCell[] => [
        column.column,
        column.kind,
        ...sideCells(column),
        percent(column.gaps.heldOut),
        percent(column.gaps.synthetic),
        percent(shareOf(column.column)),
      ]),
    },
  };
}

/** One decimal; a dash where it is not known. */
function percent(share: number | undefined): ReportCell {
  return share === undefined ? Number.NaN : Math.round(1000 * share) / 10;
}

function pairsSections({ pairs }: TableEvaluation): readonly ReportSection[] {
  if (pairs.length === 0) return [];
  return [
    {
      heading: "Pairs of columns",
      text: `The distance of each pair's dependence from that in the held-out rows, the worst first${cut(pairs.length)}.`,
      table: {
        columns: [{ name: "pair" }, { name: "kind" }, ...sides],
        rows: pairs
          .slice(0, shownRows)
          .map((pair): readonly ReportCell[] => [pair.columns.join(" · "), pair.kind, ...sideCells(pair)]),
      },
    },
  ];
}

function cut(count: number): string {
  return count > shownRows ? `; ${shownRows} of ${count} are shown` : "";
}

function definitions({ metrics, distances }: TableEvaluation): ReportSection {
  const lines = tableMetricNames.flatMap((name) => {
    const metric = metrics[name];
    return metric ? [[metric.title, name, metric.definition]] : [];
  });
  const { synthetic, heldOut } = distances;
  const near = `Half of the synthetic rows are within ${short(synthetic.median)} of a training row, and 5 % within ${short(synthetic.low)}; of the held-out rows half are within ${short(heldOut.median)} and 5 % within ${short(heldOut.low)}.`;
  const distance =
    "The distance of two rows is the mean over columns of: for numbers the difference of their places among all values compared (0 to 1), for categories 1 if they differ, and 1 between a value and a gap. A neighbourhood reaches to the fifth nearest row of the same table.";
  return {
    heading: "What the measures are",
    text: `${distance}\n\n${near}`,
    table: { columns: [{ name: "measure" }, { name: "name in the JSON" }, { name: "definition" }], rows: lines },
  };
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
