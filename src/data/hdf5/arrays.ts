// arrays: HDF5's fixed and extensible arrays, which list the chunks of a dataset in its newest format.
// https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t4.html, sections VII.C and VII.D.
import { type Cursor, cursorOver, damaged, type Hdf5File } from "./file.ts";

/** Elements by their number. */
export type Elements = ReadonlyMap<number, Cursor>;

const checksumBytes = 4;
/** Signature, version and client of a block, before the address of its array. */
const blockHead = 6;

interface Run {
  /** Number of the first element. */
  readonly first: number;
  readonly count: number;
  readonly address: number;
  readonly elementBytes: number;
}

/** The elements of a fixed array, those of its pages that were never written left out. */
export async function fixedElements(file: Hdf5File, address: number): Promise<Elements> {
  const elements = new Map<number, Cursor>();
  const head = await file.at(address, blockHead + 2 + file.lengthBytes + file.offsetBytes);
  head.signature("FAHD");
  head.skip(2);
  const elementBytes = head.number(1);
  const perPage = 2 ** head.number(1);
  const count = head.length();
  const block = head.address();
  if (block === undefined) return elements;
  checkElements(file, count, elementBytes);
  const start = block + blockHead + file.offsetBytes;
  (await file.at(block, blockHead)).signature("FADB");
  if (count <= perPage) await addRun(file, { first: 0, count, address: start, elementBytes }, elements);
  else await addPages(file, { first: 0, count, address: start, elementBytes, perPage }, elements);
  return elements;
}

interface Pages extends Run {
  readonly perPage: number;
}

/** A bit per page tells which were written; then the pages follow, each with a checksum. */
async function addPages(file: Hdf5File, { perPage, ...run }: Pages, elements: Map<number, Cursor>): Promise<void> {
  const pages = Math.ceil(run.count / perPage);
  const bitmap = (await file.at(run.address, Math.ceil(pages / 8))).take(Math.ceil(pages / 8));
  const start = run.address + bitmap.length + checksumBytes;
  await addWritten(file, { ...run, address: start, perPage }, bitmap, elements);
}

async function addWritten(
  file: Hdf5File,
  { perPage, first, count, address, elementBytes }: Pages,
  bitmap: Uint8Array,
  elements: Map<number, Cursor>,
): Promise<void> {
  for (let page = 0; page * perPage < count; page++) {
    if (((bitmap[page >> 3] ?? 0) & (128 >> (page & 7))) === 0) continue;
    const at = address + page * (perPage * elementBytes + checksumBytes);
    const length = Math.min(perPage, count - page * perPage);
    await addRun(file, { first: first + page * perPage, count: length, address: at, elementBytes }, elements);
  }
}

async function addRun(
  file: Hdf5File,
  { first, count, address, elementBytes }: Run,
  elements: Map<number, Cursor>,
): Promise<void> {
  const bytes = (await file.at(address, count * elementBytes)).take(count * elementBytes);
  if ((elements.size + count) * elementBytes > file.size) throw damaged(file.where, "more chunks than it has room for");
  for (let n = 0; n < count; n++)
    elements.set(first + n, cursorOver(bytes.subarray(n * elementBytes, (n + 1) * elementBytes), file));
}

/** The elements of an extensible array: some in the index block, more in data blocks, those of later ones behind secondary blocks. */
export async function extensibleElements(file: Hdf5File, address: number): Promise<Elements> {
  const elements = new Map<number, Cursor>();
  const head = await file.at(address, 12 + 6 * file.lengthBytes + file.offsetBytes);
  head.signature("EAHD");
  head.skip(2);
  const [elementBytes, countBits, inIndex, leastInBlock, leastPointers, pageBits] = Array.from({ length: 6 }, () =>
    head.number(1),
  ) as [number, number, number, number, number, number];
  head.skip(4 * file.lengthBytes);
  const used = head.length();
  head.length();
  const index = head.address();
  if (index === undefined || used === 0) return elements;
  checkElements(file, Math.min(used, inIndex), elementBytes);
  const isPower = (size: number) => size > 0 && Number.isInteger(Math.log2(size));
  if (!isPower(leastInBlock) || !isPower(leastPointers) || countBits > 64)
    throw damaged(file.where, "an array of chunks without blocks");

  const headBytes = blockHead + file.offsetBytes;
  (await file.at(index, blockHead)).signature("EAIB");
  await addRun(file, { first: 0, count: inIndex, address: index + headBytes, elementBytes }, elements);
  const blocksInIndex = 2 * (leastPointers - 1);
  const groupsInIndex = 2 * Math.log2(leastPointers);
  const groups = 1 + countBits - Math.log2(leastInBlock);
  const pointers = await file.at(
    index + headBytes + inIndex * elementBytes,
    (blocksInIndex + Math.max(0, groups - groupsInIndex)) * file.offsetBytes,
  );
  const placeBytes = Math.ceil(countBits / 8);
  const dataBlock = async (at: number, first: number, count: number, bitmap: Uint8Array) => {
    (await file.at(at, blockHead)).signature("EADB");
    const start = at + headBytes + placeBytes;
    const perPage = 2 ** pageBits;
    if (count <= perPage) return addRun(file, { first, count, address: start, elementBytes }, elements);
    return addWritten(file, { first, count, address: start + checksumBytes, elementBytes, perPage }, bitmap, elements);
  };

  let first = inIndex;
  for (let group = 0; group < groups && first < used; group++) {
    const blocks = 2 ** Math.floor(group / 2);
    const count = leastInBlock * 2 ** Math.floor((group + 1) / 2);
    const bitmapBytes = count > 2 ** pageBits ? Math.ceil(count / 2 ** pageBits / 8) : 0;
    let addresses = pointers;
    let bitmaps: Uint8Array = new Uint8Array();
    if (group >= groupsInIndex) {
      const secondary = pointers.address();
      if (secondary === undefined) {
        first += blocks * count;
        continue;
      }
      (await file.at(secondary, blockHead)).signature("EASB");
      addresses = await file.at(secondary + headBytes + placeBytes, blocks * (bitmapBytes + file.offsetBytes));
      bitmaps = addresses.take(blocks * bitmapBytes);
    }
    for (let block = 0; block < blocks; block++, first += count) {
      const at = addresses.address();
      const bitmap = bitmaps.subarray(block * bitmapBytes, (block + 1) * bitmapBytes);
      if (at !== undefined && first < used) await dataBlock(at, first, count, bitmap);
    }
  }
  return elements;
}

function checkElements(file: Hdf5File, count: number, elementBytes: number): void {
  if (elementBytes >= file.offsetBytes && count * elementBytes <= file.size) return;
  throw damaged(file.where, `an array of ${count} chunks of ${elementBytes} bytes`);
}
