// hdf5-fuzz: 2000 damaged files, each refused by a LocalFlowError or read, and none of them slow or large.
import { describe, expect, test } from "vitest";
import { openHdf5Rows } from "../../src/data/hdf5/rows.ts";
import { bytesInMemory } from "../../src/data/stored-rows.ts";
import { LocalFlowError } from "../../src/errors.ts";
import { expectedArrays, fixtureBytes, hdf5Files } from "./hdf5-fixtures.ts";

const files = hdf5Files.map((name) => ({
  bytes: fixtureBytes(name),
  paths: [undefined, ...Object.keys(expectedArrays).flatMap((place) => place.split(`${name}.hdf5:`).slice(1))],
}));

/** Numbers in [0, 1): a linear congruential generator is random enough to damage files. */
function generator(seed: number): () => number {
  let state = (seed * 7919 + 1) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A copy that was cut, or has some bytes or an address replaced. */
function damaged(bytes: Uint8Array, kind: number, random: () => number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const anywhere = () => Math.floor(random() * copy.length);
  if (kind === 0) return copy.subarray(0, anywhere());
  for (let n = 0; n < 1 + 8 * random(); n++) {
    const at = anywhere();
    if (kind === 1) copy[at]! ^= 1 << Math.floor(8 * random());
    else if (kind === 2) copy[at] = [0, 1, 127, 128, 255][Math.floor(5 * random())]!;
    else copy.copyWithin(at, anywhere(), anywhere());
  }
  return copy;
}

async function outcome(bytes: Uint8Array, path: string | undefined): Promise<"read" | "refused"> {
  try {
    const rows = await openHdf5Rows(bytesInMemory(bytes, "f"), "f", path);
    for (let from = 0; from < rows.rows; from += rows.band) {
      const to = Math.min(rows.rows, from + rows.band);
      expect((await rows.read(from, to)).length).toBe((to - from) * rows.columns);
    }
    return "read";
  } catch (error) {
    if (error instanceof LocalFlowError) return "refused";
    throw error;
  }
}

describe("damage", () => {
  test("2000 files are refused or read", async () => {
    const outcomes = { read: 0, refused: 0 };
    let slowest = 0;
    for (let n = 0; n < 2000; n++) {
      const random = generator(n);
      const { bytes, paths } = files[n % files.length]!;
      const path = paths[Math.floor(random() * paths.length)];
      const start = performance.now();
      outcomes[await outcome(damaged(bytes, Math.floor(n / files.length) % 4, random), path)]++;
      slowest = Math.max(slowest, performance.now() - start);
    }
    expect(outcomes.read).toBeGreaterThan(300);
    expect(outcomes.refused).toBeGreaterThan(300);
    expect(slowest).toBeLessThan(5000);
  });

  test("noise behind the signature is refused", async () => {
    for (let n = 0; n < 200; n++) {
      const random = generator(n);
      const noise = fixtureBytes("splits").map((byte, at) => (at < 8 + (n % 60) ? byte : 256 * random()));
      expect(await outcome(noise, n % 2 === 0 ? "train" : undefined)).toBe("refused");
    }
  });
});
