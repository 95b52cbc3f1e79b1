// imputation-measures: gaps made at random, and how near values and draws come to what stood there.
import { type CellTable, cellText } from "../src/data/cell-table.ts";
import { fillUniform, type Random, split } from "../src/random.ts";

/** A column as numbers: its values, or the codes of its levels; NaN for a gap. */
export interface NumberedColumn {
  readonly name: string;
  /** 0 for a column of numbers. */
  readonly levels: number;
  readonly values: Float64Array;
}

/** Gaps at random: 1 where cell (row, column) is hidden, by columns. */
export type Hidden = readonly Uint8Array[];

export function hiddenCells({ rows, columns }: CellTable, share: number, key: Random): Hidden {
  return columns.map(({ name }) => {
    const draws = new Float32Array(rows);
    fillUniform(split(key, "gaps", name), draws);
    return Uint8Array.from(draws, (draw) => Number(draw < share));
  });
}

/** The table without what is hidden. */
export function withHoles(table: CellTable, hidden: Hidden): CellTable {
  return {
    ...table,
    columns: table.columns.map((column, k) => ({
      ...column,
      codes: column.codes.map((code, row) => (hidden[k]?.[row] === 1 ? -1 : code)),
    })),
  };
}

/** The columns of a table as numbers: texts that are no numbers make a column one of levels, in the order of `levels`. */
export function numbered(table: CellTable, levels: readonly (readonly string[])[]): readonly NumberedColumn[] {
  return table.columns.map((column, k) => {
    const known = levels[k] ?? [];
    const texts = Array.from({ length: table.rows }, (_, row) => cellText(column, row));
    const numberOf = (text: string | undefined) => {
      if (text === undefined) return Number.NaN;
      return known.length > 0 ? known.indexOf(text) : Number(text);
    };
    return { name: column.name, levels: known.length, values: Float64Array.from(texts, numberOf) };
  });
}

/** For each column the levels of its texts in tables of the same columns, none where all are numbers. */
export function levelsOf(...tables: readonly CellTable[]): readonly (readonly string[])[] {
  return (tables[0]?.columns ?? []).map((_, k) => {
    const texts = new Set<string>();
    for (const { columns, rows } of tables)
      for (let row = 0; row < rows; row++) {
        const text = columns[k] && cellText(columns[k], row);
        if (text !== undefined) texts.add(text);
      }
    return [...texts].some((text) => Number.isNaN(Number(text))) ? [...texts].sort() : [];
  });
}

export interface ImputationMeasures {
  /** Root mean square error of the mean of the draws, in deviations of the training values. */
  readonly rmse: number;
  /** Continuous ranked probability score of the draws by cell, in the same units: the absolute error of a single value. */
  readonly crps: number;
  /** Energy score of the hidden numbers of a row together, mean over rows. */
  readonly energy: number;
  /** Share of hidden levels that the most frequent draw names; absent without such columns. */
  readonly accuracy?: number;
}

/** Measures draws (each a table as columns) of what is hidden against the truth. */
export function imputationMeasures(
  truth: readonly NumberedColumn[],
  train: readonly NumberedColumn[],
  hidden: Hidden,
  draws: readonly (readonly NumberedColumn[])[],
): ImputationMeasures {
  const scales = train.map(({ values }) => deviation(values));
  const rows = truth[0]?.values.length ?? 0;
  const totals = { squares: 0, crps: 0, cells: 0, right: 0, named: 0, energy: 0, rows: 0 };
  for (let row = 0; row < rows; row++) {
    const targets: number[] = [];
    const drawn: number[][] = draws.map(() => []);
    truth.forEach(({ values, levels }, k) => {
      const target = values[row] ?? Number.NaN;
      if (hidden[k]?.[row] !== 1 || Number.isNaN(target)) return;
      const found = draws.map((draw) => draw[k]?.values[row] ?? Number.NaN);
      if (levels > 0) {
        totals.named++;
        totals.right += Number(commonest(found) === target);
        return;
      }
      const scale = scales[k] || 1;
      const scaled = found.map((value) => value / scale);
      targets.push(target / scale);
      scaled.forEach((value, n) => drawn[n]?.push(value));
      totals.squares += (mean(scaled) - target / scale) ** 2;
      totals.crps += energyScore(
        [target / scale],
        scaled.map((value) => [value]),
      );
      totals.cells++;
    });
    if (targets.length === 0) continue;
    totals.energy += energyScore(targets, drawn);
    totals.rows++;
  }
  return {
    rmse: Math.sqrt(totals.squares / totals.cells),
    crps: totals.crps / totals.cells,
    energy: totals.energy / totals.rows,
    ...(totals.named > 0 && { accuracy: totals.right / totals.named }),
  };
}

/** E |X - y| - E |X - X'| / 2 over draws X, without bias (T. Gneiting and A. Raftery, 2007); of one draw its distance. */
export function energyScore(y: readonly number[], draws: readonly (readonly number[])[]): number {
  const near = mean(draws.map((draw) => distance(draw, y)));
  if (draws.length < 2) return near;
  let between = 0;
  for (let a = 0; a < draws.length; a++)
    for (let b = 0; b < a; b++) between += distance(draws[a] ?? [], draws[b] ?? []);
  return near - between / (draws.length * (draws.length - 1));
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.sqrt(a.reduce((total, value, k) => total + (value - (b[k] ?? 0)) ** 2, 0));
}

/** The mean, or the commonest level, of the known values of a column. */
export function typical({ levels, values }: NumberedColumn): number {
  const known = [...values].filter((value) => !Number.isNaN(value));
  return levels > 0 ? commonest(known) : mean(known);
}

function commonest(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((most, next) => (next[1] > most[1] ? next : most), [Number.NaN, 0])[0];
}

function deviation(values: Float64Array): number {
  const known = [...values].filter((value) => !Number.isNaN(value));
  const center = mean(known);
  return Math.sqrt(mean(known.map((value) => (value - center) ** 2)));
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
