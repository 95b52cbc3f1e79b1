// label: the column that is the class of a row: kept as a category, with equal shares of its levels on demand.
import type { CellTable } from "../../data/cell-table.ts";
import { didYouMean, listNames, shorten } from "../../data/columns.ts";
import { failure } from "../../errors.ts";
import { levelTexts } from "./column-code.ts";
import { detectSchema } from "./detect.ts";
import type { TableEncoder } from "./encoder.ts";
import { profileOf } from "./profile.ts";
import { type SaidPlaces, saidPlaces } from "./said-places.ts";
import type { SchemaOverrides } from "./schema-file.ts";

/** The most different numbers or dates that are taken for classes. */
const mostClasses = 100;

/**
 * The overrides by which the label is a column of levels: numbers and dates of few values become a category. Throws `option` for
 * a column that is not there or has too many values.
 */
export function withLabel(
  table: CellTable,
  label: string | undefined,
  overrides: SchemaOverrides = {},
  places: Pick<SaidPlaces, "column" | "label"> = saidPlaces,
): SchemaOverrides {
  if (label === undefined) return overrides;
  const column = table.columns.find(({ name }) => name === label);
  if (column === undefined) throw unknownLabel(label, table, places.label);
  const own = Object.hasOwn(overrides, label) ? overrides[label] : undefined;
  const alone = { rows: table.rows, columns: [column] };
  const [found] = detectSchema(alone, own && { [label]: own }, "leave-out", places).columns;
  if (found !== undefined && levelTexts(found).length > 1) return overrides;
  const count = profileOf(column).texts.length;
  const isCoded = (found?.kind === "number" || found?.kind === "date") && own === undefined;
  if (isCoded && count <= mostClasses) return { ...overrides, [label]: { kind: "category" } };
  throw failure("option", {
    where: places.label,
    expected: `a column of 2 to ${mostClasses} classes`,
    received: `"${shorten(label)}", of kind ${found?.kind} with ${count} different values`,
    remedy: "name another column, or say in the schema that it is a category",
  });
}

/** The texts of the levels that training rows had, in the order of the schema. Throws `option` at `where` for a column without levels. */
export function levelsInTraining({ schema, toJSON }: TableEncoder, name: string, where: string): readonly string[] {
  const place = schema.columns.findIndex((column) => column.name === name);
  const column = schema.columns[place];
  const code = toJSON().codes[place]?.value;
  const levels = column === undefined ? [] : levelTexts(column);
  if (code?.kind === "levels" && levels.length > 1) return levels.filter((_, level) => (code.counts[level] ?? 0) > 0);
  const names = schema.columns.filter((each) => levelTexts(each).length > 1).map((each) => each.name);
  throw failure("option", {
    where,
    expected: names.length === 0 ? "a model with a category" : `a category: one of ${listNames(names)}`,
    received: column === undefined ? `"${shorten(name)}"` : `"${shorten(name)}", of kind ${column.kind}`,
    ...(column === undefined && didYouMean(name, names)),
  });
}

function unknownLabel(label: string, { columns }: CellTable, where: string) {
  const names = columns.map(({ name }) => name);
  return failure("option", {
    where,
    expected: `a column among ${listNames(names)}`,
    received: `"${shorten(label)}"`,
    ...didYouMean(label, names),
  });
}
