// growth: how time grows with batch, width, depth, dimension and blocks, and memory with rows and steps.
import { fork } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeFileAtomically } from "../src/data/files.ts";
import { failure } from "../src/errors.ts";
import { toSvg } from "../src/pictures/svg.ts";
import type { Engine } from "../src/runtime/contract.ts";
import { createEngine } from "../src/runtime/node.ts";
import { type Benchmark, chosen, commandOf, type Row, type Settings } from "./benchmark.ts";
import { timed } from "./drive.ts";
import { growthFigure, type Series } from "./growth-figure.ts";
import { fitBlocks, type MemoryTask, type Sample } from "./memory.ts";
import { forwardFlops, type TrainingShape } from "./shapes.ts";
import { linearFit, median } from "./statistics.ts";
import { stepOf } from "./training.ts";

/** Something that grows, the places it is measured at, and the work at one of them. */
interface TimeGrowth {
  readonly name: string;
  readonly axis: string;
  readonly values: readonly number[];
  /** What the time is expected to be a straight line of, in the unit of `axis`; default: the value. */
  readonly x?: (value: number) => number;
  readonly work: (engine: Engine, value: number) => Promise<() => Promise<unknown>>;
  /** Repetitions of the work in one measurement. */
  readonly repeat: number;
}

const base: TrainingShape = {
  name: "growth",
  dimension: 8,
  width: 128,
  layers: 3,
  activation: { kind: "relu" },
  batch: 2000,
};

const steps = (change: (value: number) => Partial<TrainingShape>) => (engine: Engine, value: number) =>
  stepOf(engine, { ...base, ...change(value) });

const times: readonly TimeGrowth[] = [
  {
    name: "batch",
    axis: "rows of a batch",
    values: [500, 1000, 2000, 4000, 8000],
    work: steps((batch) => ({ batch })),
    repeat: 10,
  },
  {
    name: "width",
    axis: "GFLOP of a step, widths 64 to 512",
    values: [64, 128, 192, 256, 384, 512],
    x: (width) => (3 * base.batch * forwardFlops({ ...base, width })) / 1e9,
    work: steps((width) => ({ width })),
    repeat: 5,
  },
  { name: "depth", axis: "hidden layers", values: [1, 2, 4, 8, 12], work: steps((layers) => ({ layers })), repeat: 5 },
  {
    name: "dimension",
    axis: "columns",
    values: [2, 64, 128, 256, 512],
    work: steps((dimension) => ({ dimension })),
    repeat: 5,
  },
  {
    name: "blocks",
    axis: "blocks of a fit",
    values: [1, 2, 4, 8],
    work: async (engine, blocks) => () => fitBlocks(engine, { rows: 4000, blocks, iterations: 40 }),
    repeat: 1,
  },
];

/** Memory of a fresh process each: at its peak against rows; from time to time against steps. */
const memories = [{ name: "memory-rows" }, { name: "memory-steps" }] as const;
const tableRows = [100_000, 200_000, 400_000, 800_000] as const;

export const growth: Benchmark = async function* (settings) {
  const engine = await createEngine({ threads: settings.threads });
  try {
    for (const one of chosen(times, settings)) {
      settings.say(`growth ${one.name} …`);
      yield await timeGrowth(settings, engine, one);
    }
  } finally {
    await engine.close();
  }
  for (const { name } of chosen(memories, settings)) {
    settings.say(`growth ${name} …`);
    yield await (name === "memory-rows" ? memoryOfRows(settings) : memoryOfSteps(settings));
  }
};

/** Every place in turn, round after round, so that drift of the machine falls on all of them alike. */
async function timeGrowth(settings: Settings, engine: Engine, growth: TimeGrowth): Promise<Row> {
  const { name, axis, values, x = (value) => value, work, repeat } = growth;
  const works: (() => Promise<unknown>)[] = [];
  for (const value of values) works.push(await work(engine, value));
  const seconds = works.map((): number[] => []);
  for (let round = -1; round < settings.pairs; round++)
    for (const [k, one] of works.entries()) {
      const ms = await timed(one, repeat);
      if (round >= 0) seconds[k]?.push(ms / 1000);
    }
  const series: Series = {
    name,
    x: { label: axis, values: values.map(x) },
    y: { label: name === "blocks" ? "seconds" : "seconds a step", values: seconds.map(median) },
  };
  return rowOf(settings, series, seconds.at(-1) ?? [], { values });
}

async function memoryOfRows(settings: Settings): Promise<Row> {
  const started = performance.now();
  const peaks: number[] = [];
  for (const rows of tableRows) {
    const samples = await inFreshProcess({ kind: "rows", rows, threads: settings.threads });
    peaks.push(samples.at(-1)?.peak ?? 0);
  }
  const series: Series = {
    name: "memory-rows",
    x: { label: "rows of 8 columns", values: tableRows },
    y: { label: "peak memory of a fit, MB", values: peaks.map(megabytes) },
  };
  return rowOf(settings, series, [(performance.now() - started) / 1000], {});
}

const megabytes = (bytes: number): number => bytes / 1e6;

/** The first half of the steps is warm-up: heaps and pools have not found their size yet. */
async function memoryOfSteps(settings: Settings): Promise<Row> {
  const started = performance.now();
  const samples = await inFreshProcess({ kind: "steps", steps: settings.steps, threads: settings.threads });
  const later = samples.slice(samples.length >> 1);
  const series: Series = {
    name: "memory-steps",
    x: { label: "training steps", values: later.map(({ step }) => step) },
    y: { label: "resident memory, MB", values: later.map(({ resident }) => megabytes(resident)) },
  };
  const all = samples.map(({ step, resident }) => [step, megabytes(resident)]);
  return rowOf(settings, series, [(performance.now() - started) / 1000], { samples: all });
}

async function rowOf(
  settings: Settings,
  series: Series,
  seconds: readonly number[],
  more: Readonly<Record<string, unknown>>,
): Promise<Row> {
  const { name, x, y } = series;
  const line = linearFit(x.values, y.values);
  if (settings.plots !== undefined)
    await writeFileAtomically(
      join(settings.plots, `growth-${name}.svg`),
      [new TextEncoder().encode(toSvg(growthFigure(series, line)))],
      { force: true },
    );
  const ms = seconds.map((value) => 1000 * value);
  return {
    name: "growth",
    shape: name,
    ours: { medianMs: median(ms), minMs: Math.min(...ms), maxMs: Math.max(...ms) },
    command: commandOf("growth", name),
    detail: { line, x, y, ...more },
  };
}

/** What benchmarks/memory.ts reports of a task in a process of its own. */
function inFreshProcess(task: MemoryTask): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const { kind, threads } = task;
  const count = kind === "rows" ? task.rows : task.steps;
  const child = fork(fileURLToPath(new URL("./memory.ts", import.meta.url)), [kind, String(count), String(threads)]);
  child.on("message", (sample: Sample) => {
    samples.push(sample);
  });
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => {
      if (code === 0) resolve(samples);
      else reject(failure("runtime", { where: "memory.ts", expected: "to end well", received: `status ${code}` }));
    });
  });
}
