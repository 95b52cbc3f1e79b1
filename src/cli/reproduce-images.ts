// reproduce-images: `localflow reproduce cifar10|imagenet32|flowers`, the authors' image experiments from their raw files.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { explained } from "../data/files.ts";
import { openRawImages, type RawImageSet } from "../data/images/raw-sets.ts";
import { failure } from "../errors.ts";
import { fingerprint } from "../fingerprint.ts";
import { flowBaselines } from "../measure/names.ts";
import type { Engine } from "../runtime/contract.ts";
import { openFeatureNetwork } from "../tasks/images/feature-network.ts";
import { runImageExperiment } from "../tasks/reproduction/image-experiment.ts";
import type { Features } from "../tasks/reproduction/image-features.ts";
import { type ImageReproduction, imageReproductionPage } from "../tasks/reproduction/image-page.ts";
import { imagePlan } from "../tasks/reproduction/image-plan.ts";
import { costTable, distanceTable, publishedDistanceTable } from "../tasks/reproduction/image-tables.ts";
import { standingText } from "../tasks/reproduction/page.ts";
import { openedFor } from "./images-data.ts";
import { report, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { claimFolder, folderStore, goesOn, writeResult } from "./reproduce-folder.ts";
import type { ReproduceOptions } from "./reproduce-options.ts";
import { tableText } from "./reproduce-text.ts";
import { checkInterrupted, withEngine } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** Runs one experiment into a folder; finished runs and drawn images are kept there, so that the same command goes on. */
export async function reproduceImages(name: RawImageSet, options: ReproduceOptions, terminal: Terminal): Promise<void> {
  refuseTolerance(options);
  const { scale = 1, baselines = flowBaselines, output: folder = `reproduce-${name}` } = options;
  const seeds = Array.from({ length: options.seeds ?? 1 }, (_, k) => k + 1);
  const network = await networkFile(options);
  const view = progressView(terminal, options);
  const { reproduction, pictures } = await openedFor(
    () =>
      openRawImages(name, options.data, (done, total) =>
        view.show({ stage: "read", fraction: done / Math.max(1, total) }),
      ),
    async (images) => {
      checkInterrupted(terminal.signal);
      const plan = imagePlan(name, { scale, rivals: baselines, hasFeatures: network !== undefined, gaps: images.gaps });
      view.clear();
      if (!options.quiet) for (const gap of images.gaps) terminal.err(`localflow: note: ${gap}\n`);
      await claimFolder(folder, { name, scale }, options.force === true);
      return withEngine(options, async (engine) => {
        const features = network && (await opened(engine, network));
        const { result, pictures } = await runImageExperiment(engine, {
          ...{ plan, images, seeds, store: folderStore(folder) },
          ...(features && { features }),
          ...{
            memory: () => process.memoryUsage().rss,
            signal: terminal.signal,
            onProgress: view.show,
            onStage: view.say,
          },
        }).finally(() => features?.reader.release());
        const [first] = result.contenders;
        if (!first) throw failure("option", { where: name, expected: "at least one contender", received: "none" });
        const { published, comparable } = plan;
        const reproduction: ImageReproduction = {
          ...{ ...result, preset: name, scale, published, comparable },
          measured: first.frechet,
        };
        return { reproduction, pictures };
      });
    },
  )
    .catch((error: unknown) => {
      throw goesOn(name, error);
    })
    .finally(view.clear);
  await writeResult(folder, "report.html", imageReproductionPage(reproduction, pictures));
  await writeResult(folder, "result.json", `${JSON.stringify(reproduction, null, 2)}\n`);
  await report(terminal, options, { ...reproduction }, reproductionText(folder, reproduction));
}

interface NetworkFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

async function networkFile({ features }: ReproduceOptions): Promise<NetworkFile | undefined> {
  if (features === undefined) return undefined;
  if (!features.toLowerCase().endsWith(".onnx"))
    throw failure("option", { where: "--features", expected: "an .onnx file", received: features });
  return { name: basename(features), bytes: await explained(features, () => readFile(features)) };
}

async function opened(engine: Engine, { name, bytes }: NetworkFile): Promise<Features> {
  return { reader: await openFeatureNetwork(engine, bytes, { name }), mark: fingerprint(bytes) };
}

function refuseTolerance({ tolerance }: ReproduceOptions): void {
  if (tolerance === undefined) return;
  throw failure("option", {
    where: "--tolerance",
    expected: "an experiment that scores rows",
    received: "images, which are drawn as the authors draw them",
    remedy: "leave it out",
  });
}

function reproductionText(folder: string, reproduction: ImageReproduction): string {
  const { name, measured, published, comparable, notes, features, seconds } = reproduction;
  const spread =
    measured.deviation === null
      ? "one seed"
      : `deviation ${measured.deviation.toFixed(3)} over ${measured.seeds} seeds`;
  return [
    `${name}: Fréchet distance ${measured.mean.toFixed(3)} (${spread})`,
    `features: ${features}`,
    ...(comparable.yes ? [] : [standingText(comparable)]),
    "",
    tableText(distanceTable(reproduction)),
    "",
    tableText(costTable(reproduction)),
    "",
    tableText(publishedDistanceTable(published), 2),
    "",
    ...notes.map((note) => `note: ${note}`),
    `${spokenTime(seconds)}; report, samples, result.json and the models: ${folder}`,
  ].join("\n");
}
