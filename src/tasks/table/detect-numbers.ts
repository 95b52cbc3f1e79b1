// detect-numbers: a column's texts as numbers: which mark stands before decimals, which one groups thousands, which words are gaps.
import { isExact, type Notation, parseNumber } from "./number-format.ts";
import { type Profile, type Values, valuesFrom, withoutTexts } from "./profile.ts";

/** Words that stand for a gap when everything else in a column is a number. */
const gapAmongNumbers =
  /^(\?+|-+|\.+|\*+|none|nil|missing|unknown|undefined|n\.a\.|[+-]?inf(inity)?|#div\/0!|#value!|#ref!|#num!)$/i;
/** At most so many different words. */
const mostGapWords = 5;
/** Numbers are at most so large: float64 still holds their fourth powers, of which correlations are made. */
export const largestNumber = 1e75;

/** A column's texts as numbers. */
export interface FoundNumbers {
  readonly profile: Profile;
  readonly notation: Notation;
  readonly gaps: readonly string[];
  readonly found: Values;
  /** What is to be said of the notation, where it is not the usual one. */
  readonly remark?: string;
}

/** "point": decimal points alone; "plain": or decimal commas; "grouped": thousands are grouped; "any": what the texts suggest. */
export type NotationWish = "point" | "plain" | "grouped" | "any";

const point: Notation = { mark: "." };
const comma: Notation = { mark: "," };
const groupedByCommas: Notation = { mark: ".", thousands: true };
const groupedByPoints: Notation = { mark: ",", thousands: true };
/** Of columns in which "73,807" may be either. */
export const doubt = "would do too";

/** The texts as numbers, where all are but words for gaps. */
export function numbersIn(profile: Profile, wish: NotationWish): FoundNumbers | undefined {
  const grouped = () => withGroups(profile, groupedByCommas) ?? withGroups(profile, groupedByPoints);
  if (wish === "grouped") return grouped() ?? numbersAs(profile, groupedByCommas);
  const found = numbersAs(profile, point);
  if (found !== undefined || wish === "point") return found;
  const decimal = numbersAs(profile, comma);
  if (wish === "plain") return decimal;
  if (decimal === undefined) return grouped();
  const thousands = withGroups(profile, groupedByCommas);
  if (thousands === undefined) return decimal;
  return leansToThousands(thousands)
    ? { ...thousands, remark: `commas group thousands; decimal commas ${doubt}` }
    : { ...decimal, remark: `decimal commas; commas that group thousands ${doubt}` };
}

/** Whether texts that may be either are rather thousands: without a comma they are whole numbers below 1000, and there are some. */
function leansToThousands({ profile: { texts } }: FoundNumbers): boolean {
  const plain = texts.filter((text) => !text.includes(","));
  return plain.length > 0 && plain.every((text) => Math.abs(Number(text)) < 1000);
}

/** The numbers of a notation that groups thousands, where one of the texts does. */
function withGroups(profile: Profile, notation: Notation): FoundNumbers | undefined {
  const numbers = numbersAs(profile, notation);
  const separator = notation.mark === "." ? "," : ".";
  if (!numbers?.profile.texts.some((text) => text.includes(separator))) return undefined;
  return { ...numbers, remark: `${separator === "," ? "commas" : "points"} group thousands` };
}

function numbersAs(profile: Profile, notation: Notation): FoundNumbers | undefined {
  const { parsed, others } = parsedNumbers(profile.texts, notation);
  if (!areGaps(others)) return undefined;
  const found = valuesFrom(profile, parsed);
  const isFit = (value: number, place: number) => Number.isNaN(value) || isHeld(value, profile.texts[place]!, notation);
  if (found.values.length < 1 || !parsed.every(isFit)) return undefined;
  return { profile: withoutTexts(profile, others), notation, gaps: others, found };
}

/** Whether a model holds the number of a text: not too large, and no other than the text says. */
export function isHeld(value: number, text: string, notation: Notation = point): boolean {
  return Math.abs(value) <= largestNumber && isExact(value, text, notation);
}

function areGaps(texts: readonly string[]): boolean {
  return texts.length <= mostGapWords && texts.every((text) => gapAmongNumbers.test(text));
}

/** The first text of a column of numbers that is beyond `largestNumber`. */
export function tooLarge({ texts }: Profile): string | undefined {
  const { parsed, others } = parsedNumbers(texts, point);
  return areGaps(others) ? texts.find((_, place) => Math.abs(parsed[place]!) > largestNumber) : undefined;
}

/** The values of texts, NaN for `others`, which are no numbers; no further than it takes to see that those are too many. */
function parsedNumbers(texts: readonly string[], notation: Notation) {
  const parsed = new Float64Array(texts.length);
  const others: string[] = [];
  for (let place = 0; place < parsed.length && others.length <= mostGapWords; place++) {
    parsed[place] = parseNumber(texts[place]!, notation) + 0;
    if (Number.isNaN(parsed[place]!)) others.push(texts[place]!);
  }
  return { parsed, others };
}
