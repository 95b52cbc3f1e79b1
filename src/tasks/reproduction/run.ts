// run: one training run of an experiment, kept in a store so that an interrupted experiment goes on where it stopped.
import type { DensityTable } from "../../data/tables/table.ts";
import { LocalFlowError } from "../../errors.ts";
import { fingerprint } from "../../fingerprint.ts";
import type { Estimate } from "../../measure/estimate.ts";
import type { Engine } from "../../runtime/contract.ts";
import type { Configuration } from "../../train/configuration.ts";
import { fitDensity } from "../density.ts";
import { type DensityModel, decodeDensityModel, encodeDensityModel } from "../density-model.ts";
import type { Progress } from "../progress.ts";

/** Where finished runs and checkpoints are kept, by name. */
export interface Store {
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
}

/** What a training run cost. */
export interface RunCost {
  readonly parameters: number;
  readonly gradientSteps: number;
  readonly trainSeconds: number;
  /** Of them, moving the pool through the trained blocks. */
  readonly pushSeconds: number;
  /** Largest resident memory seen while it ran; absent where it cannot be told. */
  readonly peakMemoryBytes?: number;
}

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
  const { name, table, configuration, store, memory, signal, onProgress } = request;
  const mark = markOf(table, configuration);
  const known = await storedRun(request, mark);
  if (known) return known;
  const checkpointName = `${name}-${mark}.checkpoint`;
  const checkpoint = await store?.read(checkpointName);
  let peak = memory?.() ?? 0;
  const { model, report } = await fitDensity(engine, {
    rows: table.train,
    columns: table.columns,
    configuration,
    validation: table.validation,
    ...(signal && { signal }),
    ...(store && {
      checkpoint: {
        save: (bytes: Uint8Array) => store.write(checkpointName, bytes),
        ...(checkpoint && { resume: checkpoint }),
      },
    }),
    onProgress: (progress) => {
      peak = Math.max(peak, memory?.() ?? 0);
      onProgress?.(progress);
    },
  });
  const total = (pick: (block: (typeof report.blocks)[number]) => number) =>
    report.blocks.reduce((sum, block) => sum + pick(block), 0);
  const cost: RunCost = {
    parameters: report.parameters,
    gradientSteps: total(({ iterations }) => iterations),
    trainSeconds: total(({ seconds, pushSeconds }) => seconds + pushSeconds),
    pushSeconds: total(({ pushSeconds }) => pushSeconds),
    ...(peak > 0 && { peakMemoryBytes: peak }),
  };
  const { nll: value = Number.NaN, standardError = Number.NaN } = report.validation ?? {};
  const validation: Estimate = { value, standardError };
  const record = JSON.stringify({ mark, cost, validation }, null, 2);
  await store?.write(`${name}.safetensors`, encodeDensityModel(model));
  await store?.write(`${name}.json`, new TextEncoder().encode(`${record}\n`));
  await store?.remove(checkpointName);
  return { model, cost, validation };
}

/** A run of the same configuration on the same rows; one that cannot be read is made anew. */
async function storedRun({ name, store }: RunRequest, mark: string): Promise<Run | undefined> {
  const [record, weights] = [await store?.read(`${name}.json`), await store?.read(`${name}.safetensors`)];
  if (!record || !weights) return undefined;
  const stored = parsed<{ readonly mark?: string; readonly cost?: RunCost; readonly validation?: Estimate }>(record);
  if (stored?.mark !== mark || stored.cost === undefined || stored.validation === undefined) return undefined;
  const { cost, validation } = stored;
  try {
    return { model: decodeDensityModel(weights, `${name}.safetensors`), cost, validation };
  } catch (error) {
    if (error instanceof LocalFlowError && error.code === "model") return undefined;
    throw error;
  }
}

/** Everything that decides what is trained. */
export function markOf({ train, columns }: DensityTable, configuration: unknown): string {
  const settings = new TextEncoder().encode(JSON.stringify([configuration, columns, train.shape]));
  const { buffer, byteOffset, byteLength } = train.data;
  return `${fingerprint(settings)}${fingerprint(new Uint8Array(buffer, byteOffset, byteLength))}`.replace(/\W/g, "");
}

/** A value of plain JSON from the store, or computed and kept there; `made` names what it was made from. */
export async function storedValue<T>(
  store: Store | undefined,
  name: string,
  made: unknown,
  compute: () => Promise<T>,
): Promise<T> {
  const mark = fingerprint(new TextEncoder().encode(JSON.stringify(made)));
  const bytes = await store?.read(`${name}.json`);
  if (bytes) {
    const stored = parsed<{ readonly mark?: string; readonly value?: T }>(bytes);
    if (stored?.mark === mark && stored.value !== undefined) return stored.value;
  }
  const value = await compute();
  await store?.write(`${name}.json`, new TextEncoder().encode(`${JSON.stringify({ mark, value }, null, 2)}\n`));
  return value;
}

/** What JSON bytes hold; undefined for bytes that are none, as of a file that was damaged. */
function parsed<T>(bytes: Uint8Array): T | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
