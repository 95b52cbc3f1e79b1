// text-shapes: texts that were written anew beside held-out ones: their shapes and lengths, copies of known texts, repetitions.
import { distanceEstimate, totalVariation } from "./column-shapes-distances.ts";
import type { Estimate } from "./estimate.ts";

/**
 * What stands for characters in a shape. "classes": 9 for digits, a and A for small and other letters; "outline": x for all of
 * them. Everything else stands for itself.
 */
export type ShapeSigns = "classes" | "outline";

/** Texts without their gaps: held-out ones, those to be judged, and the distinct ones of the training rows where there are any. */
export interface JudgedTexts {
  readonly heldOut: readonly string[];
  readonly texts: readonly string[];
  readonly known?: ReadonlySet<string>;
}

export interface TextMeasures {
  /** Share of the texts whose shape some held-out text has. */
  readonly knownShapes: Estimate;
  /** Total variation of the shares of shapes, and of lengths in characters. */
  readonly shapes: Estimate;
  readonly lengths: Estimate;
  /** Share of the texts that are one of `known`. */
  readonly identical?: Estimate;
  /** Share of the texts that stand among those before them; its error is not known (NaN). */
  readonly duplicates: Estimate;
}

export function shapeOfText(text: string, signs: ShapeSigns): string {
  if (signs === "outline") return text.replace(/[\p{L}\p{N}]/gu, "x");
  return text.replace(/\p{N}/gu, "9").replace(/[\p{L}]/gu, (letter) => (letter === letter.toLowerCase() ? "a" : "A"));
}

/** The share of `texts` whose classes of characters have to stand among the held-out ones, for shapes to be told by them. */
const leastKnown = 0.9;

/**
 * "classes" where most real texts have a shape by them that held-out texts have; else "outline": of hexadecimal numbers hardly two
 * have the same classes, so these would tell nothing.
 */
export function shapeSigns(heldOut: readonly string[], real: readonly string[]): ShapeSigns {
  return knownShare(heldOut, real, "classes").value >= leastKnown ? "classes" : "outline";
}

/**
 * Measures texts against held-out ones; neither may be empty. The errors of shares are those of so many independent texts, those of
 * total variations come by the delta method.
 */
export function textMeasures({ heldOut, texts, known }: JudgedTexts, signs: ShapeSigns): TextMeasures {
  const shapeOf = (text: string) => shapeOfText(text, signs);
  const lengthOf = (text: string) => String([...text].length);
  const same = known && texts.reduce((total, text) => total + Number(known.has(text)), 0);
  return {
    knownShapes: knownShare(heldOut, texts, signs),
    shapes: variation(heldOut.map(shapeOf), texts.map(shapeOf)),
    lengths: variation(heldOut.map(lengthOf), texts.map(lengthOf)),
    ...(same !== undefined && { identical: shareOf(same, texts.length) }),
    duplicates: { value: 1 - new Set(texts).size / texts.length, standardError: Number.NaN },
  };
}

function knownShare(heldOut: readonly string[], texts: readonly string[], signs: ShapeSigns): Estimate {
  const shapes = new Set(heldOut.map((text) => shapeOfText(text, signs)));
  const count = texts.reduce((total, text) => total + Number(shapes.has(shapeOfText(text, signs))), 0);
  return shareOf(count, texts.length);
}

/** A share with its binomial standard error, which of one alone is unknown. */
function shareOf(count: number, total: number): Estimate {
  const value = count / total;
  return { value, standardError: total < 2 ? Number.NaN : Math.sqrt((value * (1 - value)) / total) };
}

function variation(real: readonly string[], other: readonly string[]): Estimate {
  const codes = new Map<string, number>();
  const coded = (labels: readonly string[]) =>
    Int32Array.from(labels, (label) => {
      const code = codes.get(label) ?? codes.size;
      codes.set(label, code);
      return code;
    });
  const [a, b] = [coded(real), coded(other)];
  return distanceEstimate(totalVariation(a, b, codes.size));
}
