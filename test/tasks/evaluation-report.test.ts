// evaluation-report: the page says what was found, in words that follow the numbers, and carries the numbers themselves.
import { describe, expect, it } from "vitest";
import type { Evaluation } from "../../src/tasks/evaluate.ts";
import { evaluationReport } from "../../src/tasks/evaluation-report.ts";

const evaluation = (ours: number, mixture: number): Evaluation => ({
  rows: 500,
  comparedRows: 400,
  seed: 3,
  parameters: 1000,
  gradientSteps: 200,
  evaluations: 12345,
  seconds: 2,
  measures: {
    nll: { value: ours, standardError: 0.01, baselines: { mixture: { value: mixture, standardError: 0.01 } } },
    slicedWasserstein: {
      value: 0.25,
      standardError: 0.02,
      floor: { value: 0.05, standardError: 0.01 },
      baselines: { mixture: { value: 0.5, standardError: 0.02 } },
    },
  },
  baselines: { mixture: { parameters: 10, gradientSteps: 0, seconds: 1, choice: "4 components" } },
  notes: ["a note <script>"],
});

describe("the page of an evaluation", () => {
  it.each([
    [2, 3, "1.00 nats per row better than its strongest baseline (mixture)"],
    [3, 2.5, "the baseline mixture is 0.50 nats per row better than the model"],
    [2, 2.01, "cannot be told apart"],
  ])("judges %f against %f in words", (ours, mixture, words) => {
    expect(evaluationReport(evaluation(ours, mixture), "m.safetensors", [])).toContain(words);
  });

  it("holds table, floor, escaped notes and the same numbers as JSON", () => {
    const page = evaluationReport(evaluation(2, 3), "m.safetensors", []);
    expect(page).toContain("floor: training rows");
    expect(page).toContain("a note &lt;script&gt;");
    const json = /<script type="application\/json" id="localflow">([\s\S]*?)<\/script>/.exec(page)?.[1];
    expect(JSON.parse(json ?? "null")).toEqual(evaluation(2, 3));
  });
});
