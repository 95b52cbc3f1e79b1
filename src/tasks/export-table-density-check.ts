// export-table-density-check: an exported density or encoder of a table, held against `scoreTable` on the same rows.
import { type CellTable, cellText } from "../data/cell-table.ts";
import { invariant } from "../errors.ts";
import type { Integration } from "../ode/integration.ts";
import { fillUniform, random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { createTransport } from "../runtime/transport.ts";
import { floats, type NDArray } from "../tensor/array.ts";
import {
  adaptiveSolution,
  type CheckOptions,
  coarsest,
  type ExportCheck,
  largest,
  noneIfStuck,
  outputDifferences,
  rootMeanSquare,
} from "./export-check.ts";
import type { Exported } from "./export-file.ts";
import { cellReader } from "./export-table-check.ts";
import { standardize } from "./standardization.ts";
import { pointsOf } from "./table/points.ts";
import { sampleTable } from "./table/sample-table.ts";
import { scoreTable } from "./table/score-table.ts";
import type { TableModel } from "./table/table-model.ts";

/** The chance of a cell to be left out in the rows that a file is checked with. */
const emptied = 0.05;

/**
 * Runs a file from `exportTable` that takes places of levels (no texts, which localflow's engines do not read) on 256 rows that
 * the model draws, some cells of which are emptied. Log-densities are compared with those of `scoreTable` for this seed, in nats or
 * their own deviation, if that is larger; noise in its deviation 1; `partial` as it is.
 */
export async function checkTableReader(
  engine: Engine,
  model: TableModel,
  exported: Exported,
  { rows = 256, seed = 0, signal }: CheckOptions = {},
): Promise<ExportCheck> {
  const { constraints: _, ...free } = model;
  const drawn = await sampleTable(engine, free, { rows, seed, ...(signal && { signal }) });
  const table = withGaps(drawn.table, seed);
  const asked: Asked = { engine, model, exported, table, seed, ...(signal && { signal }) };
  const session = await engine.open(exported.bytes);
  const theirs = await session.run(feedsOf(asked)).finally(() => session.release());
  const own = await ownOutputs(asked, exported.steps?.integration);
  const exact = await ownOutputs(asked, adaptiveSolution).catch(noneIfStuck);
  const differences = outputDifferences(exported, (name) => {
    const [a, b] = [numbers(theirs[name]), own[name] ?? []];
    const size = name === "log_density" ? Math.max(1, deviation(b)) : 1;
    return {
      maxDifference: largest(a, b, (i) => Math.max(size, coarsest * Math.abs(b[i] ?? 0))),
      ...(exact && name !== "partial" && { fromAdaptive: rootMeanSquare(a, exact[name] ?? [], () => 1) }),
    };
  });
  return { rows, seed, ...differences };
}

interface Asked {
  readonly engine: Engine;
  readonly model: TableModel;
  readonly exported: Exported;
  readonly table: CellTable;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** Some cells of every column emptied, of columns that never were so in training too. */
function withGaps({ rows, columns }: CellTable, seed: number): CellTable {
  return {
    rows,
    columns: columns.map((column) => {
      const chances = new Float32Array(rows);
      fillUniform(split(random(seed), "emptied", column.name), chances);
      return { ...column, codes: column.codes.map((code, row) => ((chances[row] ?? 1) < emptied ? -1 : code)) };
    }),
  };
}

/** Cells as the file takes them, and the places in their cells that `scoreTable` draws. */
function feedsOf({ model: { encoder }, exported, table, seed }: Asked): Readonly<Record<string, NDArray>> {
  const described: readonly { readonly name: string; readonly input: string }[] = JSON.parse(
    exported.metadata["localflow.table"] ?? "[]",
  );
  const columns = new Map(encoder.schema.columns.map((column) => [column.name, column]));
  const cells = described.map(({ name, input }): readonly [string, NDArray] => {
    const column = columns.get(name);
    const own = table.columns.find((each) => each.name === name);
    const { type } = exported.inputs.find((port) => port.name === input) ?? {};
    invariant(column !== undefined && own !== undefined && type !== "string", "columns of the table as numbers");
    const read = cellReader(column);
    const found = Array.from({ length: table.rows }, (_, row) => read(cellText(own, row)));
    const shape = [table.rows];
    return type === "float64"
      ? [input, { type, shape, data: Float64Array.from(found) }]
      : [input, { type: "int64", shape, data: BigInt64Array.from(found, (place) => BigInt(Math.trunc(place))) }];
  });
  const d = encoder.dimensions.length;
  const places = new Float32Array(table.rows * d);
  const key = split(random(seed), "table", "score");
  const shares = new Float32Array(table.rows);
  encoder.dimensions.forEach(({ column, part }, k) => {
    fillUniform(split(key, "cell", column, part), shares);
    shares.forEach((share, row) => {
      places[row * d + k] = share;
    });
  });
  return { ...Object.fromEntries(cells), places: floats(places, [table.rows, d]) };
}

type Outputs = Readonly<Record<string, ArrayLike<number>>>;

/** The file's outputs by other programs of localflow. */
async function ownOutputs(
  { engine, model, exported, table, seed, signal }: Asked,
  integration: Integration | undefined,
): Promise<Outputs> {
  invariant(integration !== undefined, "a part that takes steps");
  const { encoder, density } = model;
  const isDensity = exported.part === "density";
  const { values, states } = pointsOf(encoder, table, { key: split(random(seed), "table", "score") });
  const transport = await createTransport(engine, density.chain, {
    direction: 1,
    integration,
    divergence: { kind: isDensity ? "exact" : "none" },
  });
  const start = standardize(density.standardization, values).map((value, k) => (states[k] === 0 ? value : 0));
  const moved = await transport.run(start, { states, ...(signal && { signal }) }).finally(() => transport.release());
  const d = encoder.dimensions.length;
  const partial = Uint8Array.from({ length: table.rows }, (_, row) =>
    Number(states.subarray(row * d, (row + 1) * d).some((state) => state !== 0)),
  );
  if (!isDensity) return { noise: moved.points, partial };
  const scores = await scoreTable(engine, model, table, { integration, seed, ...(signal && { signal }) });
  return { noise: moved.points, partial, log_density: scores.logDensity };
}

function numbers(array: NDArray | undefined): ArrayLike<number> {
  return array === undefined || array.data instanceof BigInt64Array ? [] : array.data;
}

function deviation(values: ArrayLike<number>): number {
  const list = Array.from(values);
  const center = list.reduce((a, b) => a + b, 0) / Math.max(1, list.length);
  return Math.sqrt(list.reduce((total, value) => total + (value - center) ** 2, 0) / Math.max(1, list.length));
}
