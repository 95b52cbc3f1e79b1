// tables: the figures of an experiment as tables, for the page and for the terminal.
import type { PublishedFigure } from "../presets/published.ts";
import type { ReportCell, ReportTable } from "../report.ts";
import type { ContenderResult, Deviation, ExperimentResult } from "./experiment.ts";
import type { RunCost } from "./store.ts";

/** A mean over seeds with the deviation between seeds; of one seed the mean alone. */
export function deviationCell({ mean: value, deviation }: Deviation): ReportCell {
  return deviation === null ? value : { value, standardError: deviation };
}

/** The mean of a figure over the runs of a contender. */
export function meanOf<R>({ runs }: { readonly runs: readonly R[] }, pick: (run: R) => number): number {
  return runs.reduce((total, run) => total + pick(run), 0) / runs.length;
}

/** The most memory of any run, in MiB; empty where it is not known. */
export function memoryCell({ runs }: { readonly runs: readonly Pick<RunCost, "peakMemoryBytes">[] }): ReportCell {
  const known = runs.flatMap(({ peakMemoryBytes }) => peakMemoryBytes ?? []);
  return known.length === 0 ? "" : Math.round(Math.max(...known) / 2 ** 20);
}

/** Test likelihoods and what they cost: one line for each contender, density and the law itself. */
export function likelihoodTable({ contenders, densities, truth, rows }: ExperimentResult): ReportTable {
  const blank = ["", "", "", "", ""];
  return {
    caption: `Negative log-likelihood of ${rows.test} test rows; ± is the standard deviation between seeds (of densities with a formula: the standard error over rows). Lower is better.`,
    columns: [
      { name: "" },
      { name: "test nll", unit: "nats" },
      { name: "parameters" },
      { name: "gradient steps" },
      { name: "learning rate" },
      { name: "training", unit: "s" },
      { name: "of it pushing", unit: "s" },
      { name: "peak memory", unit: "MiB" },
    ],
    rows: [
      ...contenders.map((contender) => [
        contender.method,
        deviationCell(contender.nll),
        meanOf(contender, ({ parameters }) => parameters),
        meanOf(contender, ({ gradientSteps }) => gradientSteps),
        contender.learningRate,
        meanOf(contender, ({ trainSeconds }) => trainSeconds),
        meanOf(contender, ({ pushSeconds }) => pushSeconds),
        memoryCell(contender),
      ]),
      ...densities.map(({ name, nll, choice }) => [`${name}${choice ? ` (${choice})` : ""}`, nll, ...blank, ""]),
      ...(truth === undefined ? [] : [["the law itself", truth, ...blank, ""]]),
    ],
  };
}

/** How sure the likelihoods are: tighter tolerances, another method, the authors' steps, random probes. */
export function integrationTable({ contenders }: ExperimentResult): ReportTable {
  const [run] = contenders.flatMap(({ runs }) => runs);
  const authors = contenders.some(({ runs }) => runs.some(({ test }) => test.authors));
  return {
    caption:
      "The same weights, integrated in other ways; means over seeds. A shift is the figure above minus the other one, on the same rows: positive, and the other one is too good.",
    columns: [
      { name: "" },
      { name: "shift to tolerance", unit: run ? `${run.test.tolerance / 10}` : "" },
      { name: "shift to rk4", unit: "32 steps" },
      ...(authors
        ? [
            { name: "authors' steps", unit: "nats" },
            { name: "their optimism", unit: "nats" },
          ]
        : []),
      { name: "Hutchinson", unit: "nats" },
      { name: "its error in a row", unit: "nats" },
      { name: "evaluations per row" },
      { name: "scoring", unit: "s" },
      { name: "Hutchinson", unit: "s" },
    ],
    rows: contenders.map((contender) => [
      contender.method,
      meanOf(contender, ({ test }) => test.check.tighter.value),
      meanOf(contender, ({ test }) => test.check.fixed.value),
      ...(authors
        ? [
            meanOf(contender, ({ test }) => test.authors?.nll.value ?? Number.NaN),
            meanOf(contender, ({ test }) => test.authors?.optimism.value ?? Number.NaN),
          ]
        : []),
      meanOf(contender, ({ test }) => test.hutchinson.nll.value),
      meanOf(contender, ({ test }) => test.hutchinson.rowError),
      meanOf(contender, ({ test }) => test.evaluationsPerRow),
      meanOf(contender, ({ test }) => test.seconds),
      meanOf(contender, ({ test }) => test.hutchinson.seconds),
    ]),
  };
}

/** What others printed, and whether it may be held beside ours. */
export function publishedTable(published: readonly PublishedFigure[]): ReportTable {
  return {
    columns: [{ name: "published" }, { name: "nll", unit: "nats" }, { name: "comparable" }, { name: "source" }],
    rows: published.map(({ method, figure, comparable, source }) => [
      method,
      figure.kind === "nats" ? figure.value : `±${figure.value} (${figure.why})`,
      `${comparable.yes ? "yes" : "no"}: ${comparable.why}`,
      source,
    ]),
  };
}

/** The learning rates that were tried. */
export function ratesTable(contenders: readonly ContenderResult[]): ReportTable {
  return {
    caption:
      "Validation likelihood of the learning rates tried with the first seed; the best one is used for all seeds.",
    columns: [{ name: "" }, { name: "learning rate" }, { name: "validation nll", unit: "nats" }],
    rows: contenders.flatMap(({ method, learningRates }) =>
      learningRates.map(({ rate, validation }) => [method, rate, validation]),
    ),
  };
}
