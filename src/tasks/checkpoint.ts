// checkpoint: a chain under construction as a file, enough to go on as if nothing had happened.
import * as z from "zod";
import { decodeSafetensors, type Safetensors } from "../data/safetensors.ts";
import { failure } from "../errors.ts";
import { networkShapes, type VelocityNetwork } from "../nn/network.ts";
import type { FloatArray, NDArray } from "../tensor/array.ts";
import { leaves } from "../tensor/tree.ts";
import type { Snapshot } from "../train/block.ts";
import type { PartialChain } from "../train/chain.ts";
import type { Configuration } from "../train/configuration.ts";
import { emptyCurve } from "../train/loss-curve.ts";
import type { TrainingState } from "../train/optimizer.ts";
import { originDifferences, saysOther } from "./checkpoint-differences.ts";
import { curveSchema, timedBlockSchema } from "./configuration-schema.ts";
import { chainTensors, floatTensor, parseMetadata, readBlocks, toJson } from "./model-file.ts";
import { checkSeal, encodeSealed } from "./seal.ts";

const schema = z.object({
  version: z.literal(1),
  task: z.literal("density checkpoint"),
  seed: z.int(),
  /** Hash of everything else that decides the result: of configuration and columns, then, after a space, of the data. */
  fingerprint: z.string(),
  /** The configuration and columns themselves, to say what differs; older checkpoints have none. */
  origin: z.record(z.string(), z.unknown()).optional(),
  records: z.array(timedBlockSchema),
  unpushed: timedBlockSchema.pick({ iterations: true, loss: true, curve: true, seconds: true }).optional(),
  snapshot: z
    .object({
      iteration: z.int().nonnegative(),
      caution: z.number().positive(),
      loss: z.number().or(z.null().transform(() => Number.NaN)),
      curve: curveSchema.optional(),
      best: z.number().or(z.literal(Number.POSITIVE_INFINITY)),
      checksSince: z.int().nonnegative(),
      parts: z.record(z.string(), z.boolean()),
    })
    .optional(),
});

const stateParts = ["parameters", "first", "second", "average", "best"] as const;
type Part = (typeof stateParts)[number];

/** What decides the result of a fit. */
export interface FitOrigin {
  readonly configuration: Configuration<VelocityNetwork>;
  /** Of rows of numbers. */
  readonly columns?: readonly string[];
  /** What stands in no configuration: options as they are typed, by their names. */
  readonly said?: Readonly<Record<string, string>>;
  /** Hash of the held-out rows, which say when a block is done; older checkpoints have none. */
  readonly heldOut?: string;
  /** Hash of configuration (without its seed) and columns, a space, hash of the data. */
  readonly fingerprint: string;
}

/** The bytes of a checkpoint. */
export function encodeCheckpoint(
  { blocks, records, unpushed, snapshot }: PartialChain,
  { fingerprint, ...origin }: FitOrigin,
): Uint8Array {
  const tensors: Record<string, NDArray> = { ...chainTensors({ blocks }) };
  const parts = snapshot && partsOf(snapshot);
  for (const part of stateParts)
    parts?.[part].forEach((array, i) => {
      tensors[`snapshot.${part}.${i}`] = array;
    });
  const summary = snapshot && {
    iteration: snapshot.iteration,
    caution: snapshot.caution,
    loss: snapshot.loss,
    curve: snapshot.curve,
    best: snapshot.patience.best,
    checksSince: snapshot.patience.checksSince,
    parts: Object.fromEntries(stateParts.map((part) => [part, (parts?.[part].length ?? 0) > 0])),
  };
  const record = {
    version: 1,
    task: "density checkpoint",
    seed: origin.configuration.seed,
    fingerprint,
    origin,
    records,
    ...(unpushed && { unpushed }),
    ...(summary && { snapshot: summary }),
  };
  return encodeSealed(tensors, toJson(record));
}

/** The seed that a checkpoint was made with, which a resumed fit takes over, and the hash of everything else that decides the result. */
export function checkpointOrigin(
  bytes: Uint8Array,
  where = "checkpoint",
): { readonly seed: number; readonly fingerprint: string } {
  return parseMetadata(schema, decodeSafetensors(bytes, where).metadata["localflow"], where);
}

/** The seed that a checkpoint was made with. */
export function checkpointSeed(bytes: Uint8Array, where = "checkpoint"): number {
  return checkpointOrigin(bytes, where).seed;
}

/** Reads a checkpoint; refuses one of other data or another configuration with what differs. */
export function decodeCheckpoint(bytes: Uint8Array, origin: FitOrigin, d: number, where = "checkpoint"): PartialChain {
  const { configuration } = origin;
  const file = decodeSafetensors(bytes, where);
  const { tensors, metadata } = file;
  const record = parseMetadata(schema, metadata["localflow"], where);
  checkSeal(file, where);
  const isOther = record.fingerprint !== origin.fingerprint || isJudgedByOthers(record.origin, origin);
  if (isOther || saysOther(record.origin, origin)) throw otherFit(record, origin, where);
  const trained = record.records.length + (record.unpushed ? 1 : 0);
  const { length } = configuration.blocks;
  const isShared = configuration.training.shareWeights === true;
  if (trained > length || (isShared && trained % length !== 0))
    throw failure("model", {
      where,
      expected: isShared ? `none or ${length} blocks` : `at most ${length} blocks`,
      received: String(trained),
      remedy: "the file is damaged: start anew with --force",
    });
  const blocks = readBlocks(tensors, configuration, trained, d, where);
  const begun = { blocks, records: record.records, ...(record.unpushed && { unpushed: record.unpushed }) };
  const current = configuration.blocks[blocks.length];
  if (!record.snapshot || !current) return begun;
  const { iteration, caution, loss, curve = emptyCurve, best, checksSince, parts } = record.snapshot;
  const read = partReader(tensors, current.network, d, where);
  const state: TrainingState = {
    parameters: read("parameters"),
    first: read("first"),
    second: read("second"),
    average: configuration.training.movingAverage > 0 ? read("average") : [],
  };
  const patience = { best, checksSince, parameters: parts["best"] === false ? [] : read("best") };
  return { ...begun, snapshot: { iteration, caution, loss, curve, state, patience } };
}

/** Whether the held-out rows are known to be others. */
function isJudgedByOthers(before: z.infer<typeof schema>["origin"], { heldOut }: Pick<FitOrigin, "heldOut">): boolean {
  const known = before?.["heldOut"];
  return known !== undefined && known !== heldOut;
}

/** Differences that are named, at most. */
const mostNamed = 3;

/** The error for a checkpoint of another fit. */
function otherFit(
  made: Pick<z.infer<typeof schema>, "fingerprint" | "origin">,
  { fingerprint, ...origin }: FitOrigin,
  where: string,
) {
  const [[settings, data], [ownSettings, ownData]] = [halves(made.fingerprint), halves(fingerprint)];
  const known = made.origin && originDifferences(made.origin, origin);
  const { fields = [], columns = false, others = false } = known ?? {};
  const listed = (value: "before" | "now") =>
    [
      ...fields.slice(0, mostNamed).map((field) => `${field.name} ${field[value]}`),
      ...(fields.length > mostNamed ? ["…"] : []),
    ].join(", ");
  // Edges of levels are among the settings, and follow from the data.
  const isNamed = fields.length > 0 || columns || settings === ownSettings || (known && data !== ownData);
  const isOtherData = data !== ownData && !others;
  const isJudgedOtherwise = data === ownData && !others && isJudgedByOthers(made.origin, origin);
  const received = [
    ...(fields.length > 0 ? [listed("now")] : []),
    ...(isNamed ? [] : ["other options"]),
    ...(columns ? ["columns that are others or are taken for something else"] : []),
    ...(isOtherData ? ["other data to train on"] : []),
    ...(isJudgedOtherwise ? ["other held-out rows"] : []),
  ];
  return failure("model", {
    where,
    expected: `the data and the options that the checkpoint was made with${fields.length > 0 ? ` (${listed("before")})` : ""}`,
    received: received.join(" and "),
    remedy: "repeat the interrupted command exactly, or start anew with --force and without --resume",
  });
}

/** The hash of the settings, and that of the data. */
function halves(fingerprint: string): readonly [string, string] {
  const end = fingerprint.indexOf(" ");
  return end < 0 ? [fingerprint, ""] : [fingerprint.slice(0, end), fingerprint.slice(end)];
}

/** Reads parts of a snapshot, whose arrays have the shapes of the network's parameters. */
function partReader(
  tensors: Safetensors["tensors"],
  network: VelocityNetwork,
  d: number,
  where: string,
): (part: Part) => readonly FloatArray[] {
  const shapes = leaves<{ readonly shape: readonly number[] }>(networkShapes(network, d)).map(
    ({ value }) => value.shape,
  );
  return (part) => shapes.map((shape, i) => floatTensor(tensors, `snapshot.${part}.${i}`, shape, where));
}

function partsOf({ state, patience }: Snapshot): Readonly<Record<Part, readonly FloatArray[]>> {
  return {
    parameters: state.parameters,
    first: state.first,
    second: state.second,
    average: state.average,
    best: patience.parameters,
  };
}
