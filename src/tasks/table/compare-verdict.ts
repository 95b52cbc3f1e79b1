// compare-verdict: what changed between two tables, in plain words
import { counted } from "../../data/columns.ts";
import type { TableDrift } from "../../measure/drift.ts";
import type { DriftMeasure, DriftPair } from "./compare-tables.ts";
import { besideChance, isAbove, percent } from "./evaluate-table-words.ts";
import { type GapPair, gapPairWords } from "./gap-findings.ts";
import { type FoundPair, isJointOff, isPairJudged } from "./pair-findings.ts";

/** Columns whose sentence stands in the verdict. */
const spokenColumns = 3;

/** Sentences on columns and whole rows, on pairs of columns and on their gaps, in this order. */
export function driftVerdict(
  { columns, sentence }: TableDrift,
  pairs: readonly DriftPair[],
  gaps: { readonly measure: DriftMeasure | undefined; readonly pairs: readonly GapPair[] },
): readonly string[] {
  const moved = columns.filter((column) => column.moved);
  const rest = moved.length - spokenColumns;
  return [
    sentence,
    ...moved.slice(0, spokenColumns).map((column) => column.sentence),
    ...(rest > 0 ? [`${rest} more moved.`] : []),
    ...pairSentence(pairs),
    ...(gaps.measure ? gapsSentence(gaps.measure, gaps.pairs) : []),
  ];
}

function gapsSentence(measure: DriftMeasure, pairs: readonly GapPair[]): readonly string[] {
  if (!isAbove(measure) && !pairs.some(({ moved }) => moved)) return [];
  const size = `${percent(measure)} of the rows, on average over pairs that have gaps`;
  return [
    `Which of two columns are gaps is otherwise in ${size}; ${besideChance(measure, "chance gives")}${gapPairWords(pairs, isAbove(measure))}.`,
  ];
}

function pairSentence(pairs: readonly DriftPair[]): readonly string[] {
  const [worst] = pairs;
  if (worst === undefined) return [];
  const judged = pairs.filter(isPairJudged).length;
  if (judged === 0) return ["There are too few rows to say whether the dependence of columns changed."];
  const count = pairs.filter(({ moved }) => moved).length;
  const most = count === 0 ? "" : `, most of all ${worst.columns.join(" and ")} (${sizeOf(worst)})`;
  const alone = pairs.filter((pair) => !pair.moved && isJointOff(pair, pairs.length)).length;
  const whose = alone === 1 ? "its" : "their";
  return [
    `The dependence of ${count} of ${counted(judged, "pair")} of columns changed by more than chance explains${most}.`,
    ...(alone === 0
      ? []
      : [`Of ${counted(alone, "pair")} the joint shares moved, but no further than ${whose} columns alone explain.`]),
  ];
}

/** How far the dependence of a pair changed, beside chance. */
function sizeOf({ value, floor, dependence }: FoundPair): string {
  const found = dependence ?? { value, chance: floor.value };
  const known = (share: number) => percent({ value: share });
  return `${known(found.value)}, chance gives ${known(found.chance)}`;
}
