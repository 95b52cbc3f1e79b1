// untrained-table: the model of a table whose networks have random weights, for tests of what does not depend on training.
import type { CellTable } from "../../src/data/cell-table.ts";
import { chainOf } from "../../src/flow/chain.ts";
import { contextWidth } from "../../src/flow/masked.ts";
import { explicitSteps } from "../../src/flow/steps.ts";
import { initialMlp, type NetworkConfiguration } from "../../src/nn/mlp.ts";
import { random, split } from "../../src/random.ts";
import { identityStandardization } from "../../src/tasks/standardization.ts";
import { findConstraints } from "../../src/tasks/table/constraints.ts";
import { detectSchema } from "../../src/tasks/table/detect.ts";
import { tableEncoder } from "../../src/tasks/table/encoder.ts";
import { maskGroups, presences, spansOf } from "../../src/tasks/table/points.ts";
import type { SchemaOverrides } from "../../src/tasks/table/schema-file.ts";
import { tableConfiguration } from "../../src/tasks/table/table-configuration.ts";
import { dimensionNames, type TableModel } from "../../src/tasks/table/table-model.ts";

export interface UntrainedOptions {
  readonly schema?: SchemaOverrides;
  readonly constraints?: readonly string[];
  readonly base?: number;
  readonly seed?: number;
}

/** Two blocks of a small masked network over the encoder of the table; rows of tables with gaps go through them in two parts. */
export function untrainedTable(
  table: CellTable,
  { schema: overrides = {}, constraints: wanted = [], base, seed = 1 }: UntrainedOptions = {},
): TableModel {
  const schema = detectSchema(table, overrides);
  const { constraints, sums } = findConstraints(wanted, table, schema);
  const encoder = tableEncoder(schema, table, { sums, ...(base !== undefined && { base }) });
  const d = encoder.dimensions.length;
  const network: NetworkConfiguration = {
    hidden: [24, 16],
    activation: { kind: "silu" },
    timeInput: "first",
    initialization: "default",
    frequencies: 1,
    context: contextWidth(d),
  };
  const settings = tableConfiguration({ rows: table.rows });
  const steps = explicitSteps([0.2]);
  const spans = spansOf(encoder);
  const presence = { of: presences(spans), unsaid: 0.1, parts: { first: 0.1, told: 0.2 } };
  const masks = {
    groups: maskGroups(spans),
    unconditional: 0.3,
    dropped: 0.1,
    ...(presence.of.length > 0 && { presence }),
  };
  return {
    density: {
      record: {
        version: 1,
        task: "density",
        columns: dimensionNames(encoder.dimensions),
        configuration: {
          ...settings,
          seed,
          blocks: steps.map((step) => ({ step, network, iterations: 1, learningRate: 1e-3 })),
          training: { ...settings.training, masks },
        },
        training: { rows: table.rows, blocks: [] },
      },
      standardization: identityStandardization(d),
      chain: chainOf(
        d,
        steps.map((step, n) => ({ step, network, parameters: initialMlp(split(random(seed), n), network, d) })),
        masks,
      ),
    },
    encoder,
    training: { rows: table.rows },
    ...(constraints.length > 0 && { constraints }),
  };
}
