// npz: archives of arrays, written here, by fflate and as NumPy lays them out.
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { encodeNpy } from "../../src/data/npy.ts";
import { decodeNpz, encodeNpz } from "../../src/data/npz.ts";
import { LocalFlowError } from "../../src/errors.ts";
import { floats } from "../../src/tensor/array.ts";

const a = floats([1, 2, 3, 4], [2, 2]);
const b = floats([5, 6, 7]);

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
  test("one array needs no name, several do", () => {
    const two = zipSync({ "a.npy": encodeNpy(a), "b.npy": encodeNpy(b), "note.txt": Uint8Array.of(1) });
    expect(decodeNpz(zipSync({ "x.npy": encodeNpy(a) }), "t.npz")).toEqual(a);
    expect(decodeNpz(two, "t.npz", { name: "b" })).toEqual(b);
    expect(() => decodeNpz(two, "t.npz")).toThrow(
      "t.npz: expected one array, got 2 (a, b); choose one, such as t.npz:a",
    );
    expect(() => decodeNpz(two, "t.npz", { name: "c" })).toThrow("t.npz:c: expected an array among a, b");
  });

  test("stored and compressed arrays, and what is written in pieces", async () => {
    expect(decodeNpz(zipSync({ "x.npy": [encodeNpy(a), { level: 0 }] }), "t")).toEqual(a);
    const bytes = await written();
    expect(decodeNpz(bytes, "t", { name: "rows" })).toEqual(a);
    expect(await written()).toEqual(bytes);
  });
});

describe("refusals", () => {
  test.each([
    ["something else", Uint8Array.of(1, 2, 3)],
    ["an archive without arrays", zipSync({ "note.txt": Uint8Array.of(1) })],
    ["an array that is none", zipSync({ "x.npy": Uint8Array.of(1, 2, 3) })],
    ["an archive cut short", zipSync({ "x.npy": encodeNpy(a) }).subarray(0, 100)],
  ])("%s", (_, bytes) => expect(() => decodeNpz(bytes, "t.npz")).toThrow(LocalFlowError));

  test("promises of size that deflate cannot keep, before anything is allocated", () => {
    const bytes = zipSync({ "x.npy": encodeNpy(a) });
    const directory = bytes.findIndex((_, at) => bytes[at] === 0x50 && bytes[at + 1] === 0x4b && bytes[at + 2] === 1);
    new DataView(bytes.buffer).setUint32(directory + 24, 2 ** 31, true);
    expect(() => decodeNpz(bytes, "t.npz")).toThrow("t.npz:x: expected an array that fits its compressed size");
  });

  test("arrays over the memory budget", () => {
    const bytes = zipSync({ "x.npy": encodeNpy(floats(new Float32Array(10_000))) });
    expect(() => decodeNpz(bytes, "t.npz", { memory: 50_000 })).toThrow("within 48.83 KiB");
    expect(decodeNpz(bytes, "t.npz", { memory: 100_000 }).data.length).toBe(10_000);
  });
});
