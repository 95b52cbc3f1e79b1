// encoder: a table of cells as points of a space in which every dimension is about N(0, 1), and points as a table again.
import * as z from "zod";
import type { CellColumn, CellTable } from "../../data/cell-table.ts";
import { listNames, mayBeRenamed, shorten } from "../../data/columns.ts";
import { listedTexts, textPool } from "../../data/text-pool.ts";
import { failure } from "../../errors.ts";
import { fillUniform, normalScore, type Random, random, split } from "../../random.ts";
import { checked } from "../json-fault.ts";
import { leastProbability, probabilityMargin } from "./cell-margins.ts";
import { type ColumnCode, columnCodeJson, columnCodeOf, levelTexts } from "./column-code.ts";
import { type ColumnCoder, columnCoder, type Decoded, type Place } from "./column-coder.ts";
import { levelOrders } from "./level-order.ts";
import { regenerator } from "./regenerate.ts";
import { type ColumnSchema, mostColumns, type Schema, schemaJson } from "./schema.ts";
import { checkSums, type Sum, sumsJson, withSums } from "./sums.ts";

/** One coordinate: the column it belongs to and which part of it: "gap", "value", "digit 1", … */
export interface Dimension {
  readonly column: string;
  readonly part: string;
}

export interface EncodedRows {
  readonly rows: number;
  /** [rows · d], all finite; where nothing is said (see `absent`), noise of N(0, 1). */
  readonly values: Float32Array;
  /** [rows · d], 1 where the cell has no value in this dimension: the parts of a gap. */
  readonly absent: Uint8Array;
}

export interface EncodeOptions {
  /** Where the noise inside cells comes from. */
  readonly key: Random;
  /** The index of the table's first row in the stream of noise; default 0. Chunks with it are as one table. */
  readonly firstRow?: number;
  /** Levels, values that are classes of their own and gaps lie in the middle of their cells, for points that are given: networks blur the edges of cells. */
  readonly middle?: boolean;
}

/** The table read from points, cells that belong together changed. */
export type CombinedCells = (table: CellTable, points: Float32Array) => CellTable;

export interface DecodeOptions {
  /** What is added to the row's number for ids that count rows; default 0. */
  readonly firstRow?: number;
  /** Where texts that are written anew come from; default: the same ones every time. */
  readonly key?: Random;
  /** Told of cells together, before sums are computed: `combinationReader`. */
  readonly combined?: CombinedCells;
}

/** The encoder as plain JSON. */
export interface EncoderJson {
  readonly version: 1;
  readonly schema: Schema;
  readonly codes: readonly ColumnCode[];
  /** Columns that are computed from others when rows are decoded; their values have no dimensions. */
  readonly sums?: readonly Sum[];
}

export interface TableEncoder {
  readonly schema: Schema;
  readonly dimensions: readonly Dimension[];
  /**
   * Points for rows: values with a cell of their own (levels, numbers of a grid) lie at random in it. The table needs the
   * columns of the model by name, in any order; a text that a column does not know counts as absent.
   */
  encode(table: CellTable, options: EncodeOptions): EncodedRows;
  /** The rows of points [rows · d]: columns in the order of the schema; every finite or infinite score has a text. */
  decode(values: Float32Array, rows: number, options?: DecodeOptions): CellTable;
  /**
   * [rows · d]: what is added to the log-density of a point for the user's units. For numbers the log-derivative, so that
   * densities are per unit (dates: per day); for grids and levels log P(cell) - log q, where q is the density of the noise:
   * the sum is then a lower bound of the log-probability (per unit) that is sharp in the mean over q. For absent parts it
   * takes the noise's own log-density away.
   */
  logVolumes(table: CellTable, encoded: EncodedRows): Float32Array;
  toJSON(): EncoderJson;
}

export interface EncoderOptions {
  /** The most cells of one dimension of a category; default 16. A category of more levels takes several dimensions. */
  readonly base?: number;
  /** Columns to be computed, each after those it needs. */
  readonly sums?: readonly Sum[];
}

const defaultBase = 16;
const logRootTau = 0.5 * Math.log(2 * Math.PI);

/** An encoder of the columns of `schema` that gives N(0, 1) to the cells of `training` in every dimension. */
export function tableEncoder(
  schema: Schema,
  training: CellTable,
  { base = defaultBase, sums = [] }: EncoderOptions = {},
): TableEncoder {
  const columns = columnsNamed(training, schema.columns);
  const orders = levelOrders(schema.columns, training);
  const isComputed = new Set(sums.map(({ column }) => column));
  const codes = schema.columns.map((column, place) => {
    const code = columnCodeOf(column, columns[place]!, base, orders.get(column.name));
    const { filled, gaps } = code;
    return isComputed.has(column.name) ? { value: { kind: "none" } as const, filled, gaps } : code;
  });
  return encoderOf({ version: 1, schema, codes, ...(sums.length > 0 && { sums }) });
}

const encoderJson = z.strictObject({
  version: z.literal(1),
  schema: schemaJson,
  codes: z.array(columnCodeJson).min(1).max(mostColumns),
  sums: sumsJson.exactOptional(),
});

/** The encoder of a model file, which is not trusted; throws a `model` error that says where it is wrong. */
export function encoderFrom(json: unknown, where: string): TableEncoder {
  const parsed = checked(encoderJson, json, where, "model");
  const { schema, codes } = parsed;
  schema.columns.forEach((column, place) => {
    const code = codes[place];
    const levels = levelTexts(column).length;
    const isSound =
      code !== undefined &&
      codes.length === schema.columns.length &&
      (code.value.kind === "levels" ? code.value.counts.length === levels : levels === 0) &&
      (column.kind === "number" || column.kind === "date" || levels > 0 || code.value.kind === "none");
    if (isSound) return;
    throw failure("model", {
      where: `${where} codes.${place}`,
      expected: `the code of a column of kind ${column.kind}`,
      received: code === undefined ? "none" : `one of ${code.value.kind}`,
    });
  });
  checkSums(parsed.sums ?? [], schema, where);
  return encoderOf(parsed);
}

interface Part {
  readonly column: ColumnSchema;
  readonly coder: ColumnCoder;
  /** Where the cells of a column lie; remembered as long as the column is. */
  readonly placesIn: (cells: CellColumn) => Places;
  /** Its first dimension. */
  readonly at: number;
}

function encoderOf(json: EncoderJson): TableEncoder {
  const { schema, codes, sums = [] } = json;
  const parts: Part[] = [];
  const dimensions: Dimension[] = [];
  schema.columns.forEach((column, place) => {
    const coder = columnCoder(column, codes[place]!);
    if (coder === undefined) return;
    parts.push({ column, coder, placesIn: remembered(coder), at: dimensions.length });
    dimensions.push(...coder.parts.map((part) => ({ column: column.name, part })));
  });
  const width = dimensions.length;
  const coded = parts.filter(({ coder }) => coder.parts.length > 0);
  const columnsOf = (table: CellTable) =>
    columnsNamed(
      table,
      coded.map(({ column }) => column),
    );
  return {
    schema,
    dimensions,
    encode(table, options) {
      const values = new Float32Array(table.rows * width);
      const absent = new Uint8Array(table.rows * width);
      columnsOf(table).forEach((cells, n) => {
        fillColumn(coded[n]!, cells, { values, absent, width, ...options });
      });
      return { rows: table.rows, values, absent };
    },
    decode(values, rows, { firstRow = 0, key = random("texts"), combined } = {}) {
      const columns = parts.map((part) => decodedColumn(part, values, { rows, width, firstRow, key }));
      const table = { rows, columns };
      return withSums(combined ? combined(table, values) : table, sums, schema);
    },
    logVolumes(table, encoded) {
      const out = new Float32Array(table.rows * width);
      columnsOf(table).forEach((cells, n) => {
        const { at, coder, placesIn } = coded[n]!;
        const places = placesIn(cells);
        coder.parts.forEach((_, part) => {
          for (let row = 0; row < table.rows; row++) {
            const i = row * width + at + part;
            const place = places.of(row, part);
            const logNormal = -0.5 * encoded.values[i]! ** 2 - logRootTau;
            out[i] = places.volumes[place]! - (places.kinds[place] === even ? 0 : logNormal);
          }
        });
      });
      return out;
    },
    toJSON: () => json,
  };
}

interface Filling extends EncodeOptions {
  readonly values: Float32Array;
  readonly absent: Uint8Array;
  readonly width: number;
}

function fillColumn({ column, coder, placesIn, at }: Part, cells: CellColumn, filling: Filling): void {
  const { values, absent, width, key, firstRow = 0, middle = false } = filling;
  const rows = cells.codes.length;
  const places = placesIn(cells);
  const noise = new Float32Array(rows);
  coder.parts.forEach((name, part) => {
    fillUniform(split(key, "cell", column.name, name), noise, { offset: firstRow });
    for (let row = 0; row < rows; row++) {
      const place = places.of(row, part);
      const i = row * width + at + part;
      const kind = places.kinds[place];
      const share = middle && kind === normal ? 0.5 : noise[row]!;
      values[i] = scoreIn(kind === even, places.lows[place]!, places.highs[place]!, share);
      if (kind === missing) absent[i] = 1;
    }
  });
}

const [normal, even, missing] = [1, 2, 3];
const kindNumbers = { normal, even, absent: missing } as const;

/** Places of the cells of a column, the fields of all in arrays; `of` says where those of a row's cell are. */
interface Places {
  of(row: number, part: number): number;
  readonly kinds: Uint8Array;
  readonly lows: Float64Array;
  readonly highs: Float64Array;
  readonly volumes: Float64Array;
}

function remembered(coder: ColumnCoder): (cells: CellColumn) => Places {
  const known = new WeakMap<CellColumn, Places>();
  return (cells) => {
    const places = known.get(cells) ?? placesOf(coder, cells);
    known.set(cells, places);
    return places;
  };
}

/** Looks at every distinct text once, when it first occurs; the gap comes first. */
function placesOf(coder: ColumnCoder, { codes, texts }: CellColumn): Places {
  const parts = coder.parts.length;
  const count = (texts.size + 1) * parts;
  const kinds = new Uint8Array(count);
  const [lows, highs, volumes] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  const fill = (start: number, places: readonly Place[]): void => {
    places.forEach(({ kind, low, high, volume }, part) => {
      kinds[start + part] = kindNumbers[kind];
      lows[start + part] = low;
      highs[start + part] = high;
      volumes[start + part] = volume;
    });
  };
  fill(0, coder.places(undefined));
  return {
    of(row, part) {
      const code = codes[row]!;
      const start = (code + 1) * parts;
      if (kinds[start] === 0) fill(start, coder.places(texts.at(code)));
      return start + part;
    },
    kinds,
    lows,
    highs,
    volumes,
  };
}

/** A float32 score inside a place, at the share `noise` of it. */
function scoreIn(isEven: boolean, low: number, high: number, noise: number): number {
  if (isEven) return Math.fround(low + noise * (high - low));
  const margin = Math.min((high - low) / 4, probabilityMargin);
  const [from, to] = [low === 0 ? 0 : low + margin, high === 1 ? 1 : high - margin];
  const probability = from + noise * (to - from);
  return Math.fround(normalScore(Math.min(Math.max(probability, leastProbability), 1 - leastProbability) - 0.5));
}

interface Decoding {
  readonly rows: number;
  readonly width: number;
  readonly firstRow: number;
  readonly key: Random;
}

function decodedColumn({ column, coder, at }: Part, values: Float32Array, decoding: Decoding): CellColumn {
  const { rows, width, firstRow, key } = decoding;
  const pool = textPool(`column "${shorten(column.name)}"`);
  const codes = new Int32Array(rows);
  const anew = "regenerate" in column && column.regenerate;
  const textOf = anew ? regenerator(anew, split(key, column.name)) : undefined;
  const written = (row: number): Decoded => {
    const text = textOf?.(row);
    return text === undefined ? { kind: "gap" } : { kind: "text", text };
  };
  for (let row = 0; row < rows; row++) {
    const cell = textOf ? written(firstRow + row) : coder.decode(values, row * width + at, firstRow + row);
    codes[row] = cell.kind === "gap" ? -1 : pool.addText(cell.text);
  }
  const { name, origin, gap } = column;
  return { name, origin, codes, texts: rows === 0 ? listedTexts([]) : pool.sealed(), gap };
}

/** The columns of a table that a schema names, in the schema's order. */
function columnsNamed(table: CellTable, wanted: readonly ColumnSchema[]): readonly CellColumn[] {
  const byName = new Map(table.columns.map((column) => [column.name, column]));
  checkColumns(
    table,
    wanted.map(({ name }) => name),
  );
  return wanted.flatMap(({ name }) => byName.get(name) ?? []);
}

/** Throws `data` where the table lacks columns, and names them all. */
export function checkColumns({ columns }: CellTable, wanted: readonly string[]): void {
  const there = new Set(columns.map(({ name }) => name));
  const lacking = wanted.filter((name) => !there.has(name));
  if (lacking.length === 0) return;
  throw failure("data", {
    where: "table",
    expected:
      lacking.length === 1 ? `a column "${listNames(lacking)}"` : `columns ${listNames(lacking)} beside the others`,
    received: listNames([...there]),
    remedy: mayBeRenamed(
      lacking,
      [...there].filter((name) => !wanted.includes(name)),
      "give the columns that the model was trained on",
    ),
  });
}
