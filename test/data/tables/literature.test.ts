// literature: the four prepared tables against NumPy and pandas on synthetic files (test/reference/tables.py).
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bsds300Table } from "../../../src/data/tables/bsds300.ts";
import { gasTable, type NamedColumn } from "../../../src/data/tables/gas.ts";
import { minibooneTable } from "../../../src/data/tables/miniboone.ts";
import { picturePoints } from "../../../src/data/tables/picture-points.ts";
import { powerTable } from "../../../src/data/tables/power.ts";
import { howToGet, rawFiles } from "../../../src/data/tables/raw-files.ts";
import { type DensityTable, splitByPosition } from "../../../src/data/tables/table.ts";
import type { NDArray } from "../../../src/tensor/array.ts";

const partNames = ["train", "validation", "test"] as const;
interface Prepared {
  readonly columns?: readonly string[];
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  readonly parts: Readonly<
    Record<
      (typeof partNames)[number],
      { rows: number; first: number[]; last: number[]; sums: number[]; sha256: string }
    >
  >;
}
interface Reference {
  readonly power: Prepared;
  readonly miniboone: Prepared;
  readonly gas: Prepared;
  readonly picture: { readonly points: readonly number[]; readonly last: readonly number[] };
}
const reference = JSON.parse(
  readFileSync(new URL("../../reference/tables.json", import.meta.url), "utf8"),
) as Reference;

/** The whole numbers of the reference's `quasi`; its squares stay below 2^53. */
const quasi = (row: number, column: number) => (row * row * 31 + row * (977 * column + 7919) + 104729 * column) % 10007;

function array(rows: number, width: number, value: (row: number, column: number) => number): NDArray<"float64"> {
  const data = Float64Array.from({ length: rows * width }, (_, i) => value(Math.floor(i / width), i % width));
  return { type: "float64", shape: [rows, width], data };
}

const bytesOf = ({ data }: { readonly data: Float32Array }) =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const sha256 = (part: DensityTable["train"]) => createHash("sha256").update(bytesOf(part)).digest("hex");

function expectEnds(table: DensityTable, expected: Prepared, tolerance: number): void {
  const width = table.columns.length;
  for (const part of partNames) {
    const { shape, data } = table[part];
    const { rows, first, last, sums } = expected.parts[part];
    expect(shape).toEqual([rows, width]);
    const ends = [...data.subarray(0, width), ...data.subarray(-width)];
    [...first, ...last].forEach((value, i) => expect(Math.abs(ends[i]! - value)).toBeLessThanOrEqual(tolerance));
    sums.forEach((sum, k) => {
      const found = data.reduce((total, value, i) => (i % width === k ? total + value : total), 0);
      expect(Math.abs(found - sum)).toBeLessThan(1e-4);
    });
  }
}

describe("POWER", () => {
  const raw = array(2003, 8, (row, column) => quasi(row, column) / 10 ** (column % 4));

  it("is what NumPy makes of the file, bit for bit", () => {
    const before = raw.data.slice();
    const table = powerTable(raw);
    expect([...table.scaling!.mean]).toEqual(reference.power.mean);
    expect([...table.scaling!.deviation]).toEqual(reference.power.deviation);
    expectEnds(table, reference.power, 0);
    for (const part of partNames) expect(sha256(table[part])).toBe(reference.power.parts[part].sha256);
    expect(raw.data).toEqual(before);
  });

  it("says when the file is not the published one, and refuses other columns and gaps", () => {
    expect(powerTable(raw).incomparable).toContain("2003 rows and the published one 2049280");
    expect(() => powerTable(array(20, 9, () => 1))).toThrow("power/data.npy: expected an array [rows, 8], got [20, 9]");
    const hole = array(20, 8, (row, column) => (row === 4 && column === 2 ? Number.NaN : quasi(row, column)));
    expect(() => powerTable(hole)).toThrow("row 5 column 3: expected a finite number, got NaN");
  });
});

describe("MINIBOONE", () => {
  it("is what NumPy makes of the file, bit for bit", () => {
    const table = minibooneTable(array(731, 43, (row, column) => quasi(row, column) / 7 - 100 * column));
    expect([...table.scaling!.mean]).toEqual(reference.miniboone.mean);
    expect([...table.scaling!.deviation]).toEqual(reference.miniboone.deviation);
    for (const part of partNames) expect(sha256(table[part])).toBe(reference.miniboone.parts[part].sha256);
  });

  it("refuses a column of one value, which has no scale", () => {
    const flat = array(40, 43, (row, column) => (column === 6 ? 3 : quasi(row, column)));
    expect(() => minibooneTable(flat)).toThrow("different values in column c7");
  });
});

describe("GAS", () => {
  const rows = 1201;
  const column = (name: string, value: (row: number) => number): NamedColumn => ({
    name,
    values: Float64Array.from({ length: rows }, (_, row) => value(row)),
  });
  const turned = (name: string, degrees: number) => {
    const [cosine, sine] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    return column(name, (row) => cosine * (quasi(row, 1) - 5003) + sine * (quasi(row, 2) - 5003));
  };
  const frame = [
    column("Time", (row) => row / 100),
    column("Meth", (row) => quasi(row, 8)),
    column("Eth", (row) => quasi(row, 9)),
    turned("S1", 20),
    turned("S2", 0),
    turned("S3", 10),
    column("S4", (row) => quasi(row, 3) + quasi(row, 4) / 16),
    column("S5", (row) => quasi(row, 3)),
    column("S6", (row) => -2 * quasi(row, 3)),
    column("S7", (row) => quasi(row, 5) + 1e5),
    column("S8", (row) => quasi(row, 6) / 3),
    column("S9", (row) => quasi(row, 7) * 1e-4),
  ];

  it("drops the columns that pandas drops, keeps opposites, and scales by all rows", () => {
    const table = gasTable(frame);
    expect(table.columns).toEqual(reference.gas.columns);
    expect(table.columns).toEqual(["S3", "S5", "S6", "S7", "S8", "S9"]);
    const { mean, deviation } = table.scaling!;
    reference.gas.mean.forEach((value, k) => expect(mean[k]! / value).toBeCloseTo(1, 12));
    reference.gas.deviation.forEach((value, k) => expect(deviation[k]! / value).toBeCloseTo(1, 12));
    expectEnds(table, reference.gas, 3e-7);
  });

  it("refuses frames without the named columns, with ragged columns or with gaps", () => {
    expect(() => gasTable(frame.slice(1))).toThrow("expected columns Meth, Eth, Time and sensors");
    expect(() => gasTable([...frame, { name: "S10", values: new Float64Array(3) }])).toThrow("column S10");
    const gap = column("S10", (row) => (row === 7 ? Number.POSITIVE_INFINITY : row));
    expect(() => gasTable([...frame, gap])).toThrow('row 8 column "S10": expected a finite number, got Infinity');
    expect(() => gasTable([...frame, frame[4]!])).toThrow('"S2"');
  });
});

describe("BSDS300", () => {
  const part = (rows: number) => array(rows, 63, (row, column) => quasi(row, column) / 2 ** 14);

  it("is the file's own three parts", () => {
    const file = { train: part(9), validation: part(4), test: part(5) };
    const table = bsds300Table(file);
    for (const name of partNames) {
      expect(table[name].shape).toEqual(file[name].shape);
      expect([...table[name].data]).toEqual([...Float32Array.from(file[name].data)]);
    }
    expect(table.scaling).toBeUndefined();
  });

  it("refuses other widths, empty parts, and numbers beyond float32", () => {
    const file = { train: part(9), validation: part(4), test: part(5) };
    expect(() => bsds300Table({ ...file, test: array(5, 64, () => 0) })).toThrow("BSDS300/BSDS300.hdf5 test");
    expect(() => bsds300Table({ ...file, validation: part(0) })).toThrow("validation");
    const large = array(2, 63, (row, column) => (row === 1 && column === 0 ? 1e39 : 0));
    expect(() => bsds300Table({ ...file, train: large })).toThrow("train row 2 column 1");
  });
});

describe("the points of a picture", () => {
  const levels = Uint8Array.from({ length: 20 }, (_, i) => (i * i + 3 * i) % 7);

  it("are those that the authors draw with NumPy", () => {
    const { data, shape } = picturePoints({ width: 5, height: 4, levels }, 1103, 500);
    expect(shape).toEqual([500, 2]);
    const drawn = [...data.subarray(0, 40), ...data.subarray(-2)];
    const { points, last } = reference.picture;
    [...points, ...last].forEach((value, i) => expect(Math.abs(drawn[i]! - value)).toBeLessThan(1e-6));
  });

  it("want a picture with dark pixels", () => {
    expect(() => picturePoints({ width: 2, height: 2, levels: new Uint8Array(4) }, 1, 5)).toThrow("one level only");
  });
});

describe("what is known of the raw files", () => {
  it("has the rows that the splits by position give", () => {
    for (const [name, rows] of [
      ["power", 2_049_280],
      ["gas", 1_052_065],
      ["miniboone", 36_488],
    ] as const) {
      const { train, validation, test } = rawFiles[name].prepared;
      expect(splitByPosition(rows, name)).toEqual({ train, validation, test });
      expect(rawFiles[name].layout).toContain(rows.toLocaleString("en-US").replaceAll(",", " "));
    }
  });

  it("refuses to split fewer rows than three parts need", () => {
    expect(splitByPosition(11, "few")).toEqual({ train: 9, validation: 1, test: 1 });
    expect(() => splitByPosition(10, "few")).toThrow(
      "few: expected at least 11 rows, so that every part has one, got 10",
    );
  });

  it("says in one line how to get a file", () => {
    const line = howToGet(rawFiles.gas, "tables");
    expect(line).toContain("https://zenodo.org/record/1161203/files/data.tar.gz");
    expect(line).toContain("tables/gas/ethylene_CO.pickle");
  });
});
