// table-configuration: what the fit of a table starts from when nothing is said, chosen by measurement (docs/table.md).

import { checkRequest, type Rules, required, whole } from "../../data/requests.ts";
import type { MaskLaw } from "../../flow/masked.ts";
import { geometricSteps } from "../../flow/steps.ts";
import type { LevelCells } from "../../nn/level-context.ts";
import type { NetworkConfiguration } from "../../nn/mlp.ts";
import { normalScore } from "../../random.ts";
import type { Configuration } from "../../train/configuration.ts";
import type { ValueCode } from "./column-code.ts";
import { levelCells } from "./column-coder.ts";
import type { TableEncoder } from "./encoder.ts";
import { pileCells } from "./piles.ts";
import { presences, spansOf } from "./points.ts";
import { manyRows } from "./schema.ts";

/** With fewer rows for each column a table is scarce. */
const rowsPerColumn = 32;

/**
 * What keeps a small table from being learnt by heart: training ends after so many checks of held-out rows without a better one, and,
 * where rows are scarce, dropout lets it learn more before that.
 */
interface Size {
  readonly hidden: readonly number[];
  readonly frequencies: number;
  readonly iterations: number;
  readonly earlyStopping: number;
  readonly dropout: number;
}

const wide = [256, 256, 256];
const narrow = [128, 128];
const sizes = {
  large: { hidden: wide, frequencies: 5, iterations: 12_500, earlyStopping: 0, dropout: 0 },
  middle: { hidden: wide, frequencies: 3, iterations: 5000, earlyStopping: 5, dropout: 0 },
  small: { hidden: narrow, frequencies: 3, iterations: 8000, earlyStopping: 8, dropout: 0 },
  scarce: { hidden: narrow, frequencies: 3, iterations: 8000, earlyStopping: 8, dropout: 0.1 },
} as const satisfies Readonly<Record<string, Size>>;

/** The more rows, the finer the detail that a network may read, the larger it is, and the longer it trains. */
function sizeOf(rows: number, columns: number): Size {
  if (rows >= 20_000) return sizes.large;
  if (rows >= manyRows) return sizes.middle;
  return rows >= rowsPerColumn * columns ? sizes.small : sizes.scarce;
}

/** How often a row is trained with nothing given, and with columns left out; the others have some columns given. */
export function maskShares(rows: number): Pick<MaskLaw, "unconditional" | "dropped"> {
  return { unconditional: rows >= manyRows ? 0.5 : 0.3, dropped: 0.2 };
}

/** Rows of a table, and columns of it that a model holds. */
export interface TableSize {
  readonly rows: number;
  /** Default: few beside the rows. */
  readonly columns?: number;
}

const sizeRules: Rules<TableSize> = { rows: required(whole({ atLeast: 0 })), columns: whole({ atLeast: 0 }) };

/** Where the fit of a table starts: the seed is 0 and is meant to be replaced; masks are laid over it by the fit. */
export function tableConfiguration(size: TableSize): Configuration {
  checkRequest(size, sizeRules, "tableConfiguration");
  const { rows, columns = 0 } = size;
  const { hidden, frequencies, iterations, earlyStopping, dropout } = sizeOf(rows, columns);
  const network: NetworkConfiguration = {
    hidden,
    activation: { kind: "silu" },
    timeInput: "first",
    initialization: "default",
    frequencies,
    ...(dropout > 0 && { dropout }),
  };
  return {
    seed: 0,
    standardize: false,
    blocks: geometricSteps(2, 0.15, 1.3).map((step) => ({ step, network, iterations, learningRate: 2e-3 })),
    training: {
      batchSize: 512,
      interpolant: "linear",
      coupling: "dependent",
      timeDistribution: { kind: "uniform" },
      decay: { kind: "cosine" },
      warmUp: 0,
      weightDecay: 0,
      clip: 1,
      movingAverage: 0.999,
      warmStart: true,
      earlyStopping,
    },
    integration: { kind: "adaptive", method: "dopri5", rtol: 1e-3, atol: 1e-3 },
  };
}

/**
 * The configuration for a table with this encoder. Levels are cells with hard edges, which take fine detail to see; the same
 * detail of few numbers would be learnt by heart. A level that is given, or "gap or not", is read as such: where its value lies in its
 * cell says nothing, and the cells of rare levels are narrow.
 */
export function detailedConfiguration(
  configuration: Configuration,
  encoder: TableEncoder,
  rows: number,
): Configuration {
  const gaps = presences(spansOf(encoder)).map(({ at, high }): LevelCells => ({ at, edges: [high] }));
  if (rows >= manyRows)
    return withNetworks(configuration, (network) => (gaps.length > 0 ? { levels: gaps, ...network } : network));
  const detailed = levelDimensions(encoder);
  const levels = [...singleLevels(encoder), ...gaps].sort((a, b) => a.at - b.at);
  return withNetworks(configuration, (network) =>
    network.frequencies && network.detailed === undefined
      ? { detailed, ...(levels.length > 0 && { levels }), ...network }
      : network,
  );
}

function withNetworks(
  { blocks, ...rest }: Configuration,
  changed: (network: NetworkConfiguration) => NetworkConfiguration,
): Configuration {
  return { ...rest, blocks: blocks.map((block) => ({ ...block, network: changed(block.network) })) };
}

/** Networks read a column of numbers finely from this share of rows on whose values are classes of their own. */
const leastInPiles = 0.1;

/** Dimensions in which values are cells: levels, numbers of which only those seen are written or many are classes of their own, and gaps. */
function levelDimensions({ dimensions, schema, toJSON }: TableEncoder): readonly number[] {
  const { codes } = toJSON();
  const inCells = new Set(
    schema.columns.flatMap(({ name }, place) => {
      const value = codes[place]?.value;
      const isInCells =
        value?.kind === "levels" ||
        value?.kind === "values" ||
        (value?.kind === "scale" && shareInPiles(value) >= leastInPiles);
      return isInCells ? [name] : [];
    }),
  );
  return dimensions.flatMap(({ column, part }, k) => (inCells.has(column) || part === "gap" ? [k] : []));
}

function shareInPiles(code: Extract<ValueCode, { readonly kind: "scale" }>): number {
  return pileCells(code).reduce((total, { low, high }) => total + high - low, 0);
}

/** The cells of columns whose levels lie in one dimension. */
function singleLevels({ dimensions, schema, toJSON }: TableEncoder): readonly LevelCells[] {
  const { codes } = toJSON();
  return schema.columns.flatMap(({ name }, place) => {
    const code = codes[place]?.value;
    const at = dimensions.findIndex(({ column, part }) => column === name && part === "value");
    if (code?.kind !== "levels" || at < 0) return [];
    const { levels, order } = levelCells(code);
    return [{ at, edges: order.slice(1).map((_, level) => normalScore(levels.cell(level, 0).high - 0.5)) }];
  });
}
