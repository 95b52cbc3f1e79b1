// scale: an experiment shrunk in proportion, so that its whole path runs on any machine; at scale 1 nothing changes.
import type { DensityTable } from "../../data/tables/table.ts";
import { type FloatArray, rowsOf } from "../../tensor/array.ts";
import type { Configuration } from "../../train/configuration.ts";

/** Below these a shrunk experiment would no longer learn or measure anything. */
const fewest = { batch: 500, iterations: 20, train: 1000, heldOut: 500 } as const;

/** `scale` times a count, but not below `least`, and never more than there was. */
export function shrunk(count: number, scale: number, least: number): number {
  return Math.min(count, Math.max(least, Math.round(count * scale)));
}

/**
 * Iterations, the period of the learning rate's decay and the batch times `scale`. The learning rate stays: with the batches
 * it belongs to, it is part of what the authors chose.
 */
export function scaledConfiguration(configuration: Configuration, scale: number): Configuration {
  const { blocks, training } = configuration;
  const { decay, batchSize, warmUp } = training;
  return {
    ...configuration,
    blocks: blocks.map((block) => ({ ...block, iterations: shrunk(block.iterations, scale, fewest.iterations) })),
    training: {
      ...training,
      batchSize: shrunk(batchSize, scale, fewest.batch),
      warmUp: Math.round(warmUp * Math.min(1, scale)),
      decay: decay.kind === "step" ? { ...decay, every: shrunk(decay.every, scale, 1) } : decay,
    },
  };
}

/** The first rows of each part: `scale` times as many, but enough to learn from. */
export function scaledTable(table: DensityTable, scale: number): DensityTable {
  const first = (rows: FloatArray, least: number) => rowsOf(rows, 0, shrunk(rows.shape[0] ?? 0, scale, least));
  return {
    ...table,
    train: first(table.train, fewest.train),
    validation: first(table.validation, fewest.heldOut),
    test: first(table.test, fewest.heldOut),
  };
}
