// bad-input: whatever comes in, a command line ends in one clear line and its status and leaves no file behind, or does the
// repair that is documented.
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeNpy } from "../../src/data/npy.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/data/safetensors.ts";
import { floats } from "../../src/tensor/array.ts";
import { localflow } from "../support/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-bad-input-"));
const at = (name: string) => join(folder, name);
const model = at("good.safetensors");
const output = at("out.safetensors");
const tiny = "--steps 0.3,free --hidden 8x1 --iterations 5 --batch-size 20 --threads 1 --seed 3".split(" ");

const values = Array.from({ length: 40 }, (_, n) => [n % 7, (n * n) % 11, (n * n * n) % 13] as const);
const table = (header: string, ...columns: readonly number[]) =>
  `${header}\n${values.map((row) => columns.map((column) => row[column]).join(",")).join("\n")}\n`;

function put(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content);
  return at(name);
}

/** Every file of the folder with its size and time, at any depth. */
function inventory(): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => `${name} ${lstatSync(at(name)).size} ${lstatSync(at(name)).mtimeMs}`)
    .sort();
}

/** The rule of this file: a status, one line that contains `message`, nothing printed, nothing written. */
async function refuses(args: readonly string[], message: string | RegExp, status = 1): Promise<void> {
  const before = inventory();
  const outcome = await localflow(...args);
  expect(outcome.err).toMatch(message);
  expect(outcome.err).toMatch(/^localflow: [^\n]*\n$/);
  expect(outcome.err).not.toContain("unexpected");
  expect(outcome).toMatchObject({ status, out: "" });
  expect(inventory()).toEqual(before);
}

const fitOf = (data: string) => ["fit", data, "-o", output, ...tiny];

async function nll(data: string): Promise<number> {
  const { status, out, err } = await localflow("score", model, data, "--json", "--quiet", "--threads", "1");
  expect({ status, err }).toEqual({ status: 0, err: "" });
  return JSON.parse(out).nll;
}

beforeAll(async () => {
  put("good.csv", table("a,b", 0, 1));
  const fitted = await localflow("fit", at("good.csv"), "-o", model, ...tiny);
  expect(fitted).toMatchObject({ status: 0 });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("data", () => {
  const nan = floats([1, 2, Number.NaN, 4], [2, 2]);
  it.each<[string, string, string | Uint8Array, string]>([
    ["an empty file", "d.csv", "", "d.csv: expected a table, got an empty file"],
    ["a header without rows", "d.csv", "a,b\n", "d.csv: expected rows, got a header without rows"],
    ["a constant column", "d.csv", "a,b\n1,5\n2,5\n3,5\n", "column b: expected at least two different values, got 5"],
    ["infinity", "d.csv", "a,b\n1,2\n3,inf\n", 'd.csv line 3 column "b": expected a finite number, got "inf"'],
    ["NaN in an array", "d.npy", encodeNpy(nan), 'd.npy row 2 column "c1": expected a finite number, got "nan"'],
    ["text in a numeric column", "d.csv", "a,b\n1,2\n3,x\n", 'd.csv line 3 column "b": expected a number, got "x"'],
    ["rows of different widths", "d.csv", "a,b\n1,2\n3\n", "d.csv line 3: expected 2 fields, got 1 field"],
    ["equal column names", "d.csv", "a,a\n1,2\n", 'got "a" for columns 1 and 2; rename one of them'],
    ["a quote that never closes", "d.csv", 'a,b\n"1,2\n', "d.csv line 2 field 1: expected a closing quote"],
    ["binary garbage as CSV", "d.csv", Uint8Array.from({ length: 999 }, (_, n) => (n * 89 + 7) % 256), "d.csv"],
    ["binary garbage as NumPy array", "d.npy", Uint8Array.from({ length: 99 }, (_, n) => (n * 89) % 256), "d.npy"],
    ["zeros as NumPy archive", "d.npz", new Uint8Array(99), "d.npz"],
    ["text as Parquet", "d.parquet", "a,b\n1,2\n", "d.parquet"],
    ["text as JSON", "d.json", "a,b\n1,2\n", "d.json"],
    ["an array without rows", "d.npy", encodeNpy(floats([], [0, 2])), "not empty, got shape [0, 2]"],
    ["an array of three axes", "d.npy", encodeNpy(floats([1, 2], [1, 1, 2])), "got shape [1, 1, 2]"],
    ["another ending", "d.xlsx", "a,b\n1,2\n", "expected a table ending in .csv"],
    ["a model as data", "d.safetensors", "x", "expected a table ending in .csv"],
  ])("%s is refused by fit", async (_, name, content, message) => {
    await refuses(fitOf(put(name, content)), message);
  });

  it.each<[string, string, string]>([
    ["NaN", "a,b\n1,2\n3,4\nnan,6\n", 'd.csv line 4 column "a": expected a finite number, got "nan"'],
    ["an empty cell", "a,b\n1,\n", 'd.csv line 2 column "b": expected a number, got an empty cell'],
  ])("%s is refused by a fit of rows of numbers, with the way to a table", async (_, content, message) => {
    const path = put("d.csv", content);
    await refuses([...fitOf(path), "--task", "density"], message);
    await refuses([...fitOf(path), "--task", "density"], "learn texts and gaps too with --task table");
  });

  it("one row is refused by fit and scored by score", async () => {
    await refuses(fitOf(put("one.csv", "a,b\n1,2\n")), "column a: expected at least two different values");
    expect(await nll(at("one.csv"))).toEqual(expect.any(Number));
  });

  it("a file or a folder of that name is asked for", async () => {
    await refuses(fitOf(at("none.csv")), "none.csv: expected a file in a folder that exists, got nothing of this name");
    mkdirSync(at("folder.csv"), { recursive: true });
    await refuses([...fitOf(at("folder.csv")), "--task", "density"], "folder.csv: expected a file, got a folder");
    await refuses(["fit", at("folder.csv"), "-o", at("m.safetensors")], "folder.csv: expected PNG, JPEG or WebP files");
  });

  it.each<[string, (text: string) => string]>([
    ["a byte order mark", (text) => `\ufeff${text}`],
    ["CRLF", (text) => text.replaceAll("\n", "\r\n")],
    ["semicolons", (text) => text.replaceAll(",", ";")],
    ["tabs", (text) => text.replaceAll(",", "\t")],
    ["quotes", (text) => text.replace("a,b", '"a","b"').replace("\n3,9\n", '\n"3","9"\n')],
    ["blank lines", (text) => `${text.replace("\n3,9\n", "\n\n3,9\n")}\n\n`],
    ["no line end at the end", (text) => text.trimEnd()],
  ])("%s makes no difference", async (name, change) => {
    const good = table("a,b", 0, 1);
    const changed = change(good);
    expect(changed).not.toBe(good);
    expect(await nll(put(`${name}.csv`, changed))).toBe(await nll(at("good.csv")));
  });

  it("a line end inside quotes belongs to the name of a column", async () => {
    const path = put("lines.csv", '"a\nb",c\n1,2\n3,4\n');
    const { out } = await localflow("inspect", path, "--json", "--no-estimate");
    expect(JSON.parse(out)).toMatchObject({ rows: 2, columns: [{ name: "a\nb" }, { name: "c" }] });
    await refuses(fitOf(put("lines.csv", '"a\nb",c\n1,2\nx,4\nx,5\n')), "expected a number");
  });
});

describe("data that do not match the model", () => {
  it("in another order of columns, or with more of them, are taken by name", async () => {
    const expected = await nll(at("good.csv"));
    expect(await nll(put("permuted.csv", table("b,a", 1, 0)))).toBe(expected);
    expect(await nll(put("more.csv", table("c,b,a", 2, 1, 0)))).toBe(expected);
  });

  it.each<[string, string, string | Uint8Array, string, number]>([
    ["wrong names", "m.csv", "a,c\n1,2\n", 'expected the model\'s columns a, b, got a table without "b"', 1],
    ["too few columns", "m.csv", "a\n1\n", 'expected the model\'s columns a, b, got a table without "b"', 1],
    ["too many columns without names", "m.csv", "1,2,3\n", "m.csv: expected 2 columns (a, b), got 3", 1],
    ["an array of another width", "m.npy", encodeNpy(floats([1, 2, 3], [1, 3])), "expected 2 columns (a, b), got 3", 1],
  ])("with %s are refused", async (_, name, content, message, status) => {
    put(name, content);
    await refuses(["score", model, at(name), "-o", at("scores.csv")], message, status);
    await refuses(["evaluate", model, at(name)], message, status);
    await refuses(["evaluate", model, at("good.csv"), "--train", at(name)], message, status);
    await refuses(["picture", model, at(name), "-o", at("p.svg"), "--kind", "samples"], message, status);
  });

  it("held-out rows too", async () => {
    await refuses([...fitOf(at("good.csv")), "--validation", put("v.csv", "a,z\n1,2\n")], 'a table without "b"', 1);
  });
});

describe("a model file", () => {
  const parts = () => decodeSafetensors(readFileSync(model), "good");
  const bytes = () => Uint8Array.from(readFileSync(model));
  const record = () => JSON.parse(parts().metadata["localflow"] ?? "");
  const withRecord = (change: object) =>
    encodeSafetensors(parts().tensors, { localflow: JSON.stringify({ ...record(), ...change }) });
  const withTensor = (name: string, data: readonly number[], shape: readonly number[]) =>
    encodeSafetensors({ ...parts().tensors, [name]: floats(data, shape) }, parts().metadata);

  /** The file with its header's JSON text changed, everything else as it was. */
  function withHeader(change: (header: string) => string): Uint8Array {
    const file = bytes();
    const end = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
    const header = new TextEncoder().encode(change(new TextDecoder().decode(file.subarray(8, end))));
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
    return Uint8Array.from([...length, ...header, ...file.subarray(end)]);
  }

  function diffusing(): object {
    const { configuration } = record();
    const blocks = configuration.blocks.map((block: object) => ({ ...block, step: { kind: "diffuse", duration: 1 } }));
    return { configuration: { ...configuration, blocks } };
  }

  function adaptiveEuler(): object {
    const { configuration } = record();
    return { configuration: { ...configuration, integration: { ...configuration.integration, method: "euler" } } };
  }

  function withLength(length: bigint): Uint8Array {
    const file = bytes();
    new DataView(file.buffer).setBigUint64(0, length, true);
    return file;
  }

  const remedy = "not written by localflow";
  it.each<[string, () => string | Uint8Array, string]>([
    ["empty", () => "", "8 bytes at least, got 0"],
    ["cut within the header", () => bytes().subarray(0, 100), "cut short"],
    ["cut within the weights", () => bytes().subarray(0, -4), "cut short"],
    ["with bytes behind its end", () => Uint8Array.from([...bytes(), 0]), "trailing bytes"],
    ["with an absurd header length", () => withLength(2n ** 63n), "a safetensors header of at most"],
    ["with a header that is no JSON", () => withHeader((header) => header.replace("{", "[")), "expected a JSON header"],
    ["with overlapping tensors", () => withHeader(overlapping), "its bytes to start at"],
    [
      "with a wrong shape",
      () => withTensor("blocks.0.layers.0.bias", [1, 2], [2]),
      "layers.0.bias: expected float32 [8], got float32 [2]",
    ],
    ["with a deviation of zero", () => withTensor("standardize.deviation", [1, 0], [2]), "expected positive numbers"],
    [
      "without one of its tensors",
      () => withHeader((header) => header.replace("blocks.1.layers.0.bias", "blocks.1.layers.0.bios")),
      "layers.0.bias: expected float32 [8], got none",
    ],
    [
      "of a newer version",
      () => withRecord({ version: 2 }),
      "expected file version 1 at most, got 2; update localflow",
    ],
    ["of another task", () => withRecord({ task: "images" }), remedy],
    ["without columns", () => withRecord({ columns: [] }), remedy],
    ["with equal columns", () => withRecord({ columns: ["a", "a"] }), remedy],
    [
      "whose schedule does not end in free",
      () => withRecord(diffusing()),
      "a free block that is not the last, or none",
    ],
    ["with adaptive steps of a method that has none", () => withRecord(adaptiveEuler()), "integration"],
    [
      "that is not localflow's",
      () => encodeSafetensors({ x: floats([1]) }, { format: "pt" }),
      "without localflow's record",
    ],
    ["whose record is no JSON", () => encodeSafetensors({}, { localflow: "{" }), "expected a JSON record"],
    ["that is CSV", () => table("a,b", 0, 1), "or no safetensors file"],
    ["of binary garbage", () => Uint8Array.from({ length: 999 }, (_, n) => (n * 89 + 7) % 256), "no safetensors file"],
  ])("%s is refused by every command that reads one", async (_, content, message) => {
    const path = put("bad.safetensors", content());
    const needle = new RegExp(`bad\\.safetensors.*${message.replace(/[[\].]/g, "\\$&")}`);
    await refuses(["inspect", path], needle);
    await refuses(["sample", path, "-n", "2"], needle);
    await refuses(["sample", path, "-n", "2", "-o", at("s.csv")], needle);
    await refuses(["score", path, at("good.csv"), "-o", at("s.csv")], needle);
    await refuses(["evaluate", path, at("good.csv")], needle);
    await refuses(["picture", path, "-o", at("p.svg"), "--kind", "samples"], needle);
  });

  it("with weights that are not finite is refused", async () => {
    const path = put("bad.safetensors", withTensor("blocks.0.layers.0.bias", [Number.NaN, 1, 1, 1, 1, 1, 1, 1], [8]));
    await refuses(["sample", path, "-n", "2", "-o", at("s.csv")], "bad.safetensors");
  });

  it("that is missing, a folder, or data is refused", async () => {
    await refuses(["sample", at("none.safetensors"), "-n", "2"], "got nothing of this name");
    await refuses(["sample", folder, "-n", "2"], "expected a file, got a folder");
    await refuses(
      ["score", at("good.csv"), at("good.csv")],
      "good.csv: expected a model, whose name ends in .safetensors, got a table; localflow fit",
    );
  });

  it("is no checkpoint to resume from, and a checkpoint no model", async () => {
    put("out.safetensors.checkpoint", "garbage");
    await refuses([...fitOf(at("good.csv")), "--resume"], "out.safetensors.checkpoint: expected a safetensors");
    put("out.safetensors.checkpoint", readFileSync(model));
    await refuses([...fitOf(at("good.csv")), "--resume"], "out.safetensors.checkpoint");
    await refuses(fitOf(at("good.csv")), "add --resume to go on from it or --force to start anew");
    rmSync(at("out.safetensors.checkpoint"));
    await refuses([...fitOf(at("good.csv")), "--resume"], "expected a checkpoint to resume, got no such file");
  });
});

/** Lets the second tensor start where the first does. */
function overlapping(header: string): string {
  const [first, second] = [...header.matchAll(/"data_offsets":\[(\d+),(\d+)\]/g)];
  const [size, start] = [Number(second?.[2]) - Number(second?.[1]), Number(first?.[1])];
  return header.replace(second?.[0] ?? "", `"data_offsets":[${start},${start + size}]`);
}

describe("options", () => {
  const words: Readonly<Record<string, readonly string[]>> = {
    MODEL: [model],
    DATA: [at("good.csv")],
    PICTURE: [at("p.svg")],
    FIT: ["fit", at("good.csv"), "-o", output],
    SAMPLE: ["sample", model, "-n", "2"],
  };
  it.each<[string, string, string, number?]>([
    ["an unknown command", "train DATA", "unknown command 'train'"],
    ["a misspelt command", "scor MODEL DATA", "Did you mean score?"],
    ["an unknown option", "FIT --colour", "unknown option '--colour'"],
    ["a misspelt option", "FIT --learning-rat 1", "Did you mean --learning-rate?"],
    ["an argument too many", "FIT DATA", "too many arguments"],
    ["no argument", "score MODEL", "missing required argument 'data'"],
    ["an option without its value", "fit DATA -o", "argument missing"],
    ["no output", "fit DATA", "--output"],
    ["a schedule that does not end in free", "FIT --steps 0.1,0.2", "with `free` as the last one"],
    ["free before the end", "FIT --steps free,0.2", "with `free` as the last one"],
    ["an endless duration", "FIT --steps inf,free", "--steps, block 1: expected a number above 0"],
    ["two schedules", "FIT --steps free --blocks 2", "got --steps and --blocks; leave one of them out"],
    ["growth of a diffusion schedule", "FIT --schedule cosine --growth 2", "got --schedule and --growth"],
    ["fixed and adaptive steps", "SAMPLE --evaluations 8 --rtol 1e-3", "got --evaluations and --rtol"],
    ["a fixed method without steps", "SAMPLE --method rk4", "add --evaluations K"],
    [
      "a value per block too many",
      "FIT --steps 1,free --iterations 1;2;3",
      "expected 1 value or 2, one per block, got 3",
    ],
    ["a share above 1", "FIT --train-split 1.5", "--train-split: expected a number above 0 and at most 1"],
    ["an unknown column", "FIT --columns a,bb", 'expected names among a, b, got "bb"'],
    ["too little memory", "FIT --memory 300B", "expected a table within 300 bytes", 1],
    ["rows of a file", "FIT --rows 5", "leave out --rows"],
    ["an unknown device", "FIT --device gpu", "--device: expected one of cpu"],
    ["an ending it does not write", "SAMPLE -o s.xlsx", "expected a name ending in .csv"],
    ["an ending it does not draw", "picture MODEL -o p.gif --kind samples", "expected a name ending in .svg"],
    ["data and JSON on one stream", "score MODEL DATA -o - --json", "data on standard output too"],
    ["a model on standard output", "fit DATA -o -", "expected a file name for the model"],
    ["probes of an exact divergence", "score MODEL DATA --probes 2", "expected --divergence hutchinson"],
    ["baselines without training rows", "evaluate MODEL DATA --baselines flow-wide", "expected --train FILE"],
    ["a column that the model lacks", "picture MODEL DATA -o PICTURE --kind samples --columns a,c", '"c"'],
  ])("%s: %s", async (_, line, message, status = 2) => {
    await refuses(
      line.split(" ").flatMap((word) => words[word] ?? [word]),
      message,
      status,
    );
  });
});

describe("an output that cannot be written", () => {
  /** Command lines that write a file, with `path` as that file. */
  const writing = (path: string): readonly (readonly string[])[] => [
    ["fit", at("good.csv"), "-o", path, ...tiny],
    ["sample", model, "-n", "2", "-o", path, "--quiet"],
    ["score", model, at("good.csv"), "-o", path, "--quiet"],
    ["picture", model, "-o", path, "--kind", "samples", "--quiet"],
  ];
  const endings = [".safetensors", ".csv", ".json", ".svg"];
  const refusesAll = async (name: string, message: string) => {
    for (const [n, ending] of endings.entries()) {
      const args = writing(at(`${name}${ending}`))[n] ?? [];
      await refuses(args, message);
    }
  };

  it("as it is there already", async () => {
    for (const ending of endings) put(`there${ending}`, "kept");
    await refusesAll("there", "--force");
  });

  it("as it is a folder, also with --force", async () => {
    for (const ending of endings) mkdirSync(at(`folder${ending}`), { recursive: true });
    await refusesAll("folder", "got a folder");
    await refuses([...fitOf(at("good.csv")).slice(0, 2), "-o", folder, "--force"], "got a folder");
  });

  it("as its name ends as that of a folder, before any training", async () => {
    const { status, err } = await localflow(...fitOf(at("good.csv")).slice(0, 2), "-o", at("new.safetensors/"));
    expect({ status, err }).toEqual({
      status: 1,
      err: `localflow: ${at("new.safetensors/")}: expected a file name, got a folder\n`,
    });
  });

  it("as its folder does not exist, or is a file", async () => {
    await refusesAll("nowhere/out", "create it first");
    await refusesAll("good.csv/out", "expected a folder");
  });

  it.skipIf(process.getuid?.() === 0)("as its folder is not writable", async () => {
    mkdirSync(at("closed"), { recursive: true });
    chmodSync(at("closed"), 0o500);
    await refusesAll("closed/out", "permission");
  });

  it.skipIf(process.platform !== "linux")(
    "as the disk is full; a fit keeps its checkpoint and is resumed",
    async () => {
      const full = "expected room on the disk, got a full one; free some space";
      for (const ending of endings) symlinkSync("/dev/full", at(`full${ending}`));
      const [fitting = [], ...others] = endings.map((ending, n) => writing(at(`full${ending}`))[n] ?? []);
      for (const args of others) await refuses(args, full);
      const outcome = await localflow(...fitting);
      expect(outcome).toMatchObject({ status: 1, out: "" });
      expect(outcome.err).toMatch(/^localflow: [^\n]*got a full one[^\n]*\n$/);
      rmSync(at("full.safetensors"));
      expect((await localflow(...fitting, "--resume")).status).toBe(0);
      expect(readFileSync(at("full.safetensors")).equals(readFileSync(model))).toBe(true);
      expect(readdirSync(folder).filter((name) => /checkpoint|tmp/.test(name))).toEqual([]);
    },
  );
});
