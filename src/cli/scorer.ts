// scorer: `localflow distill MODEL [DATA] -o SCORER --scores`, and what `score` and `inspect` do with its file.

import { basename } from "node:path";
import { counted } from "../data/columns.ts";
import { writeFileAtomically } from "../data/files.ts";
import { failure } from "../errors.ts";
import { summarize } from "../tasks/density.ts";
import { distillScores } from "../tasks/table/distill-scores.ts";
import { schemaSummary } from "../tasks/table/schema-summary.ts";
import { createScorer, type TableScorer } from "../tasks/table/scorer.ts";
import { encodeScorer } from "../tasks/table/scorer-file.ts";
import { readTableModel } from "./model.ts";
import type { DistillOptions, InspectOptions, ScoreOptions } from "./options.ts";
import { report, reportBeside, short, spokenTime, withError } from "./output.ts";
import { printable } from "./printable.ts";
import { progressView } from "./progress.ts";
import { integrationNames } from "./recipe.ts";
import { refuseGiven } from "./refusals.ts";
import { seedFrom, withEngine } from "./session.ts";
import { checkTableOutput, readTableFile, writeTableFile } from "./table-data.ts";
import { rareShares, rareText, scoreColumns, toldNotes, unplacedFields, unplacedText } from "./table-score.ts";
import type { Terminal } from "./terminal.ts";

/** Options of students alone, and why a scorer takes none of them. */
const studentOptions: readonly (readonly [keyof DistillOptions, string])[] = [
  ["evaluations", "a scorer is one network evaluation"],
  ["hidden", "a scorer starts from the network of the model's block beside the data"],
  ["time", "--iterations sets how long a scorer is trained"],
  ["objective", "a scorer learns the model's exact scores"],
  ["conditional", "a scorer takes rows with any of their cells left out as it is"],
  ["guidance", "a scorer is of a table, and guidance of images with classes"],
];

/** Trains a scorer on the exact scores of a table's model, and writes its file. */
export async function distillToScorer(
  path: string,
  data: string | undefined,
  options: DistillOptions,
  terminal: Terminal,
): Promise<void> {
  const { output, force = false, rows, iterations, batchSize, learningRate } = options;
  for (const [name, reason] of studentOptions)
    refuseGiven(options, [name], {
      expected: "a student to train",
      received: "--scores, which trains a scorer",
      remedy: `leave one of them out: ${reason}`,
    });
  const model = await readTableModel(path);
  const table = data === undefined ? undefined : await readTableFile(data, {});
  const view = progressView(terminal, options);
  const request = {
    seed: seedFrom(options),
    teacherName: basename(path),
    ...(table && { data: table }),
    ...(rows !== undefined && { rows }),
    ...(iterations !== undefined && { iterations }),
    ...(batchSize !== undefined && { batchSize }),
    ...(learningRate !== undefined && { learningRate }),
    signal: terminal.signal,
    onProgress: view.show,
    onStage: view.say,
  };
  const { scorer, report: result } = await withEngine(options, (engine) =>
    distillScores(engine, model, request),
  ).finally(view.clear);
  await writeFileAtomically(output, encodeScorer(scorer), { force });
  const learnt = result.dataRows === 0 ? "" : ` and ${result.dataRows} of ${data}`;
  const text = [
    ...agreementText(scorer),
    `learnt from  ${result.rows} rows of the model, a quarter of them disturbed${learnt}`,
    `time         ${spokenTime(result.seconds)}, ${result.iterations} iterations`,
    `seed         ${result.seed}`,
    `scorer       ${output}: for localflow score; for exact scores use ${scorer.teacher}`,
  ].join("\n");
  await report(terminal, options, { ...result }, text);
}

/** Approximate scores of the rows of a table, at once. */
export async function scoreByScorer(
  scorer: TableScorer,
  data: string,
  options: ScoreOptions,
  terminal: Terminal,
): Promise<void> {
  const exact = [
    "contributions",
    "smoothed",
    "smoothing",
    "classify",
    "divergence",
    "probes",
    "handOver",
    ...integrationNames,
  ] as const;
  refuseGiven(options, exact, { expected: "to be left out", received: "it beside a scorer, which integrates nothing" });
  const { output, seed = 0, percentile = false } = options;
  if (output !== undefined) await checkTableOutput(output, options);
  if (percentile && scorer.training.logDensityQuantiles === undefined)
    throw failure("model", {
      where: "--percentile",
      expected: "finite log-densities of the training rows",
      received: "others",
      remedy: "leave it out",
    });
  const start = performance.now();
  const table = await readTableFile(data, options);
  const scores = await withEngine(options, async (engine) => {
    const running = await createScorer(engine, scorer);
    try {
      return await running.score(table, { seed, signal: terminal.signal });
    } finally {
      await running.release();
    }
  });
  if (output !== undefined)
    await writeTableFile(output, scoreColumns(scores, percentile), { columns: [] }, options, terminal);
  const { nll, standardError } = summarize(Array.from(scores.logDensity, (value) => -value));
  const seconds = (performance.now() - start) / 1000;
  const { percentiles } = scores;
  const rare = percentile && percentiles ? rareShares(percentiles) : undefined;
  const { drawn, data: measured } = scorer.agreement;
  const text = [
    `nll     ${withError(nll, standardError)} nats per row (${counted(table.rows, "row")}), approximated`,
    `scorer  rank correlation ${short((measured ?? drawn).rankCorrelation, 4)} with the exact scores of ${scorer.teacher}`,
    ...rareText(rare),
    ...unplacedText(scores),
    `effort  ${spokenTime(seconds)}`,
  ].join("\n");
  const result = {
    rows: table.rows,
    nll,
    standardError,
    approximated: true,
    agreement: scorer.agreement,
    ...(rare && { percentiles: rare }),
    ...unplacedFields(scores),
    seconds,
    seed,
    ...toldNotes(scores, percentile, options, terminal),
  };
  await reportBeside(terminal, options, result, text);
}

/** What a scorer's file holds. */
export async function inspectScorer(scorer: TableScorer, options: InspectOptions, terminal: Terminal): Promise<void> {
  const { encoder, network, agreement, teacher, training } = scorer;
  const { schema } = encoder;
  const text = [
    `scorer of the table model ${teacher}, ${encoder.dimensions.length} dimensions, network ${network.hidden.join(",")}`,
    `the model was trained on ${training.rows} rows: ${printable(schemaSummary(schema))}`,
    ...agreementText(scorer),
  ].join("\n");
  await report(terminal, options, { kind: "scorer", teacher, schema, network, agreement, training }, text);
}

function agreementText({ agreement: { drawn, data } }: TableScorer): readonly string[] {
  const line = (name: string, { rankCorrelation, medianError, rows }: TableScorer["agreement"]["drawn"]) =>
    `${name}rank correlation ${short(rankCorrelation, 4)} with exact scores, off by ${short(medianError, 3)} nats in the median (${rows} rows)`;
  return [line("drawn rows   ", drawn), ...(data ? [line("data         ", data)] : [])];
}
