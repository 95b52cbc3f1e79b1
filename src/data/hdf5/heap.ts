// heap: HDF5's trees of the second version, and the heaps that hold the links of large groups.
// https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t4.html, sections III.A.2 and III.G.
import { type Cursor, cursorOver, damaged, type Hdf5File } from "./file.ts";

/** Signature, version, type and checksum of a node. */
const nodeOverhead = 10;

/** The link messages of a group that keeps them in a heap; none when `linkInfo`, its message, names no heap. */
export async function denseLinks(file: Hdf5File, linkInfo: Uint8Array): Promise<readonly Uint8Array[]> {
  const info = cursorOver(linkInfo, file);
  info.skip(1);
  if (info.number(1) & 1) info.skip(8);
  const heapAddress = info.address();
  const treeAddress = info.address();
  if (heapAddress === undefined || treeAddress === undefined) return [];
  const heap = await openHeap(file, heapAddress);
  const links: Uint8Array[] = [];
  for (const record of await treeRecords(file, treeAddress)) {
    record.skip(4);
    links.push(await heapObject(file, heap, record));
  }
  return links;
}

/** All records of a tree of the second version, in order. */
export async function treeRecords(file: Hdf5File, address: number): Promise<readonly Cursor[]> {
  const head = await file.at(address, 22 + file.offsetBytes + file.lengthBytes);
  head.signature("BTHD");
  head.skip(2);
  const nodeBytes = head.number(4);
  const recordBytes = head.number(2);
  const depth = head.number(2);
  head.skip(2);
  const root = head.address();
  const rootCount = head.number(2);
  if (root === undefined || rootCount === 0) return [];
  if (recordBytes === 0 || nodeBytes < nodeOverhead + recordBytes || depth > 32)
    throw damaged(file.where, "a tree with nodes of no size");

  const leafCount = Math.floor((nodeBytes - nodeOverhead) / recordBytes);
  const countBytes = bytesFor(leafCount);
  /** By depth: bytes that hold the number of records below a node. */
  const totalBytes = [0];
  for (let level = 1, below = leafCount; level < depth; level++) {
    const pointer = file.offsetBytes + countBytes + totalBytes[level - 1]!;
    const most = Math.floor((nodeBytes - nodeOverhead - pointer) / (recordBytes + pointer));
    below = (most + 1) * below + most;
    totalBytes.push(bytesFor(below));
  }

  const records: Cursor[] = [];
  const seen = new Set<number>();
  const visit = async (at: number, count: number, level: number): Promise<void> => {
    if (seen.has(at) || (records.length + count) * recordBytes > file.size)
      throw damaged(file.where, "a tree in a circle");
    seen.add(at);
    const node = await file.at(at, Math.min(nodeBytes, file.size - at));
    node.signature(level === 0 ? "BTLF" : "BTIN");
    node.skip(2);
    const own = Array.from({ length: count }, () => cursorOver(node.take(recordBytes), file));
    if (level === 0) {
      records.push(...own);
      return;
    }
    for (let child = 0; child <= count; child++) {
      const place = node.address();
      const size = node.number(countBytes);
      node.skip(totalBytes[level - 1]!);
      if (place === undefined) throw damaged(file.where, "a tree with holes");
      await visit(place, size, level - 1);
      const between = own[child];
      if (between !== undefined) records.push(between);
    }
  };
  await visit(root, rootCount, depth);
  return records;
}

interface Heap {
  readonly width: number;
  readonly firstBlock: number;
  readonly largestBlock: number;
  /** Bytes of a place in the heap, and of an object's length. */
  readonly placeBytes: number;
  readonly sizeBytes: number;
  readonly root: number;
  /** Rows of blocks under the root; 0 when the root is the only block. */
  readonly rows: number;
}

async function openHeap(file: Hdf5File, address: number): Promise<Heap> {
  const head = await file.at(address, 22 + 12 * file.lengthBytes + 3 * file.offsetBytes);
  head.signature("FRHP");
  head.skip(3);
  const filterBytes = head.number(2);
  head.skip(1);
  const largestObject = head.number(4);
  head.skip(10 * file.lengthBytes + 2 * file.offsetBytes);
  const width = head.number(2);
  const firstBlock = head.length();
  const largestBlock = head.length();
  const bits = head.number(2);
  head.skip(2);
  const root = head.address();
  const rows = head.number(2);
  const isPower = (size: number) => size > 0 && Number.isInteger(Math.log2(size));
  if (filterBytes > 0) throw damaged(file.where, "a compressed heap of links, which is not supported");
  if (root === undefined || width === 0 || bits > 64 || !isPower(firstBlock) || !isPower(largestBlock))
    throw damaged(file.where, "a heap without blocks");
  return {
    width,
    firstBlock,
    largestBlock,
    placeBytes: Math.ceil(bits / 8),
    sizeBytes: Math.min(bytesFor(largestBlock), bytesFor(largestObject)),
    root,
    rows,
  };
}

/** The object that an identifier leads to: small ones stand in it, the others in blocks. */
async function heapObject(file: Hdf5File, heap: Heap, id: Cursor): Promise<Uint8Array> {
  const kind = (id.number(1) >> 4) & 3;
  if (kind !== 0) throw damaged(file.where, "a link in a place of its own, which is not supported");
  const place = id.number(heap.placeBytes);
  const length = id.number(heap.sizeBytes);
  const address = await blockPlace(file, heap, place);
  return (await file.at(address, length)).take(length);
}

/** The address of a place in the heap: rows of `width` blocks, each row but the second twice as large as the one before. */
async function blockPlace(file: Hdf5File, heap: Heap, place: number): Promise<number> {
  let { root: address, rows } = heap;
  let start = place;
  for (let level = 0; rows > 0; level++) {
    const row =
      start < heap.width * heap.firstBlock ? 0 : Math.floor(Math.log2(start / (heap.width * heap.firstBlock))) + 1;
    if (row >= rows || level > 8) throw damaged(file.where, "a place outside of its heap");
    const blockBytes = heap.firstBlock * 2 ** Math.max(0, row - 1);
    const rowStart = row === 0 ? 0 : heap.width * blockBytes;
    const column = Math.floor((start - rowStart) / blockBytes);
    const entry = row * heap.width + column;
    const head = 5 + file.offsetBytes + heap.placeBytes;
    const child = (await file.at(address + head + entry * file.offsetBytes, file.offsetBytes)).address();
    if (child === undefined) throw damaged(file.where, "a heap with holes");
    address = child;
    start -= rowStart + column * blockBytes;
    rows = blockBytes <= heap.largestBlock ? 0 : Math.log2(blockBytes / (heap.firstBlock * heap.width)) + 1;
  }
  return address + start;
}

/** Bytes that hold every number up to `limit`. */
function bytesFor(limit: number): number {
  return Math.floor(Math.log2(Math.max(1, limit)) / 8) + 1;
}
