// table-changes: recipes of tables that differ from the default, to see what a default is worth.
import { geometricSteps } from "../src/flow/steps.ts";
import { type TableSize, tableConfiguration } from "../src/tasks/table/table-configuration.ts";
import type { Configuration } from "../src/train/configuration.ts";

/** What may be tried in place of `tableConfiguration`. */
export interface RecipeChanges {
  readonly hidden?: readonly number[];
  readonly frequencies?: number;
  readonly dropout?: number;
  readonly blocks?: number;
  readonly firstStep?: number;
  readonly iterations?: number;
  readonly learningRate?: number;
  readonly batchSize?: number;
  readonly weightDecay?: number;
  readonly movingAverage?: number;
  readonly earlyStopping?: number;
}

/** The default recipe of a table, changed. */
export function changedRecipe(size: TableSize, changes: RecipeChanges): Configuration {
  const { blocks, training, ...rest } = tableConfiguration(size);
  const { hidden, frequencies, dropout, iterations, learningRate, firstStep = 0.15 } = changes;
  const [first] = blocks;
  if (!first) throw new Error("a configuration without blocks");
  const network = { ...first.network, ...defined({ hidden, frequencies, dropout }) };
  const block = { ...first, network, ...defined({ iterations, learningRate }) };
  const { batchSize, weightDecay, movingAverage, earlyStopping } = changes;
  return {
    ...rest,
    blocks: geometricSteps(changes.blocks ?? blocks.length, firstStep, 1.3).map((step) => ({ ...block, step })),
    training: { ...training, ...defined({ batchSize, weightDecay, movingAverage, earlyStopping }) },
  };
}

/** The fields that have a value. */
function defined<T extends object>(fields: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
