// small-table: a mixed table with gaps in which columns depend on each other, and a fit of it that takes seconds.
import { type CellTable, cellTableOf } from "../../src/data/cell-table.ts";
import { fillNormal, fillUniform, random } from "../../src/random.ts";
import { tableConfiguration } from "../../src/tasks/table/table-configuration.ts";
import type { Configuration } from "../../src/train/configuration.ts";

export interface SmallRow {
  readonly side: string;
  readonly x: number | null;
  readonly count: number;
  readonly vip: boolean;
  readonly fixed: string;
  readonly never: null;
}

/** `side` is the sign of x for 19 rows of 20, count is about 20 + 5 x, and a fifth of x is missing. */
export function smallRows(rows: number, seed = 1): readonly SmallRow[] {
  const [noise, draws] = [new Float32Array(2 * rows), new Float32Array(3 * rows)];
  fillNormal(random(`small table ${seed}`), noise);
  fillUniform(random(`small table ${seed} draws`), draws);
  return Array.from({ length: rows }, (_, n) => {
    const [x = 0, other = 0] = noise.subarray(2 * n, 2 * n + 2);
    const [gap = 0, flip = 0, vip = 0] = draws.subarray(3 * n, 3 * n + 3);
    const isRight = x > 0 !== flip < 0.05;
    return {
      side: isRight ? "right" : "left",
      x: gap < 0.2 ? null : Number((10 + x).toFixed(3)),
      count: Math.max(0, Math.round(20 + 5 * x + other)),
      vip: vip < 0.3,
      fixed: "same",
      never: null,
    };
  });
}

export function smallTable(rows: number, seed = 1): CellTable {
  return cellTableOf(smallRows(rows, seed));
}

/** Two short blocks of a small network. */
export function quickConfiguration(iterations = 3000): Configuration {
  const base = tableConfiguration({ rows: 500 });
  const blocks = base.blocks.slice(-2).map((block) => ({
    ...block,
    network: { ...block.network, hidden: [96, 96, 96], frequencies: 0 },
    iterations,
    learningRate: 3e-3,
  }));
  return { ...base, blocks, training: { ...base.training, batchSize: 256, movingAverage: 0.99, earlyStopping: 0 } };
}
