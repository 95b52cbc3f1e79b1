// reading: a large table from its file to the first training batch, beside DuckDB's own scan of the same file.
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { readTable } from "../src/data/files.ts";
import { random } from "../src/random.ts";
import { batches } from "../src/train/batches.ts";
import { borrowedRows } from "../src/train/row-pool.ts";
import { type Benchmark, chosen, commandOf, type Row, type Settings } from "./benchmark.ts";
import { alternate, timed } from "./drive.ts";

const columns = 7;
const names = Array.from({ length: columns }, (_, k) => `c${k + 1}`);
const batchSize = 1000;

interface FileShape {
  readonly name: "parquet" | "csv";
  readonly rows: number;
  readonly writing: string;
  readonly scan: (path: string) => string;
}

const shapes: readonly FileShape[] = [
  { name: "parquet", rows: 3_000_000, writing: "format parquet", scan: (path) => `read_parquet('${path}')` },
  { name: "csv", rows: 1_000_000, writing: "format csv, header", scan: (path) => `read_csv('${path}')` },
];

/**
 * DuckDB's work: `table` holds all columns in memory as it likes them, which is what we do and what the ratio is judged
 * by; `sum` decodes every column and keeps nothing, the least that any reader can do.
 */
const peers = {
  table: (scan: string) => `create or replace temp table points as select * from ${scan}`,
  sum: (scan: string) => `select ${names.map((name) => `sum(${name})`).join(", ")} from ${scan}`,
} as const;

export const reading: Benchmark = async function* (settings) {
  const duckdb = await import("@duckdb/node-api").catch(() => undefined);
  if (duckdb === undefined) {
    settings.say("reading is left out: the optional package @duckdb/node-api does not load");
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), "localflow-benchmark-"));
  const instance = await duckdb.DuckDBInstance.create(":memory:", { threads: String(settings.threads) });
  const connection = await instance.connect();
  try {
    for (const shape of chosen(shapes, settings)) yield* comparisons(settings, connection, shape, folder);
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true });
  }
};

async function* comparisons(
  settings: Settings,
  connection: DuckDBConnection,
  shape: FileShape,
  folder: string,
): AsyncGenerator<Row> {
  const { pairs, calibrate, say, scale = 1 } = settings;
  const rows = Math.max(batchSize, Math.round(shape.rows / scale));
  const path = join(folder, `rows.${shape.name}`);
  say(`reading ${shape.name}: writing ${rows} rows …`);
  await connection.run(`copy (${generated(rows)}) to '${path}' (${shape.writing})`);
  const { size } = await stat(path);
  for (const kind of settings.peers ? (["table", "sum"] as const) : (["table"] as const)) {
    say(`reading ${shape.name} beside duckdb ${kind} …`);
    const measure = () => timed(() => connection.run(peers[kind](shape.scan(path))));
    const theirs = settings.peers && { theirs: { name: `duckdb ${kind}`, measure } };
    const ours = () => timed(() => firstBatch(path));
    const timing = await alternate({ ours, pairs, ...theirs, ...(calibrate && { calibrate }) });
    const command = commandOf("reading", shape.name, scale === 1 ? "" : ` --scale ${scale}`);
    yield { name: "reading", shape: shape.name, ...timing, command, detail: { rows, columns, megabytes: size / 1e6 } };
  }
}

/** Rows of six decimals in (-1, 1), a function of row and column alone. */
function generated(rows: number): string {
  const cells = names.map(
    (name, k) => `round(((i * ${7919 + 104_729 * k} + ${k}) % 2000003) / 1000001.5 - 1, 6) as ${name}`,
  );
  return `select ${cells.join(", ")} from range(${rows}) as numbers(i)`;
}

/** The file's rows as one Float32Array, their first shuffled epoch, and its first batch. */
async function firstBatch(path: string): Promise<void> {
  const { rows } = await readTable(path);
  const batch = batches(borrowedRows(rows.data, columns), random(1), {
    legs: [{ step: { kind: "free" }, elapsed: 0, weight: 1 }],
    coupling: "dependent",
    timeDistribution: { kind: "uniform" },
    batchSize,
  });
  batch(0);
}
