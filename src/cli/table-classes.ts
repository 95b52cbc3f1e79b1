// table-classes: what `localflow score MODEL TABLE --classify` writes and says of the classes of rows.

import { numberCells } from "../data/cell-rows.ts";
import type { CellColumn } from "../data/cell-table.ts";
import { counted } from "../data/columns.ts";
import { listedTexts } from "../data/text-pool.ts";
import type { TableClasses } from "../tasks/table/classify-table.ts";
import { alignedTable, percent, short } from "./output.ts";

/** The columns `predicted COLUMN` and, for each class, `probability of LEVEL`. */
export function classColumns({ column, levels, probabilities, predicted }: TableClasses): readonly CellColumn[] {
  const rows = predicted.length;
  const share = (level: number) =>
    Float64Array.from({ length: rows }, (_, row) => probabilities[row * levels.length + level]!);
  return [
    { name: `predicted ${column}`, origin: "text", codes: predicted, texts: listedTexts(levels), gap: "" },
    ...levels.map((text, level) => numberCells(`probability of ${text}`, share(level), 6)),
  ];
}

/** The classes for `--json`. */
export function classSummary({ column, levels, probabilities, predicted, judged }: TableClasses) {
  const rows = Math.max(1, predicted.length);
  return {
    column,
    levels: levels.map((level, place) => ({
      level,
      rows: predicted.reduce((total, each) => total + Number(each === place), 0),
      probability: probabilities.reduce((sum, p, n) => sum + (n % levels.length === place ? p / rows : 0), 0),
    })),
    ...(judged && { judged }),
  };
}

/** Levels shown on a terminal. */
const shownLevels = 12;

/** The classes in lines for a terminal. */
export function classText(classes: TableClasses): readonly string[] {
  const { column, levels, judged } = classSummary(classes);
  const likeliest = levels.toSorted((a, b) => b.rows - a.rows);
  const rest = levels.length - shownLevels;
  return [
    ...(judged === undefined
      ? []
      : [
          `classes right in ${percent(judged.accuracy)} of ${counted(judged.rows, "row")} that say ${column} (always the commonest: ${percent(judged.commonest)}); log loss ${short(judged.logLoss, 3)} nats`,
        ]),
    "",
    alignedTable(
      [column, "rows", "mean probability"],
      likeliest
        .slice(0, shownLevels)
        .map(({ level, rows, probability }) => [level, String(rows), short(probability, 3)]),
    ),
    ...(rest > 0 ? [`and ${rest} more levels`] : []),
  ];
}
