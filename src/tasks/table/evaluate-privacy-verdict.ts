// evaluate-privacy-verdict: whether training rows show in synthetic ones, in plain words that are no surer than the rows allow
import { hardlyTold, largestArea, meaninglessError, mostMissed } from "../../measure/area-under-curve.ts";
import type { Beside, TableFindings } from "./evaluate-rows.ts";
import { areOfOtherLaws, areSeen, doubtOf, percent, shareError } from "./evaluate-table-words.ts";

/** What would be a sign, and whether the rows are enough for it to be one. */
interface Sign {
  readonly words: string;
  readonly isSure: boolean;
  /** Rows with which it would be sure, roughly; errors fall with the root of the rows. */
  readonly needed: number;
}

/** Standard errors of a sign, and of what no sign leaves open. */
const [sure, open] = [3, 2];

/** One sentence on copies of training rows and on attackers. */
export function privacySentence({ measures, rows }: Pick<TableFindings, "measures" | "rows">): string {
  const { identicalRows, membership } = measures;
  if (identicalRows === undefined || membership === undefined)
    return "Whether training rows were copied is not known: that takes the training rows.";
  const [scarce, count] = scarcest(rows);
  if (areOfOtherLaws({ measures, rows }))
    return `Whether training rows can be recognised is not known: held-out rows are told from training rows by themselves, so that they are no rows of the same law; ${percent(identicalRows)} of the rows equal a training row, ${percent(identicalRows.floor)} of held-out rows do.`;
  if (areSeen(identicalRows.floor))
    return `Whether training rows were copied or can be recognised is not known: ${percent(identicalRows.floor)} of the held-out rows equal a training row themselves.`;
  const signs = signsOf(measures, count, rows);
  const clear = signs.filter(({ isSure }) => isSure);
  if (clear.length > 0) return `Signs that training rows shine through: ${clear.map(({ words }) => words).join("; ")}.`;
  const unclear = signs.map(({ words }) => `it may be chance that ${words}`);
  const { largest, needed } = unnoticed(membership, count);
  if (unclear.length === 0 && largest < hardlyTold)
    return "No sign that training rows were copied or can be recognised, by the measures here.";
  const few = `${count} ${scarce} rows`;
  const attack = `an attack with an AUC up to ${largest.toFixed(2)} could go unnoticed`;
  const wanted = rounded(Math.max(needed, ...signs.map((sign) => sign.needed)));
  const why = `with ${few} ${[attack, ...unclear].join(", and ")}; about ${wanted} are needed`;
  return largest < mostMissed
    ? `No sign that training rows were copied or can be recognised, by the measures here, but ${why}.`
    : `There are too few rows to say whether training rows were copied or can be recognised: ${why}.`;
}

/** Which rows are fewest, and how many these are. */
function scarcest({ heldOut, train, synthetic }: TableFindings["rows"]): readonly [string, number] {
  const counts: readonly (readonly [string, number])[] = [
    ["held-out", heldOut],
    ["training", train],
    ["synthetic", synthetic],
  ];
  return counts.reduce((least, each) => (each[1] < least[1] ? each : least));
}

/** Measures beyond their floor by more than their own errors explain, which few rows make too small. */
function signsOf(
  { identicalRows, closerToTrain, membership, membershipAtOnePercent }: TableFindings["measures"],
  count: number,
  { heldOut, synthetic }: TableFindings["rows"],
): readonly Sign[] {
  const sign = (metric: Beside | undefined, leastDoubt: number, words: (metric: Beside) => string): readonly Sign[] => {
    if (metric === undefined) return [];
    const excess = metric.value - metric.floor.value;
    if (!(excess > sure * doubtOf(metric))) return [];
    const doubt = Math.max(doubtOf(metric), leastDoubt);
    return [{ words: words(metric), isSure: excess > sure * doubt, needed: rowsFor(count, sure * doubt, excess) }];
  };
  return [
    ...sign(
      identicalRows,
      identicalRows === undefined ? 0 : shareError(identicalRows.floor.value, Math.min(heldOut, synthetic)),
      (metric) => `${percent(metric)} of the rows equal a training row, ${percent(metric.floor)} of held-out rows do`,
    ),
    ...sign(
      closerToTrain,
      coinsError(Math.min(2 * count, synthetic)),
      (metric) =>
        `${percent(metric)} of the rows are nearer to a training row than to any held-out row, 50 % would be chance`,
    ),
    ...sign(
      membership,
      meaninglessError(count),
      ({ value }) => `an attacker tells training from held-out rows with AUC ${value.toFixed(3)}, 0.5 would be chance`,
    ),
    ...sign(
      membershipAtOnePercent,
      0,
      (metric) => `at 1 % false alarms the attacker finds ${percent(metric)} of the training rows`,
    ),
  ];
}

/** Rows with which an attack that learns nothing leaves no more open than one that is hardly told. */
const enough = open ** 2 / (6 * (hardlyTold - 0.5) ** 2);

/** The largest area under the curve of an attack that was not noticed, and rows with which it would be small, or would be a sign. */
function unnoticed({ value, standardError }: Beside, count: number) {
  const largest = largestArea({ value, standardError: standardError ?? Number.NaN }, count);
  if (count < enough) return { largest, needed: enough };
  const doubt = Math.max(standardError ?? 0, meaninglessError(count));
  const learnt = Math.max(value, 0.5) - 0.5;
  const left = hardlyTold - 0.5 - learnt;
  return { largest, needed: left > learnt ? rowsFor(count, open * doubt, left) : rowsFor(count, sure * doubt, learnt) };
}

/** Rows with which a doubt that falls with their root is no more than a gap. */
function rowsFor(count: number, doubt: number, gap: number): number {
  return count * (doubt / gap) ** 2;
}

/** Of the share of rows that are nearer to a training row: which of the real rows train is, by chance, a coin for each. */
function coinsError(coins: number): number {
  return 0.5 / Math.sqrt(coins);
}

/** Up to two digits. */
function rounded(rows: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(rows)) - 1);
  return Math.ceil(rows / unit) * unit;
}
