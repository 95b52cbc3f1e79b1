// level-order: levels of a category in a row, those next to each other that go with the same values of other columns.
import type { CellColumn, CellTable } from "../../data/cell-table.ts";
import { amountsOf } from "./amounts.ts";
import { levelTexts } from "./column-code.ts";
import { profileOf, valuesOf } from "./profile.ts";
import { quantileKnots, scaleThrough } from "./scale.ts";
import type { ColumnSchema } from "./schema.ts";

/** What a column says of a row: a normal score, or one of a few levels; NaN and -1 where it says nothing. */
type Feature =
  | { readonly kind: "score"; readonly values: Float64Array }
  | { readonly kind: "level"; readonly levels: Int32Array; readonly count: number };

/** Rows looked at, evenly spread over the table. */
const mostRows = 20_000;
/** A category of more levels stays in the order of its schema, the commonest first. */
const mostOrdered = 4096;
/** Levels of another category that count, the commonest first, and coordinates in all. */
const mostOthers = 64;
const mostCoordinates = 512;
const iterations = 50;
/** A level's means count as if this many rows of no tendency were added. */
const calmingRows = 5;

/**
 * For each category of three or more levels the order of its levels: the first axis of a correspondence analysis of the
 * level against all other columns (numbers as normal scores). Where nothing goes with anything, any order is as good.
 */
export function levelOrders(
  columns: readonly ColumnSchema[],
  table: CellTable,
): ReadonlyMap<string, readonly number[]> {
  const stride = Math.ceil(table.rows / mostRows);
  const wanted = columns.filter(
    (column) => column.kind === "category" && column.levels.length > 2 && column.levels.length <= mostOrdered,
  );
  if (wanted.length === 0) return new Map();
  const byName = new Map(table.columns.map((column) => [column.name, column]));
  const features = new Map<string, Feature>();
  for (const column of columns) {
    const cells = byName.get(column.name);
    const feature = cells === undefined ? undefined : featureOf(column, cells, stride);
    if (feature !== undefined) features.set(column.name, feature);
  }
  return new Map(wanted.map(({ name }) => [name, orderOf(name, features)]));
}

function featureOf(column: ColumnSchema, { codes, texts }: CellColumn, stride: number): Feature | undefined {
  const rows = Math.ceil(codes.length / stride);
  const sampled = Int32Array.from({ length: rows }, (_, row) => codes[row * stride]!);
  const levels = levelTexts(column);
  if (levels.length > 0) {
    const levelOf = new Map(levels.map((text, level) => [text, level]));
    const known = Int32Array.from({ length: texts.size }, (_, code) => levelOf.get(texts.at(code)) ?? -1);
    return { kind: "level", count: levels.length, levels: sampled.map((code) => (code < 0 ? -1 : known[code]!)) };
  }
  if (column.kind !== "number" && column.kind !== "date") return undefined;
  const { parse } = amountsOf(column);
  const part: CellColumn = { name: column.name, origin: column.origin, codes: sampled, texts, gap: "" };
  const found = valuesOf(profileOf(part), parse);
  if (found.values.length < 2) return undefined;
  const { forward } = scaleThrough(quantileKnots(found, false));
  const scores = new Map<number, number>();
  const scoreOf = (code: number): number => {
    const known = scores.get(code) ?? forward(parse(texts.at(code)));
    scores.set(code, known);
    return known;
  };
  return { kind: "score", values: Float64Array.from(sampled, (code) => (code < 0 ? Number.NaN : scoreOf(code))) };
}

function orderOf(name: string, features: ReadonlyMap<string, Feature>): readonly number[] {
  const own = features.get(name);
  if (own?.kind !== "level") return [];
  const shares = new Float64Array(own.count);
  for (const level of own.levels) if (level >= 0) shares[level]!++;
  const axes: Float64Array[] = [];
  for (const [other, feature] of features) {
    if (other === name) continue;
    for (const axis of tendencies(own, shares, feature)) if (axes.length < mostCoordinates) axes.push(axis);
  }
  const position = firstAxis(axes, own.count);
  const place = position.map((value, level) => value / Math.sqrt(shares[level]! + calmingRows));
  return [...place.keys()].sort((a, b) => place[a]! - place[b]! || a - b);
}

/**
 * For each coordinate of a feature, by level: the square root of the level's rows times its mean of the standardised
 * coordinate, drawn towards 0 for levels of few rows.
 */
function* tendencies(
  own: { readonly levels: Int32Array; readonly count: number },
  shares: Float64Array,
  feature: Feature,
): Generator<Float64Array> {
  const finished = (sums: Float64Array) => sums.map((sum, level) => sum / Math.sqrt(shares[level]! + calmingRows));
  if (feature.kind === "score") {
    const sums = new Float64Array(own.count);
    feature.values.forEach((value, row) => {
      const level = own.levels[row]!;
      if (level >= 0 && !Number.isNaN(value)) sums[level]! += value;
    });
    yield finished(sums);
    return;
  }
  const counted = Math.min(feature.count, mostOthers);
  const together = new Float64Array(counted * own.count);
  const totals = new Float64Array(counted);
  let rows = 0;
  feature.levels.forEach((other, row) => {
    const level = own.levels[row]!;
    if (other < 0 || level < 0) return;
    rows++;
    if (other >= counted) return;
    together[other * own.count + level]!++;
    totals[other]!++;
  });
  for (let other = 0; other < counted; other++) {
    const total = totals[other]!;
    if (total === 0 || total === rows) continue;
    const row = together.subarray(other * own.count, (other + 1) * own.count);
    yield finished(row.map((count, level) => (count - (total / rows) * shares[level]!) / Math.sqrt(total / rows)));
  }
}

/** The leading left singular vector of the matrix whose columns are `axes`, by power iteration; zeros without a tendency. */
function firstAxis(axes: readonly Float64Array[], levels: number): Float64Array {
  let vector = Float64Array.from({ length: levels }, (_, level) => Math.cos(level + 1));
  for (let n = 0; n < iterations; n++) {
    const next = new Float64Array(levels);
    for (const axis of axes) {
      const along = axis.reduce((total, value, level) => total + value * vector[level]!, 0);
      for (let level = 0; level < levels; level++) next[level]! += along * axis[level]!;
    }
    const length = Math.sqrt(next.reduce((total, value) => total + value * value, 0));
    if (!(length > 0)) return new Float64Array(levels);
    vector = next.map((value) => value / length);
  }
  const strongest = vector.reduce(
    (most, value, level) => (Math.abs(value) > Math.abs(vector[most]!) ? level : most),
    0,
  );
  return vector[strongest]! < 0 ? vector.map((value) => -value) : vector;
}
