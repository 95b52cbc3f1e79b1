// compare-page: what changed between two tables, as one HTML file with the same numbers as JSON inside.
import { measuresFigure } from "../../pictures/measures.ts";
import { htmlReport, type ReportCell, type ReportSection } from "../report.ts";
import type { TableComparison } from "./compare-tables.ts";
import { driftMetricNames } from "./evaluate-table-metrics.ts";
import { cell, definitionTable, percentCell } from "./evaluate-table-page.ts";
import { whatIsOff } from "./pair-findings.ts";

/** Columns and pairs shown, at most; the JSON has all. */
const shownRows = 60;

/** The page; the names are those of the files. */
export function tableComparisonPage(found: TableComparison, before: string, after: string): string {
  const { rows, seed, verdict } = found;
  return htmlReport({
    title: `From ${before} to ${after}`,
    summary: `${verdict.join("\n\n")}\n\n${rows.before} rows of ${before}, ${rows.after} rows of ${after}; seed ${seed}.`,
    sections: [measuresSection(found), columnsSection(found), ...pairsSections(found), definitions(found)],
    json: found,
  });
}

/** Those with a figure. */
const pictured = ["c2st", "columnShapes", "pairTrends"] as const;

function measuresSection({ measures, notes }: TableComparison): ReportSection {
  const chance =
    "The floor is the same measure after the rows of both files were shuffled and dealt out anew: what chance gives. ± is one standard error.";
  const shown = driftMetricNames.flatMap((name) => measures[name] ?? []);
  const bars = pictured.flatMap((name) => {
    const measure = measures[name];
    if (measure === undefined) return [];
    const { title, better, value, standardError, floor } = measure;
    const known = (error: number | null) => (error === null ? {} : { standardError: error });
    const chanceBar = { value: floor.value, ...known(floor.standardError) };
    return [{ name: title, better, value, ...known(standardError), baselines: { chance: chanceBar } }];
  });
  return {
    heading: "Measures",
    text: [chance, ...notes].join("\n\n"),
    table: {
      columns: [{ name: "" }, { name: "better" }, { name: "these files" }, { name: "floor: chance" }],
      rows: shown.map((each) => [each.title, each.better, cell(each), cell(each.floor)]),
    },
    figure: measuresFigure(bars, "these files"),
  };
}

function columnsSection({ columns, telling }: TableComparison): ReportSection {
  const shareOf = (name: string) => telling.find(({ column }) => column === name)?.share;
  return {
    heading: "Columns",
    text: `How far each column moved, those that moved most beyond chance first${cut(columns.length)}. What gave rows away is a column's share in what the trees of the two-sample test gained.`,
    table: {
      columns: [
        { name: "column" },
        { name: "kind" },
        { name: "moved by" },
        { name: "chance gives" },
        { name: "gaps before", unit: "%" },
        { name: "gaps after", unit: "%" },
        { name: "gave rows away", unit: "%" },
        { name: "in words" },
      ],
      rows: columns
        .slice(0, shownRows)
        .map((column): readonly ReportCell[] => [
          column.column,
          column.kind,
          cell(column),
          column.chance,
          percentCell(column.gaps.before),
          percentCell(column.gaps.after),
          percentCell(shareOf(column.column)),
          column.sentence,
        ]),
    },
  };
}

function pairsSections({ pairs }: TableComparison): readonly ReportSection[] {
  if (pairs.length === 0) return [];
  return [
    {
      heading: "Pairs of columns",
      text: `How far the two columns of each pair together are from what they were: numbers by their correlation, others by their joint table, which moves, too, where a column alone does. Those whose dependence changed come first, those furthest beyond chance before others${cut(pairs.length)}.`,
      table: {
        columns: [
          { name: "pair" },
          { name: "kind" },
          { name: "changed by" },
          { name: "chance gives" },
          { name: "beyond chance" },
        ],
        rows: pairs
          .slice(0, shownRows)
          .map((pair) => [
            pair.columns.join(" · "),
            pair.kind,
            cell(pair),
            cell(pair.floor),
            whatIsOff(pair, pairs.length),
          ]),
      },
    },
  ];
}

function cut(count: number): string {
  return count > shownRows ? `; ${shownRows} of ${count} are shown` : "";
}

function definitions({ measures }: TableComparison): ReportSection {
  return { heading: "What the measures are", table: definitionTable(measures) };
}
