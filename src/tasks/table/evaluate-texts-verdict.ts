// evaluate-texts-verdict: how texts were written anew, in plain words
import { counted } from "../../data/columns.ts";
import { percent } from "./evaluate-table-words.ts";
import type { EvaluatedText } from "./evaluate-texts.ts";

/** Columns that have a sentence, at most. */
const spokenColumns = 5;

/** A sentence for each column, those that show training texts first. */
export function textSentences(texts: readonly EvaluatedText[]): readonly string[] {
  const leaking = (found: EvaluatedText) => Number(showsTraining(found));
  const sorted = texts.toSorted((a, b) => leaking(b) - leaking(a));
  const rest = sorted.length - spokenColumns;
  return [
    ...sorted.slice(0, spokenColumns).map(sentenceOf),
    ...(rest > 0 ? [`${counted(rest, "more column")} of texts ${rest === 1 ? "was" : "were"} judged.`] : []),
  ];
}

function sentenceOf(found: EvaluatedText): string {
  const { column, drawn, measures } = found;
  const { knownShapes, shapes, identical } = measures;
  const written = drawn === "seen" ? "drawn from its own texts" : "written anew";
  const known =
    knownShapes && `${percent(knownShapes)} have a shape of held-out texts (real ones ${percent(knownShapes.floor)})`;
  const apart = shapes && `their shapes are ${percent(shapes)} off (real ones ${percent(shapes.floor)})`;
  const shared = identical && identicalWords(identical, drawn === "seen", showsTraining(found));
  const parts = [known, apart, shared].filter((part) => part !== undefined);
  return `Texts of ${column} are ${written}: ${parts.join(", ")}.`;
}

function identicalWords(
  identical: NonNullable<EvaluatedText["measures"]["identical"]>,
  isSeen: boolean,
  isLeak: boolean,
): string {
  const share = `${percent(identical)} equal a training text`;
  if (isSeen) return `${share}, as was asked for`;
  const expected = `chance gives ${percent({ value: identical.chance ?? 0 })}`;
  return isLeak ? `${share}, more than chance explains (${expected})` : `${share} (${expected})`;
}

/** Whether texts in shapes equal training texts more often than chance explains: by three standard errors, and five texts. */
function showsTraining({ drawn, measures, texts }: EvaluatedText): boolean {
  const { identical } = measures;
  if (drawn === "seen" || identical?.chance === undefined) return false;
  const { value, chance } = identical;
  const doubt = Math.sqrt((chance * (1 - chance)) / texts.synthetic);
  return value - chance > Math.max(3 * doubt, 5 / texts.synthetic);
}
