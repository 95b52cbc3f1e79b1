// seal: one flipped bit anywhere in a sealed file is noticed, and files of older releases still pass.
import { describe, expect, it } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../../src/data/safetensors.ts";
import { checkSeal, encodeSealed } from "../../src/tasks/seal.ts";
import { floats } from "../../src/tensor/array.ts";

const tensors = { b: floats([1.5, -2, 3e-5, 4], [2, 2]), a: floats([0, 0.25], [2]) };
const record = '{"beta":20}';
const bytes = encodeSealed(tensors, record);
const dataStart = bytes.length - 4 * 6;
const damaged = /^m\.safetensors: expected contents with the fingerprint .*, got .*; the file is damaged/;
const check = (file: Uint8Array) => checkSeal(decodeSafetensors(file, "m.safetensors"), "m.safetensors");

describe("a sealed file", () => {
  it("passes as it was written, and holds what was sealed", () => {
    expect(() => check(bytes)).not.toThrow();
    const file = decodeSafetensors(bytes, "m");
    expect({ ...file.tensors }).toEqual(tensors);
    expect(file.metadata["localflow"]).toBe(record);
  });

  it("is refused when any bit of any number is flipped", () => {
    for (let bit = 0; bit < 8 * 24; bit++) {
      const flipped = bytes.slice();
      const at = dataStart + (bit >> 3);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit & 7));
      expect(() => check(flipped)).toThrow(damaged);
    }
  });

  it("is refused when its record, a name or a shape is another", () => {
    const { metadata } = decodeSafetensors(bytes, "m");
    const { a, b } = tensors;
    for (const [changed, text] of [
      [tensors, '{"beta":21}'],
      [{ b: a, a: b }, record],
      [{ b: floats(b.data, [4]), a }, record],
      [{ b }, record],
    ] as const)
      expect(() => check(encodeSafetensors({ ...changed }, { ...metadata, localflow: text }))).toThrow(damaged);
  });

  it("passes when another tool wrote the tensors in another order", () => {
    const { metadata } = decodeSafetensors(bytes, "m");
    expect(() => check(encodeSafetensors({ a: tensors.a, b: tensors.b }, metadata))).not.toThrow();
  });

  it("passes without a fingerprint, as older releases wrote it", () => {
    expect(() => check(encodeSafetensors(tensors, { localflow: record }))).not.toThrow();
  });
});
