// anomalies-cases: which rows are anomalies in the literature, and which rows train and test in a run.
import { takenCells } from "../src/data/cell-rows.ts";
import type { CellTable } from "../src/data/cell-table.ts";
import { permutation, random, split } from "../src/random.ts";
import type { LabelledTable } from "./table-sets.ts";

/** Trained on all rows of the training half, anomalies among them, or on its normal rows alone. */
export type Mode = "unsupervised" | "semi-supervised";

export interface AnomalyCase {
  readonly train: CellTable;
  readonly test: CellTable;
  /** For each row to test whether it is an anomaly. */
  readonly isAnomaly: readonly boolean[];
}

interface Rule {
  readonly anomalies: readonly string[];
  /** Classes that are left out altogether. */
  readonly dropped?: readonly string[];
  /** At most so many anomalies are kept, at random. */
  readonly most?: number;
}

/** As in the ODDS collection: shuttle without class 4, breast cancer (WDBC) with 21 of its malignant rows. */
const rules: Readonly<Record<string, Rule>> = {
  "breast cancer": { anomalies: ["0"], most: 21 },
  ionosphere: { anomalies: ["b"] },
  shuttle: { anomalies: ["Fpv.Close", "Fpv.Open", "Bypass", "Bpv.Close", "Bpv.Open"], dropped: ["High"] },
};

export const anomalySets: readonly string[] = Object.keys(rules);

/** The rows of one run: a random half to train, at most `mostRows` of them, the other half to test. */
export function anomalyCase(
  { name, table, labels }: LabelledTable,
  mode: Mode,
  seed: number,
  mostRows: number,
): AnomalyCase {
  const { anomalies, dropped = [], most = Number.POSITIVE_INFINITY } = rules[name]!;
  const key = split(random(seed), "anomalies", name);
  const isOdd = (row: number) => anomalies.includes(labels[row]!);
  let odd = 0;
  const rows = [...permutation(key, table.rows)].filter(
    (row) => !dropped.includes(labels[row]!) && (!isOdd(row) || ++odd <= most),
  );
  // The kept anomalies stand first among their class in a random order; another one spreads them over both halves.
  const mixed = [...permutation(split(key, "halves"), rows.length)].map((place) => rows[place]!);
  const half = Math.floor(mixed.length / 2);
  const train = mixed.slice(0, half).filter((row) => mode === "unsupervised" || !isOdd(row));
  const test = mixed.slice(half);
  return {
    train: takenCells(table, train.slice(0, mostRows)),
    test: takenCells(table, test),
    isAnomaly: test.map(isOdd),
  };
}
