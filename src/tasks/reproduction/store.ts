// store: what an experiment keeps by name (trained models, checkpoints, values), so that an interrupted one goes on where it stopped.
import { LocalFlowError } from "../../errors.ts";
import { fingerprint } from "../../fingerprint.ts";

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

/** The sums over the blocks of a fit's report. */
export function costOf(
  report: {
    readonly parameters: number;
    readonly blocks: readonly {
      readonly iterations: number;
      readonly seconds: number;
      readonly pushSeconds: number;
    }[];
  },
  peakMemoryBytes: number,
): RunCost {
  const total = (pick: (block: (typeof report.blocks)[number]) => number) =>
    report.blocks.reduce((sum, block) => sum + pick(block), 0);
  return {
    parameters: report.parameters,
    gradientSteps: total(({ iterations }) => iterations),
    trainSeconds: total(({ seconds, pushSeconds }) => seconds + pushSeconds),
    pushSeconds: total(({ pushSeconds }) => pushSeconds),
    ...(peakMemoryBytes > 0 && { peakMemoryBytes }),
  };
}

/** A model that was trained, and what else is known of its training: plain JSON. */
export interface Kept<M, R> {
  readonly model: M;
  readonly record: R;
}

export interface KeptRun<M, R> {
  /** Names the run in the store. */
  readonly name: string;
  /** What it is made from, as a word. */
  readonly mark: string;
  readonly store: Store | undefined;
  encode(model: M): Uint8Array;
  /** Throws "model" for bytes that are none. */
  decode(bytes: Uint8Array, where: string): M;
  /** The record that was kept, unless something is missing in it. */
  complete(stored: Partial<R>): R | undefined;
}

/** Where a fit leaves its checkpoints, and the one to go on from. */
export interface RunCheckpoint {
  save(bytes: Uint8Array): Promise<void>;
  readonly resume?: Uint8Array;
}

/** The run from the store where it was made from the same things, else trained and kept there. One that cannot be read is made anew. */
export async function keptRun<M, R extends object>(
  run: KeptRun<M, R>,
  train: (checkpoint: RunCheckpoint | undefined) => Promise<Kept<M, R>>,
): Promise<Kept<M, R>> {
  const { name, mark, store, encode } = run;
  const known = await storedRun(run);
  if (known) return known;
  const checkpointName = `${name}-${mark}.checkpoint`;
  const resume = await store?.read(checkpointName);
  const made = await train(
    store && { save: (bytes) => store.write(checkpointName, bytes), ...(resume !== undefined && { resume }) },
  );
  await store?.write(`${name}.safetensors`, encode(made.model));
  await store?.write(`${name}.json`, json({ mark, ...made.record }));
  await store?.remove(checkpointName);
  return made;
}

async function storedRun<M, R>({ name, mark, store, ...run }: KeptRun<M, R>): Promise<Kept<M, R> | undefined> {
  const [bytes, weights] = [await store?.read(`${name}.json`), await store?.read(`${name}.safetensors`)];
  if (!bytes || !weights) return undefined;
  const stored = parsed<Partial<R> & { readonly mark?: string }>(bytes);
  const record = stored?.mark === mark ? run.complete(stored) : undefined;
  if (record === undefined) return undefined;
  try {
    return { model: run.decode(weights, `${name}.safetensors`), record };
  } catch (error) {
    if (error instanceof LocalFlowError && error.code === "model") return undefined;
    throw error;
  }
}

/** A value of plain JSON from the store, or computed and kept there; `made` names what it was made from. */
export async function storedValue<T>(
  store: Store | undefined,
  name: string,
  made: unknown,
  compute: () => Promise<T>,
): Promise<T> {
  const mark = markOfValue(made);
  const known = await knownValue<T>(store, name, mark);
  if (known !== undefined) return known;
  const value = await compute();
  await keepValue(store, name, mark, value);
  return value;
}

/** A value of the store, where it was made from the same things. */
export async function knownValue<T>(store: Store | undefined, name: string, mark: string): Promise<T | undefined> {
  const bytes = await store?.read(`${name}.json`);
  const stored = bytes && parsed<{ readonly mark?: string; readonly value?: T }>(bytes);
  return stored?.mark === mark ? stored.value : undefined;
}

export async function keepValue(store: Store | undefined, name: string, mark: string, value: unknown): Promise<void> {
  await store?.write(`${name}.json`, json({ mark, value }));
}

/** A word for plain JSON: equal for equal things. */
export function markOfValue(made: unknown): string {
  return fingerprint(new TextEncoder().encode(JSON.stringify(made)));
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
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
