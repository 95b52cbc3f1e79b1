// evaluate-table-verdict: what the measures of synthetic rows come to, in plain words
import { counted } from "../../data/columns.ts";
import { hardlyTold, largestArea, mostMissed } from "../../measure/area-under-curve.ts";
import { flowBaselines } from "../../measure/names.ts";
import { testedRows } from "../../measure/two-sample-classifier.ts";
import { privacySentence } from "./evaluate-privacy-verdict.ts";
import type { Beside, TableEstimate, TableFindings } from "./evaluate-rows.ts";
import {
  areOfOtherLaws,
  besideChance,
  doubtOf,
  isAbove,
  isBelow,
  percent,
  shareError,
} from "./evaluate-table-words.ts";
import { gapPairWords } from "./gap-findings.ts";
import { isDependenceOff, isPairOff } from "./pair-findings.ts";

/** Said by every evaluation. */
export const noGuarantee =
  "These measures can show a leak but never the absence of one: localflow gives no differential privacy guarantee.";

/** Sentences on columns, on whole rows, on what is missing and on privacy, in this order; the last one is `noGuarantee`. */
export function tableVerdict({ measures, telling, pairs, gapPairs, rows }: TableFindings): readonly string[] {
  const { columnShapes, pairTrends, gapPatterns, c2st, recall, utility } = measures;
  const isApart = areOfOtherLaws({ measures, rows });
  const sentences = [
    columnShapes && `Columns taken alone are ${percent(columnShapes)} off; ${besideChance(columnShapes, "real rows")}.`,
    pairTrends && `${pairsSentence(pairTrends)} ${worstSentence(pairs)}`,
    gapPatterns &&
      `Gaps of two columns come together, or not, in ${percent(gapPatterns)} of the rows otherwise than they should, on average; ${besideChance(gapPatterns, "real rows")}${gapPairWords(gapPairs, isAbove(gapPatterns))}.`,
    isApart && c2st ? otherLawsSentence(c2st) : undefined,
    c2st && !(isApart && !isAbove(c2st))
      ? rowsSentence(c2st, telling, testedRows(Math.min(rows.heldOut, rows.compared)))
      : undefined,
    ...(c2st ? flowSentences(c2st) : []),
    utility && utilitySentence(utility, rows),
    recall && isMissing(recall, rows.heldOut)
      ? `Some kinds of rows are missing: ${missingSentence(recall)}.`
      : undefined,
    privacySentence({ measures, rows }),
    noGuarantee,
  ];
  return sentences.filter((sentence) => sentence !== undefined);
}

function pairsSentence(trends: Beside): string {
  const { independent, copula } = trends.baselines;
  const rivals = `independent columns ${percent(independent)}, a Gaussian copula ${percent(copula)}`;
  return `Pairs of columns are ${percent(trends)} off (${rivals}); ${besideChance(trends, "real rows")}.`;
}

/** The mean of many pairs may hide a single one that is off. */
function worstSentence(pairs: TableFindings["pairs"]): string {
  const off = pairs.filter((pair) => isPairOff(pair, pairs.length));
  const excess = ({ value, floor }: Beside) => value - floor.value;
  const [worst] = off.toSorted((a, b) => excess(b) - excess(a));
  if (worst === undefined) return "No pair by itself is further off than chance explains.";
  const size = `${percent(worst)}, real rows ${percent(worst.floor)}`;
  const all = counted(pairs.length, "pair");
  const verb = off.length === 1 ? "is" : "are";
  return `By itself ${off.length} of ${all} ${verb} further off than chance explains, most of all ${worst.columns.join(" and ")} (${size}); ${dependenceWords(off, pairs.length)}.`;
}

/** A joint table is off, too, where one of its columns is. */
function dependenceWords(off: TableFindings["pairs"], pairs: number): string {
  const dependent = off.filter((pair) => isDependenceOff(pair, pairs)).length;
  if (off.length === 1)
    return dependent === 1
      ? "its dependence is off, and not only its columns"
      : "its columns alone explain that, and its dependence is not shown to be off";
  if (dependent === 0) return "their columns alone explain that, and no dependence is shown to be off";
  if (dependent === off.length) return "their dependence is off, and not only their columns";
  return `of ${dependent} of them the dependence is off, of the others columns alone explain it`;
}

function rowsSentence(c2st: Beside, telling: TableFindings["telling"], tested: number): string {
  const { value, baselines } = c2st;
  const scale = `AUC ${value.toFixed(3)}, real rows ${c2st.floor.value.toFixed(3)}`;
  const copula = `Gaussian copula ${baselines.copula.value.toFixed(3)}`;
  if (!isAbove(c2st)) return untoldSentence(c2st, tested, `${scale}; ${copula}`);
  const how = value < hardlyTold ? "hardly" : value < 0.75 ? "sometimes" : value < 0.9 ? "mostly" : "almost always";
  const names = telling.filter(({ share }) => share > 0).slice(0, 3);
  const by = names.length > 0 ? `, most by ${names.map(({ column }) => column).join(", ")}` : "";
  return `Boosted trees ${how} tell whole rows from real ones (${scale})${by}; that is ${rank(c2st, baselines.copula)} a ${copula}.`;
}

function otherLawsSentence({ floor }: Beside): string {
  return `Boosted trees tell the held-out rows from other real rows too (AUC ${floor.value.toFixed(3)}): hold out a random part of the rows.`;
}

/** Nothing was found, which says as much as an AUC that would have been found is small. */
function untoldSentence({ value, standardError }: Beside, tested: number, scale: string): string {
  const open = largestArea({ value, standardError: standardError ?? Number.NaN }, tested);
  if (open < hardlyTold) return `Boosted trees cannot tell whole rows from real ones (${scale}).`;
  const rows = `with ${tested} rows of each to test on, an AUC up to ${open.toFixed(2)} is possible (${scale})`;
  return open < mostMissed
    ? `Boosted trees did not tell whole rows from real ones, but ${rows}.`
    : `There are too few rows to say whether boosted trees can tell whole rows from real ones: ${rows}.`;
}

/** How plain Flow Matching did, where it was trained. */
function flowSentences(c2st: Beside): readonly string[] {
  return flowBaselines.flatMap((name) => {
    const plain = c2st.baselines[name];
    if (plain === undefined) return [];
    const flow = `plain Flow Matching on the same budget (${name}: AUC ${plain.value.toFixed(3)})`;
    return [`By this test the model is ${rank(c2st, plain)} ${flow}.`];
  });
}

/** Of a measure that is better the lower it is; differences of two standard errors count. */
function rank(own: TableEstimate, other: TableEstimate): string {
  const gap = other.value - own.value;
  const doubt = 2 * Math.hypot(own.standardError ?? 0, other.standardError ?? 0);
  return gap > doubt ? "better than" : gap < -doubt ? "worse than" : "neither better nor worse, beyond chance, than";
}

/** Scores by which a model that learnt from synthetic rows may be worse and still counts as equal, and up to which it may be without being noticed. */
const [hardlyWorse, mostWorse] = [0.1, 0.2];

/** Equal scores say as much as a difference that would have been found is small. */
function utilitySentence(utility: Beside, { heldOut, train }: TableFindings["rows"]): string {
  const { value, floor } = utility;
  const scores = `${value.toFixed(3)} against ${floor.value.toFixed(3)}`;
  const real = "models trained on real rows";
  const isKnown = utility.standardError !== null && floor.standardError !== null;
  if (isKnown && isBelow(utility))
    return `Models trained on the synthetic rows predict real ones worse than ${real} (${scores}).`;
  const open = isKnown ? Math.max(0, floor.value - value) + 2 * doubtOf(utility) : Number.POSITIVE_INFINITY;
  if (open < hardlyWorse)
    return `Models trained on the synthetic rows predict real ones as well as ${real} (${scores}).`;
  const tested = train === 0 ? heldOut - (heldOut >>> 1) : heldOut;
  const possible = isKnown ? `${open.toFixed(2)} less is possible` : "any difference is possible";
  const rows = `with ${counted(tested, "held-out row")} to test on, ${possible} (${scores})`;
  return open < mostWorse
    ? `Models trained on the synthetic rows are not shown to predict real ones worse than ${real}, but ${rows}.`
    : `There are too few rows to say whether models trained on the synthetic rows predict real ones as well as ${real}: ${rows}.`;
}

function missingSentence(recall: Beside): string {
  const share = `${percent(recall)} of the held-out rows have synthetic rows around them`;
  return `${share}, where ${percent(recall.floor)} would have real ones`;
}

/** Few held-out rows may all be alike, so that their share shows no error. */
function isMissing({ value, floor }: Beside, heldOut: number): boolean {
  return floor.value - value > 3 * Math.hypot(shareError(value, heldOut), shareError(floor.value, heldOut));
}
