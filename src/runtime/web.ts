// web: the engine in browsers, onnxruntime-web on WebAssembly or WebGPU. Also the way out for Node without onnxruntime-node.
import type { Env } from "onnxruntime-web";
import type { Device, Engine, EngineOptions } from "./contract.ts";
import { assembleEngine, checkedOptions, type Library, unavailable } from "./tensors.ts";

export interface WebEngineOptions extends EngineOptions {
  /** Address of the folder that holds onnxruntime-web's .wasm and .mjs files; default: beside the bundle. */
  readonly wasmPaths?: string;
}

/** onnxruntime-web with its settings for the whole page. */
export interface WebLibrary extends Library {
  readonly env: Env;
}

/** onnxruntime's names of the devices; browsers have two. */
const providers: Readonly<Record<Device, string | undefined>> = {
  cpu: "wasm",
  webgpu: "webgpu",
  cuda: undefined,
  coreml: undefined,
  directml: undefined,
};

/** The build that runs each device: without WebGPU the WebAssembly file is half as long. */
const builds: Readonly<Partial<Record<Device, () => Promise<WebLibrary>>>> = {
  cpu: () => import("onnxruntime-web/wasm"),
  webgpu: () => import("onnxruntime-web/webgpu"),
};

/**
 * The engine of this page. More than one thread needs cross-origin isolation (COOP and COEP headers); `threads` of the
 * engine says how many there are. The first engine of a page fixes threads and `wasmPaths` for all later ones.
 * WebAssembly knows no way to count denormal numbers as zero. Throws LocalFlowError("option" | "runtime").
 */
export function createEngine(options: WebEngineOptions = {}): Promise<Engine> {
  return createWebEngine(options, builds[options.device ?? "cpu"]);
}

/** The same with a chosen build of onnxruntime-web. */
export async function createWebEngine(options: WebEngineOptions, load?: () => Promise<WebLibrary>): Promise<Engine> {
  const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
  const { device, threads } = checkedOptions(options, providers, cores);
  const provider = providers[device];
  if (load === undefined || provider === undefined) throw unavailable(device, offered());
  if (device === "webgpu" && !offered().includes(device)) throw unavailable(device, offered());
  const library = await load();
  const { wasm } = library.env;
  wasm.numThreads = startedThreads.get(wasm) ?? (canShareMemory() ? threads : 1);
  startedThreads.set(wasm, wasm.numThreads);
  if (options.wasmPaths !== undefined) wasm.wasmPaths = options.wasmPaths;
  return assembleEngine({
    name: "onnxruntime-web",
    device,
    threads: wasm.numThreads,
    library,
    writesInPlace: false,
    sessionOptions: {
      executionProviders: [provider],
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      logSeverityLevel: 4,
    },
  });
}

/** Threads that each loaded build was started with: it has one pool, which cannot change any more. */
const startedThreads = new WeakMap<Env["wasm"], number>();

function offered(): Device[] {
  const gpu = globalThis.navigator !== undefined && "gpu" in globalThis.navigator;
  return gpu ? ["cpu", "webgpu"] : ["cpu"];
}

/** Threads share memory; browsers allow that on isolated pages only, Node always. */
function canShareMemory(): boolean {
  return typeof SharedArrayBuffer !== "undefined" && globalThis.crossOriginIsolated !== false;
}
