// chain-fit: what fits of rows and of images have in common: how their chain's training is led, and what is told of its blocks.
import type { VelocityNetwork } from "../nn/network.ts";
import type { BlockRecord, BlockTiming, ChainControls } from "../train/chain.ts";
import type { Configuration } from "../train/configuration.ts";
import { encodeCheckpoint, type FitOrigin } from "./checkpoint.ts";
import { type Controls, overallProgress } from "./progress.ts";

/** What leads a fit from outside. */
export interface FitControls extends Controls {
  /** Seconds that training may take; the model is usable whenever it ends. */
  readonly time?: number;
  readonly checkpoint?: {
    save(bytes: Uint8Array): Promise<void>;
    readonly resume?: Uint8Array;
    /** What errors call the one that is resumed; default: checkpoint. */
    readonly where?: string;
    /** What else decides the result: options as they are typed, by their names. Another fit's are refused. */
    readonly said?: FitOrigin["said"];
  };
}

/** A fit under way. */
export interface ChainFit {
  readonly origin: FitOrigin;
  /** As `performance.now()` told it. */
  readonly started: number;
  /** Share of the time that is for training; default 1. */
  readonly share?: number;
}

/** A block in a report: its record, times, and how long the block diffuses, null of the free one. */
export type ReportedBlock = BlockRecord & BlockTiming & { readonly duration: number | null };

/**
 * The same for the trainer of the chain: time in milliseconds, checkpoints as bytes, progress as a share of the whole.
 */
export function trainingControls(
  { signal, time, checkpoint, onProgress }: FitControls,
  { origin, started, share = 1 }: ChainFit,
): ChainControls {
  const timeShare = () => (time === undefined ? 0 : (performance.now() - started) / (1000 * time));
  return {
    ...(signal && { signal }),
    ...(time !== undefined && { time: time * 1000 * share }),
    ...(checkpoint && {
      onCheckpoint: (partial) => checkpoint.save(encodeCheckpoint(partial, origin)),
    }),
    ...(onProgress && {
      onProgress: (progress) => onProgress(overallProgress(progress, origin.configuration, timeShare())),
    }),
  };
}

/** What a model keeps of its blocks: no times, since the seed decides its bytes. */
export function keptRecords(records: readonly (BlockRecord & BlockTiming)[]): readonly BlockRecord[] {
  return records.map(({ seconds: _, pushSeconds: __, ...record }) => record);
}

/** What a report says of blocks. */
export function reportedBlocks(
  records: readonly (BlockRecord & BlockTiming)[],
  { blocks }: Configuration<VelocityNetwork>,
): readonly ReportedBlock[] {
  return records.map((record, n) => {
    const step = blocks[n]?.step;
    return { ...record, duration: step?.kind === "diffuse" ? step.duration : null };
  });
}
