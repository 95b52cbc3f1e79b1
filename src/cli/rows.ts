// rows: a stream of rows written in the format of its ending, to a file that appears when complete, or as CSV to standard
// output.
import { extname } from "node:path";
import { csvWriter } from "../data/csv.ts";
import { writeFileAtomically } from "../data/files.ts";
import { jsonWriter } from "../data/json-writer.ts";
import { encodeNpy } from "../data/npy.ts";
import { endingAmong, rowEndings } from "../data/table-endings.ts";
import { failure } from "../errors.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import { outputFlags } from "./flags.ts";
import { checkOutputOrStream } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** `rows` rows in chunks [n, columns], in order. */
export interface RowStream {
  readonly columns: readonly string[];
  readonly rows: number;
  readonly chunks: AsyncIterable<FloatArray>;
}

type Format = (stream: RowStream) => AsyncGenerator<Uint8Array>;

const formats: Readonly<Record<(typeof rowEndings)[number], Format>> = {
  ".csv": csv,
  ".tsv": tsv,
  ".json": (stream) => json(stream, "array"),
  ".ndjson": jsonLines,
  ".jsonl": jsonLines,
  ".parquet": parquet,
  ".npy": npy,
  ".npz": npz,
};

/** Writes the stream to `output`; memory is that of one chunk. */
export async function writeRows(
  output: string,
  stream: RowStream,
  { force = false }: { readonly force?: boolean },
  terminal: Terminal,
): Promise<void> {
  const pieces = formatOf(output)(stream);
  if (output !== "-") return writeFileAtomically(output, pieces, { force });
  for await (const piece of pieces) await terminal.out(piece);
}

/**
 * Throws before any work when `output` cannot be written: an unknown ending (code `option`), a file in the way (`file`), or
 * data and the JSON result both on standard output (`option`).
 */
export async function checkRowsOutput(
  output: string,
  options: { readonly force?: boolean; readonly json?: boolean },
): Promise<void> {
  formatOf(output);
  return checkOutputOrStream(output, options);
}

/** Rows [m, d] with one more column at the end. */
export function withColumn(points: FloatArray, column: Float64Array): FloatArray {
  const [rows = 0, width = 0] = points.shape;
  const data = new Float32Array(rows * (width + 1));
  for (let row = 0; row < rows; row++) {
    data.set(points.data.subarray(row * width, (row + 1) * width), row * (width + 1));
    data[row * (width + 1) + width] = column[row] ?? Number.NaN;
  }
  return floats(data, [rows, width + 1]);
}

/** Whether a name is one that rows are written to. */
export function isRowsOutput(output: string): boolean {
  return output === "-" || knownEnding(output) !== undefined;
}

function formatOf(output: string): Format {
  const ending = output === "-" ? ".csv" : knownEnding(output);
  if (ending !== undefined) return formats[ending];
  throw failure("option", {
    where: outputFlags,
    expected: `a name ending in ${rowEndings.join(", ")}, or -`,
    received: JSON.stringify(output),
  });
}

function knownEnding(output: string): keyof typeof formats | undefined {
  return endingAmong(rowEndings, extname(output).toLowerCase());
}

async function* csv({ columns, chunks }: RowStream): AsyncGenerator<Uint8Array> {
  const writer = csvWriter(columns);
  yield writer.header();
  for await (const chunk of chunks) yield* writer.rows(chunk);
}

/** Numbers hold no commas, so only the header needs care: a name with a tab or a quote is quoted. */
async function* tsv({ columns, chunks }: RowStream): AsyncGenerator<Uint8Array> {
  const names = columns.map((name) => (/["\t\r\n]|^\s|\s$|^$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name));
  yield new TextEncoder().encode(`${names.join("\t")}\n`);
  const writer = csvWriter(columns);
  const [comma, tab] = [44, 9];
  for await (const chunk of chunks)
    for (const piece of writer.rows(chunk)) yield piece.map((byte) => (byte === comma ? tab : byte));
}

/** The header of the whole array, then its values chunk by chunk. */
async function* npy({ columns, rows, chunks }: RowStream): AsyncGenerator<Uint8Array> {
  yield encodeNpy({ type: "float32", shape: [rows, columns.length], data: new Float32Array(0) });
  for await (const { data } of chunks) yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

async function* json({ columns, chunks }: RowStream, form: "array" | "lines"): AsyncGenerator<Uint8Array> {
  const writer = jsonWriter(columns, form);
  for await (const chunk of chunks) yield* writer.rows(chunk);
  yield writer.end();
}

function jsonLines(stream: RowStream): AsyncGenerator<Uint8Array> {
  return json(stream, "lines");
}

async function* parquet({ columns, chunks }: RowStream): AsyncGenerator<Uint8Array> {
  const { encodeParquet } = await import("../data/parquet.ts");
  yield* encodeParquet(columns, chunks);
}

/** One array, named rows. */
async function* npz({ columns, rows, chunks }: RowStream): AsyncGenerator<Uint8Array> {
  const { encodeNpz } = await import("../data/npz.ts");
  yield* encodeNpz("rows", [rows, columns.length], chunks);
}
