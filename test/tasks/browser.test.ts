// browser: the whole spine, from a graph to a fitted chain, bundles for Chromium and agrees there with Node.
import { describe, expect, it } from "vitest";
import { createEngine } from "../../src/runtime/node.ts";
import { fitDensity, sampleDensity, scoreDensity } from "../../src/tasks/density.ts";
import { type DensityModel, decodeDensityModel, encodeDensityModel } from "../../src/tasks/density-model.ts";
import { floats } from "../../src/tensor/array.ts";
import { hasChromium, runInBrowser, wasmPaths } from "../support/browser.ts";

/** Fits a small chain on the page, scores and samples with it; the model travels as numbers. */
const entry = `
import { createEngine } from "./src/runtime/web.ts";
import { fitDensity, sampleDensity, scoreDensity } from "./src/tasks/density.ts";
import { defaultConfiguration } from "./src/tasks/defaults.ts";
import { encodeDensityModel } from "./src/tasks/density-model.ts";
import { fillNormal, random } from "./src/random.ts";
import { floats } from "./src/tensor/array.ts";

export default async function run() {
  const engine = await createEngine({ wasmPaths: ${JSON.stringify(wasmPaths)} });
  const noise = new Float32Array(400);
  fillNormal(random(1), noise);
  const rows = floats(noise.map((z, i) => (i % 2 === 0 ? 2 * z + 1 : z)), [200, 2]);
  const base = defaultConfiguration({ rows: 200, columns: 2 });
  const network = { ...base.blocks[0].network, hidden: [8, 8] };
  const blocks = base.blocks.slice(2).map((block) => ({ ...block, network, iterations: 20 }));
  const configuration = { ...base, seed: 1, blocks };
  const { model, report } = await fitDensity(engine, { rows, columns: ["x", "y"], configuration });
  const scores = [];
  for await (const chunk of scoreDensity(engine, model, rows)) scores.push(...chunk.logDensity);
  const points = [];
  for await (const chunk of sampleDensity(engine, model, { rows: 20, seed: 3 })) points.push(...chunk.points.data);
  await engine.close();
  return { rows: [...rows.data], bytes: [...encodeDensityModel(model)], scores, points, nll: report.train.nll };
}
`;

interface PageResult {
  readonly rows: number[];
  readonly bytes: number[];
  readonly scores: number[];
  readonly points: number[];
  readonly nll: number;
}

const furthest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))));

describe.skipIf(!hasChromium)("a page in Chromium", () => {
  it("fits a chain that scores and samples there as it does on Node, and learns what Node learns", async () => {
    const page = (await runInBrowser(entry)) as PageResult;
    const engine = await createEngine();
    const model: DensityModel = decodeDensityModel(Uint8Array.from(page.bytes));
    const rows = floats(page.rows, [200, 2]);
    const scores: number[] = [];
    for await (const chunk of scoreDensity(engine, model, rows)) scores.push(...chunk.logDensity);
    const points: number[] = [];
    for await (const chunk of sampleDensity(engine, model, { rows: 20, seed: 3 })) points.push(...chunk.points.data);
    const { configuration, columns } = model.record;
    const here = await fitDensity(engine, { rows, columns, configuration });
    await engine.close();
    expect(furthest(scores, page.scores)).toBeLessThan(2e-3);
    expect(furthest(points, page.points)).toBeLessThan(2e-3);
    expect(Math.abs(here.report.train.nll - page.nll)).toBeLessThan(2e-3);
    // Losses in the header may differ in their last digits, and so in how many they are.
    expect(Math.abs(encodeDensityModel(here.model).length - page.bytes.length)).toBeLessThan(64);
  });
});
