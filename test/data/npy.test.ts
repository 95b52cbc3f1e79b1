// npy: files as NumPy writes them (headers and numbers copied from numpy 2.4), whole and in slices, and refusals.
import { describe, expect, test } from "vitest";
import { decodeNpy, encodeNpy, openNpy } from "../../src/data/npy.ts";
import { bytesInMemory } from "../../src/data/stored-rows.ts";
import { floats, integers, type NDArray } from "../../src/tensor/array.ts";

function file(header: string, numbers: Uint8Array | string, version = 1): Uint8Array {
  const data = typeof numbers === "string" ? Buffer.from(numbers, "base64") : numbers;
  const text = new TextEncoder().encode(`${header}\n`);
  const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.from([0x93, ...new TextEncoder().encode("NUMPY"), version, 0, ...length, ...text, ...data]);
}

function header(descr: string, shape: string, order = "False"): string {
  return `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`;
}

function bytesOf(length: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  write(new DataView(bytes.buffer));
  return bytes;
}

describe("decoding", () => {
  test.each([
    ["<f2", "2, 2", 1, "AD4AwAEA/3s=", [1.5, -2, 2 ** -24, 65504]],
    [">i2", "6,", 1, "//3//v//AAAAAQAC", [-3, -2, -1, 0, 1, 2]],
    ["|b1", "", 3, "AQ==", [1]],
    ["<u8", "2,", 1, "AQAAAAAAAAAAAAAAAAAAgA==", [1, 2 ** 63]],
    ["|i1", "2,", 1, "/38=", [-1, 127]],
    ["|u1", "2,", 2, "/38=", [255, 127]],
    [">u2", "1,", 1, "AQI=", [258]],
    ["<i4", "1,", 1, "/////w==", [-1]],
    [">u4", "1,", 1, "/////w==", [2 ** 32]],
    ["<i8", "1,", 1, "//////////8=", [-1]],
    [">f4", "1L,", 1, "P4AAAA==", [1]],
    ["<f4", "1,", 1, "AACAPw==", [1]],
    [">f8", "1,", 1, "P/AAAAAAAAA=", [1]],
    ["<f2", "3,", 1, "AHwA/AB+", [Infinity, -Infinity, Number.NaN]],
  ])("%s of shape (%s), version %d", (descr, shape, version, numbers, values) => {
    const array = decodeNpy(file(header(descr, shape), numbers, version), "a.npy");
    expect(Array.from(array.data)).toEqual(values);
    expect(array.shape.join(", ")).toBe(shape.replace(/L?,$/, ""));
  });

  test("Fortran order is turned into row-major order", () => {
    const numbers = bytesOf(24, (view) => {
      for (let i = 0; i < 2; i++)
        for (let j = 0; j < 3; j++) for (let k = 0; k < 4; k++) view.setUint8(i + 2 * j + 6 * k, 12 * i + 4 * j + k);
    });
    const array = decodeNpy(file(header("|u1", "2, 3, 4", "True"), numbers), "a.npy");
    expect(array).toEqual(
      floats(
        Array.from({ length: 24 }, (_, i) => i),
        [2, 3, 4],
      ),
    );
  });

  test("numbers are found at any alignment and inside a larger buffer", () => {
    const whole = file(header("<f4", "2,"), "AACAPwAAAEA=");
    for (let shift = 0; shift < 8; shift++) {
      const padded = new Uint8Array(whole.length + 16);
      padded.set(whole, shift);
      expect(Array.from(decodeNpy(padded.subarray(shift, shift + whole.length), "a.npy").data)).toEqual([1, 2]);
    }
  });
});

describe("slices", () => {
  const opened = (bytes: Uint8Array) => openNpy(bytesInMemory(bytes, "a.npy"), "a.npy");
  const counted = (length: number) =>
    bytesOf(8 * length, (view) => {
      for (let i = 0; i < length; i++) view.setFloat64(8 * i, i / 4);
    });

  test.each(["False", "True"])("any rows of big-endian float64, Fortran order %s", async (order) => {
    const bytes = file(header(">f8", "9, 4", order), counted(36));
    const whole = Array.from(decodeNpy(bytes, "a.npy").data);
    const rows = await opened(bytes);
    expect([rows.rows, rows.columns]).toEqual([9, 4]);
    for (let from = 0; from < 9; from++)
      for (let to = from; to <= 9; to++)
        expect(Array.from(await rows.read(from, to))).toEqual(whole.slice(4 * from, 4 * to));
  });

  test("whole numbers beyond 2^53 are rounded to the nearest, once", async () => {
    const values = [2n ** 53n + 1n, 2n ** 53n + 3n, -(2n ** 63n), 2n ** 63n - 1n, -1n, 2n ** 62n + 2n ** 9n + 1n];
    const bytes = bytesOf(48, (view) => values.forEach((value, i) => view.setBigInt64(8 * i, value, true)));
    expect(Array.from(await (await opened(file(header("<i8", "6,"), bytes))).read(0, 6))).toEqual(values.map(Number));
    expect(Array.from(await (await opened(file(header("<u8", "6,"), bytes))).read(0, 6))).toEqual(
      values.map((value) => Number(BigInt.asUintN(64, value))),
    );
  });

  test("the same refusals as for a whole file", async () => {
    await expect(opened(file(header("<f4", "2, 1"), "AACAPw=="))).rejects.toThrow("expected 8 bytes of numbers, got 4");
    await expect(opened(file(header("<c8", "1,"), "AACAPwAAAEA="))).rejects.toThrow('type "<c8" (complex numbers)');
    await expect(opened(file(header("<f4", "1, 1, 1"), "AACAPw=="))).rejects.toThrow("got shape [1, 1, 1]");
    await expect(opened(file(header("<f4", "0, 3"), ""))).rejects.toThrow("not empty");
    await expect(opened(Uint8Array.of(0x93))).rejects.toThrow("expected a .npy file");
  });
});

describe("encoding", () => {
  const arrays: NDArray[] = [
    floats([1, -2.5, 3, 4], [2, 2]),
    floats([7]),
    floats([3], []),
    floats([], [0, 3]),
    integers([-1, 2]),
    { type: "float64", shape: [2], data: Float64Array.of(0.5, 3) },
    { type: "int32", shape: [1, 1], data: Int32Array.of(-9) },
    { type: "bool", shape: [2], data: Uint8Array.of(1, 0) },
  ];

  test.each(arrays)("$type of shape $shape reads back", (array) => {
    const bytes = encodeNpy(array);
    const back = decodeNpy(bytes, "a.npy");
    expect(back.shape).toEqual(array.shape);
    expect(Array.from(back.data)).toEqual(Array.from(array.data as ArrayLike<number | bigint>, Number));
    expect((bytes.length - array.data.byteLength) % 64).toBe(0);
  });

  test("only the part of the memory that the array spans is written", () => {
    const part = Float32Array.of(1, 2, 3).subarray(1);
    expect(Array.from(decodeNpy(encodeNpy(floats(part)), "a.npy").data)).toEqual([2, 3]);
  });
});

describe("refusing", () => {
  const good = file(header("<f4", "2,"), "AACAPwAAAEA=");
  test.each([
    ["other files", new TextEncoder().encode("a,b\n1,2\n"), "expected a .npy file"],
    ["nothing", new Uint8Array(0), "expected a .npy file"],
    ["a lone magic", good.slice(0, 6), "expected .npy version 1, 2 or 3, got version 0"],
    ["version 9", file(header("<f4", "2,"), "AACAPwAAAEA=", 9), "got version 9"],
    ["a cut prefix", good.slice(0, 9), "expected 10 bytes at least, got 9"],
    ["a cut header", good.slice(0, 20), "expected a header of at most 10 bytes"],
    ["cut numbers", good.slice(0, -1), "expected 8 bytes of numbers, got 7; the file was cut short"],
    ["trailing bytes", Uint8Array.from([...good, 0]), "expected 8 bytes of numbers, got 9"],
    ["a huge shape", file(header("<f4", "4000000000000,"), ""), "expected 16000000000000 bytes of numbers, got 0"],
    ["a shape beyond whole numbers", file(header("<f4", "99999999, 999999999, 99"), ""), "expected a shape"],
    ["a negative size", file(header("<f4", "-1,"), ""), "expected a shape"],
    ["no shape", file("{'descr': '<f4', 'fortran_order': False}", ""), "expected a shape"],
    ["no order", file("{'descr': '<f4', 'shape': (1,)}", ""), "fortran_order"],
    ["fields", file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", ""), "structured"],
    ["objects", file(header("|O", "2,"), ""), 'got type "|O"'],
    ["complex numbers", file(header("<c8", "2,"), ""), 'got type "<c8"'],
    ["texts", file(header("<U2", "2,"), ""), 'got type "<U2"'],
    ["an inherited name as type", file(header("<constructor", "2,"), ""), "got type"],
  ])("%s", (_, bytes, message) => {
    expect(() => decodeNpy(bytes, "a.npy")).toThrow(message);
    expect(() => decodeNpy(bytes, "a.npy")).toThrow(/^a\.npy: /);
  });
});
