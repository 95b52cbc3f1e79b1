// mixed-columns: a table with columns of every kind, for tests of files that hold one.
import { type CellTable, cellTableOf } from "../../src/data/cell-table.ts";
import { fillUniform, random } from "../../src/random.ts";

/** Zeros apart, many levels, few and many digits, heavy tails, months, ids, gaps; `names` gives some columns other names. */
export function mixedColumns(rows: number, names: Readonly<Record<string, string>> = {}): CellTable {
  const shares = new Float32Array(9 * rows);
  fillUniform(random("mixed"), shares);
  return cellTableOf(
    Array.from({ length: rows }, (_, n) => {
      const at = (k: number) => shares[9 * n + k] ?? 0;
      const row: Readonly<Record<string, string | number | boolean | null>> = {
        id: 100 + n,
        level: `level ${Math.floor(300 * at(0) ** 2)}`,
        rain: at(1) < 0.6 ? 0 : Number((20 * at(2) ** 3 + 0.1).toFixed(1)),
        wide: Number((10 ** (8 * at(3))).toPrecision(4)),
        date: new Date(Date.UTC(2020, 0, 1 + Math.floor(900 * at(4)))).toISOString().slice(0, 10),
        moment: new Date(1.6e12 + Math.floor(1e9 * at(5)) * 1000).toISOString().slice(0, 19),
        flag: at(6) < 0.2 ? null : at(6) < 0.5,
        continuous: Math.fround(at(7)),
        stars: at(8) < 0.1 ? null : Math.floor(6 * at(8)),
      };
      return Object.fromEntries(Object.entries(row).map(([name, value]) => [names[name] ?? name, value]));
    }),
  );
}

/** Rows that share values: on a grid, without one, at an end, among dates, beside gaps. */
export function sharedValues(rows: number): CellTable {
  const shares = new Float32Array(5 * rows);
  fillUniform(random("shared"), shares);
  return cellTableOf(
    Array.from({ length: rows }, (_, n) => {
      const at = (k: number) => shares[5 * n + k] ?? 0;
      return {
        fee: at(0) < 0.2 ? 25 : Number((15 + 20 * at(0)).toFixed(2)),
        score: Math.min(100, Number((60 + 50 * at(1)).toFixed(2))),
        charge: at(2) < 0.3 ? "1.6e-19" : (1e-19 * (1 + at(2))).toExponential(7),
        until:
          at(3) < 0.4
            ? "9999-12-31"
            : new Date(Date.UTC(2020, 0, 1 + Math.floor(900 * at(3)))).toISOString().slice(0, 10),
        debt: at(4) < 0.1 ? null : at(4) < 0.6 ? 0 : Number((100 * at(4)).toFixed(3)),
      };
    }),
  );
}
