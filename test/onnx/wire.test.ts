// wire: what is written is read back, and no bytes whatever can crash or hang the reader.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LocalFlowError } from "../../src/errors.ts";
import { createReader, createWriter, type WireReader } from "../../src/onnx/wire.ts";

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const fieldNumber = fc.integer({ min: 1, max: 2 ** 29 - 1 });

function only(bytes: Uint8Array): WireReader {
  const reader = createReader(bytes, "test");
  expect(reader.next()).toBe(true);
  return reader;
}

/** Reads every field in the way its first bytes allow, and messages inside messages. */
function readEverything(reader: WireReader): void {
  while (reader.next()) {
    if (reader.wireType() === "varint" && reader.field() % 2 === 0) reader.longs();
    else if (reader.wireType() === "delimited" && reader.field() % 3 === 0) readEverything(reader.message());
    else if (reader.wireType() === "delimited" && reader.field() % 3 === 1) reader.longs();
    else if (reader.wireType() === "delimited") reader.text();
    else reader.skip();
  }
}

function throwsModelError(action: () => unknown): boolean {
  try {
    action();
    return false;
  } catch (error) {
    if (error instanceof LocalFlowError && error.code === "model") return true;
    throw error;
  }
}

describe("the wire format", () => {
  it("matches the bytes that the protobuf documentation gives", () => {
    const writer = createWriter();
    writer.integer(1, 150);
    writer.text(2, "testing");
    writer.message(3, (inner) => inner.integer(1, 150));
    writer.integers(6, [3, 270, 86942]);
    writer.integer(7, -1);
    const hex = Buffer.from(writer.finish()).toString("hex");
    expect(hex).toBe("089601120774657374696e671a030896013206038e029ea70538ffffffffffffffffff01");
  });

  it("gives back every 64-bit integer, single and packed", () => {
    fc.assert(
      fc.property(fieldNumber, fc.array(int64, { minLength: 1 }), (field, values) => {
        const writer = createWriter();
        writer.integer(field, values[0] ?? 0n);
        writer.integers(field, values);
        const reader = only(writer.finish());
        expect(reader.field()).toBe(field);
        expect([...reader.longs()]).toEqual([values[0]]);
        expect(reader.next()).toBe(true);
        expect([...reader.longs()]).toEqual(values);
        expect(reader.next()).toBe(false);
      }),
    );
  });

  it("gives back safe integers as numbers and refuses the others", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const writer = createWriter();
        writer.integer(1, value);
        expect(only(writer.finish()).integer() === value).toBe(true);
      }),
    );
    for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n]) {
      const writer = createWriter();
      writer.integer(1, value);
      expect(() => only(writer.finish()).integer()).toThrow(LocalFlowError);
    }
  });

  it("gives back floats, doubles, text and bytes of any length", () => {
    const lengths = fc.constantFrom(0, 1, 127, 128, 129, 300, 70_000);
    fc.assert(
      fc.property(fc.float(), fc.double(), fc.string({ unit: "grapheme" }), lengths, (single, double, text, length) => {
        const bytes = Uint8Array.from({ length }, (_, index) => index * 7);
        const writer = createWriter();
        writer.message(1, (inner) => {
          inner.float(1, single);
          inner.bytes(2, bytes);
          inner.double(3, double);
          inner.text(4, text);
          inner.floats(5, [single, single]);
        });
        const reader = only(writer.finish()).message();
        reader.next();
        expect(reader.float()).toBe(single);
        reader.next();
        expect(reader.bytes()).toEqual(bytes);
        reader.next();
        expect(new Float64Array(reader.fixed(8).slice().buffer)[0]).toBe(double);
        reader.next();
        expect(reader.text()).toBe(text);
        reader.next();
        expect([...new Float32Array(reader.fixed(4).slice().buffer)]).toEqual([single, single]);
        expect(reader.next()).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it("steps over fields it does not know", () => {
    const writer = createWriter();
    writer.integer(100, -5n);
    writer.float(101, 1);
    writer.double(102, 1);
    writer.bytes(103, new Uint8Array(1000));
    writer.integer(1, 7);
    const reader = createReader(writer.finish(), "test");
    while (reader.next() && reader.field() !== 1) reader.skip();
    expect(reader.integer()).toBe(7);
  });
});

describe("a hostile message", () => {
  const cases: Record<string, number[]> = {
    "a varint that never ends": [0x08, ...Array<number>(20).fill(0xff)],
    "a varint of more than 64 bits": [0x08, ...Array<number>(9).fill(0xff), 0x02],
    "a varint cut short": [0x08, 0x80],
    "a length of 2^63 and more": [0x12, ...Array<number>(9).fill(0xff), 0x01],
    "a length beyond the end": [0x12, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00],
    "a fixed32 cut short": [0x0d, 0, 0, 0],
    "a fixed64 cut short": [0x09, 0, 0, 0],
    "field number 0": [0x00, 0x00],
    "a tag of more than 32 bits": [0x88, 0x80, 0x80, 0x80, 0x80, 0x01, 0x00],
    "a group": [0x0b, 0x0c],
  };
  for (const [name, bytes] of Object.entries(cases)) {
    it(`is refused for ${name}`, () => {
      expect(
        throwsModelError(() => {
          const reader = createReader(Uint8Array.from(bytes), "test");
          while (reader.next()) reader.skip();
        }),
      ).toBe(true);
    });
  }

  it("is refused for packed integers that end inside a number, odd float lengths and text that is not UTF-8", () => {
    expect(throwsModelError(() => only(Uint8Array.of(0x0a, 2, 1, 0x80)).longs())).toBe(true);
    expect(throwsModelError(() => only(Uint8Array.of(0x0a, 2, 1, 0x80)).integers())).toBe(true);
    expect(throwsModelError(() => only(Uint8Array.of(0x0a, 3, 0, 0, 0)).fixed(4))).toBe(true);
    expect(throwsModelError(() => only(Uint8Array.of(0x0a, 1, 0xff)).text())).toBe(true);
    expect(throwsModelError(() => only(Uint8Array.of(0x08, 1)).text())).toBe(true);
  });

  it("is refused when it nests too deep, long before the stack ends", () => {
    let bytes = new Uint8Array(0);
    for (let depth = 0; depth < 3000; depth++) {
      const writer = createWriter();
      writer.bytes(3, bytes);
      bytes = Uint8Array.from(writer.finish());
    }
    expect(throwsModelError(() => readEverything(createReader(bytes, "test")))).toBe(true);
  });

  it("of random bytes is read or refused, nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        throwsModelError(() => readEverything(createReader(bytes, "test")));
      }),
      { numRuns: 2000 },
    );
  });
});
