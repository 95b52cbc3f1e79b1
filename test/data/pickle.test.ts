// pickle: plain data of every protocol, names that are refused, and damage.
import { describe, expect, test } from "vitest";
import { arrayOf, numberReader, numpyNames } from "../../src/data/pickle/arrays.ts";
import { memorySource } from "../../src/data/pickle/bytes.ts";
import { readPickle } from "../../src/data/pickle/pickle.ts";
import { bytesOf, entryOf, isKind, itemsOf, latin1, type PickleValue, textOf } from "../../src/data/pickle/values.ts";
import { LocalFlowError } from "../../src/errors.ts";

/** Characters as bytes of the same number. */
const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

interface Limits {
  readonly allowed?: ReadonlySet<string>;
  readonly memory?: number;
}

function read(text: string, { allowed = numpyNames, memory }: Limits = {}): PickleValue {
  const options = { where: "f.pickle", allowed, expected: "plain data", ...(memory !== undefined && { memory }) };
  return readPickle(memorySource(bytes(text)), options).value;
}

/** A value as JavaScript has it: bytes as their characters, sequences as arrays, dicts as lists of pairs. */
function plain(value: PickleValue): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value.kind === "bytes") return { bytes: latin1(bytesOf(value)) };
  if (value.kind === "dict") return { dict: value.keys.map((key, i) => [plain(key), plain(value.values[i]!)]) };
  return itemsOf(value)?.map(plain) ?? value;
}

const refused = (text: string, message: string, limits: Limits = {}) => {
  const attempt = () => read(text, limits);
  expect(attempt).toThrow(LocalFlowError);
  expect(attempt).toThrow(message);
};

describe("plain data", () => {
  test.each<[string, string, unknown]>([
    ["None and truth, new and old", "(N\x88\x89I01\nI00\nt.", [null, true, false, true, false]],
    [
      "whole numbers",
      "(K\xffM\x01\x02J\xfe\xff\xff\xffI-12\nL34L\n\x8a\x02\x00\x80\x8a\x00t.",
      [255, 513, -2, -12, 34, -32768, 0],
    ],
    [
      "large whole numbers",
      "(\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x8b\x09\x00\x00\x00\0\0\0\0\0\0\0\0\x01t.",
      [2n ** 63n - 1n, 2n ** 64n],
    ],
    ["floats", "(G\x3f\xf8\0\0\0\0\0\0F-2.5e3\nFnan\nF-inf\nt.", [1.5, -2500, Number.NaN, Number.NEGATIVE_INFINITY]],
    [
      "texts",
      "(X\x02\0\0\0\xc3\xa9\x8c\x01a\x8d\x01\0\0\0\0\0\0\0bVu\\u0041\\U0001f600\xe9\nt.",
      ["é", "a", "b", "uA😀é"],
    ],
    [
      "bytes",
      "(B\x01\0\0\0\xffC\x01a\x8e\x01\0\0\0\0\0\0\0b\x96\x01\0\0\0\0\0\0\0ct.",
      ["\xff", "a", "b", "c"].map((b) => ({ bytes: b })),
    ],
    [
      "the str of Python 2",
      "(T\x01\0\0\0\xe9U\x01aS'\\xe9\\n\\'\\\\'\nS\"'\"\nt.",
      ["\xe9", "a", "\xe9\n'\\", "'"].map((b) => ({ bytes: b })),
    ],
    [
      "bytes of Python 3 for Python 2",
      "c_codecs\nencode\n(X\x03\0\0\0\xc3\xbfaX\x06\0\0\0latin1tR.",
      { bytes: "\xffa" },
    ],
    ["lists", "](K\x01K\x02eK\x03a.", [1, 2, 3]],
    ["marked lists, tuples and dicts", "((K\x01l(t(K\x01K\x02dt.", [[1], [], { dict: [[1, 2]] }]],
    ["tuples by their length", "(K\x01\x85K\x01K\x02\x86K\x01K\x02K\x03\x87)t.", [[1], [1, 2], [1, 2, 3], []]],
    [
      "dicts",
      "}(K\x01K\x02uK\x03K\x04s.",
      {
        dict: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    ["sets", "(\x8f(K\x01\x90(K\x02\x91c__builtin__\nset\n](K\x03e\x85Rt.", [[1], [2], [3]]],
    [
      "the memo, by every opcode",
      "(K\x01q\x00K\x02r\x00\x01\0\0K\x03p7\n\x94h\x00j\x00\x01\0\0g7\nh\x03t.",
      [1, 2, 3, 1, 2, 3, 3],
    ],
    ["what is dropped and doubled", "(K\x01K\x020(K\x031K\x042t.", [1, 4, 4]],
    ["protocol and frame", "\x80\x05\x95\x02\0\0\0\0\0\0\0K\x01.", 1],
    ["an ordered dict", "ccollections\nOrderedDict\n)R(K\x01K\x02u.", { dict: [[1, 2]] }],
    ["lines that end as on Windows", "(I12\r\nS'a'\r\nt.", [12, { bytes: "a" }]],
  ])("%s", (_, text, value) => expect(plain(read(text))).toEqual(value));

  test("a list may hold itself", () => {
    const list = read("]q\0h\0a.");
    expect(isKind(list, "list") && list.items[0] === list).toBe(true);
  });

  test("allowed calls become objects, however they are written", () => {
    const object = { kind: "object", name: "numpy.dtype", args: ["f8"], state: 3 };
    const callee = "cnumpy\ndtype\n";
    for (const text of [
      `${callee}(Vf8\ntRK\x03b.`,
      `${callee}(Vf8\nt\x81K\x03b.`,
      `${callee}(Vf8\nt}\x92K\x03b.`,
      "(Vf8\ninumpy\ndtype\nK\x03b.",
      `(${callee}Vf8\noK\x03b.`,
      "\x8c\x05numpy\x8c\x05dtype\x93(Vf8\ntRK\x03b.",
      `ccopy_reg\n__newobj__\n(${callee}Vf8\ntRK\x03b.`,
    ])
      expect(read(text)).toEqual(object);
    const remade = read(`ccopy_reg\n_reconstructor\n(${callee}c__builtin__\nobject\nNtRK\x03b.`);
    expect(remade).toEqual({ ...object, args: [] });
  });

  test("dicts are asked by texts, of Python 2 and 3", () => {
    const dict = read("}(U\x01aK\x01X\x01\0\0\0bK\x02C\x01cK\x03U\x01aK\x04u.");
    expect(["a", "b", "c", "d"].map((key) => entryOf(dict, key))).toEqual([4, 2, 3, undefined]);
  });

  test("long texts and bytes stay in the file", () => {
    const text = read(`X\x00\x00\x02\0${"a".repeat(2 ** 17)}.`);
    expect(text).toMatchObject({ kind: "text", at: 5, length: 2 ** 17 });
    expect(textOf(text)).toBe(undefined);
    expect(read(`B\x00\x00\x02\0${"a".repeat(2 ** 17)}.`)).toMatchObject({ kind: "bytes", at: 5, length: 2 ** 17 });
    const long = "\xc3\xbfa".repeat(700_000);
    const size = String.fromCharCode(...new Uint8Array(Uint32Array.of(long.length).buffer));
    const encoded = read(`c_codecs\nencode\n(X${size}${long}X\x06\0\0\0latin1tR.`);
    expect(isKind(encoded, "bytes") && latin1(bytesOf(encoded)) === "\xffa".repeat(700_000)).toBe(true);
  });

  test("arrays of NumPy, in the order they are stored in", () => {
    const dtype = "cnumpy\ndtype\n(Vi2\nI00\nI01\ntR(K\x03V>\nNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb";
    const array = (shape: string, fortran: string) =>
      `cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tC\x01btR(K\x01(${shape}t${dtype}${fortran}C\x0c\0\x01\0\x02\0\x03\0\x04\0\x05\0\x06tb.`;
    const decoded = (text: string) => {
      const found = arrayOf(read(text), "f");
      if (found?.kind !== "numbers") return undefined;
      return { shape: found.shape, fortran: found.fortran, data: Array.from(numberReader(found, 6)(0, 6)) };
    };
    expect(decoded(array("K\x02K\x03", "\x89"))).toMatchObject({
      shape: [2, 3],
      fortran: false,
      data: [1, 2, 3, 4, 5, 6],
    });
    expect(decoded(array("K\x02K\x03", "\x88"))).toMatchObject({
      shape: [2, 3],
      fortran: true,
      data: [1, 2, 3, 4, 5, 6],
    });
    expect(() => decoded(array("K\x02K\x04", "\x89"))).toThrow("16 bytes for shape [2, 4]");
    expect(() => decoded(array("K\x02J\xff\xff\xff\xff", "\x89"))).toThrow("a shape of whole numbers");
  });
});

describe("names that are not allowed", () => {
  test.each([
    ["os.system by its line", "cos\nsystem\n(S'echo ran'\ntR.", "os.system"],
    ["posix.system by the stack", "\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.", "posix.system"],
    ["builtins.eval", "c__builtin__\neval\n(S'1'\ntR.", "__builtin__.eval"],
    ["builtins.getattr", "cbuiltins\ngetattr\n(cnumpy\nndarray\nVx\ntR.", "builtins.getattr"],
    ["an old instance", "(S'true'\nisubprocess\nPopen\n.", "subprocess.Popen"],
    ["a call that is an object", "(cos\nsystem\nS'true'\no.", "os.system"],
    ["one inside copyreg", "ccopy_reg\n_reconstructor\n(cos\nsystem\nc__builtin__\nobject\nNtR.", "os.system"],
    ["one whose state does harm", "cevil\nThing\n)\x81}(Vcmd\nVtrue\nub.", "evil.Thing"],
    ["NumPy's own ways to files", "cnumpy\nload\n(Vx\ntR.", "numpy.load"],
    ["a name of another module's", "cnumpy.core.multiarray\nndarray.tofile\n.", "numpy.core.multiarray.ndarray.tofile"],
  ])("%s", (_, text, name) => refused(text, `f.pickle: expected plain data, got ${name}; nothing of the file was run`));

  test("names are shown short and in plain letters", () => {
    refused(`cos\x1b[31m\n${"x".repeat(150)}\n.`, "got os?[31m.xxx");
    refused(`cos\n${"x".repeat(300)}\n.`, "expected the name of a function or class");
  });

  test("nothing but a name is called, and only objects take a state", () => {
    refused("K\x01)R.", "expected a function or class to call, got a number");
    refused("}K\x01b.", "expected an object that takes a state, got a dict");
    refused("cnumpy\ndtype\nK\x01b.", "expected an object that takes a state, got numpy.dtype");
    refused("cnumpy\ndtype\nK\x01R.", "expected a tuple of arguments");
    refused("cnumpy\ndtype\n)}(K\x01K\x02u\x92.", "expected no named arguments");
    refused("c_codecs\nencode\n(Va\nVrot13\ntR.", "expected arguments that _codecs.encode takes");
    refused("c_codecs\nencode\n(V\\u0100\nVlatin1\ntR.", "expected arguments that _codecs.encode takes");
  });

  test.each([
    ["Pabc\n.", "a reference to something outside the file"],
    ["K\x01Q.", "a reference to something outside the file"],
    ["\x82\x01.", "a code of Python's extension registry"],
    ["\x97.", "a buffer kept outside the file"],
    ["\x1f\x8b", "the byte 0x1f"],
    ["\x80\x06.", "got 6"],
  ])("opcodes that a file on its own does not need: %j", (text, message) => refused(text, message));
});

describe("damage", () => {
  test.each([
    ["nothing at all", "", "expected 1 more bytes, got 0; the file was cut short"],
    ["no end", "K\x01", "f.pickle byte 2: expected 1 more bytes"],
    ["a line without its end", "I12", "expected a line's end"],
    ["bytes beyond the file", "B\xff\xff\xff\xffabc.", "expected at most 4 bytes, got 4294967295"],
    ["bytes beyond any file", "\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.", "expected at most 1 bytes"],
    ["a text beyond the file", "X\xff\xff\xff\x7f.", "expected at most 1 bytes"],
    ["a frame beyond the file", "\x95\xff\xff\xff\xff\xff\xff\xff\xff.", "expected at most 1 bytes"],
    ["a number beyond the file", "\x8b\xff\xff\xff\x7f.", "expected at most 1 bytes"],
    [
      "a number that is too long",
      `\x8b\x2c\x01\0\0${"\x01".repeat(300)}.`,
      "a whole number of at most 256 bytes, got 300",
    ],
    ["a number of too many digits", `L${"9".repeat(700)}L\n.`, "expected a whole number"],
    ["a number that is none", "I12a\n.", "expected a whole number"],
    ["a decimal that is none", "F1_0\n.", "expected a number"],
    ["a quote left open", "S'a\n.", "expected a text in quotes"],
    ["an escape cut short", "S'a\\'\n.", "expected a text in quotes"],
    ["a character beyond Unicode", "V\\U00110000\n.", "expected a text of Unicode"],
    ["nothing on the stack", "0.", "expected a value on the stack, got none"],
    ["nothing above the mark", "K\x01(0.", "expected a value on the stack"],
    ["no mark", "K\x01t.", "expected a mark on the stack"],
    ["an empty place in the memo", "h\x07.", "got place 7"],
    ["a key without a value", "}(K\x01u.", "expected a value for every key"],
    ["a list that is none", "K\x01K\x02a.", "expected a list to add to, got a number"],
    ["a dict that is none", "](K\x01K\x02u.", "expected a dict to add to, got a list"],
    ["a set that is none", "](K\x01\x90.", "expected a set to add to, got a list"],
    ["a name of numbers", "K\x01K\x02\x93.", "expected the name of a function or class, got a number"],
  ])("%s", (_, text, message) => refused(text, message));

  test("depth costs no stack, and bombs end at the budget", () => {
    const deep = read(`${"]".repeat(200_000)}${"a".repeat(199_999)}.`);
    expect(isKind(deep, "list")).toBe(true);
    const memory = 2 ** 20;
    for (const bomb of [
      `${"]".repeat(50_000)}.`,
      `${"(".repeat(50_000)}.`,
      `]q\0${"h\0".repeat(50_000)}.`,
      `N${"2".repeat(50_000)}.`,
    ])
      refused(bomb, "expected values within 1 MiB, got more", { memory });
    refused(`N${"\x94".repeat(50_000)}.`, "expected values within 1 MiB", { memory });
    const text = `V${"a".repeat(60_000)}\nq\0`;
    const encode = "c_codecs\nencode\n(h\0Vlatin1\ntR0";
    refused(`${text}${encode.repeat(30)}.`, "expected values within 1 MiB", { memory });
  });
});
