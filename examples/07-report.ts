// 07-report: measure a model beside baselines, and write one HTML page with its pictures (to the path given as argument).
import { writeFile } from "node:fs/promises";
import * as localflow from "localflow";

const { pinwheel } = localflow.densities;
const draw = (purpose: string, count: number) =>
  localflow.floats(pinwheel!.sample(localflow.random(purpose), count), [count, 2]);
const train = draw("train", 4000);
const heldOut = draw("held out", 2000);

const base = localflow.defaultConfiguration({ rows: 4000, columns: 2 });
const blocks = base.blocks.map((block) => ({
  ...block,
  network: { ...block.network, hidden: [64, 64] },
  iterations: 400,
  learningRate: 1e-2,
}));
const configuration = { ...base, seed: 1, blocks, training: { ...base.training, batchSize: 500 } };
const engine = await localflow.createEngine();
const { model } = await localflow.fitDensity(engine, {
  rows: train,
  columns: ["x", "y"],
  configuration,
  trainSplit: 1,
});
const evaluation = await localflow.evaluateDensity(engine, model, { heldOut, train, seed: 2, samples: 1000 });

// After some seconds of training the mixture may well win, and the report says so.
const { nll } = evaluation.measures;
for (const [name, { value, standardError }] of Object.entries({ model: nll, ...nll.baselines }))
  console.log(`nll ${name}: ${value.toFixed(3)} ± ${standardError.toFixed(3)}`);

const page = localflow.htmlReport({
  title: "The pinwheel",
  summary: "A chain of four blocks beside densities that are quick to fit.",
  sections: await localflow.densityReportSections(engine, model, heldOut),
  json: evaluation,
});
await writeFile(process.argv[2] ?? "report.html", page);
await engine.close();
