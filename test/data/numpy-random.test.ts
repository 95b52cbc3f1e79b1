// numpy-random: against the numbers of NumPy itself (test/reference/tables.py).
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { permutationOfShuffle, randomState } from "../../src/data/numpy-random.ts";

interface Reference {
  readonly random: readonly {
    readonly seed: number;
    readonly words: readonly number[];
    readonly uniforms: readonly number[];
    readonly normals: readonly number[];
    readonly uniformsSha256: string;
  }[];
  readonly shuffles: readonly { readonly count: number; readonly ends: readonly number[]; readonly sha256: string }[];
}
const reference = JSON.parse(readFileSync(new URL("../reference/tables.json", import.meta.url), "utf8")) as Reference;
const sha256 = (values: Float64Array | Uint32Array) =>
  createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex");

describe("the numbers of numpy.random.RandomState", () => {
  for (const { seed, words, uniforms, normals, uniformsSha256 } of reference.random) {
    it(`are the same words and uniforms to the last bit from seed ${seed}`, () => {
      const [bits, state] = [randomState(seed), randomState(seed)];
      expect(words.map(() => bits.word())).toEqual(words);
      const drawn = Float64Array.from({ length: 100_000 }, () => state.uniform());
      expect([...drawn.subarray(0, uniforms.length)]).toEqual(uniforms);
      expect(sha256(drawn)).toBe(uniformsSha256);
    });

    it(`are the same normal numbers from seed ${seed}, but for a last bit of the logarithm`, () => {
      const state = randomState(seed);
      for (const normal of normals) expect(Math.abs(state.normal() / normal - 1)).toBeLessThan(1e-15);
    });
  }

  it("put rows into the same order", () => {
    for (const { count, ends, sha256: expected } of reference.shuffles) {
      const order = permutationOfShuffle(randomState(42), count);
      expect([...order.subarray(0, 5), ...order.subarray(-5)]).toEqual(ends);
      expect(sha256(order)).toBe(expected);
    }
  });

  it("leave nothing to shuffle alone", () => {
    expect([...permutationOfShuffle(randomState(42), 0)]).toEqual([]);
    expect([...permutationOfShuffle(randomState(42), 1)]).toEqual([0]);
  });

  it("want a seed of 32 bits", () => {
    for (const seed of [-1, 2 ** 32, 0.5, Number.NaN])
      expect(() => randomState(seed)).toThrow("NumPy seed: expected a whole number from 0 to 2^32 - 1");
  });
});
