// image-pool: images that training draws from: levels in a byte each until they are pushed, then numbers of 4 bytes or of 2.
import { rowsOfLevels } from "../data/images/rows.ts";
import { invariant } from "../errors.ts";
import { halfNumbers, writeHalves } from "../tensor/half.ts";
import type { PoolPrecision } from "./configuration.ts";
import { evenPlaces } from "./pool.ts";
import type { OwnPool } from "./row-pool.ts";

export interface ImagePool extends OwnPool {
  /** Puts levels [· dimension] in the place of the images from `first` on. Only while no image was pushed. */
  setLevels(first: number, levels: Uint8Array): void;
}

type Numbers =
  | { readonly kind: "float32"; readonly values: Float32Array }
  | { readonly kind: "float16"; readonly values: Uint16Array };
/** Some images one behind the other. */
type Segment = Numbers | { readonly kind: "levels"; readonly values: Uint8Array };

/** Images in segments of 2^shift, the last one perhaps of another number. */
interface Segments {
  readonly segments: Segment[];
  readonly shift: number;
  readonly dimension: number;
  readonly precision: PoolPrecision;
  /** The numbers of all halves, where images are held as halves. */
  readonly halves: Float32Array;
}

/** Values of a segment, at most: while images are pushed, one segment is held in two ways. */
const usualSegment = 2 ** 24;

/** The numbers of levels 0 … 255, the middles of their cells, and the same as halves, which have room for all their digits. */
const levelNumbers = rowsOfLevels({
  ...{ count: 1, channels: 1, height: 1, width: 256 },
  levels: Uint8Array.from({ length: 256 }, (_, level) => level),
}).data;
const levelHalves = new Uint16Array(256);
writeHalves(levelNumbers, levelHalves);

/** A pool of images of `dimension` levels, all 0 at first. Pushed ones are held in `precision`, in the place of the levels. */
export function imagePool(
  rows: number,
  dimension: number,
  precision: PoolPrecision,
  segmentValues = usualSegment,
): ImagePool {
  const shift = Math.max(0, Math.floor(Math.log2(segmentValues / dimension)));
  const segments = Array.from({ length: Math.ceil(rows / 2 ** shift) }, (_, n): Segment => {
    const images = Math.min(2 ** shift, rows - n * 2 ** shift);
    return { kind: "levels", values: new Uint8Array(images * dimension) };
  });
  const halves = precision === "float16" ? halfNumbers() : new Float32Array();
  return poolOf({ segments, shift, dimension, precision, halves }, rows);
}

function poolOf(all: Segments, rows: number): ImagePool {
  const { segments, shift, dimension: d, halves } = all;
  const pool: ImagePool = {
    rows,
    dimension: d,
    gather: (numbers, out) =>
      numbers.forEach((row, n) => {
        const { segment, from } = placeOf(all, row);
        copyNumbers(segment, from, halves, out.subarray(n * d, (n + 1) * d));
      }),
    read(first, out) {
      for (const { segment, from, part } of stretches(all, first, out)) copyNumbers(segment, from, halves, part);
    },
    narrowed(kept) {
      if (kept >= rows) return pool;
      evenPlaces(rows, kept).forEach((from, row) => {
        moveRow(all, from, row);
      });
      segments.length = Math.ceil(kept / 2 ** shift);
      return poolOf(all, kept);
    },
    successor: () => pool,
    set(first, values) {
      for (const { number, from, part } of stretches(all, first, values)) {
        const segment = asNumbers(all, number);
        if (segment.kind === "float32") segment.values.set(part, from);
        else writeHalves(part, segment.values.subarray(from, from + part.length));
      }
    },
    setLevels(first, levels) {
      for (const { segment, from, part } of stretches(all, first, levels)) {
        invariant(segment.kind === "levels", "levels are put where no image was pushed");
        segment.values.set(part, from);
      }
    },
  };
  return pool;
}

/** Where a row is: its segment, and the place of its first value there. */
function placeOf({ segments, shift, dimension }: Segments, row: number) {
  const [number, place] = [row >>> shift, row & (2 ** shift - 1)];
  const segment = segments[number];
  invariant(segment !== undefined, "rows are of the pool");
  return { number, segment, from: place * dimension, left: 2 ** shift - place };
}

/** Values for the rows from `first` on, divided where segments are, each part with its place. */
function* stretches<T extends Float32Array | Uint8Array>(all: Segments, first: number, values: T) {
  const d = all.dimension;
  for (let done = 0; done < values.length; ) {
    const { left, ...place } = placeOf(all, first + done / d);
    const part = values.subarray(done, done + left * d) as T;
    yield { ...place, part };
    done += part.length;
  }
}

/** Copies values of a segment, from `from` on, to `out`, as numbers. Each type has a loop of its own, so that none meets two types of arrays. */
function copyNumbers({ kind, values }: Segment, from: number, halves: Float32Array, out: Float32Array): void {
  switch (kind) {
    case "levels":
      for (let k = 0; k < out.length; k++) out[k] = levelNumbers[values[from + k]!]!;
      break;
    case "float16":
      for (let k = 0; k < out.length; k++) out[k] = halves[values[from + k]!]!;
      break;
    case "float32":
      out.set(values.subarray(from, from + out.length));
  }
}

/** Puts a row in the place of an earlier one. */
function moveRow(all: Segments, from: number, to: number): void {
  const [source, target] = [placeOf(all, from), placeOf(all, to)];
  invariant(source.segment.kind === target.segment.kind, "rows are held in one way where they are narrowed");
  target.segment.values.set(source.segment.values.subarray(source.from, source.from + all.dimension), target.from);
}

/** A segment as one of numbers: levels make room for what they stand for. */
function asNumbers({ segments, precision }: Segments, number: number): Numbers {
  const segment = segments[number];
  invariant(segment !== undefined, "rows are of the pool");
  if (segment.kind !== "levels") return segment;
  const size = segment.values.length;
  const numbers: Numbers =
    precision === "float32"
      ? { kind: precision, values: new Float32Array(size) }
      : { kind: precision, values: new Uint16Array(size) };
  const known = precision === "float32" ? levelNumbers : levelHalves;
  for (let k = 0; k < size; k++) numbers.values[k] = known[segment.values[k]!]!;
  segments[number] = numbers;
  return numbers;
}
