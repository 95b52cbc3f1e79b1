// files: whole files or none, and tables by their ending.
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fileFailure, readTable, writeFileAtomically } from "../../src/data/files.ts";
import { encodeNpy } from "../../src/data/npy.ts";
import { failure, LocalFlowError } from "../../src/errors.ts";
import { floats } from "../../src/tensor/array.ts";
import { refusedFor } from "../support/refused.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localflow-files-"));
});
afterEach(() => rm(folder, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

describe("writing", () => {
  test("bytes and pieces of bytes and text arrive whole, and nothing else is left in the folder", async () => {
    await writeFileAtomically(join(folder, "a"), bytes("one"));
    await writeFileAtomically(
      join(folder, "b"),
      (async function* () {
        yield bytes("one ");
        yield "twö";
      })(),
    );
    await writeFileAtomically(join(folder, "c"), ["x", bytes("y")]);
    expect((await readdir(folder)).sort()).toEqual(["a", "b", "c"]);
    const texts = await Promise.all(["a", "b", "c"].map((name) => readFile(join(folder, name), "utf8")));
    expect(texts).toEqual(["one", "one twö", "xy"]);
  });

  test("a file that is there stays, unless forced", async () => {
    const path = join(folder, "a");
    await writeFile(path, "old", { mode: 0o600 });
    await refusedFor(writeFileAtomically(path, bytes("new")), "already there; use --force to replace it");
    expect(await readFile(path, "utf8")).toBe("old");
    await writeFileAtomically(path, bytes("new"), { force: true });
    expect(await readFile(path, "utf8")).toBe("new");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("a file that appears meanwhile stays too", async () => {
    const path = join(folder, "a");
    const content = async function* () {
      yield "mine";
      await writeFile(path, "theirs");
    };
    await refusedFor(writeFileAtomically(path, content()), "--force");
    expect(await readFile(path, "utf8")).toBe("theirs");
    expect(await readdir(folder)).toEqual(["a"]);
  });

  test("when the content fails, the old file stays, the temporary one goes and the error passes through", async () => {
    const path = join(folder, "a");
    await writeFile(path, "old");
    const problem = failure("numeric", { where: "training", expected: "a finite loss" });
    const content = async function* () {
      yield "half";
      throw problem;
    };
    await expect(writeFileAtomically(path, content(), { force: true })).rejects.toBe(problem);
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["a"]);
  });

  test("a symbolic link stays a link to the new content", async () => {
    await writeFile(join(folder, "a"), "old");
    await symlink(join(folder, "a"), join(folder, "link"));
    await writeFileAtomically(join(folder, "link"), bytes("new"), { force: true });
    expect(await readFile(join(folder, "a"), "utf8")).toBe("new");
    expect((await readdir(folder)).sort()).toEqual(["a", "link"]);
  });

  test("a device is written in place", async () => {
    await writeFileAtomically("/dev/null", bytes("gone"));
    expect((await stat("/dev/null")).isFile()).toBe(false);
  });

  test("what the system refuses is said in words", async () => {
    await refusedFor(writeFileAtomically(folder, bytes("x"), { force: true }), "expected a file name, got a folder");
    await refusedFor(writeFileAtomically(join(folder, "no", "a"), bytes("x")), "a folder that exists");
    await writeFile(join(folder, "a"), "");
    await refusedFor(writeFileAtomically(join(folder, "a", "b"), bytes("x")), "a file in the place of a folder");
    for (const [code, words] of [
      ["EACCES", "permission"],
      ["ENOSPC", "a full one"],
      ["EROFS", "a read-only one"],
      ["EXOTIC", "EXOTIC"],
    ]) {
      const error = fileFailure("p", Object.assign(new Error("no"), { code }));
      expect(error).toBeInstanceOf(LocalFlowError);
      expect(String(error)).toContain(words);
    }
    const bug = new TypeError("bug");
    expect(fileFailure("p", bug)).toBe(bug);
  });

  test.skipIf(process.getuid?.() === 0)("a folder without permission", async () => {
    await mkdir(join(folder, "closed"));
    await chmod(join(folder, "closed"), 0o500);
    await refusedFor(writeFileAtomically(join(folder, "closed", "a"), bytes("x")), "permission");
  });
});

describe("reading tables", () => {
  const put = async (name: string, content: string | Uint8Array) => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const rows = floats([1, 2, 3, 4], [2, 2]);

  test("CSV, TSV, standard input and NumPy arrays", async () => {
    const read = (path: string) =>
      readTable(path, {
        input: (async function* () {
          yield bytes("a,b\n1,2\n3,4\n");
        })(),
      });
    const named = { columns: ["a", "b"], rows, ignored: [] };
    expect(await read(await put("t.CSV", "a;b\n1;2\n3;4\n"))).toEqual(named);
    expect(await read(await put("t.tsv", "a\tb\n1\t2\n3\t4\n"))).toEqual(named);
    expect(await read("-")).toEqual(named);
    expect(await read(await put("t.npy", encodeNpy(rows)))).toEqual({ ...named, columns: ["c1", "c2"] });
    const column = await read(await put("u.npy", encodeNpy(floats([1, 2, 3]))));
    expect(column).toEqual({ columns: ["c1"], rows: floats([1, 2, 3], [3, 1]), ignored: [] });
  });

  test("JSON, lines of JSON and archives of arrays", async () => {
    const named = { columns: ["a", "b"], rows, ignored: [] };
    expect(await readTable(await put("t.json", '[{"a":1,"b":2},{"a":3,"b":4}]'))).toEqual(named);
    for (const name of ["t.ndjson", "t.jsonl", "t.JSONL"])
      expect(await readTable(await put(name, '{"a":1,"b":2}\n{"a":3,"b":4}\n'))).toEqual(named);
    const archive = await put("t.npz", zipSync({ "x.npy": encodeNpy(rows), "y.npy": encodeNpy(floats([1])) }));
    expect(await readTable(`${archive}:x`, { columns: ["a", "b"], inOrder: true })).toEqual(named);
    await refusedFor(readTable(archive), "expected one array, got 2 (x, y); choose one");
    await refusedFor(readTable(`${archive}:z`), "expected an array among x, y");
    await refusedFor(readTable(join(folder, "absent.npz:x")), "absent.npz: expected a file in a folder that exists");
  });

  test("columns of tables without names are named in order, of others chosen by name", async () => {
    const wanted = { columns: ["b", "a"], inOrder: true };
    for (const path of [await put("t.npy", encodeNpy(rows)), await put("plain.csv", "1,2\n3,4\n")])
      expect(await readTable(path, wanted)).toEqual({ columns: ["b", "a"], rows, ignored: [] });
    const swapped = floats([2, 1, 4, 3], [2, 2]);
    expect((await readTable(await put("n.csv", "a,b\n1,2\n3,4\n"), wanted)).rows).toEqual(swapped);
  });

  test("commas in a .tsv do not separate", async () => {
    expect((await readTable(await put("t.tsv", "a,b,c\td\n1\t2\n"))).columns).toEqual(["a,b,c", "d"]);
  });

  test("columns of arrays are chosen by number", async () => {
    const path = await put("t.npy", encodeNpy(rows));
    expect(await readTable(path, { columns: ["c2"] })).toEqual({
      columns: ["c2"],
      rows: floats([2, 4], [2, 1]),
      ignored: ["c1"],
    });
    await refusedFor(readTable(path, { columns: ["c3"] }), 'expected names among c1, c2, got "c3"');
  });

  test("refusals name the file and the place", async () => {
    const nan = await put("n.npy", encodeNpy(floats([1, 2, 3, Number.NaN], [2, 2])));
    await refusedFor(readTable(nan), `${nan} row 2 column "c2": expected a finite number, got "nan"`);
    expect((await readTable(nan, { columns: ["c1"] })).rows.shape).toEqual([2, 1]);
    await refusedFor(readTable(await put("cube.npy", encodeNpy(floats([1], [1, 1, 1])))), "got shape [1, 1, 1]");
    await refusedFor(readTable(await put("none.npy", encodeNpy(floats([], [0, 2])))), "got shape [0, 2]");
    await refusedFor(readTable(await put("t.csv", "a\nx\n")), 't.csv line 2 column "a"');
    await refusedFor(
      readTable(join(folder, "absent.csv")),
      "absent.csv: expected a file in a folder that exists, got nothing",
    );
    await refusedFor(readTable(join(folder, "absent.npy")), "got nothing of this name");
    await refusedFor(
      readTable(await put("t.xlsx", "")),
      "ending in .csv, .tsv, .json, .ndjson, .jsonl, .parquet, .npy, .npz, .pickle, .pkl, .hdf5, .h5 (or - for CSV on standard input), got .xlsx",
    );
    await refusedFor(readTable(join(folder, "t")), "got no ending");
    await mkdir(join(folder, "d.csv"));
    await refusedFor(readTable(join(folder, "d.csv")), "expected a file, got a folder");
  });

  test("tables over the memory budget are refused", async () => {
    const array = floats(new Float32Array(50_000), [25_000, 2]);
    const npy = await put("t.npy", encodeNpy(array));
    await refusedFor(readTable(npy, { memory: 100_000 }), "within 97.66 KiB, got one that needs 195.3 KiB");
    expect((await readTable(npy, { memory: 200_000 })).rows).toEqual(array);
    const csv = await put("t.csv", `a,b\n${"0,0\n".repeat(100_000)}`);
    await refusedFor(readTable(csv, { memory: 500_000 }), "needs about 781");
  });
});
