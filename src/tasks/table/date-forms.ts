// date-forms: columns whose texts are dates of several patterns, or dates but for a few words, which are no columns of dates for that
import { counted, shorten } from "../../data/columns.ts";
import { dateFormat, datePatterns } from "./date-format.ts";
import type { Profile } from "./profile.ts";

/** Patterns of one column, and other texts in it, at most; and the share of cells that these may have. */
const [mostForms, mostWords, mostStray] = [3, 5, 0.05];

/** What hints say that is to be done: of texts that may be gaps, and of several forms. */
export const [meantAsGaps, inOneForm] = ["if that is what it means", "in one form to have dates"];

/** A hint for a column whose texts are nearly all dates of a few patterns; empty for others. */
export function strayDates({ texts, counts, filled }: Pick<Profile, "texts" | "counts" | "filled">): string {
  const cells = (places: readonly number[]) => places.reduce((total, place) => total + counts[place]!, 0);
  const forms: { readonly pattern: string; readonly cells: number }[] = [];
  const words: number[] = [];
  let left: readonly number[] = [...texts.keys()];
  while (left.length > 0) {
    const [first = 0, ...others] = left;
    const [found] = datePatterns(texts[first]!)
      .map((pattern) => ({ pattern, rest: withoutForm(pattern, left, texts) }))
      .toSorted((a, b) => a.rest.length - b.rest.length);
    const isDate = found !== undefined && found.rest.length < left.length;
    if (isDate) forms.push({ pattern: found.pattern, cells: cells(left) - cells(found.rest) });
    else words.push(first);
    if (forms.length > mostForms || words.length > mostWords) return "";
    left = isDate ? found.rest : others;
  }
  if (forms.length === 0 || cells(words) > mostStray * filled) return "";
  const listed = forms.map(({ pattern, cells }) => `${pattern} (${counted(cells, "cell")})`).join(" and ");
  const named = words.map((place) => JSON.stringify(shorten(texts[place]!))).join(", ");
  const missing = words.length === 0 ? "" : `give ${named} as missing ${meantAsGaps}`;
  if (forms.length === 1) return `; all but ${cells(words)} of them are dates of the form ${listed}, so ${missing}`;
  return `; they are dates of ${forms.length} forms, ${listed}: write all ${inOneForm}${missing && `, and ${missing}`}`;
}

/** The places of the texts that are no dates of a pattern. */
function withoutForm(pattern: string, places: readonly number[], texts: readonly string[]): readonly number[] {
  const { parse } = dateFormat(pattern);
  return places.filter((place) => Number.isNaN(parse(texts[place]!)));
}
