// rows (Node only): arrays of numbers in HDF5 files, chosen by path or found, and read in slices of rows.
import { failure } from "../../errors.ts";
import { shorten } from "../columns.ts";
import { largestRatio } from "../forward-bytes.ts";
import { decodeNumbers, filledNumbers, type Numbers } from "../numbers.ts";
import { type Bytes, type StoredRows, sliceBytes, tableSizes } from "../stored-rows.ts";
import { type ChunkPlaces, chunkPlaces } from "./chunks.ts";
import { type Dataset, datasetOf, type Layout, type OtherDataset } from "./dataset.ts";
import { damaged, type Hdf5File, messagesOf, openHdf5 } from "./file.ts";
import { checkFilters, unfiltered } from "./filters.ts";
import { addressAt, linksOf } from "./groups.ts";

/** Objects that are looked at in search of datasets. */
const mostObjects = 100_000;
/** Arrays that a message names. */
const mostNamed = 12;

/**
 * Opens the array [rows] or [rows, columns] at `path` (names of groups and the dataset, joined by /), by default the only
 * one that there is: with two axes, or else with one. Throws `data` errors, `option` for a path that is not there.
 */
export async function openHdf5Rows(bytes: Bytes, where: string, path?: string): Promise<StoredRows> {
  const file = await openHdf5(bytes, where);
  const chosen = path ?? (await onlyDataset(file));
  const place = `${where}:${shorten(chosen)}`;
  const messages = await messagesOf(file, await addressAt(file, chosen));
  const dataset = await datasetOf(file, messages);
  if (dataset === undefined)
    throw failure("option", {
      where: place,
      expected: "a dataset",
      received: (await linksOf(file, messages)) === undefined ? "something else" : "a group",
      remedy: `choose one in it: ${await namedBelow(file, chosen)}`,
    });
  if ("other" in dataset)
    throw failure("data", { where: place, expected: "an array of numbers", received: dataset.other });
  return rowsOf({ ...file, where: place }, dataset);
}

interface Found {
  readonly path: string;
  readonly dataset: Dataset | OtherDataset;
}

/** Every dataset in or below the root, each under the first of its names. */
async function allDatasets(file: Hdf5File): Promise<readonly Found[]> {
  const found: Found[] = [];
  const seen = new Set([file.root]);
  const waiting = [{ path: "", address: file.root }];
  for (let next = waiting.shift(); next !== undefined && seen.size < mostObjects; next = waiting.shift()) {
    const messages = await messagesOf(file, next.address);
    const dataset = await datasetOf(file, messages);
    if (dataset !== undefined) found.push({ path: next.path, dataset });
    for (const [name, link] of (await linksOf(file, messages)) ?? []) {
      if (link.kind !== "object" || seen.has(link.address)) continue;
      seen.add(link.address);
      waiting.push({ path: next.path === "" ? name : `${next.path}/${name}`, address: link.address });
    }
  }
  return found;
}

async function onlyDataset(file: Hdf5File): Promise<string> {
  const all = await allDatasets(file);
  const numeric = all.filter(({ dataset }) => !("other" in dataset));
  const tables = [2, 1].map((axes) => numeric.filter(({ dataset }) => dataset.shape.length === axes));
  const candidates = tables.find((some) => some.length > 0) ?? [];
  const [only] = candidates;
  if (only === undefined)
    throw failure("data", {
      where: file.where,
      expected: "an array of numbers [rows] or [rows, columns]",
      received: all.length === 0 ? "no dataset" : named(all),
    });
  if (candidates.length === 1) return only.path;
  throw failure("option", {
    where: file.where,
    expected: "one array",
    received: `${candidates.length}: ${named(candidates)}`,
    remedy: `choose one, such as ${file.where}:${only.path}`,
  });
}

async function namedBelow(file: Hdf5File, group: string): Promise<string> {
  const inside = (await allDatasets(file)).filter(({ path }) => group === "" || path.startsWith(`${group}/`));
  return inside.length === 0 ? "none is there" : named(inside);
}

function named(found: readonly Found[]): string {
  const rest = found.length - mostNamed;
  const each = found.slice(0, mostNamed).map(({ path, dataset: { shape, ...dataset } }) => {
    const kind = "other" in dataset ? `${dataset.other} ` : "";
    return `${shorten(path)} ${kind}[${shape.join(", ")}]`;
  });
  return each.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

async function rowsOf(file: Hdf5File, dataset: Dataset): Promise<StoredRows> {
  const { where } = file;
  const { layout, type } = dataset;
  const { rows, columns } = tableSizes(dataset.shape, where);
  if (!(rows * columns * type.bytes <= largestRatio * file.size))
    throw damaged(where, `a shape [${dataset.shape.join(", ")}] in ${file.size} bytes`);
  if (layout.kind === "chunked") return chunkedRows(file, dataset, layout);
  const needed = rows * columns * type.bytes;
  const band = Math.min(rows, Math.max(1, Math.floor(sliceBytes / (columns * type.bytes))));
  if (layout.kind === "compact" ? layout.bytes.length !== needed : layout.length < needed)
    throw damaged(where, "fewer numbers than its shape says");
  const stored = async (at: number, length: number) => {
    if (layout.kind === "compact") return layout.bytes.slice(at, at + length);
    return (await file.at((layout.address ?? 0) + at, length)).take(length);
  };
  const isHole = layout.kind === "contiguous" && layout.address === undefined;
  return {
    where,
    rows,
    columns,
    band,
    workingBytes: band * columns * (type.bytes + 8),
    async read(from, to) {
      const length = (to - from) * columns;
      if (isHole) return filledNumbers(type, length, holeOf(dataset));
      return decodeNumbers(await stored(from * columns * type.bytes, length * type.bytes), type);
    },
  };
}

type ChunkedLayout = Extract<Layout, { kind: "chunked" }>;

async function chunkedRows(file: Hdf5File, dataset: Dataset, layout: ChunkedLayout): Promise<StoredRows> {
  const { type, filters } = dataset;
  const { rows, columns } = tableSizes(dataset.shape, file.where);
  checkFilters(filters, file.where);
  const [chunkRows = 1, chunkColumns = 1] = layout.chunk;
  const bytes = chunkRows * chunkColumns * type.bytes;
  if (bytes > largestRatio * file.size) throw damaged(file.where, `chunks of ${bytes} bytes`);
  const chunks = await chunkPlaces(file, dataset, layout);
  const form = { where: file.where, filters, bytes, numberBytes: type.bytes };
  const band = chunkRows * Math.max(1, Math.floor(sliceBytes / (chunkRows * columns * type.bytes)));
  const reader: ChunkReader = { file, dataset, layout, chunks, form, rows, columns, chunkRows, chunkColumns };
  return {
    where: file.where,
    rows,
    columns,
    band,
    workingBytes: Math.min(band, rows) * columns * 8 + 3 * bytes,
    read: (from, to) => readChunked(reader, from, to),
  };
}

interface ChunkReader {
  readonly file: Hdf5File;
  readonly dataset: Dataset;
  readonly layout: ChunkedLayout;
  readonly chunks: ChunkPlaces;
  readonly form: Parameters<typeof unfiltered>[2];
  readonly rows: number;
  readonly columns: number;
  readonly chunkRows: number;
  readonly chunkColumns: number;
}

/** Rows `from` to `to`, from all chunks that they cross. */
async function readChunked(reader: ChunkReader, from: number, to: number): Promise<Numbers> {
  const { dataset, columns, chunkRows, chunkColumns } = reader;
  const out = filledNumbers(dataset.type, (to - from) * columns, holeOf(dataset));
  const across = Math.ceil(columns / chunkColumns);
  for (let down = Math.floor(from / chunkRows); down * chunkRows < to; down++) {
    for (let step = 0; step < across; step++) {
      const numbers = await chunkNumbers(reader, down, step);
      if (numbers === undefined) continue;
      const firstRow = Math.max(from, down * chunkRows);
      const lastRow = Math.min(to, (down + 1) * chunkRows);
      const firstColumn = step * chunkColumns;
      const width = Math.min(chunkColumns, columns - firstColumn);
      for (let row = firstRow; row < lastRow; row++) {
        const start = (row - down * chunkRows) * chunkColumns;
        const target = (row - from) * columns + firstColumn;
        for (let column = 0; column < width; column++) out[target + column] = numbers[start + column]!;
      }
    }
  }
  return out;
}

/** The numbers of a chunk, [chunkRows, chunkColumns]; undefined when it was never written. */
async function chunkNumbers(reader: ChunkReader, down: number, step: number): Promise<Numbers | undefined> {
  const { file, dataset, layout, chunks, form, rows, columns, chunkRows, chunkColumns } = reader;
  const place = chunks.get(down * Math.ceil(columns / chunkColumns) + step);
  if (place === undefined) return undefined;
  const isEdge = (down + 1) * chunkRows > rows || (step + 1) * chunkColumns > columns;
  const mask = layout.plainEdges && isEdge ? -1 : place.mask;
  const size = mask === -1 ? form.bytes : place.size;
  const stored = (await file.at(place.address, size)).take(size);
  return decodeNumbers(unfiltered(stored, mask, form), dataset.type);
}

/** The number that stands where nothing was written. */
function holeOf({ hole, type }: Dataset): number {
  return hole.length === type.bytes ? decodeNumbers(hole.slice(), type)[0]! : 0;
}
