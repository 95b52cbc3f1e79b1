// evaluate-texts-page: how texts were written anew, as lines of a table and as a section of the page
import type { ReportCell, ReportSection } from "../report.ts";
import type { TableEstimate } from "./evaluate-rows.ts";
import { cell } from "./evaluate-table-page.ts";
import { type EvaluatedText, type TextMetricName, textMetricNames, textMetrics } from "./evaluate-texts.ts";

/** The lines of a table: for each column one for each measure. */
export function textLines<T>(
  texts: readonly EvaluatedText[],
  line: (
    found: EvaluatedText,
    name: TextMetricName,
    measure: TableEstimate & { floor: TableEstimate; chance?: number },
  ) => T,
): readonly T[] {
  return texts.flatMap((found) =>
    textMetricNames.flatMap((name) => {
      const measure = found.measures[name];
      return measure === undefined ? [] : [line(found, name, measure)];
    }),
  );
}

/** What stands for characters in the shapes of some columns, in a sentence. */
export function signsText(texts: readonly EvaluatedText[]): string {
  const outlined = texts.filter(({ signs }) => signs === "outline").map(({ column }) => column);
  const usual = "A shape has 9 for digits and a or A for letters";
  return outlined.length === 0 ? `${usual}.` : `${usual}; of ${outlined.join(", ")} it has x for both.`;
}

/** The section of the page; none where no column was written anew. */
export function textsSections(texts: readonly EvaluatedText[] = []): readonly ReportSection[] {
  if (texts.length === 0) return [];
  const definitions = textMetricNames.map((name) => `${textMetrics[name].title}: ${textMetrics[name].definition}`);
  return [
    {
      heading: "Texts written anew",
      text: [
        `The flow does not know these columns: their texts are written in the shapes of the column or drawn from it, beside the rest of the row. The floor is what as many training texts get. ${signsText(texts)}`,
        definitions.join(" "),
      ].join("\n\n"),
      table: {
        columns: ["column", "measure", "better", "this table", "floor: real texts", "chance"].map((name) => ({ name })),
        rows: textLines(texts, ({ column }, name, measure): readonly ReportCell[] => [
          column,
          textMetrics[name].title,
          textMetrics[name].better,
          cell(measure),
          cell(measure.floor),
          measure.chance ?? "",
        ]),
      },
    },
  ];
}
