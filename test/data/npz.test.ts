// npz: archives of arrays, written here, by fflate and by NumPy, whole and in slices.
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { encodeNpy } from "../../src/data/npy.ts";
import { encodeNpz, openNpz } from "../../src/data/npz.ts";
import { bytesInMemory, readStoredTable } from "../../src/data/stored-rows.ts";
import { LocalFlowError } from "../../src/errors.ts";
import { floats } from "../../src/tensor/array.ts";
import { archiveBytes, expectedArrays } from "./hdf5-fixtures.ts";

const a = floats([1, 2, 3, 4], [2, 2]);
const b = floats([5, 6, 7]);

const open = (bytes: Uint8Array, name?: string) => openNpz(bytesInMemory(bytes, "t.npz"), "t.npz", name);

async function numbers(bytes: Uint8Array, name?: string): Promise<number[]> {
  const rows = await open(bytes, name);
  return Array.from(await rows.read(0, rows.rows));
}

async function written(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const rows = (async function* () {
    yield floats([1, 2], [1, 2]);
    yield floats([3, 4], [1, 2]);
  })();
  for await (const piece of encodeNpz("rows", [2, 2], rows)) chunks.push(piece);
  return Buffer.concat(chunks);
}

describe("archives", () => {
  test("one array needs no name, several do", async () => {
    const two = zipSync({ "a.npy": encodeNpy(a), "b.npy": encodeNpy(b), "note.txt": Uint8Array.of(1) });
    expect(await numbers(zipSync({ "x.npy": encodeNpy(a) }))).toEqual([1, 2, 3, 4]);
    expect(await numbers(two, "b")).toEqual([5, 6, 7]);
    await expect(open(two)).rejects.toThrow("t.npz: expected one array, got 2 (a, b); choose one, such as t.npz:a");
    await expect(open(two, "c")).rejects.toThrow("t.npz:c: expected an array among a, b");
  });

  test("stored and compressed arrays, and what is written in pieces", async () => {
    expect(await numbers(zipSync({ "x.npy": [encodeNpy(a), { level: 0 }] }))).toEqual([1, 2, 3, 4]);
    const bytes = await written();
    expect(await numbers(bytes, "rows")).toEqual([1, 2, 3, 4]);
    expect(await written()).toEqual(bytes);
  });

  test("every type, both byte orders and Fortran order, as NumPy packs and reads them", async () => {
    const arrays = Object.entries(expectedArrays).filter(([place]) => place.startsWith("types.npz:"));
    expect(new Set(arrays.map(([, { dtype }]) => dtype)).size).toBe(21);
    for (const [place, { shape, data }] of arrays) {
      const rows = await open(archiveBytes(), place.split(":")[1]);
      expect([place, rows.rows, rows.columns]).toEqual([place, shape[0], shape[1] ?? 1]);
      expect({ place, numbers: Array.from(await rows.read(0, rows.rows)) }).toEqual({ place, numbers: data });
    }
  });

  test("compressed rows in slices, forwards, backwards and of some columns", async () => {
    const values = Float32Array.from({ length: 600_000 }, (_, i) => i % 1000);
    const bytes = zipSync({ "x.npy": encodeNpy(floats(values, [200_000, 3])) });
    const rows = await open(bytes);
    expect(rows.band).toBeLessThan(200_000);
    for (const [from, to] of [
      [150_000, 150_002],
      [150_002, 150_003],
      [7, 9],
      [0, 200_000],
    ] as const)
      expect(await rows.read(from, to)).toEqual(values.subarray(3 * from, 3 * to));
    const table = await readStoredTable(rows, { columns: ["c3"] });
    expect(table.rows).toEqual(
      floats(
        values.filter((_, i) => i % 3 === 2),
        [200_000, 1],
      ),
    );
  });

  test("a 64-bit directory", async () => {
    const plain = zipSync({ "x.npy": [encodeNpy(a), { level: 0 }] });
    const end = plain.length - 22;
    const view = new DataView(plain.buffer);
    const wide = new DataView(new ArrayBuffer(56 + 20));
    wide.setUint32(0, 0x06064b50, true);
    wide.setBigUint64(32, 1n, true);
    wide.setBigUint64(40, BigInt(view.getUint32(end + 12, true)), true);
    wide.setBigUint64(48, BigInt(view.getUint32(end + 16, true)), true);
    wide.setUint32(56, 0x07064b50, true);
    wide.setBigUint64(64, BigInt(end), true);
    for (const at of [12, 16]) view.setUint32(end + at, 0xffffffff, true);
    const bytes = Buffer.concat([plain.subarray(0, end), new Uint8Array(wide.buffer), plain.subarray(end)]);
    expect(await numbers(Uint8Array.from(bytes), "x")).toEqual([1, 2, 3, 4]);
  });
});

describe("refusals", () => {
  test.each([
    ["something else", Uint8Array.of(1, 2, 3)],
    ["an archive without arrays", zipSync({ "note.txt": Uint8Array.of(1) })],
    ["an array that is none", zipSync({ "x.npy": Uint8Array.of(1, 2, 3) })],
    ["an archive cut short", zipSync({ "x.npy": encodeNpy(a) }).subarray(0, 100)],
  ])("%s", (_, bytes) => expect(numbers(bytes)).rejects.toBeInstanceOf(LocalFlowError));

  test.each([
    ["refused_complex", "(complex numbers)"],
    ["refused_object", "(Python objects)"],
    ["refused_text", "(text)"],
    ["refused_bytes", "(bytes)"],
    ["refused_fields", "got structured or unnamed fields"],
    ["refused_dates", "(dates)"],
    ["refused_spans", "(time spans)"],
    ["refused_raw", "(raw bytes or fields)"],
  ])("%s", async (name, message) => {
    await expect(open(archiveBytes(), name)).rejects.toThrow(message);
    await expect(open(archiveBytes(), name)).rejects.toThrow(`t.npz:${name}: expected numbers`);
  });

  test("promises of size that deflate cannot keep, before anything is allocated", async () => {
    const bytes = zipSync({ "x.npy": encodeNpy(a) });
    const directory = bytes.findIndex((_, at) => bytes[at] === 0x50 && bytes[at + 1] === 0x4b && bytes[at + 2] === 1);
    new DataView(bytes.buffer).setUint32(directory + 24, 2 ** 31, true);
    await expect(open(bytes)).rejects.toThrow("t.npz:x: expected an array that fits its compressed size");
  });

  test("tables over the memory budget, whatever the size of the file", async () => {
    const rows = await open(zipSync({ "x.npy": encodeNpy(floats(new Float32Array(10_000))) }));
    await expect(readStoredTable(rows, { memory: 39_999 })).rejects.toThrow("within 39.06 KiB");
    expect((await readStoredTable(rows, { memory: 40_000 })).rows.shape).toEqual([10_000, 1]);
  });
});
