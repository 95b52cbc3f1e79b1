// schema-summary: what the columns of a table were taken for, in one line and in a table.
import { shorten } from "../../data/columns.ts";
import { amountsOf, spokenStep } from "./amounts.ts";
import { levelTexts } from "./column-code.ts";
import { type Regeneration, spokenShape } from "./regenerate.ts";
import type { ColumnKind, ColumnSchema, Schema } from "./schema.ts";

const plurals: readonly (readonly [ColumnKind, string, string])[] = [
  ["number", "number", "numbers"],
  ["date", "date", "dates"],
  ["category", "category", "categories"],
  ["ordinal", "ordinal", "ordinals"],
  ["boolean", "boolean", "booleans"],
  ["constant", "constant", "constants"],
  ["id", "id", "ids"],
  ["text", "text", "texts"],
];
const namedAtMost = 12;

/** One line: how many columns are of which kind, and which. */
export function schemaSummary({ columns }: Schema): string {
  const parts = plurals.flatMap(([kind, one, many]) => {
    const names = columns.filter((column) => column.kind === kind).map(nameOf);
    if (names.length === 0) return [];
    const more = names.length > namedAtMost ? `, … ${names.length - namedAtMost} more` : "";
    const listed = names.slice(0, namedAtMost).join(", ");
    return [`${names.length} ${names.length === 1 ? one : many} (${listed}${more})`];
  });
  return `a table of ${columns.length === 1 ? "1 column" : `${columns.length} columns`}: ${parts.join(", ")}`;
}

function nameOf(column: ColumnSchema): string {
  const name = shorten(column.name);
  if (column.kind === "category" || column.kind === "ordinal")
    return `${name}: ${column.levels.length === 1 ? "1 level" : `${column.levels.length} levels`}`;
  if ("regenerate" in column && column.regenerate !== undefined) return `${name}, ${fateOf(column.regenerate)}`;
  const isLeftOut = column.kind === "text" || (column.kind === "id" && column.first === undefined);
  return isLeftOut ? `${name}, left out` : name;
}

function fateOf(found: Regeneration): string {
  return found.kind === "seen" ? "drawn from its own texts" : "written anew";
}

/** What is known of the values of a column, in a few words. */
export function columnDetails(column: ColumnSchema): string {
  switch (column.kind) {
    case "number":
    case "date": {
      const { allowed, format } = amountsOf(column);
      const bound = (value: number | undefined) => (value === undefined ? "…" : format(allowed(value)));
      const step = column.step === undefined ? "any size" : `steps of ${spokenStep(column.step, column.kind)}`;
      const { scale = "quantile" } = column;
      const parts = [
        `${bound(column.minimum)} to ${bound(column.maximum)}`,
        step,
        // Observed values are cells in their order, which no map of numbers makes.
        column.values === "observed" ? "observed values" : `${scale} map`,
      ];
      return parts.join(", ");
    }
    case "category":
    case "ordinal":
    case "boolean": {
      const texts = levelTexts(column);
      const more = texts.length > 6 ? `, … ${texts.length - 6} more` : "";
      return `${texts.slice(0, 6).map(shorten).join(", ")}${more}`;
    }
    case "constant":
      return `"${shorten(column.text)}"`;
    case "id":
      return column.first === undefined ? textDetails(column.regenerate) : `counted from ${column.first}`;
    default:
      return textDetails(column.regenerate);
  }
}

function textDetails(found: Regeneration | undefined): string {
  if (found?.kind !== "shapes") return found === undefined ? "left out" : fateOf(found);
  const more = found.shapes.length > 3 ? ", …" : "";
  return `written anew: ${found.shapes.slice(0, 3).map(spokenShape).join(", ")}${more}`;
}
