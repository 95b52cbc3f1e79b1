// image-study: a chain of short flows beside plain Flow Matching on images, at equal parameters and equal gradient steps in all.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { z } from "zod";
import { writeFileAtomically } from "../src/data/files.ts";
import { imageParameterCount } from "../src/nn/image-network.ts";
import { smallUnet } from "../src/tasks/images/image-defaults.ts";

const usage = `usage: npx tsx benchmarks/image-study.ts PATH -o FOLDER [options]
PATH: gray images with classes and a part "test", such as Fashion-MNIST's IDX files. A run that is in FOLDER is not made again.
  --size N          side of the images (default: 14)
  --width W         channels of the chain of two blocks; the others get as many parameters in all (default: 16)
  --iterations K    gradient steps of all blocks together (default: 2000)
  --images N        images to train on (default: 8000)
  --draw N          images to draw and to compare (default: 2000)
  --seeds COUNT     of the contenders at their best learning rates (default: 3)
  --threads N       of every run (default: 1)
  --table           run nothing; print the table of what FOLDER holds
Needs dist/ (npm run build).
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: "string", short: "o" },
    size: { type: "string", default: "14" },
    width: { type: "string", default: "16" },
    iterations: { type: "string", default: "2000" },
    images: { type: "string", default: "8000" },
    draw: { type: "string", default: "2000" },
    seeds: { type: "string", default: "3" },
    threads: { type: "string", default: "1" },
    table: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** A way to cut the diffusion: durations of the blocks before the free one. */
interface Contender {
  readonly name: string;
  readonly durations: readonly number[];
}

interface Run {
  readonly contender: Contender;
  readonly learningRate: number;
  readonly seed: number;
}

/** What is kept of a run. */
const outcomeSchema = z.strictObject({
  frechet: z.number(),
  standardError: z.number(),
  floor: z.number(),
  gaussian: z.number(),
  confidence: z.number(),
  labelEntropy: z.number(),
  coverage: z.number(),
  parameters: z.number(),
  evaluationsPerImage: z.number(),
  trainSeconds: z.number(),
  pushSeconds: z.number(),
});
type Outcome = z.infer<typeof outcomeSchema>;

/** What is read of the JSON of `localflow fit` and `localflow evaluate`. */
const fitSchema = z.object({ blocks: z.array(z.object({ seconds: z.number(), pushSeconds: z.number() })) });
const measure = z.object({ value: z.number() });
const evaluateSchema = z.object({
  parameters: z.number(),
  evaluations: z.number(),
  rows: z.object({ drawn: z.number() }),
  measures: z.object({
    frechet: measure.extend({
      standardError: z.number(),
      floor: measure,
      baselines: z.object({ gaussian: measure }),
    }),
    confidence: measure,
    labelEntropy: measure,
    coverage: measure,
  }),
});

const learningRates = [1e-3, 2e-3, 4e-3];
const flow: Contender = { name: "plain flow", durations: [] };
const chain: Contender = { name: "N = 2, gamma 0.5", durations: [0.5] };
const longChain: Contender = { name: "N = 4, gamma 0.25, 0.35, 0.5", durations: [0.25, 0.35, 0.5] };
const otherTimes: readonly Contender[] = [
  { name: "N = 2, gamma 0.25", durations: [0.25] },
  { name: "N = 2, gamma 1", durations: [1] },
];

const say = (line: string) => process.stderr.write(`${line}\n`);
const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

async function main(): Promise<void> {
  const [path] = positionals;
  if (values.help || path === undefined || values.out === undefined) {
    process.stdout.write(usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  await mkdir(values.out, { recursive: true });
  const study = { path, folder: values.out };
  const seeds = Array.from({ length: Number(values.seeds) }, (_, k) => k + 1);
  const rates = await bestRates(study);
  const runs = (contenders: readonly Contender[]) =>
    seeds.flatMap((seed) =>
      contenders.map((contender) => ({ contender, learningRate: rateOf(rates, contender), seed })),
    );
  const all = [...runs([chain, flow, longChain]), ...runs(otherTimes)];
  if (!values.table) for (const run of all) await outcomeOf(study, run);
  for (const contender of [flow, chain, ...otherTimes, longChain]) {
    const own = all.filter((run) => run.contender === contender);
    const known = (await Promise.all(own.map((run) => keptOutcome(study, run)))).flatMap((outcome) => outcome ?? []);
    if (known.length > 0) print(contender, rateOf(rates, contender), known);
  }
}

/** The learning rates of the lowest Frechet distances of the first seed. */
async function bestRates(study: Study): Promise<ReadonlyMap<Contender, number>> {
  const best = new Map<Contender, number>();
  for (const contender of [chain, flow]) {
    let least = Number.POSITIVE_INFINITY;
    for (const learningRate of learningRates) {
      const run = { contender, learningRate, seed: 1 };
      const outcome = values.table ? await keptOutcome(study, run) : await outcomeOf(study, run);
      if (outcome === undefined || outcome.frechet >= least) continue;
      least = outcome.frechet;
      best.set(contender, learningRate);
    }
  }
  return best;
}

/** Chains that were not tuned take the rate of the one that was. */
function rateOf(rates: ReadonlyMap<Contender, number>, contender: Contender): number {
  return rates.get(contender) ?? rates.get(chain) ?? learningRates[0]!;
}

interface Study {
  readonly path: string;
  readonly folder: string;
}

/** Trains and evaluates a run by the command line, unless its outcome is in the folder. */
async function outcomeOf({ path, folder }: Study, run: Run): Promise<Outcome> {
  const { contender, learningRate, seed } = run;
  const known = await keptOutcome({ path, folder }, run);
  if (known) return known;
  const { durations } = contender;
  const model = join(folder, `${nameOf(run)}.safetensors`);
  const { size, width, iterations, images, draw, threads } = values;
  const blocks = durations.length + 1;
  const fit = {
    size,
    steps: [...durations, "free"].join(","),
    width: equalWidth(Number(size), Number(width), blocks),
    iterations: Math.round(Number(iterations) / blocks),
    "learning-rate": learningRate,
  };
  const common = { images, threads, seed };
  const trained = fitSchema.parse(await localflow(["fit", path, "-o", model, "--force"], { ...fit, ...common }));
  const found = evaluateSchema.parse(await localflow(["evaluate", model, path, "-n", draw], common));
  const { frechet, confidence, labelEntropy, coverage } = found.measures;
  const outcome: Outcome = {
    frechet: frechet.value,
    standardError: frechet.standardError,
    floor: frechet.floor.value,
    gaussian: frechet.baselines.gaussian.value,
    confidence: confidence.value,
    labelEntropy: labelEntropy.value,
    coverage: coverage.value,
    parameters: found.parameters,
    evaluationsPerImage: found.evaluations / found.rows.drawn,
    trainSeconds: trained.blocks.reduce((total, block) => total + block.seconds, 0),
    pushSeconds: trained.blocks.reduce((total, block) => total + block.pushSeconds, 0),
  };
  await writeFileAtomically(keptPath({ folder }, run), new TextEncoder().encode(`${JSON.stringify(outcome)}\n`), {
    force: true,
  });
  say(`${nameOf(run)}: Frechet distance ${outcome.frechet.toFixed(2)}, confidence ${outcome.confidence.toFixed(3)}`);
  return outcome;
}

function nameOf({ contender, learningRate, seed }: Run): string {
  return ["gamma", ...contender.durations, "rate", learningRate, "seed", seed].join("-");
}

function keptPath({ folder }: Pick<Study, "folder">, run: Run): string {
  return join(folder, `${nameOf(run)}.json`);
}

async function keptOutcome(study: Study, run: Run): Promise<Outcome | undefined> {
  const path = keptPath(study, run);
  return existsSync(path) ? outcomeSchema.parse(JSON.parse(await readFile(path, "utf8"))) : undefined;
}

/** Channels at which so many blocks have as many parameters in all as two blocks of this width. */
function equalWidth(size: number, width: number, blocks: number): number {
  const image = { channels: 1, height: size, width: size } as const;
  const inAll = (channels: number, count: number) => count * imageParameterCount(smallUnet(image, channels));
  const off = (channels: number) => Math.abs(Math.log(inAll(channels, blocks) / inAll(width, 2)));
  return Array.from({ length: 2 * width }, (_, k) => k + 1).reduce((best, one) => (off(one) < off(best) ? one : best));
}

/** What a command prints as JSON; an error with its last line where it fails. */
async function localflow(
  args: readonly string[],
  options: Readonly<Record<string, string | number>>,
): Promise<unknown> {
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args, ...flags, "--json", "--quiet"]);
  return JSON.parse(stdout);
}

const cell = (numbers: readonly number[], digits: number) => {
  const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const spread = Math.sqrt(numbers.reduce((a, b) => a + (b - mean) ** 2, 0) / Math.max(1, numbers.length - 1));
  return numbers.length > 1 ? `${mean.toFixed(digits)} ± ${spread.toFixed(digits)}` : mean.toFixed(digits);
};

/** A line of a Markdown table: means over seeds, with the deviation from seed to seed. */
function print({ name }: Contender, learningRate: number, outcomes: readonly Outcome[]): void {
  const all = (of: keyof Outcome) => outcomes.map((outcome) => outcome[of]);
  const cells = [
    name,
    learningRate,
    outcomes.length,
    cell(all("frechet"), 2),
    cell(all("confidence"), 3),
    cell(all("labelEntropy"), 3),
    cell(all("coverage"), 2),
    cell(all("evaluationsPerImage"), 0),
    cell(all("parameters").slice(0, 1), 0),
    cell(all("trainSeconds"), 0),
    cell(all("pushSeconds"), 0),
  ];
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}

await main();
