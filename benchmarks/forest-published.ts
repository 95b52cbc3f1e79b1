// forest-published: what the authors of ForestDiffusion measured, from the table of results in their repository.

/** Means over their three splits and five tables a split. */
export interface PublishedRow {
  readonly w1Train: number;
  readonly w1Test: number;
  readonly coverageTest: number;
  /** Macro F1, or R2 where the target is a number, of four learners of drawn rows on rows to test. */
  readonly score: number;
}

export interface PublishedSet {
  readonly score: "F1" | "R2";
  /** ForestFlow: 51 noise levels, 100 copies of the rows, trees of their own for each class. */
  readonly forestFlow: PublishedRow;
  /** The rows to train themselves. */
  readonly oracle: PublishedRow;
}

const row = (w1Train: number, w1Test: number, coverageTest: number, score: number): PublishedRow => ({
  w1Train,
  w1Test,
  coverageTest,
  score,
});

/** `Results/Results_tabular - generation.csv`, rows `forest_diffusion_flow_nt51_ycond` and `oracle`. */
export const published: Readonly<Record<string, PublishedSet>> = {
  iris: {
    score: "F1",
    forestFlow: row(0.1966, 0.3282, 0.9311, 0.9764),
    oracle: row(0, 0.2361, 0.9333, 0.9715),
  },
  wine: {
    score: "F1",
    forestFlow: row(0.8447, 1.4206, 0.9537, 0.9444),
    oracle: row(0, 1.4403, 0.9444, 0.956),
  },
  "breast cancer": {
    score: "F1",
    forestFlow: row(1.2814, 1.7488, 0.976, 0.9445),
    oracle: row(0, 1.8527, 0.968, 0.9614),
  },
  ionosphere: {
    score: "F1",
    forestFlow: row(3.2392, 4.2982, 0.9014, 0.8754),
    oracle: row(0, 4.4178, 0.9531, 0.9129),
  },
  sonar: {
    score: "F1",
    forestFlow: row(6.346, 8.3797, 0.9492, 0.7694),
    oracle: row(0, 8.528, 0.9841, 0.8203),
  },
  vowel: {
    score: "F1",
    forestFlow: row(0.4087, 0.7274, 0.9273, 0.6137),
    oracle: row(0, 0.6725, 0.966, 0.6504),
  },
  seeds: {
    score: "F1",
    forestFlow: row(0.3065, 0.5152, 0.9698, 0.8847),
    oracle: row(0, 0.4598, 0.9762, 0.8712),
  },
  glass: {
    score: "F1",
    forestFlow: row(0.3569, 0.6829, 0.9163, 0.5675),
    oracle: row(0, 0.6306, 0.9612, 0.6205),
  },
  ecoli: {
    score: "F1",
    forestFlow: row(0.2444, 0.4495, 0.9578, 0.6836),
    oracle: row(0, 0.4014, 0.9755, 0.7323),
  },
  "blood transfusion": {
    score: "F1",
    forestFlow: row(0.0729, 0.1279, 0.9556, 0.5974),
    oracle: row(0, 0.1085, 0.9556, 0.5975),
  },
  car: {
    score: "F1",
    forestFlow: row(0.5095, 1.0023, 0.6158, 0.6598),
    oracle: row(0, 1.1018, 0.3285, 0.7444),
  },
  tictactoe: {
    score: "F1",
    forestFlow: row(1.2304, 1.9455, 0.7278, 0.7459),
    oracle: row(0, 2.0335, 0.1441, 0.8996),
  },
  congress: {
    score: "F1",
    forestFlow: row(3.1252, 3.6714, 0.354, 0.9238),
    oracle: row(0, 2.3998, 0.931, 0.9466),
  },
  yacht: {
    score: "R2",
    forestFlow: row(0.2474, 0.5373, 0.9409, 0.8921),
    oracle: row(0, 0.4997, 0.9409, 0.8956),
  },
  airfoil: {
    score: "R2",
    forestFlow: row(0.1329, 0.2563, 0.9446, 0.704),
    oracle: row(0, 0.2413, 0.9635, 0.7625),
  },
  "red wine": {
    score: "R2",
    forestFlow: row(0.3852, 0.516, 0.9727, 0.2591),
    oracle: row(0, 0.5043, 0.9812, 0.3476),
  },
};
