// label-points: the labels of rows that are drawn label first, in the shares of the training rows.
import { dimensionStates } from "../../flow/masked.ts";
import { fillNormal, fillUniform, normalScore, type Random, split } from "../../random.ts";
import { type LevelsCode, levelsCode } from "./levels-code.ts";
import { type ColumnSpan, type KnownPoints, spansOf } from "./points.ts";
import type { TableModel } from "./table-model.ts";

const { given } = dimensionStates;

/** The dimensions of a label, and the code of its levels in the order of their cells. */
export interface WholeLabel {
  readonly span: ColumnSpan;
  readonly code: LevelsCode;
}

/** The label where it is always there and not alone. */
export function wholeLabel({ encoder, label }: TableModel): WholeLabel | undefined {
  const { schema, dimensions, toJSON } = encoder;
  const span = spansOf(encoder).find(({ column }) => column.name === label);
  const value = toJSON().codes[schema.columns.findIndex(({ name }) => name === label)]?.value;
  if (span === undefined || value?.kind !== "levels" || span.hasGap) return undefined;
  if (span.end - span.start === dimensions.length) return undefined;
  const { counts, base, order = [...counts.keys()] } = value;
  const shares = order.map((place) => counts[place]!);
  return { span, code: levelsCode(shares, base) };
}

/** Rows of number firstRow … firstRow + rows - 1, of d dimensions, by the numbers of `key`. */
export interface LabelDraws {
  readonly d: number;
  readonly key: Random;
  readonly rows: number;
  readonly firstRow: number;
}

/** Multiples of this, modulo 1, are spread over [0, 1) as evenly as can be, however many there are. */
const goldenShare = (Math.sqrt(5) - 1) / 2;

/**
 * Points of which the label alone is given. Its levels are cells of N(0, 1), so its own law is that of normal scores; they are
 * spread so evenly that the levels of any number of rows that follow each other have their shares of the training rows. A level
 * is given by the middle of its cell: networks blur what lies at the edge between two.
 */
export function labelPoints({ span, code }: WholeLabel, { d, key, rows, firstRow }: LabelDraws): KnownPoints {
  const [values, states] = [new Float32Array(rows * d), new Uint8Array(rows * d)];
  const [shift, others] = [new Float32Array(1), new Float32Array(rows * (code.digits - 1))];
  fillUniform(split(key, "shift"), shift);
  fillNormal(split(key, "digits"), others, { offset: firstRow * (code.digits - 1) });
  for (let row = 0; row < rows; row++) {
    const share = (shift[0]! + (firstRow + row) * goldenShare) % 1;
    const first = row * (code.digits - 1);
    const level = code.decode([spreadScore(share), ...others.subarray(first, first + code.digits - 1)], 0);
    for (let digit = 0; digit < code.digits; digit++) {
      const { low, high } = code.cell(level, digit);
      const k = row * d + span.start + digit;
      values[k] = spreadScore((low + high) / 2);
      states[k] = given;
    }
  }
  return { values, states };
}

function spreadScore(share: number): number {
  return normalScore(Math.min(Math.max(share, 1e-7), 1 - 1e-7) - 0.5);
}
