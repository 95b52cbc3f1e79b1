// pickle-table: tables from pickles that NumPy and pandas wrote (test/reference/pickles.py), whole and damaged.
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTable } from "../../src/data/files.ts";
import { memorySource } from "../../src/data/pickle/bytes.ts";
import { withFileSource } from "../../src/data/pickle/file.ts";
import { type PickleTableOptions, readPickleTable } from "../../src/data/pickle/table.ts";
import { LocalFlowError } from "../../src/errors.ts";
import { attempt, damaged } from "../support/damage.ts";
import { refused } from "../support/refused.ts";

const fixtures = fileURLToPath(new URL("../fixtures/pickle", import.meta.url));
const fixture = (name: string) => join(fixtures, `${name}.pickle`);
const protocols = [0, 1, 2, 3, 4, 5];

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "localflow-pickle-"));
});
afterAll(() => rm(folder, { recursive: true }));

const rows = Array.from({ length: 7 }, (_, row) => row);
const table = (...columns: ((row: number) => number)[]) => rows.flatMap((row) => columns.map((column) => column(row)));
const a = (row: number) => row / 4 - 1;
const b = (row: number) => row * -0.5;
const i = (row: number) => row * 1000 - 3000;

describe("frames of pandas", () => {
  const written = [1, 2, 3].flatMap((pandas) =>
    protocols.map((protocol) => `mixed-pandas${pandas}-protocol${protocol}`),
  );

  test.each(written)("%s: columns of numbers from blocks of every type, in the order asked for", async (name) => {
    const columns = ["c", "a", "flag", "single", "byte", "i", "b"];
    const read = await readTable(fixture(name), { columns });
    expect(read.columns).toEqual(columns);
    expect(read.ignored).toEqual(["name", "day", "kind"]);
    const values = table(
      (row) => row + 0.25,
      a,
      (row) => Number(row % 3 === 0),
      (row) => row / 8,
      (row) => row * 30,
      i,
      b,
    );
    expect(Array.from(read.rows.data)).toEqual(values);
    expect(read.rows.shape).toEqual([7, 7]);
  });

  test("columns that are no numbers are refused by name and type", async () => {
    for (const pandas of [1, 2, 3]) {
      const path = fixture(`mixed-pandas${pandas}-protocol4`);
      await refused(readTable(path, { columns: ["a", "day"] }), "data", `${path} column "day": expected numbers, got `);
      await refused(readTable(path, { columns: ["kind"] }), "data", 'column "kind": expected numbers, got Categorical');
      await refused(
        readTable(path),
        "data",
        "choose the numeric columns with --columns (a, i, b, flag, single, byte, c)",
      );
      await refused(readTable(path, { columns: ["d"] }), "option", "expected names among a, i, name, b");
    }
  });

  test.each([1, 2, 3])(
    "pandas %i: numbered columns have no names, a series has one, levels of names are refused",
    async (pandas) => {
      const counted = await readTable(fixture(`counted-pandas${pandas}`));
      expect(counted.columns).toEqual(["c1", "c2", "c3"]);
      expect(Array.from(counted.rows.data)).toEqual(Array.from({ length: 15 }, (_, at) => at));
      const part = await readTable(fixture(`counted-pandas${pandas}`), { columns: ["c3", "c1"] });
      expect(Array.from(part.rows.data)).toEqual([2, 0, 5, 3, 8, 6, 11, 9, 14, 12]);
      const series = await readTable(fixture(`series-pandas${pandas}`));
      expect([series.columns, Array.from(series.rows.data)]).toEqual([["s"], rows.map((row) => row / 2)]);
      await refused(
        readTable(fixture(`levels-pandas${pandas}`)),
        "data",
        "expected 2 columns with one name each, got MultiIndex",
      );
    },
  );

  const former = [
    "0.15-protocol0",
    "0.15-protocol1",
    "0.15-protocol2",
    "0.18-protocol0",
    "0.18-protocol1",
    "0.18-protocol2",
  ];
  test.each([...former, "0.13-protocol2"])("Python 2 and pandas %s, names in Latin-1", async (name) => {
    const read = await readTable(fixture(`old-pandas${name}`), { columns: ["b", "i", "a"] });
    expect(Array.from(read.rows.data)).toEqual(table(b, i, a));
    expect(read.ignored).toEqual(["näme"]);
  });
});

describe("arrays and lists", () => {
  const written = [1, 2].flatMap((numpy) => protocols.map((protocol) => `arrays-numpy${numpy}-protocol${protocol}`));

  test.each(written)("%s: one is chosen by its name", async (name) => {
    const read = async (entry: string) => {
      const { rows: found } = await readTable(`${fixture(name)}:${entry}`);
      return [found.shape, Array.from(found.data)];
    };
    const eight = [0, 1, 2, 3, 4, 5, 6, 7];
    for (const entry of ["floats", "fortran", "big"]) expect(await read(entry)).toEqual([[4, 2], eight]);
    expect(await read("truth")).toEqual([
      [3, 1],
      [1, 0, 1],
    ]);
    expect(await read("strided")).toEqual([
      [4, 1],
      [0, 2, 4, 6],
    ]);
    expect(await read("list")).toEqual([
      [3, 1],
      [1, 2.5, 1],
    ]);
    expect(await read("nested")).toEqual([
      [3, 2],
      [1, 2, 3, 4, 5, 6],
    ]);
    expect(await read("bytes")).toEqual([
      [2, 1],
      [200, 7],
    ]);
    expect(await read("half")).toEqual([
      [2, 1],
      [1.5, -2],
    ]);
    expect(await read("unsigned")).toEqual([
      [2, 1],
      [2 ** 40, 3],
    ]);
  });

  test("what is no table is refused with its name", async () => {
    const path = fixture("arrays-numpy2-protocol4");
    await refused(
      readTable(`${path}:cube`),
      "data",
      "arrays-numpy2-protocol4.pickle:cube: expected an array [rows] or",
    );
    await refused(
      readTable(`${path}:names`),
      "data",
      "expected a pandas frame of numbers, got texts of NumPy's type U1",
    );
    await refused(readTable(`${path}:note`), "data", "got a text");
    await refused(readTable(`${path}:scalar`), "data", "got numpy._core.multiarray.scalar");
    await refused(readTable(`${path}:float`), "option", 'got "float"; did you mean "floats"?');
    await refused(readTable(path), "option", "12 (floats, fortran, big, truth, cube, strided, names, list, nested");
    await refused(readTable(`${fixture("counted-pandas1")}:x`), "option", "expected a pickle of a dict or list");
  });

  test("a batch of pictures as Python 2 wrote them", async () => {
    const { rows: found } = await readTable(`${fixture("old-batch-protocol2")}:data`);
    expect([found.shape, Array.from(found.data)]).toEqual([[2, 6], Array.from({ length: 12 }, (_, at) => at)]);
    const labels = await readTable(`${fixture("old-batch-protocol2")}:labels`);
    expect(Array.from(labels.rows.data)).toEqual([3, 5]);
  });
});

/** A good file with a byte or two changed. */
function altered(good: Uint8Array): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({ at: fc.nat(good.length - 1), put: fc.nat(255) });
  return fc.array(edit, { minLength: 1, maxLength: 2 }).map((edits) => {
    const bytes = Uint8Array.from(good);
    for (const { at, put } of edits) bytes[at] = put;
    return bytes;
  });
}

/** A pickle, protocol 4, of an array of float64 [count, width], up to its numbers, and the end behind them. */
function arrayPickle(
  count: number,
  width: number,
  fortran = false,
): { readonly head: Uint8Array; readonly tail: Uint8Array } {
  const wide = (size: number, bytes: number) =>
    String.fromCharCode(...Array.from({ length: bytes }, (_, place) => Math.floor(size / 256 ** place) % 256));
  const dtype = "cnumpy\ndtype\n(Vf8\n\x89\x88tR(K\x03V<\nNNNK\0K\0K\0tb";
  const made = "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tC\x01btR";
  const head = `\x80\x04${made}(K\x01(J${wide(count, 4)}J${wide(width, 4)}t${dtype}${fortran ? "\x88" : "\x89"}\x8e${wide(8 * count * width, 8)}`;
  const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
  return { head: bytes(head), tail: bytes("tb.") };
}

describe("size and damage", () => {
  const whole = (count: number, width: number, value: (at: number) => number) => {
    const { head, tail } = arrayPickle(count, width);
    const values = Float64Array.from({ length: count * width }, (_, at) => value(at));
    return Buffer.concat([head, new Uint8Array(values.buffer), tail]);
  };

  test("tables of many slices come whole, and a value that is not finite is told by its place", async () => {
    const path = join(folder, "many.pkl");
    await writeFile(
      path,
      whole(20_000, 3, (at) => at % 1009),
    );
    const read = await readTable(path);
    expect(read.rows.data.every((value, at) => value === at % 1009)).toBe(true);
    expect(read.rows.shape).toEqual([20_000, 3]);
    await writeFile(
      path,
      whole(20_000, 3, (at) => (at === 3 * 12_345 + 1 ? Number.NaN : at)),
    );
    await refused(readTable(path), "data", `${path} row 12346 column "c2": expected a finite number, got "nan"`);
    expect((await readTable(path, { columns: ["c1", "c3"] })).rows.shape).toEqual([20_000, 2]);
  });

  test("the table counts against the memory, the file does not", async () => {
    const path = join(folder, "budget.pickle");
    await writeFile(
      path,
      whole(1_000_000, 3, () => 1),
    );
    const memory = 11_000_000;
    await refused(readTable(path, { memory }), "data", "expected a table within 10.49 MiB");
    expect((await readTable(path, { memory, columns: ["c2"] })).rows.shape).toEqual([1_000_000, 1]);
  });

  test("files of more than 2 GiB are read by position", async () => {
    const path = join(folder, "large.pickle");
    const [count, width] = [2 ** 13, 2 ** 15 + 1];
    const { head, tail } = arrayPickle(count, width, true);
    const file = await open(path, "w");
    const end = head.length + 8 * count * width;
    await file.write(head);
    await file.write(new Uint8Array(Float64Array.of(42).buffer), 0, 8, end - 8);
    await file.write(tail, 0, tail.length, end);
    await file.close();
    expect(end).toBeGreaterThan(2 ** 31);
    const read = await readTable(path, { columns: [`c${width}`], memory: 2 ** 26 });
    expect([read.rows.data.length, read.rows.data[count - 2], read.rows.data[count - 1]]).toEqual([count, 0, 42]);
  });

  test("a file cut short anywhere is refused in one sentence", async () => {
    const bytes = await readFile(fixture("mixed-pandas2-protocol4"));
    for (let length = 0; length < bytes.length; length += 7)
      expect(() => readPickleTable(memorySource(bytes.subarray(0, length)), { where: "f" })).toThrow(LocalFlowError);
    await writeFile(join(folder, "evil.pickle"), "cposix\nsystem\n(S'true'\ntR.");
    await refused(
      readTable(join(folder, "evil.pickle")),
      "data",
      "evil.pickle: expected a pandas frame of numbers, got posix.system; nothing of the file was run",
    );
    await refused(readTable(join(folder, "absent.pickle:x")), "file", "absent.pickle: expected a file in a folder");
    expect(() =>
      withFileSource(join(folder, "evil.pickle"), 99, (source) => source.read(0, new Uint8Array(99))),
    ).toThrow("expected 99 bytes, got fewer");
  });

  test("blocks that share their numbers are refused: a small file makes no large table", async () => {
    const bytes = Buffer.from(await readFile(fixture("old-pandas0.18-protocol2"))).toString("latin1");
    const manager = "cpandas.core.internals\nBlockManager\n";
    expect(bytes).toContain(manager);
    const { head, tail } = arrayPickle(1, 9);
    const array = Buffer.concat([head.subarray(2), new Uint8Array(72), tail.subarray(0, 2)]).toString("latin1");
    const block = (start: number) =>
      `cpandas._libs.internals\n_unpickle_block\n(h\0c__builtin__\nslice\n(K${String.fromCharCode(start)}NNtRK\x02tR`;
    const axis =
      "cpandas.core.indexes.base\n_new_Index\n(cpandas.core.indexes.range\nRangeIndex\n}(Vstart\nK\0Vstop\nK\x02Vstep\nK\x01utR";
    const frame = `${array}q\0cpandas.core.frame\nDataFrame\n)\x81}(V_mgr\n${manager}((${block(0)}${block(1)}t](${axis}${axis}etRub.`;
    const options: PickleTableOptions = { where: "f" };
    expect(() => readPickleTable(memorySource(Buffer.from(frame, "latin1")), options)).toThrow(
      "expected blocks of their own",
    );
  });

  test("parts that are used over and over cost neither memory nor time", () => {
    const started = performance.now();
    const read = (text: string) => () =>
      readPickleTable(memorySource(Buffer.from(text, "latin1")), { where: "f", memory: 2 ** 28 });
    const times = 200_000;
    const again = "h\0".repeat(times);
    expect(read(`](](${"K\x01".repeat(times)}eq\0${again}e.`)).toThrow("expected a table within");
    expect(read(`}(K\x05(${"K\x01".repeat(times)}lq\0${"Nh\0".repeat(times)}u.`)).toThrow(
      "f: expected one frame or array, got 200001",
    );
    const array = `cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tC\x01btR(K\x01(${"K\x01".repeat(times)}t`;
    const bytes = `${array}cnumpy\ndtype\n(Vf8\n\x89\x88tR\x89C\0tbq\0`;
    const manager = (blocks: string) =>
      `cpandas.core.frame\nDataFrame\n)\x81}(V_mgr\ncpandas.core.internals\nBlockManager\n((${blocks}t](NNetRub.`;
    const block = "cpandas._libs.internals\n_unpickle_block\n(h\0NK\x02tRq\x01";
    expect(read(`${bytes}${manager(`${block}${"h\x01".repeat(times)}`)}`)).toThrow("expected a shape of whole numbers");
    const dict = `}(${"K\x01N".repeat(times)}uq\0`;
    expect(read(`${dict}${manager(again)}`)).toThrow("expected a block of a frame");
    const placement = `cpandas._libs.internals\nBlockPlacement\n`;
    expect(read(`${`(${placement}`.repeat(2000)}N${"o".repeat(2000)}.`)).toThrow(LocalFlowError);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test("whatever the bytes, a table or a LocalFlowError", async () => {
    const names = [
      "mixed-pandas1-protocol2",
      "mixed-pandas3-protocol5",
      "old-pandas0.15-protocol0",
      "old-pandas0.13-protocol2",
    ];
    const good = await Promise.all(
      ["counted-pandas2", "series-pandas1", "old-batch-protocol2", ...names].map((name) => readFile(fixture(name))),
    );
    let tables = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...good).chain((bytes) => fc.oneof(damaged(bytes), altered(bytes))),
        fc.constantFrom("data", undefined),
        (bytes, name) => {
          const options = { where: "f", memory: 2 ** 26, ...(name !== undefined && { name }) };
          for (const columns of [undefined, ["a", "b"]]) {
            const found = attempt(() =>
              readPickleTable(memorySource(bytes), { ...options, ...(columns && { columns }) }),
            );
            if (found === "refused") continue;
            tables++;
            expect(found.rows.shape).toEqual([found.rows.data.length / found.columns.length, found.columns.length]);
            expect(found.rows.data.every(Number.isFinite)).toBe(true);
          }
        },
      ),
      { numRuns: 2000, seed: 20241002 },
    );
    expect(tables).toBeGreaterThan(50);
  });
});
