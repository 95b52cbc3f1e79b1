// node: the engine on Node. onnxruntime-node runs the graphs; where it is not installed, WebAssembly does, more slowly.
import { availableParallelism } from "node:os";
import type { Device, Engine, EngineOptions } from "./contract.ts";
import { assembleEngine, checkedOptions, type Library, unavailable } from "./tensors.ts";
import { createWebEngine } from "./web.ts";

export interface NodeEngineOptions extends EngineOptions {
  /** Told in one sentence that the slower engine is used; default: a line on standard error. */
  readonly warn?: (sentence: string) => void;
  /** Finds the native engine; default: onnxruntime-node, its telemetry off. */
  readonly load?: () => Promise<NativeLibrary>;
}

/** onnxruntime-node, with its list of what it was built for. */
export interface NativeLibrary extends Library {
  listSupportedBackends(): readonly { readonly name: string }[];
}

/** onnxruntime's names of the devices. */
const providers: Readonly<Record<Device, string>> = {
  cpu: "cpu",
  cuda: "cuda",
  coreml: "coreml",
  directml: "dml",
  webgpu: "webgpu",
};

/**
 * The engine of this process. Threads spin for some milliseconds after a run, onnxruntime's default: small programs run
 * 1.5 times faster than with sleeping threads, and an idle session costs nothing. Denormal numbers count as zero, also in
 * the JavaScript of this thread: onnxruntime sets that with the first session of a process, and threads started later
 * inherit it, so create an engine before starting workers. Throws LocalFlowError("option" | "runtime").
 */
export async function createEngine(options: NodeEngineOptions = {}): Promise<Engine> {
  const { device, threads } = checkedOptions(options, providers, availableParallelism());
  const { warn = warnOnStandardError, load = loadWithoutTelemetry } = options;
  const library = await load().catch(() => undefined);
  if (library === undefined) {
    warn("onnxruntime-node is not installed: running on WebAssembly, about ten times slower.");
    return createWebEngine({ device, threads }, () => import("onnxruntime-web"));
  }
  keepLargeBlocks();
  const built = library.listSupportedBackends().map((backend) => backend.name);
  const provider = providers[device];
  if (!built.includes(provider)) {
    const devices = (Object.keys(providers) as Device[]).filter((name) => built.includes(providers[name]));
    throw unavailable(device, devices);
  }
  return assembleEngine({
    name: "onnxruntime-node",
    device,
    threads,
    library,
    writesInPlace: true,
    sessionOptions: {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      logSeverityLevel: 4,
      extra: { session: { set_denormal_as_zero: "1" } },
    },
  });
}

/**
 * onnxruntime-node 1.30, left to itself, keeps a number of the device and counts of its use below the home folder, is built to
 * send them, and crashes on a command line of more than some 28 KB, which it reads for that. Its native part asks the process's
 * environment, and does so with the first session: hence this comes before. Whoever has set the variable is heard. In a worker
 * thread, whose `process.env` is a copy, this changes nothing: create the first engine of a process in its main thread, or set
 * the variable outside.
 */
function loadWithoutTelemetry(): Promise<NativeLibrary> {
  process.env["ORT_DISABLE_TELEMETRY"] ||= "1";
  return import("onnxruntime-node");
}

/**
 * Makes large arrays cheap. The C library of Linux hands blocks above a threshold back to the system at once, so that
 * every run pays page faults for its outputs (0.5 ms per MB); the threshold rises to the size of the largest such block
 * ever freed, up to 32 MB. This one is never touched, so it takes no memory, and is garbage at once.
 */
function keepLargeBlocks(): void {
  void new ArrayBuffer(31 * 2 ** 20);
}

function warnOnStandardError(sentence: string): void {
  process.stderr.write(`localflow: ${sentence}\n`);
}
