// memory: a process of its own that fits and tells its parent how much memory that takes; `growth` starts it.
import { existsSync, readFileSync } from "node:fs";
import { explicitSteps } from "../src/flow/steps.ts";
import { fillNormal, random } from "../src/random.ts";
import type { Engine } from "../src/runtime/contract.ts";
import { createEngine } from "../src/runtime/node.ts";
import { type ChainProgress, trainChain } from "../src/train/chain.ts";
import { borrowedRows } from "../src/train/row-pool.ts";
import { adaptive } from "./models.ts";
import { plainTraining } from "./training.ts";

export type MemoryTask =
  | { readonly kind: "rows"; readonly rows: number; readonly threads: number }
  | { readonly kind: "steps"; readonly steps: number; readonly threads: number };

/** Bytes of the process after so many steps, and the most there were so far. */
export interface Sample {
  readonly step: number;
  readonly resident: number;
  readonly peak: number;
}

const dimension = 8;
const samples = 100;

/** Fits short diffusion blocks and a free one to normal points. */
export async function fitBlocks(
  engine: Engine,
  { rows, blocks, iterations }: { readonly rows: number; readonly blocks: number; readonly iterations: number },
  onProgress: (progress: ChainProgress) => void = () => {},
): Promise<void> {
  const points = new Float32Array(rows * dimension);
  fillNormal(random(9), points);
  const network = {
    hidden: [64, 64],
    activation: { kind: "silu" },
    timeInput: "first",
    initialization: "default",
  } as const;
  const durations = new Array<number>(blocks - 1).fill(0.2);
  const configuration = {
    seed: 1,
    standardize: false,
    blocks: explicitSteps(durations).map((step) => ({ step, network, iterations, learningRate: 1e-3 })),
    training: { ...plainTraining, batchSize: 256 },
    integration: adaptive(1e-2),
  };
  await trainChain(engine, { pool: borrowedRows(points, dimension), configuration }, { onProgress });
}

function sample(step: number): void {
  process.send?.({ step, resident: process.memoryUsage.rss(), peak: peak() } satisfies Sample);
}

/** The most resident bytes so far. Linux counts the parent's among `maxRSS`, but not among what it says of the process. */
function peak(): number {
  const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "";
  const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return 1024 * Number(kilobytes);
}

/** `memory.ts rows|steps COUNT THREADS` in a process that has a parent to tell. */
async function main([kind, count, threads]: readonly string[]): Promise<void> {
  const engine = await createEngine({ threads: Number(threads) });
  if (kind === "rows") {
    await fitBlocks(engine, { rows: Number(count), blocks: 2, iterations: 20 });
    sample(0);
  } else {
    const every = Math.max(1, Math.round(Number(count) / samples));
    await fitBlocks(engine, { rows: 10_000, blocks: 1, iterations: Number(count) }, ({ stage, iteration }) => {
      if (stage === "train" && iteration % every === 0) sample(iteration);
    });
  }
  await engine.close();
}

if (process.send !== undefined && /[\\/]memory\.ts$/.test(process.argv[1] ?? "")) await main(process.argv.slice(2));
