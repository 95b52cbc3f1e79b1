// safetensors: round trips, the exact bytes, and every rule of the format.
import { describe, expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors, startsLikeSafetensors } from "../../src/data/safetensors.ts";
import { LocalFlowError } from "../../src/errors.ts";
import { floats, integers, type NDArray } from "../../src/tensor/array.ts";

function file(header: unknown, data = new Uint8Array(0)): Uint8Array {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const arrays: Record<string, NDArray> = {
  "b.weight": floats([1, -2.5, 3, 4, 5, 6], [2, 3]),
  "a.bias": { type: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) },
  scalar: { type: "float64", shape: [], data: Float64Array.of(Math.PI) },
  counts: integers([-1, 2 ** 53]),
  empty: floats([], [0, 4]),
  small: { type: "int32", shape: [1, 2], data: Int32Array.of(-7, 7) },
};

test("arrays and texts read back", () => {
  const metadata = { localflow: '{"version":1,"é":"\\u0000"}', other: "" };
  const back = decodeSafetensors(encodeSafetensors(arrays, metadata), "m.safetensors");
  expect({ ...back.tensors }).toEqual(arrays);
  expect(Object.keys(back.tensors)).toEqual(Object.keys(arrays));
  expect({ ...back.metadata }).toEqual(metadata);
});

test("the bytes are those of the format: length, padded JSON, little-endian numbers", () => {
  const bytes = encodeSafetensors({ x: floats([1]) }, { k: "v" });
  const json = '{"__metadata__":{"k":"v"},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
  const padded = json.padEnd(Math.ceil(json.length / 8) * 8);
  expect(Buffer.from(bytes)).toEqual(
    Buffer.from([padded.length, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from(padded), 0, 0, 0x80, 0x3f]),
  );
  expect(encodeSafetensors({ x: floats([1]) }, { k: "v" })).toEqual(bytes);
});

test("names of the language's own do no harm", () => {
  const tensors = Object.fromEntries(["__proto__", "constructor", "toString"].map((name, i) => [name, floats([i])]));
  const metadata = JSON.parse('{"__proto__":"p","hasOwnProperty":"q"}') as Record<string, string>;
  const back = decodeSafetensors(encodeSafetensors(tensors, metadata), "m");
  expect(Object.keys(back.tensors)).toEqual(["__proto__", "constructor", "toString"]);
  expect(Object.values(back.tensors).map(({ data }) => Number(data[0]))).toEqual([0, 1, 2]);
  expect(Object.entries(back.metadata)).toEqual([
    ["__proto__", "p"],
    ["hasOwnProperty", "q"],
  ]);
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
});

test("arrays lie in any order and at any alignment, and are copies", () => {
  const header = {
    late: { dtype: "F32", shape: [1], data_offsets: [1, 5] },
    early: { dtype: "BOOL", shape: [1], data_offsets: [0, 1] },
  };
  const bytes = file(header, Uint8Array.of(1, 0, 0, 0x80, 0x3f));
  const { tensors } = decodeSafetensors(bytes, "m");
  bytes.fill(255);
  expect(tensors["late"]).toEqual(floats([1]));
  expect(tensors["early"]?.data).toEqual(Uint8Array.of(1));
});

test("a text of many megabytes is no trouble", () => {
  const long = 'ab\\"'.repeat(2_000_000);
  expect(decodeSafetensors(encodeSafetensors({}, { long }), "m").metadata["long"]).toBe(long);
});

describe("refusing", () => {
  const entry = (dtype: unknown, shape: unknown, offsets: unknown) => ({ x: { dtype, shape, data_offsets: offsets } });
  const four = new Uint8Array(4);
  const good = encodeSafetensors({ x: floats([1, 2]) });
  const huge = new Uint8Array(16);
  new DataView(huge.buffer).setBigUint64(0, 2n ** 63n, true);

  test.each([
    ["nothing", new Uint8Array(0), "8 bytes at least, got 0"],
    ["a header longer than the file", huge, "header of at most 8 bytes, got 9223372036854775808"],
    ["a cut header", good.slice(0, 30), "header of at most 22 bytes"],
    ["cut numbers", good.slice(0, -1), "expected 8 bytes of tensors, got 7"],
    ["trailing bytes", Uint8Array.from([...good, 0]), "expected 8 bytes of tensors, got 9"],
    ["no JSON", file("{x"), "expected a JSON header"],
    ["wrong UTF-8", Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xff), "expected a JSON header"],
    ["deep nesting", file("[".repeat(300_000)), "expected a JSON header"],
    [
      "deep nesting that is JSON",
      file(`{"x":{"dtype":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`),
      "dtype: expected F32",
    ],
    ["a list", file([]), "expected a JSON object as header, got a list"],
    ["null", file("null"), "expected a JSON object as header"],
    ["an entry that is no object", file({ x: 3 }), 'm tensor "x" dtype: expected F32'],
    [
      "a type it does not read",
      file(entry("BF16", [2], [0, 4]), four),
      'dtype: expected F32, F64, I64, I32, BOOL, got "BF16"',
    ],
    ["a negative size", file(entry("F32", [-1], [0, 4]), four), "shape: expected whole numbers, 0 or more, got [-1]"],
    ["a fraction", file(entry("F32", [0.5], [0, 4]), four), "shape: expected whole numbers"],
    ["a size beyond whole numbers", file(entry("F32", [1e300, 0], [0, 0])), "shape: expected whole numbers"],
    [
      "a product beyond whole numbers",
      file(entry("F32", [2 ** 52, 2 ** 52], [0, 4]), four),
      "data_offsets: expected the start and end",
    ],
    [
      "no offsets",
      file({ x: { dtype: "F32", shape: [1] } }, four),
      "data_offsets: expected two whole numbers, 0 or more, got nothing",
    ],
    ["three offsets", file(entry("F32", [1], [0, 4, 4]), four), "the start and end of 4 bytes"],
    ["a wrong length", file(entry("F32", [1], [0, 3]), four), "the start and end of 4 bytes, got [0,3]"],
    ["offsets outside the file", file(entry("F32", [2], [0, 8]), four), "expected 8 bytes of tensors, got 4"],
    ["a gap", file(entry("BOOL", [3], [1, 4]), four), "its bytes to start at 0, got 1"],
    [
      "overlap",
      file(
        {
          a: { dtype: "BOOL", shape: [3], data_offsets: [0, 3] },
          b: { dtype: "BOOL", shape: [2], data_offsets: [2, 4] },
        },
        four,
      ),
      "its bytes to start at 3, got 2",
    ],
    [
      "a name twice",
      file('{"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"\\u0078" :{}}'),
      'every name once, got "x" twice',
    ],
    ["a field twice", file('{"x":{"dtype":"F32","dtype":"F64"}}'), '"dtype" twice'],
    ["metadata that is no object", file({ __metadata__: [] }), "expected an object of texts"],
    ["metadata that is no text", file({ __metadata__: { a: 1 } }), 'm __metadata__ "a": expected a text, got number'],
  ])("%s", (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes, "m")).toThrow(message);
    expect(() => decodeSafetensors(bytes, "m")).toThrow(LocalFlowError);
  });

  test("a tensor under the name of the metadata", () => {
    expect(() => encodeSafetensors({ __metadata__: floats([1]) })).toThrow(LocalFlowError);
  });

  test("a text in a list is no name", () => {
    const header = '{"__metadata__":{"a":"b"},"x":{"dtype":"BOOL","shape":[4],"data_offsets":[0,4],"more":["x","x"]}}';
    expect(decodeSafetensors(file(header, four), "m").tensors["x"]?.shape).toEqual([4]);
  });
});

test("files are known by how they begin", async () => {
  const starts = (bytes: Uint8Array) =>
    startsLikeSafetensors({ size: bytes.length, read: async (at, length) => bytes.slice(at, at + length) });
  expect(await starts(encodeSafetensors(arrays))).toBe(true);
  expect(await starts(encodeSafetensors(arrays).slice(0, 40))).toBe(false);
  expect(await starts(file("[1]"))).toBe(false);
  for (const text of ["", "a,b\n1,2\n3,4\n", '{"a":[1,2],"b":[3,4]}', `12345678{"${"x".repeat(20)}`])
    expect(await starts(new TextEncoder().encode(text)), text).toBe(false);
});
