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
