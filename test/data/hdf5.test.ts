// hdf5: files that h5py wrote, read back number for number, whole and in slices; which dataset is meant; refusals.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTable } from "../../src/data/files.ts";
import { openHdf5Rows } from "../../src/data/hdf5/rows.ts";
import { bytesInMemory } from "../../src/data/stored-rows.ts";
import { LocalFlowError } from "../../src/errors.ts";
import { refused } from "../support/refused.ts";
import { expectedArrays, fixtureBytes, hdf5Files, openFixture } from "./hdf5-fixtures.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "localflow-hdf5-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function put(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
}

const arrays = Object.entries(expectedArrays).filter(
  ([place, { shape }]) => !place.includes(".npz") && shape.length <= 2 && !place.endsWith("scale-offset"),
);
const split = (place: string) => place.split(".hdf5:") as [string, string];

describe("numbers", () => {
  test("there are arrays of every file, and of every type in both byte orders", () => {
    expect(new Set(arrays.map(([place]) => split(place)[0]))).toEqual(new Set(hdf5Files));
    const types = new Set(arrays.map(([, { dtype }]) => dtype));
    for (const code of ["f2", "f4", "f8", "i2", "i4", "i8", "u2", "u4", "u8"])
      expect([types.has(`<${code}`), types.has(`>${code}`)]).toEqual([true, true]);
    for (const code of ["|i1", "|u1", "|b1"]) expect(types.has(code)).toBe(true);
  });

  test.each(hdf5Files)("%s: every array as h5py reads it", async (name) => {
    for (const [place, { shape, data }] of arrays.filter(([each]) => split(each)[0] === name)) {
      const rows = await openFixture(...split(place));
      expect([place, rows.rows, rows.columns]).toEqual([place, shape[0], shape[1] ?? 1]);
      const numbers = Array.from(await rows.read(0, rows.rows));
      expect({ place, numbers }).toEqual({ place, numbers: data });
    }
  });

  test("slices are the same rows, wherever they begin and end", async () => {
    for (const [place, { data }] of arrays.filter(([, { shape }]) => (shape[0] ?? 0) > 8)) {
      const rows = await openFixture(...split(place));
      const last = Math.min(rows.rows, 40);
      for (let from = 0; from < last; from += 3) {
        for (let to = from; to <= last; to += 4) {
          const slice = Array.from(await rows.read(from, to));
          expect({ place, from, slice }).toEqual({
            place,
            from,
            slice: data.slice(from * rows.columns, to * rows.columns),
          });
        }
      }
    }
  });
});

describe("which array", () => {
  test("a path of groups, the links along it, and a group's links to itself", async () => {
    const first = await (await openFixture("groups", "data/demo_0/obs")).read(0, 5);
    for (const path of ["/data/demo_0/obs/", "soft", "data/root/data/demo_0/back/back/obs"])
      expect(await (await openFixture("groups", path)).read(0, 5)).toEqual(first);
    expect((await openFixture("long", "a group with a long name for its links/dataset number 59")).rows).toBe(1030);
  });

  test("the only one with two axes, or else the only one with one", async () => {
    const several = await put("several.h5", fixtureBytes("splits"));
    await refused(
      readTable(several),
      "option",
      `expected one array, got 3: test [4, 3], train [9, 3], validation [2, 3]; choose one, such as ${several}:test`,
    );
    await refused(openFixture("types"), "option", "types.hdf5: expected one array, got ");
    expect((await openFixture("long")).where).toBe("long.hdf5:tree");
    expect(await (await openFixture("single")).read(0, 2)).toEqual(Float32Array.of(2.5, 3.5));
  });

  test("names that are not there, groups, and links that lead nowhere", async () => {
    await refused(
      openFixture("splits", "trian"),
      "option",
      'splits.hdf5:trian: expected a name in the file among test, train, validation, got "trian"; did you mean "train"?',
    );
    await refused(openFixture("groups", "data/demo_0/x"), "option", "a name in data/demo_0 among actions, back, obs");
    await refused(openFixture("groups", "soft/x"), "option", 'a group, for "x"');
    await refused(openFixture("groups", "nowhere"), "option", 'got "nothing"');
    await refused(openFixture("groups", "circle"), "data", "links in a circle");
    await refused(openFixture("groups", "outside"), "data", "a link to another file");
    await refused(
      openFixture("groups", "data"),
      "option",
      "expected a dataset, got a group; choose one in it: data/demo_0/actions [5, 1], data/demo_0/obs [5, 2]",
    );
  });
});

describe("tables", () => {
  test("rows of a split by its name, and columns of it", async () => {
    const path = `${await put("BSDS300.hdf5", fixtureBytes("splits"))}:train`;
    const { data } = expectedArrays["splits.hdf5:train"]!;
    const whole = await readTable(path);
    expect([whole.columns, whole.rows.shape]).toEqual([
      ["c1", "c2", "c3"],
      [9, 3],
    ]);
    expect(Array.from(whole.rows.data)).toEqual(data);
    const some = await readTable(path, { columns: ["c3", "c1"] });
    expect(Array.from(some.rows.data)).toEqual(data.flatMap((_, i) => (i % 3 === 0 ? [data[i + 2], data[i]] : [])));
    expect(some.ignored).toEqual(["c2"]);
  });

  test("the memory that the table takes, and a chunk that is large", async () => {
    const path = `${await put("memory.hdf5", fixtureBytes("splits"))}:train`;
    await refused(readTable(path, { memory: 107 }), "data", "expected a table within 107 bytes");
    expect((await readTable(path, { memory: 108 })).rows.shape).toEqual([9, 3]);
    const heavy = await put("heavy.hdf5", fixtureBytes("heavy"));
    await refused(readTable(heavy, { memory: 2 ** 26 }), "data", "expected a table within 64 MiB, got one that needs ");
    expect((await readTable(heavy, { memory: 2 ** 28 })).rows.shape).toEqual([2 ** 20, 6]);
  });

  test("numbers beyond float32, by row and column", async () => {
    const path = await put("types.hdf5", fixtureBytes("types"));
    expect(Array.from((await readTable(`${path}:extremes/u8`)).rows.data)).toEqual([2 ** 64, 2 ** 63]);
    const chunked = fixtureBytes("splits");
    const place = chunked.findIndex((_, at) => new DataView(chunked.buffer).getFloat64(at, true) === 8.625);
    new DataView(chunked.buffer).setFloat64(place + 8 * 4, 1e39, true);
    await refused(
      readTable(`${await put("large.hdf5", chunked)}:train`),
      "data",
      'large.hdf5:train row 2 column "c2": expected a number of at most 3.4e38, got "1e+39"',
    );
    new DataView(chunked.buffer).setFloat64(place + 8 * 4, Number.NaN, true);
    await refused(readTable(`${await put("nan.hdf5", chunked)}:train`), "data", 'a finite number, got "nan"');
  });
});

describe("refusals", () => {
  test.each([
    ["refused/complex", "got fields or complex numbers"],
    ["refused/fields", "got fields or complex numbers"],
    ["refused/text", "got text"],
    ["refused/fixed-text", "got text"],
    ["refused/ragged", "got lists of different lengths"],
    ["refused/object-references", "got references"],
    ["refused/named-values", "got named values"],
    ["refused/nothing", "got nothing"],
    ["refused/scalar", "expected an array [rows] or [rows, columns], not empty, got shape []"],
    ["refused/no-rows", "got shape [0, 3]"],
    ["cube", "got shape [2, 3, 4]"],
  ])("%s", (path, message) => refused(openFixture("types", path), "data", message));

  test("filters that are not undone, by name", () =>
    refused(openFixture("chunked", "scale-offset"), "data", "got the filter scale-offset; pack it anew: h5repack"));

  test("files that are no HDF5, or cut anywhere", async () => {
    await refused(readTable(await put("text.h5", new TextEncoder().encode("a,b\n1,2\n"))), "data", "an HDF5 file");
    await refused(readTable(join(folder, "absent.hdf5:train")), "file", "absent.hdf5: ");
    const whole = fixtureBytes("splits");
    for (let end = 0; end < whole.length; end += 41) {
      const cut = bytesInMemory(whole.slice(0, end), "cut");
      const read = openHdf5Rows(cut, "cut", "train").then((rows) => rows.read(0, rows.rows));
      await read.then(
        (numbers) => expect(numbers).toHaveLength(27),
        (error) => expect(error).toBeInstanceOf(LocalFlowError),
      );
    }
  });

  test("a chunk whose checksum is another", async () => {
    const bytes = fixtureBytes("chunked");
    const rows = await openHdf5Rows(bytesInMemory(bytes, "f"), "f", "fletcher");
    const good = await rows.read(0, 8);
    const bits = new Uint8Array(good.buffer);
    const place = bytes.findIndex((_, at) => bits.subarray(0, 160).every((byte, i) => bytes[at + i] === byte));
    bytes[place + 3]! ^= 1;
    const damaged = await openHdf5Rows(bytesInMemory(bytes, "f"), "f", "fletcher");
    await refused(damaged.read(0, 8), "data", "a chunk with another checksum");
    expect(await damaged.read(8, 23)).toEqual(await rows.read(8, 23));
  });

  test("shapes that promise more than the file can hold, before anything is allocated", async () => {
    const bytes = fixtureBytes("splits");
    const view = new DataView(bytes.buffer);
    for (let at = 0; at + 16 < bytes.length; at++)
      if (view.getBigUint64(at, true) === 9n && view.getBigUint64(at + 8, true) === 3n)
        view.setBigUint64(at, 2n ** 50n, true);
    await refused(openHdf5Rows(bytesInMemory(bytes, "f"), "f", "train"), "data", "f:train: expected a whole HDF5 file");
  });
});
