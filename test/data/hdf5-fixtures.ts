// hdf5-fixtures: the files in test/fixtures/hdf5, unpacked, and the numbers that h5py and numpy read from them.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { openHdf5Rows } from "../../src/data/hdf5/rows.ts";
import { bytesInMemory, type StoredRows } from "../../src/data/stored-rows.ts";

const place = (name: string) => new URL(`../fixtures/hdf5/${name}`, import.meta.url);

interface Expected {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** By "file:path". */
export const expectedArrays: Readonly<Record<string, Expected>> = JSON.parse(
  readFileSync(place("expected.json"), "utf8"),
);

export const hdf5Files = ["splits", "single", "types", "chunked", "groups", "latest", "long", "middle", "block"];

/** The content of a fixture, a copy of its own. */
export function fixtureBytes(name: string): Uint8Array {
  return new Uint8Array(gunzipSync(readFileSync(place(`${name}.hdf5.gz`))));
}

export function openFixture(name: string, path?: string): Promise<StoredRows> {
  return openHdf5Rows(bytesInMemory(fixtureBytes(name), name), `${name}.hdf5`, path);
}

/** The archive of arrays that numpy wrote. */
export function archiveBytes(): Uint8Array {
  return new Uint8Array(readFileSync(place("types.npz")));
}
