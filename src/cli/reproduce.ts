// reproduce: `localflow reproduce NAME`, one of the authors' experiments from its raw files, or the same protocol on a small
// table.
import { nearestName } from "../data/columns.ts";
import { rawImageSets } from "../data/images/raw-sets.ts";
import { readLiteratureTable, readPictureTable, readSmallTable } from "../data/tables/read-raw.ts";
import { isSmallTable, smallTables } from "../data/tables/small-tables.ts";
import { failure } from "../errors.ts";
import { flowBaselines } from "../measure/names.ts";
import { regionsFigure } from "../pictures/regions.ts";
import { toSvg } from "../pictures/svg.ts";
import type { Engine } from "../runtime/contract.ts";
import type { DensityModel } from "../tasks/density-model.ts";
import { presetNamed, presets } from "../tasks/presets/named.ts";
import type { Preset } from "../tasks/presets/preset.ts";
import { densityReportSections, type ReportSection } from "../tasks/report.ts";
import { runExperiment } from "../tasks/reproduction/experiment.ts";
import { type Reproduction, reproductionPage } from "../tasks/reproduction/page.ts";
import { type Plan, presetPlan, smallPlan } from "../tasks/reproduction/plan.ts";
import { confidenceRegions } from "../tasks/reproduction/regions.ts";
import { integrationTable, likelihoodTable, publishedTable } from "../tasks/reproduction/tables.ts";
import { rowsOf } from "../tensor/array.ts";
import { report, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { claimFolder, folderStore, goesOn, writeResult } from "./reproduce-folder.ts";
import { reproduceImages } from "./reproduce-images.ts";
import type { ReproduceOptions } from "./reproduce-options.ts";
import { tableText } from "./reproduce-text.ts";
import { withEngine } from "./session.ts";
import type { Terminal } from "./terminal.ts";

const defaults = { seeds: 3, scale: 1, tolerance: 1e-4 } as const;

/** Runs one experiment into a folder: finished runs are kept there, so that the same command goes on after an interrupt. */
export async function reproduce(name: string, options: ReproduceOptions, terminal: Terminal): Promise<void> {
  const images = rawImageSets.find((set) => set === name);
  if (images !== undefined) return reproduceImages(images, options, terminal);
  refuseFeatures(name, options);
  const folder = options.output ?? `reproduce-${name}`;
  const plan = await planOf(name, options);
  const seeds = Array.from({ length: options.seeds ?? defaults.seeds }, (_, k) => k + 1);
  await claimFolder(folder, { name, scale: plan.scale }, options.force === true);
  const view = progressView(terminal, options);
  const controls = { signal: terminal.signal, onProgress: view.show };
  const { reproduction, pictures } = await withEngine(options, async (engine) => {
    const { result, model } = await runExperiment(engine, {
      ...plan,
      ...controls,
      seeds,
      store: folderStore(folder),
      memory: () => process.memoryUsage().rss,
      onStage: view.say,
    });
    const { scale, published, comparable, preset } = plan;
    const [first] = result.contenders;
    if (!first) throw failure("option", { where: name, expected: "at least one contender", received: "none" });
    const reproduction: Reproduction = {
      ...result,
      scale,
      published,
      comparable,
      ...(preset !== undefined && { preset }),
      measured: first.nll,
    };
    view.say("drawing the report");
    return { reproduction, pictures: model ? await sections(engine, model, plan, controls) : [] };
  })
    .catch((error: unknown) => {
      throw goesOn(name, error);
    })
    .finally(view.clear);
  await writeResult(folder, "report.html", reproductionPage(reproduction, pictures));
  await writeResult(folder, "result.json", `${JSON.stringify(reproduction, null, 2)}\n`);
  for (const { heading, figure } of pictures)
    if (figure) await writeResult(folder, `${heading.toLowerCase().replace(/\W+/g, "-")}.svg`, toSvg(figure));
  await report(terminal, options, { ...reproduction }, reproductionText(folder, reproduction));
}

async function planOf(name: string, given: ReproduceOptions): Promise<Plan> {
  const { data, scale = defaults.scale, baselines = flowBaselines, tolerance = defaults.tolerance } = given;
  const options = { scale, rivals: baselines, tolerance };
  if (isSmallTable(name)) return smallPlan({ dataset: name }, { table: await readSmallTable(name, data) }, options);
  const preset = experimentNamed(name);
  const { dataset, drawn, configuration } = preset;
  if (dataset !== "tree" && dataset !== "rose")
    return presetPlan(preset, { table: await readLiteratureTable(dataset, data) }, options);
  const share = (count = 0) => Math.max(fewestPoints, Math.ceil(count * scale));
  const drawing = { seed: configuration.seed, train: share(drawn?.train), test: share(drawn?.test) };
  return presetPlan(preset, await readPictureTable(dataset, data, drawing), options);
}

function refuseFeatures(name: string, { features }: ReproduceOptions): void {
  if (features === undefined) return;
  throw failure("option", {
    where: "--features",
    expected: `an experiment with images: ${rawImageSets.join(", ")}`,
    received: name,
    remedy: "leave it out",
  });
}

const fewestPoints = 1000;

/** The preset of a name; a misspelt one is told what there is. */
function experimentNamed(name: string): Preset {
  const names = [...new Set(presets.map(({ dataset }) => dataset)), ...rawImageSets, ...Object.keys(smallTables)];
  const known = [...names, ...presets.map((preset) => preset.name)];
  if (known.includes(name)) return presetNamed(name);
  const nearest = nearestName(name, known);
  throw failure("option", {
    where: "reproduce",
    expected: `one of ${names.join(", ")} (or a preset: ${presets.map((preset) => preset.name).join(", ")})`,
    received: JSON.stringify(name.slice(0, 60)),
    ...(nearest !== undefined && { remedy: `did you mean ${nearest}?` }),
  });
}

const picturedRows = 5000;

/** Pictures of the first contender: those of a report, and in the plane the confidence regions. */
async function sections(
  engine: Engine,
  model: DensityModel,
  { table }: Plan,
  controls: Parameters<typeof densityReportSections>[4],
): Promise<readonly ReportSection[]> {
  const rows = rowsOf(table.test, 0, Math.min(picturedRows, table.test.shape[0] ?? 0));
  const pictures = await densityReportSections(engine, model, rows, undefined, controls);
  if (model.chain.dimension !== 2) return pictures;
  const figure = regionsFigure(
    await confidenceRegions(engine, model, { data: rows, ...(controls?.signal && { signal: controls.signal }) }),
  );
  const text = "Circles that hold a known share of the noise, carried back to the data, over test rows.";
  return [...pictures, { heading: "Confidence regions", text, figure }];
}

function reproductionText(folder: string, reproduction: Reproduction): string {
  const { name, preset, measured, published, comparable, notes, seconds } = reproduction;
  const spread =
    measured.deviation === null
      ? "one seed"
      : `deviation ${measured.deviation.toFixed(4)} over ${measured.seeds} seeds`;
  return [
    `${preset ?? name}: test nll ${measured.mean.toFixed(4)} nats (${spread})`,
    ...(comparable.yes ? [] : [`no reproduction of a published figure: ${comparable.why}`]),
    "",
    tableText(likelihoodTable(reproduction)),
    "",
    tableText(integrationTable(reproduction)),
    ...(published.length === 0 ? [] : ["", tableText(publishedTable(published), 2)]),
    "",
    ...notes.map((note) => `note: ${note}`),
    `${spokenTime(seconds)}; report, pictures, result.json and the models: ${folder}`,
  ].join("\n");
}
