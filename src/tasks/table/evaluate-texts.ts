// evaluate-texts: texts and ids that a model writes anew, judged beside held-out ones and beside what training rows get.
import { type CellTable, cellText } from "../../data/cell-table.ts";
import { shorten } from "../../data/columns.ts";
import type { Estimate } from "../../measure/estimate.ts";
import { type ShapeSigns, shapeSigns, type TextMeasures, textMeasures } from "../../measure/text-shapes.ts";
import { permutation, type Random, random, split } from "../../random.ts";
import { isGap } from "./comparisons.ts";
import type { TableEstimate } from "./evaluate-rows.ts";
import { plain } from "./evaluate-table-findings.ts";
import { chanceOfKnown, type Regeneration } from "./regenerate.ts";
import type { ColumnSchema, Schema } from "./schema.ts";

export const textMetricNames = ["knownShapes", "shapes", "lengths", "identical", "duplicates"] as const;
export type TextMetricName = (typeof textMetricNames)[number];

export interface TextMetric extends TableEstimate {
  /** What as many training texts get; of `identical` what held-out texts get. */
  readonly floor: TableEstimate;
  /** Of `identical`: the share that texts drawn evenly in the shapes of the column are expected to have; 1 for its own texts. */
  readonly chance?: number;
}

/** How the texts of one column were written. Plain JSON. */
export interface EvaluatedText {
  readonly column: string;
  readonly kind: "text" | "id";
  /** "shapes": in the shapes of the column's texts; "seen": drawn from those texts. */
  readonly drawn: Regeneration["kind"];
  readonly signs: ShapeSigns;
  /** Texts that were looked at. */
  readonly texts: { readonly heldOut: number; readonly synthetic: number; readonly floor: number };
  /** Shares of gaps. */
  readonly gaps: { readonly heldOut: number; readonly synthetic: number };
  readonly measures: Readonly<Partial<Record<TextMetricName, TextMetric>>>;
}

export interface EvaluatedTexts {
  readonly texts: readonly EvaluatedText[];
  /** Columns that could not be judged, and why. */
  readonly notes: readonly string[];
}

/** What each measure of texts is, and where its best value lies; "floor": where real texts are. */
export const textMetrics: Readonly<
  Record<
    TextMetricName,
    { readonly title: string; readonly better: "lower" | "higher" | "floor"; readonly definition: string }
  >
> = {
  knownShapes: {
    title: "known shapes",
    better: "higher",
    definition: "Share of the texts whose shape some held-out text has.",
  },
  shapes: {
    title: "shapes",
    better: "lower",
    definition: "Total variation between the shares of the shapes of these and of the held-out texts. 0 is equal.",
  },
  lengths: {
    title: "lengths",
    better: "lower",
    definition: "Total variation between the shares of the numbers of characters. 0 is equal.",
  },
  identical: {
    title: "identical texts",
    better: "lower",
    definition:
      "Share of the texts that equal a text of the training rows; the floor is that of held-out texts, chance what texts drawn evenly in the shapes are expected to have.",
  },
  duplicates: {
    title: "duplicates",
    better: "floor",
    definition: "Share of the texts that stand among those before them: 0 where none comes twice.",
  },
};

/** Real and drawn rows; columns that are not written anew are not looked at. */
export interface TextTables {
  readonly heldOut: CellTable;
  readonly drawn: CellTable;
  readonly train?: CellTable;
}

/**
 * Judges the columns of `schema` that are written anew. The floor is as many rows as were drawn, at random, of the training rows, or
 * without these of one half of the held-out rows, all being held against the other half; there is no `identical` then.
 */
export async function evaluateTexts(
  schema: Schema,
  tables: TextTables,
  { seed, turn }: { readonly seed: number; readonly turn: () => Promise<void> },
): Promise<EvaluatedTexts> {
  const [texts, notes]: [EvaluatedText[], string[]] = [[], []];
  for (const column of schema.columns) {
    if (column.kind !== "text" && column.kind !== "id") continue;
    if (column.regenerate === undefined) continue;
    const key = split(random(seed), "texts evaluation", column.name);
    const found = evaluatedText(column, column.regenerate, tables, key);
    if (typeof found === "string") notes.push(`Texts of column "${shorten(column.name)}" were not judged: ${found}.`);
    else texts.push(found);
    await turn();
  }
  return { texts, notes };
}

function evaluatedText(
  column: ColumnSchema & { readonly kind: "text" | "id" },
  found: Regeneration,
  tables: TextTables,
  key: Random,
): EvaluatedText | string {
  const [heldOut, drawn, train] = [tables.heldOut, tables.drawn, tables.train].map(
    (table) => table && textsOf(table, column),
  );
  if (heldOut === undefined || drawn === undefined) return "the held-out rows lack it";
  if (tables.train !== undefined && train === undefined) return "the training rows lack it";
  const isTrained = train !== undefined;
  const real = isTrained ? { floor: train, heldOut } : halves(heldOut, key);
  const rows = Math.min(drawn.length, real.floor.length);
  const order = permutation(split(key, "floor"), real.floor.length).subarray(0, rows);
  const filled = (list: Texts) => list.filter((text) => text !== undefined);
  const sides = {
    heldOut: filled(real.heldOut),
    synthetic: filled(drawn.slice(0, rows)),
    floor: filled(Array.from(order, (row) => real.floor[row])),
  };
  if (Math.min(...Object.values(sides).map(({ length }) => length)) < fewestTexts)
    return `there are fewer than ${fewestTexts} texts of it in some of the tables`;
  const known = isTrained ? new Set(filled(train)) : undefined;
  const signs = shapeSigns(sides.heldOut, sides.floor);
  const own = textMeasures({ heldOut: sides.heldOut, texts: sides.synthetic, ...(known && { known }) }, signs);
  const floor = {
    ...textMeasures({ heldOut: sides.heldOut, texts: sides.floor }, signs),
    ...(known && identicalOf(textMeasures({ heldOut: sides.heldOut, texts: sides.heldOut, known }, signs))),
  };
  return {
    column: column.name,
    kind: column.kind,
    drawn: found.kind,
    signs,
    texts: { heldOut: sides.heldOut.length, synthetic: sides.synthetic.length, floor: sides.floor.length },
    gaps: { heldOut: gapShare(heldOut), synthetic: gapShare(drawn) },
    measures: beside(own, floor, known && chanceOfKnown(found, known)),
  };
}

/** Fewest texts of each side: the error of a share of fewer says nothing. */
const fewestTexts = 10;

type Texts = readonly (string | undefined)[];

function textsOf({ columns, rows }: CellTable, column: ColumnSchema): Texts | undefined {
  const cells = columns.find(({ name }) => name === column.name);
  if (cells === undefined) return undefined;
  return Array.from({ length: rows }, (_, row) => {
    const text = cellText(cells, row);
    return isGap(column, text) ? undefined : text;
  });
}

function halves(texts: Texts, key: Random): { readonly floor: Texts; readonly heldOut: Texts } {
  const order = permutation(split(key, "halves"), texts.length);
  const part = (from: number, to: number) => Array.from(order.subarray(from, to), (row) => texts[row]);
  const half = texts.length >>> 1;
  return { floor: part(0, half), heldOut: part(half, texts.length) };
}

function identicalOf({ identical }: TextMeasures): { readonly identical?: Estimate } {
  return identical === undefined ? {} : { identical };
}

function gapShare(texts: Texts): number {
  return texts.filter((text) => text === undefined).length / Math.max(1, texts.length);
}

function beside(own: TextMeasures, floor: TextMeasures, chance: number | undefined): EvaluatedText["measures"] {
  const measures: Partial<Record<TextMetricName, TextMetric>> = {};
  for (const name of textMetricNames) {
    const [value, expected] = [own[name], floor[name]];
    if (value === undefined || expected === undefined) continue;
    const isChanced = name === "identical" && chance !== undefined;
    measures[name] = { ...plain(value), floor: plain(expected), ...(isChanced && { chance }) };
  }
  return measures;
}
