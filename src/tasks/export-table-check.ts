// export-table-check: the columns of an exported sampler of a table, held cell by cell against localflow's own rows.
import { type CellTable, cellText } from "../data/cell-table.ts";
import { invariant } from "../errors.ts";
import type { Integration } from "../ode/integration.ts";
import { decodeModel } from "../onnx/decode.ts";
import { encodeModel } from "../onnx/encode.ts";
import { fillNormal, fillUniform, random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { floats, type NDArray } from "../tensor/array.ts";
import { allPoints } from "./all-points.ts";
import { type Student, sampleStudent } from "./distillation/student.ts";
import { adaptiveSolution, type CheckOptions, largestDifference, noneIfStuck, rootMeanSquare } from "./export-check.ts";
import type { Exported } from "./export-file.ts";
import { withoutTexts } from "./export-table.ts";
import { isLeftOut } from "./export-table-columns.ts";
import { sampleMasked } from "./masked.ts";
import { amountsOf } from "./table/amounts.ts";
import { levelTexts } from "./table/column-code.ts";
import type { TableEncoder } from "./table/encoder.ts";
import { spansOf } from "./table/points.ts";
import type { ColumnSchema } from "./table/schema.ts";
import type { TableModel } from "./table/table-model.ts";

/** How far the columns of a file are from localflow's own. */
export interface TableCheck {
  readonly rows: number;
  readonly seed: number;
  readonly cells: number;
  /** Largest difference of numbers and dates, in deviations of their column, but for ties. */
  readonly maxDifference: number;
  /** Cells that are others because their points, less than 1e-4 apart, lie on both sides of an edge between two values. */
  readonly ties: number;
  /** Cells that are others for no such reason: 0 for a sound file. */
  readonly differing: number;
  /** Root mean square of the points from the solution by adaptive steps, in the encoder's space: what fixed steps cost. */
  readonly fromAdaptive?: number;
}

/**
 * Runs a file from `exportTable` or `exportTableStudent`, with noise as an input, on 256 rows of noise: those that `sampleTable`
 * draws from with this seed. Of a conditional one about half of the columns of each row are given. Texts are not run: they are
 * looked up by the numbers that are.
 */
export async function checkTableExport(
  engine: Engine,
  source: TableModel | Student,
  exported: Exported,
  { rows = 256, seed = 0, signal }: CheckOptions = {},
): Promise<TableCheck> {
  const encoder = "maps" in source ? source.table?.encoder : source.encoder;
  invariant(encoder !== undefined, "the student of a table");
  const asked: Asked = { engine, source, encoder, rows, seed, ...(signal && { signal }) };
  const isConditional = exported.inputs.length > 1;
  const known = isConditional ? await someGiven(asked) : nothingKnown(asked);
  const file = await fileColumns(asked, exported, isConditional ? known : undefined);
  const own = await ownPoints(asked, known, exported.steps?.integration);
  const exact = exported.steps && (await ownPoints(asked, known, adaptiveSolution).catch(noneIfStuck));
  return {
    rows,
    seed,
    ...compared(encoder, file, own, rows),
    ...(exact && { fromAdaptive: rootMeanSquare(own, exact, () => 1) }),
  };
}

interface Asked {
  readonly engine: Engine;
  readonly source: TableModel | Student;
  readonly encoder: TableEncoder;
  readonly rows: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

interface Known {
  /** [rows · d] each. */
  readonly given: Float32Array;
  readonly state: Uint8Array;
}

function nothingKnown({ encoder, rows }: Asked): Known {
  const size = rows * encoder.dimensions.length;
  return { given: new Float32Array(size), state: new Uint8Array(size) };
}

/** The cells of rows of the model, of which each is given with a chance of one half. */
async function someGiven(asked: Asked): Promise<Known> {
  const { encoder, rows, seed } = asked;
  const [d, spans] = [encoder.dimensions.length, spansOf(encoder)];
  const given = await ownPoints(asked, nothingKnown(asked), undefined);
  const state = new Uint8Array(rows * d);
  const chances = new Float32Array(rows * spans.length);
  fillUniform(split(random(seed), "given"), chances);
  spans.forEach(({ start, end }, n) => {
    for (let row = 0; row < rows; row++)
      if ((chances[row * spans.length + n] ?? 0) < 0.5) state.fill(1, row * d + start, row * d + end);
  });
  return { given, state };
}

/** [rows · d] by localflow's own programs, from the noise of the seed. */
async function ownPoints(
  { engine, source, rows, seed, signal, encoder }: Asked,
  known: Known,
  integration: Integration | undefined,
): Promise<Float32Array> {
  const controls = { seed, ...(signal && { signal }) };
  const chunks =
    "maps" in source
      ? sampleStudent(engine, source, { rows, ...controls })
      : sampleMasked(engine, source.density, { ...known, ...controls, ...(integration && { integration }) });
  return (await allPoints(chunks, [rows, encoder.dimensions.length])).points.data;
}

async function fileColumns(
  { engine, encoder, rows, seed }: Asked,
  exported: Exported,
  known: Known | undefined,
): Promise<ReadonlyMap<string, NDArray>> {
  const d = encoder.dimensions.length;
  const noise = new Float32Array(rows * d);
  fillNormal(split(random(seed), "sample"), noise);
  const values = [noise, ...(known ? [known.given, Float32Array.from(known.state)] : [])];
  const feeds = exported.inputs.map(({ name }, n) => [name, floats(values[n] ?? noise, [rows, d])] as const);
  const session = await engine.open(encodeModel(withoutTexts(decodeModel(exported.bytes))));
  const results = await session.run(Object.fromEntries(feeds)).finally(() => session.release());
  const columns: readonly { readonly name: string; readonly output: string }[] = JSON.parse(
    exported.metadata["localflow.table"] ?? "[]",
  );
  return new Map(
    columns.flatMap(({ name, output }) => {
      const found = results[output];
      return found === undefined ? [] : [[name, found] as const];
    }),
  );
}

/** Points closer than this are one: they may decode to different cells. */
const nearby = largestDifference;

function compared(
  encoder: TableEncoder,
  file: ReadonlyMap<string, NDArray>,
  points: Float32Array,
  rows: number,
): Pick<TableCheck, "cells" | "maxDifference" | "ties" | "differing"> {
  const table = encoder.decode(points, rows);
  const leftOut = new Set(encoder.schema.columns.filter(isLeftOut).map(({ name }) => name));
  const names = table.columns.map(({ name }) => name).filter((name) => !leftOut.has(name));
  const readers = new Map(encoder.schema.columns.map((column) => [column.name, cellReader(column)]));
  let [maxDifference, ties, differing] = [0, 0, 0];
  const around = memory((row: number) =>
    encoder.decode(variants(points, row, encoder.dimensions.length), 2 * encoder.dimensions.length),
  );
  for (const name of names) {
    const read = readers.get(name) ?? (() => Number.NaN);
    const own = columnValues(table, name, read, rows);
    const theirs = file.get(name)?.data;
    const scale = amountScale(encoder, name, own);
    for (let row = 0; row < rows; row++) {
      const [a, b] = [Number(theirs?.[row] ?? Number.POSITIVE_INFINITY), own[row] ?? Number.NaN];
      const difference = Object.is(a, b) ? 0 : Math.abs(a - b) / scale;
      if (difference <= largestDifference) maxDifference = Math.max(maxDifference, difference);
      else if (isBetween(a, columnValues(around(row), name, read, 2 * encoder.dimensions.length), scale)) ties++;
      else differing++;
    }
  }
  return { cells: rows * names.length, maxDifference, ties, differing };
}

/** A row's points moved a little along each dimension, both ways. */
function variants(points: Float32Array, row: number, d: number): Float32Array {
  const out = new Float32Array(2 * d * d);
  for (let k = 0; k < 2 * d; k++) {
    out.set(points.subarray(row * d, (row + 1) * d), k * d);
    const at = k * d + Math.floor(k / 2);
    out[at] = (out[at] ?? 0) + (k % 2 === 0 ? nearby : -nearby);
  }
  return out;
}

/** Whether a value is one of those around it, or between them, gaps being values of their own. */
function isBetween(value: number, around: readonly number[], scale: number): boolean {
  if (Number.isNaN(value)) return around.some(Number.isNaN);
  const slack = largestDifference * (Number.isFinite(scale) ? scale : 0);
  const numbers = around.filter((each) => !Number.isNaN(each));
  return value >= Math.min(...numbers) - slack && value <= Math.max(...numbers) + slack;
}

function memory<T>(compute: (row: number) => T): (row: number) => T {
  const known = new Map<number, T>();
  return (row) => {
    const found = known.get(row) ?? compute(row);
    known.set(row, found);
    return found;
  };
}

/** Numbers as the file gives them: -1 or NaN for a gap. */
function columnValues(
  { columns }: CellTable,
  name: string,
  read: (text: string | undefined) => number,
  rows: number,
): readonly number[] {
  const column = columns.find((each) => each.name === name);
  return Array.from({ length: rows }, (_, row) => read(column && cellText(column, row)));
}

/** Cells as numbers of a file: -1 or NaN for a gap, NaN for a text that no level has. */
export function cellReader(column: ColumnSchema): (text: string | undefined) => number {
  if (column.kind === "number" || column.kind === "date") {
    const { parse } = amountsOf(column);
    return (text) => (text === undefined ? Number.NaN : parse(text));
  }
  if (column.kind === "id") return Number;
  const levels = column.kind === "constant" ? [column.text] : levelTexts(column);
  const places = new Map(levels.map((text, place) => [text, place]));
  return (text) => (text === undefined ? -1 : (places.get(text) ?? Number.NaN));
}

/** The deviation of a column of numbers or dates; levels must be equal. */
function amountScale({ schema }: TableEncoder, name: string, values: readonly number[]): number {
  const kind = schema.columns.find((column) => column.name === name)?.kind;
  if (kind !== "number" && kind !== "date") return Number.MIN_VALUE;
  const numbers = values.filter((value) => !Number.isNaN(value));
  const mean = numbers.reduce((total, value) => total + value, 0) / Math.max(1, numbers.length);
  const variance = numbers.reduce((total, value) => total + (value - mean) ** 2, 0) / Math.max(1, numbers.length);
  return Math.sqrt(variance) || 1;
}
