// tensors: the half of an engine that node.ts and web.ts share: arrays in and out of onnxruntime, sessions and their end.
import type * as ort from "onnxruntime-web";
import { failure, type LocalFlowError } from "../errors.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { OnnxModel, OnnxValue } from "../onnx/model.ts";
import {
  type ElementData,
  type ElementType,
  elementBytes,
  elementCount,
  floats,
  type NDArray,
} from "../tensor/array.ts";
import type { Device, Engine, EngineOptions, Feeds, Session } from "./contract.ts";

/** The part of onnxruntime's JavaScript surface that localflow uses; onnxruntime-node and onnxruntime-web both have it. */
export type Library = Pick<typeof ort, "InferenceSession" | "Tensor">;

/** What an engine is made of. */
export interface EngineParts {
  readonly name: string;
  readonly device: Device;
  readonly threads: number;
  readonly library: Library;
  readonly sessionOptions: ort.InferenceSession.SessionOptions;
  /** Whether onnxruntime writes given outputs in place; where it does not, they are copied after the run. */
  readonly writesInPlace: boolean;
}

/** Checks options that may come from untyped code; `cores` is the default number of threads. */
export function checkedOptions(
  options: EngineOptions,
  providers: Readonly<Record<Device, string | undefined>>,
  cores: number,
): { readonly device: Device; readonly threads: number } {
  const { device = "cpu", threads = cores } = options;
  if (!Object.hasOwn(providers, device)) {
    const expected = `one of ${Object.keys(providers).join(", ")}`;
    throw failure("option", { where: "device", expected, received: JSON.stringify(device) });
  }
  if (Number.isSafeInteger(threads) && threads >= 1) return { device, threads };
  throw failure("option", { where: "threads", expected: "a whole number of at least 1", received: `${threads}` });
}

/** The error for a device that this machine or this onnxruntime does not offer. */
export function unavailable(device: Device, available: readonly Device[]): LocalFlowError {
  const expected = `one that this onnxruntime was built for (${available.join(", ")})`;
  return failure("runtime", { where: `device ${device}`, expected, remedy: "use device cpu" });
}

/** Builds an engine after seeing that its device works. */
export async function assembleEngine(parts: EngineParts): Promise<Engine> {
  await tryDevice(parts);
  const { name, device, threads, library, sessionOptions } = parts;
  const inTurn = createQueue();
  const opened = new Set<Session>();
  let closed = false;
  return {
    name,
    device,
    threads,
    async open(model) {
      if (closed) throw ended("engine", "create a new engine");
      const inner = await inTurn(() => create(library, model, sessionOptions));
      const session = createSession(parts, inner, inTurn, () => opened.delete(session));
      opened.add(session);
      if (!closed) return session;
      await session.release();
      throw ended("engine", "create a new engine");
    },
    async close() {
      closed = true;
      await Promise.all([...opened].map((session) => session.release()));
    },
  };
}

/**
 * Opens and closes one tiny session. Beside showing that the device works, this settles whether denormal numbers count as
 * zero on this thread: the first session of a process decides that.
 */
async function tryDevice({ device, library, sessionOptions }: EngineParts): Promise<void> {
  try {
    const session = await library.InferenceSession.create(encodeModel(probe), sessionOptions);
    await session.release();
  } catch (error) {
    const remedy =
      device === "cpu"
        ? "check that the onnxruntime package is whole and, in a browser, that wasmPaths leads to its .wasm files"
        : "use device cpu, or install what onnxruntime needs for this device";
    throw engineFailure(`device ${device}`, "one that works here (cpu does everywhere)", error, remedy);
  }
}

type InTurn = <T>(task: () => Promise<T>) => Promise<T>;

/** Runs tasks one after the other: onnxruntime-web must not be entered twice, and a release must follow the runs before it. */
function createQueue(): InTurn {
  let last: Promise<void> = Promise.resolve();
  const settled = (): void => {};
  return (task) => {
    const result = last.then(task);
    last = result.then(settled, settled);
    return result;
  };
}

const probe: OnnxModel = {
  graph: {
    name: "probe",
    inputs: [{ name: "x", type: "float32", shape: [1] }],
    outputs: [{ name: "y", type: "float32", shape: [1] }],
    constants: [{ name: "half", value: floats([0.5]) }],
    nodes: [{ operator: "Mul", inputs: ["x", "half"], outputs: ["y"], attributes: {} }],
  },
  opset: 17,
  producer: "localflow",
  metadata: {},
};

async function create(
  library: Library,
  model: Uint8Array,
  options: ort.InferenceSession.SessionOptions,
): Promise<ort.InferenceSession> {
  try {
    return await library.InferenceSession.create(model, options);
  } catch (error) {
    const remedy = "check that the bytes are a whole ONNX file whose operators and operator-set version it knows";
    throw engineFailure("engine.open", "a model that onnxruntime can load", error, remedy);
  }
}

function createSession(parts: EngineParts, inner: ort.InferenceSession, inTurn: InTurn, forget: () => void): Session {
  const inputs = inner.inputMetadata.map(portOf);
  const outputs = inner.outputMetadata.map(portOf);
  let released = false;
  return {
    async run(feeds, into = {}) {
      if (released) throw ended("session", "open the model again");
      checkArrays("input", inputs, feeds);
      const missing = inputs.find((port) => !Object.hasOwn(feeds, port.name));
      if (missing !== undefined)
        throw misfit(`input ${missing.name}`, describe(missing.type, missing.shape), "nothing");
      checkArrays("output", outputs, into);
      return inTurn(() => runOnce(parts, inner, feeds, into));
    },
    async release() {
      if (released) return;
      released = true;
      await inTurn(() => inner.release());
      forget();
    },
  };
}

async function runOnce(
  { library, writesInPlace }: EngineParts,
  inner: ort.InferenceSession,
  feeds: Feeds,
  into: Feeds,
): Promise<Record<string, NDArray>> {
  const given = (name: string): NDArray | undefined => (Object.hasOwn(into, name) ? into[name] : undefined);
  let results: ort.InferenceSession.ReturnType;
  try {
    const tensors = Object.entries(feeds).map(([name, array]) => [name, tensorOf(library, array)] as const);
    const fetches = inner.outputNames.map((name) => {
      const array = writesInPlace ? given(name) : undefined;
      return [name, array === undefined ? null : tensorOf(library, array)] as const;
    });
    results = await inner.run(Object.fromEntries(tensors), Object.fromEntries(fetches));
  } catch (error) {
    const remedy =
      "check that the sizes of the inputs fit each other and the model; if memory ran out, use smaller batches";
    throw engineFailure("session.run", "the program to run", error, remedy);
  }
  return Object.fromEntries(
    inner.outputNames.map((name) => {
      const array = arrayOf(name, results[name]);
      const target = given(name);
      return [name, target === undefined ? array : writesInPlace ? target : copyInto(name, array, target)];
    }),
  );
}

/** The errors below are the caller's, so they name the array and what it should have been. */
function misfit(where: string, expected: string, received: string, remedy?: string): LocalFlowError {
  return failure("shape", { where, expected, received, ...(remedy === undefined ? {} : { remedy }) });
}

function describe(type: string, shape: readonly (number | string)[]): string {
  return `${type} [${shape.map((size) => (size === "" ? "?" : size)).join(", ")}]`;
}

/** Throws unless every array is a known one of the right type, rank and sizes; one symbol stands for one size. */
function checkArrays(kind: "input" | "output", ports: readonly OnnxValue[], arrays: Feeds): void {
  const sizes = new Map<string, number>();
  for (const [name, array] of Object.entries(arrays)) {
    const where = `${kind} ${name}`;
    const port = ports.find((candidate) => candidate.name === name);
    if (port === undefined) {
      const known = ports.map((candidate) => candidate.name).join(", ");
      throw misfit(where, `one of the names ${known}`, JSON.stringify(name));
    }
    if (array.type !== port.type || array.shape.length !== port.shape.length) {
      throw misfit(where, describe(port.type, port.shape), describe(array.type, array.shape));
    }
    for (const [axis, wanted] of port.shape.entries()) {
      const size = array.shape[axis] ?? 0;
      const expected = typeof wanted === "number" ? wanted : wanted === "" ? size : (sizes.get(wanted) ?? size);
      if (typeof wanted === "string") sizes.set(wanted, expected);
      if (size === expected) continue;
      const remedy = typeof wanted === "string" ? `${wanted} is ${expected} elsewhere in this call` : undefined;
      throw misfit(where, describe(port.type, port.shape), describe(array.type, array.shape), remedy);
    }
    checkData(where, array);
  }
}

function checkData(where: string, { type, shape, data }: NDArray): void {
  const count = elementCount(shape);
  if (data.length === count && data.BYTES_PER_ELEMENT === elementBytes[type]) return;
  const received = `${data.length} in a ${data.constructor.name}`;
  throw misfit(where, `${count} values for ${describe(type, shape)}`, received);
}

/** A named input or output of a loaded program as localflow sees it. */
function portOf(metadata: ort.InferenceSession.ValueMetadata): OnnxValue {
  if (!metadata.isTensor) throw foreign(metadata.name, "no tensor");
  return { name: metadata.name, type: elementTypeOf(metadata.name, metadata.type), shape: metadata.shape };
}

function elementTypeOf(name: string, type: string): ElementType {
  const known = (Object.keys(elementBytes) as ElementType[]).find((candidate) => candidate === type);
  if (known === undefined) throw foreign(name, type);
  return known;
}

function foreign(name: string, received: string): LocalFlowError {
  const expected = `a tensor of ${Object.keys(elementBytes).join(", ")}`;
  return failure("model", { where: `value ${name}`, expected, received });
}

/** Shares the memory of the array. */
function tensorOf({ Tensor }: Library, { type, shape, data }: NDArray): ort.Tensor {
  return new Tensor(type, data, shape);
}

/** Shares the memory of the tensor. */
function arrayOf(name: string, tensor: ort.OnnxValue | undefined): NDArray {
  if (tensor === undefined || !isElementData(tensor.data)) throw foreign(name, tensor?.type ?? "nothing");
  return { type: elementTypeOf(name, tensor.type), shape: tensor.dims, data: tensor.data };
}

function isElementData(data: ort.Tensor.DataType): data is ElementData[ElementType] {
  const kinds = [Float32Array, Float64Array, BigInt64Array, Int32Array, Uint8Array];
  return kinds.some((kind) => data instanceof kind);
}

/** For engines that do not write given outputs in place. */
function copyInto(name: string, from: NDArray, target: NDArray): NDArray {
  const expected = describe(from.type, from.shape);
  const received = describe(target.type, target.shape);
  if (expected !== received) throw misfit(`output ${name}`, expected, received);
  bytesOf(target).set(bytesOf(from));
  return target;
}

function bytesOf({ data }: NDArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function ended(where: string, remedy: string): LocalFlowError {
  return failure("runtime", { where, expected: "one that is still open", received: "a closed one", remedy });
}

function engineFailure(where: string, expected: string, error: unknown, remedy: string): LocalFlowError {
  return failure("runtime", { where, expected, received: messageOf(error), remedy }, error);
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim();
}
