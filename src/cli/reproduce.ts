// reproduce: `localflow reproduce NAME`, one of the authors' experiments from its raw files, or the same protocol on a small
// table.
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { nearestName } from "../data/columns.ts";
import { explained, writeFileAtomically } from "../data/files.ts";
import { readLiteratureTable, readPictureTable, readSmallTable } from "../data/tables/read-raw.ts";
import { isSmallTable, smallTables } from "../data/tables/small-tables.ts";
import { failure, LocalFlowError } from "../errors.ts";
import { flowBaselines } from "../measure/names.ts";
import { regionsFigure } from "../pictures/regions.ts";
import { toSvg } from "../pictures/svg.ts";
import type { Engine } from "../runtime/contract.ts";
import type { DensityModel } from "../tasks/density-model.ts";
import { presetNamed, presets } from "../tasks/presets/named.ts";
import type { Preset } from "../tasks/presets/preset.ts";
import { densityReportSections, type ReportCell, type ReportSection, type ReportTable } from "../tasks/report.ts";
import { runExperiment } from "../tasks/reproduction/experiment.ts";
import { type Reproduction, reproductionPage } from "../tasks/reproduction/page.ts";
import { type Plan, presetPlan, smallPlan } from "../tasks/reproduction/plan.ts";
import { confidenceRegions } from "../tasks/reproduction/regions.ts";
import type { Store } from "../tasks/reproduction/run.ts";
import { integrationTable, likelihoodTable, publishedTable } from "../tasks/reproduction/tables.ts";
import { rowsOf } from "../tensor/array.ts";
import type { ReproduceOptions } from "./options.ts";
import { alignedTable, report, short, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { withEngine } from "./session.ts";
import type { Terminal } from "./terminal.ts";
import { interrupt } from "./usage.ts";

const defaults = { seeds: 3, scale: 1, tolerance: 1e-4 } as const;

/** Runs one experiment into a folder: finished runs are kept there, so that the same command goes on after an interrupt. */
export async function reproduce(name: string, options: ReproduceOptions, terminal: Terminal): Promise<void> {
  const folder = options.output ?? `reproduce-${name}`;
  const plan = await planOf(name, options);
  const seeds = Array.from({ length: options.seeds ?? defaults.seeds }, (_, k) => k + 1);
  await claimFolder(folder, { name, scale: plan.scale }, options.force === true);
  const view = progressView(terminal, options);
  const say = (text: string) => {
    view.clear();
    if (!options.quiet) terminal.err(`localflow: ${text} …\n`);
  };
  const controls = { signal: terminal.signal, onProgress: view.show };
  const { reproduction, pictures } = await withEngine(options, async (engine) => {
    const { result, model } = await runExperiment(engine, {
      ...plan,
      ...controls,
      seeds,
      store: folderStore(join(folder, "runs")),
      memory: () => process.memoryUsage().rss,
      onStage: say,
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
    say("drawing the report");
    return { reproduction, pictures: model ? await sections(engine, model, plan, controls) : [] };
  })
    .catch((error: unknown) => {
      throw error instanceof LocalFlowError && error.code === "interrupted" ? goesOn(name, error) : error;
    })
    .finally(view.clear);
  const write = (file: string, text: string) =>
    writeFileAtomically(join(folder, file), new TextEncoder().encode(text), { force: true });
  await write("report.html", reproductionPage(reproduction, pictures));
  await write("result.json", `${JSON.stringify(reproduction, null, 2)}\n`);
  for (const { heading, figure } of pictures)
    if (figure) await write(`${heading.toLowerCase().replace(/\W+/g, "-")}.svg`, toSvg(figure));
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

/** The error of an interrupt after which the same command goes on. */
function goesOn(name: string, cause: LocalFlowError): LocalFlowError {
  const remedy = "repeat the command to go on from what is there";
  return failure(
    "interrupted",
    { where: `reproduce ${name}`, expected: "to finish", received: interrupt, remedy },
    cause,
  );
}

const fewestPoints = 1000;

/** The preset of a name; a misspelt one is told what there is. */
function experimentNamed(name: string): Preset {
  const names = [...new Set(presets.map(({ dataset }) => dataset)), ...Object.keys(smallTables)];
  const known = [...names, ...presets.map((preset) => preset.name)];
  if (known.includes(name)) return presetNamed(name);
  throw failure("option", {
    where: "reproduce",
    expected: `one of ${names.join(", ")} (or a preset: ${presets.map((preset) => preset.name).join(", ")})`,
    received: JSON.stringify(name.slice(0, 60)),
    remedy: `did you mean ${nearestName(name, known)}?`,
  });
}

/** A new folder, or one that an earlier run of the same experiment began. */
async function claimFolder(
  folder: string,
  experiment: Readonly<Record<string, unknown>>,
  force: boolean,
): Promise<void> {
  const path = join(folder, "experiment.json");
  const text = `${JSON.stringify(experiment)}\n`;
  const known = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (known !== undefined && known !== text && !force)
    throw failure("file", {
      where: folder,
      expected: `a new folder, or one of this experiment ${text.trim()}`,
      received: `one of ${known.trim().slice(0, 200)}`,
      remedy: "choose another folder with -o, or add --force",
    });
  await explained(folder, () => mkdir(join(folder, "runs"), { recursive: true }));
  await writeFileAtomically(path, new TextEncoder().encode(text), { force: true });
}

function folderStore(folder: string): Store {
  const place = (name: string) => join(folder, name);
  return {
    read: (name) =>
      readFile(place(name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      }),
    write: (name, bytes) => writeFileAtomically(place(name), bytes, { force: true }),
    remove: (name) => rm(place(name), { force: true }),
  };
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

/** A table of a report as text, its first columns. */
function tableText({ caption, columns, rows }: ReportTable, most = columns.length): string {
  const header = columns.slice(0, most).map(({ name, unit }) => (unit ? `${name} [${unit}]` : name));
  const lines = rows.map((row) => row.slice(0, most).map(cellText));
  return [alignedTable(header, lines), ...(caption ? [caption] : [])].join("\n");
}

function cellText(cell: ReportCell): string {
  if (typeof cell === "string") return cell;
  if (typeof cell === "number") return short(cell, 5);
  return `${cell.value.toFixed(4)} ± ${cell.standardError.toFixed(4)}`;
}
