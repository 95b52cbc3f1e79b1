// export-table-points: where cells lie in a model's space, for those who give some of them to an exported sampler.
import { normalScore } from "../random.ts";
import type { TableEncoder } from "./table/encoder.ts";
import { type LevelsCode, levelsCode } from "./table/levels-code.ts";
import { spansOf } from "./table/points.ts";

/** The points of a column's cells: what to write into `given`, in the columns `start` … `end` - 1 of it. */
export interface CellPoints {
  readonly start: number;
  readonly end: number;
  /** The first of these dimensions where the column has gaps: which score says that there is a value, and which a gap. */
  readonly gap?: { readonly value: number; readonly gap: number };
  /** A list of scores for every level, in the order of the levels. */
  readonly levels?: readonly (readonly number[])[];
  /** The only values there are, dates in milliseconds, and the score of each. */
  readonly values?: { readonly at: readonly number[]; readonly scores: readonly number[] };
  /** Values and scores between which all others lie on straight lines; the outer lines go on. */
  readonly scale?: { readonly at: readonly number[]; readonly scores: readonly number[] };
}

/** The points of the cells of every column that has dimensions: the middle of a cell, in probability. */
export function cellPoints(
  encoder: TableEncoder,
  amountOf: (column: string, text: string) => number,
): ReadonlyMap<string, CellPoints> {
  const { codes, schema } = encoder.toJSON();
  return new Map(
    spansOf(encoder).map(({ column, start, end, hasGap, filled, gaps }): [string, CellPoints] => {
      const { value } = codes[schema.columns.findIndex(({ name }) => name === column.name)] ?? {};
      const [present = 0, gap = 0] = hasGap ? middles([filled, gaps]) : [];
      return [
        column.name,
        {
          start,
          end,
          ...(hasGap && { gap: { value: present, gap } }),
          ...(value?.kind === "levels" && { levels: levelPoints(value) }),
          ...(value?.kind === "scale" && { scale: { at: value.at, scores: value.scores } }),
          ...(value?.kind === "values" && {
            values: { at: value.texts.map((text) => amountOf(column.name, text)), scores: middles(value.counts) },
          }),
        },
      ];
    }),
  );
}

function levelPoints({
  counts,
  base,
  order = [...counts.keys()],
}: {
  readonly counts: readonly number[];
  readonly base: number;
  readonly order?: readonly number[];
}): readonly (readonly number[])[] {
  const code = levelsCode(
    order.map((place) => counts[place] ?? 0),
    base,
  );
  const cells = new Map(order.map((place, cell) => [place, cell]));
  return counts.map((_, place) => middle(code, cells.get(place) ?? 0));
}

/** The only score of each level. */
function middles(counts: readonly number[]): readonly number[] {
  const code = levelsCode(counts, Math.max(2, counts.length));
  return counts.map((_, level) => middle(code, level)[0] ?? 0);
}

function middle({ digits, cell }: LevelsCode, level: number): readonly number[] {
  return Array.from({ length: digits }, (_, digit) => {
    const { low, high } = cell(level, digit);
    return normalScore((low + high) / 2 - 0.5);
  });
}
