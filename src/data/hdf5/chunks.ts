// chunks: where the chunks of an HDF5 dataset are, by each of the indices that the format knows.
// https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t4.html, sections III.A and VII.

import { extensibleElements, fixedElements } from "./arrays.ts";
import type { Dataset, Layout } from "./dataset.ts";
import { type Cursor, damaged, type Hdf5File } from "./file.ts";
import { treeRecords } from "./heap.ts";

/** A chunk in the file; bit n of `mask` says that filter n was left out. */
export interface ChunkPlace {
  readonly address: number;
  readonly size: number;
  readonly mask: number;
}

/** Chunks by their number in row-major order of the grid; those that were never written are left out. */
export type ChunkPlaces = ReadonlyMap<number, ChunkPlace>;

type ChunkedLayout = Extract<Layout, { kind: "chunked" }>;

/** What the indices need to know. */
interface Grid {
  readonly file: Hdf5File;
  readonly layout: ChunkedLayout;
  readonly address: number;
  readonly chunk: readonly number[];
  /** Chunks along each axis. */
  readonly counts: readonly number[];
  /** Chunks along each axis when the shape has grown to its limits. */
  readonly limits: readonly number[];
  /** Bytes of a chunk without filters. */
  readonly bytes: number;
  readonly isFiltered: boolean;
}

/** Finds all chunks of a dataset. Throws `data` errors. */
export async function chunkPlaces(file: Hdf5File, dataset: Dataset, layout: ChunkedLayout): Promise<ChunkPlaces> {
  const { address, chunk, index } = layout;
  if (address === undefined) return new Map();
  const along = (sizes: readonly number[]) => sizes.map((size, axis) => Math.ceil(size / chunk[axis]!));
  const grid: Grid = {
    file,
    layout,
    address,
    chunk,
    counts: along(dataset.shape),
    limits: along(dataset.limits),
    bytes: chunk.reduce((product, size) => product * size, dataset.type.bytes),
    isFiltered: dataset.filters.length > 0,
  };
  const places = new Map<number, ChunkPlace>();
  const put = (steps: readonly number[], place: ChunkPlace) => {
    const isInside = steps.every((step, axis) => Number.isInteger(step) && step < grid.counts[axis]!);
    if (isInside)
      places.set(
        steps.reduce((at, step, axis) => at * grid.counts[axis]! + step, 0),
        place,
      );
  };
  await finders[index](grid, put);
  return places;
}

type Put = (steps: readonly number[], place: ChunkPlace) => void;

const finders: Readonly<Record<ChunkedLayout["index"], (grid: Grid, put: Put) => Promise<void>>> = {
  "tree-1": firstTree,
  "tree-2": secondTree,
  single: async ({ address, chunk, bytes, layout }, put) =>
    put(
      chunk.map(() => 0),
      { address, size: layout.single?.size ?? bytes, mask: layout.single?.mask ?? 0 },
    ),
  implicit: async ({ file, address, counts, limits, bytes }, put) => {
    const total = counts.reduce((product, count) => product * count, 1);
    if (address + total * bytes > file.size) throw damaged(file.where, "fewer chunks than its shape needs");
    for (let n = 0; n < total; n++) {
      const steps = stepsOf(n, counts);
      put(steps, { address: address + bytes * numberOf(steps, limits), size: bytes, mask: 0 });
    }
  },
  fixed: async (grid, put) => {
    const elements = await fixedElements(grid.file, grid.address);
    for (const [n, element] of elements) putElement(grid, stepsOf(n, grid.limits), element, put);
  },
  extensible: async (grid, put) => {
    const elements = await extensibleElements(grid.file, grid.address);
    const growing = grid.limits.indexOf(Number.POSITIVE_INFINITY);
    const order = [growing, ...grid.limits.keys()].filter((axis, at, all) => axis >= 0 && all.indexOf(axis) === at);
    const sizes = order.map((axis) => grid.limits[axis]!);
    for (const [n, element] of elements) {
      const swapped = stepsOf(n, sizes);
      putElement(
        grid,
        grid.limits.map((_, axis) => swapped[order.indexOf(axis)]!),
        element,
        put,
      );
    }
  },
};

/** An element of an array of chunks: the address, and with filters the size and the mask. */
function putElement({ file, bytes, isFiltered }: Grid, steps: readonly number[], element: Cursor, put: Put): void {
  const address = element.address();
  if (address === undefined) return;
  if (!isFiltered) {
    put(steps, { address, size: bytes, mask: 0 });
    return;
  }
  if (element.left < 5) throw damaged(file.where, "chunks without a size");
  const size = element.number(element.left - 4);
  put(steps, { address, size, mask: element.number(4) });
}

/** The old tree: keys of size, mask and place stand between the children. */
async function firstTree({ file, address: root, chunk }: Grid, put: Put): Promise<void> {
  const seen = new Set<number>();
  const keyBytes = 8 + 8 * (chunk.length + 1);
  let keys = 0;
  const visit = async (address: number, level: number | undefined): Promise<void> => {
    if (seen.has(address)) throw damaged(file.where, "chunks in a circle");
    seen.add(address);
    const headBytes = 8 + 2 * file.offsetBytes;
    const head = await file.at(address, headBytes);
    head.signature("TREE");
    if (head.number(1) !== 1) throw damaged(file.where, "a tree of another kind");
    const found = head.number(1);
    if (level !== undefined && found !== level) throw damaged(file.where, "a tree that does not get smaller");
    const count = head.number(2);
    keys += count;
    if (keys * keyBytes > file.size) throw damaged(file.where, "more chunks than it has room for");
    const body = await file.at(address + headBytes, count * (keyBytes + file.offsetBytes));
    for (let n = 0; n < count; n++) {
      const size = body.number(4);
      const mask = body.number(4);
      const steps = chunk.map((length) => body.number(8) / length);
      body.skip(8);
      const child = body.address();
      if (child === undefined) continue;
      if (found > 0) await visit(child, found - 1);
      else put(steps, { address: child, size, mask });
    }
  };
  await visit(root, undefined);
}

async function secondTree({ file, address: root, chunk, bytes, isFiltered }: Grid, put: Put): Promise<void> {
  for (const record of await treeRecords(file, root)) {
    const address = record.address();
    const size = isFiltered ? record.number(Math.max(0, record.left - 4 - 8 * chunk.length)) : bytes;
    const mask = isFiltered ? record.number(4) : 0;
    const steps = chunk.map(() => record.number(8));
    if (address !== undefined) put(steps, { address, size, mask });
  }
}

/** The place in a grid of a number in row-major order; the first axis may be without end. */
function stepsOf(n: number, counts: readonly number[]): readonly number[] {
  const steps: number[] = [];
  let rest = n;
  for (let axis = counts.length - 1; axis >= 0; axis--) {
    const count = axis === 0 ? Number.POSITIVE_INFINITY : counts[axis]!;
    steps.unshift(count === Number.POSITIVE_INFINITY ? rest : rest % count);
    rest = count === Number.POSITIVE_INFINITY ? 0 : Math.floor(rest / count);
  }
  return steps;
}

function numberOf(steps: readonly number[], counts: readonly number[]): number {
  return steps.reduce((at, step, axis) => at * counts[axis]! + step, 0);
}
