// run: one training run of an experiment, kept in a store so that an interrupted experiment goes on where it stopped.
import type { DensityTable } from "../../data/tables/table.ts";
import { fingerprint } from "../../fingerprint.ts";
import type { Estimate } from "../../measure/estimate.ts";
import type { Engine } from "../../runtime/contract.ts";
import type { Configuration } from "../../train/configuration.ts";
import { fitDensity } from "../density.ts";
import { type DensityModel, decodeDensityModel, encodeDensityModel } from "../density-model.ts";
import type { Progress } from "../progress.ts";
import { costOf, type Kept, keptRun, type RunCheckpoint, type RunCost, type Store } from "./store.ts";

export interface Run {
  readonly model: DensityModel;
  readonly cost: RunCost;
  /** Negative log-likelihood of validation rows, by which alternatives are chosen. */
  readonly validation: Estimate;
}

export interface RunRequest {
  /** Names the run in the store. */
  readonly name: string;
  readonly table: DensityTable;
  readonly configuration: Configuration;
  readonly store?: Store;
  /** Resident memory now, in bytes. */
  readonly memory?: () => number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** Trains on the table's training rows, or takes the run from the store when it was made from the same things. */
export async function trainedRun(engine: Engine, request: RunRequest): Promise<Run> {
  const { name, table, configuration, store } = request;
  const mark = markOf(table, configuration);
  const { model, record } = await keptRun<DensityModel, Omit<Run, "model">>(
    {
      ...{ name, mark, store, encode: encodeDensityModel, decode: decodeDensityModel },
      complete: ({ cost, validation }) => cost && validation && { cost, validation },
    },
    (checkpoint) => trained(engine, request, checkpoint),
  );
  return { model, ...record };
}

async function trained(
  engine: Engine,
  { table, configuration, memory, signal, onProgress }: RunRequest,
  checkpoint: RunCheckpoint | undefined,
): Promise<Kept<DensityModel, Omit<Run, "model">>> {
  let peak = memory?.() ?? 0;
  const { model, report } = await fitDensity(engine, {
    rows: table.train,
    columns: table.columns,
    configuration,
    validation: table.validation,
    ...(signal && { signal }),
    ...(checkpoint && { checkpoint }),
    onProgress: (progress) => {
      peak = Math.max(peak, memory?.() ?? 0);
      onProgress?.(progress);
    },
  });
  const { nll: value = Number.NaN, standardError } = report.validation ?? {};
  const validation = { value, standardError: standardError ?? Number.NaN };
  return { model, record: { cost: costOf(report, peak), validation } };
}

/** Everything that decides what is trained. */
export function markOf({ train, columns }: DensityTable, configuration: unknown): string {
  const settings = new TextEncoder().encode(JSON.stringify([configuration, columns, train.shape]));
  const { buffer, byteOffset, byteLength } = train.data;
  return `${fingerprint(settings)}${fingerprint(new Uint8Array(buffer, byteOffset, byteLength))}`.replace(/\W/g, "");
}
