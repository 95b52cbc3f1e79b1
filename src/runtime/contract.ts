// contract: what localflow asks of an engine that runs ONNX. node.ts and web.ts are the only files that know onnxruntime.
import type { NDArray } from "../tensor/array.ts";

/** Where programs run. Only `cpu` is exercised by localflow's own tests; the others are onnxruntime execution providers. */
export type Device = "cpu" | "cuda" | "coreml" | "directml" | "webgpu";

export interface EngineOptions {
  /** Default `cpu`. */
  readonly device?: Device;
  /** Threads inside one operator; default: the number of cores. */
  readonly threads?: number;
}

/** Named arrays in, named arrays out. */
export type Feeds = Readonly<Record<string, NDArray>>;

/** One loaded ONNX program. */
export interface Session {
  /**
   * Runs the program once. Arrays given in `into` receive the outputs of the same name in place (same type and shape);
   * the other outputs are allocated.
   */
  run(feeds: Feeds, into?: Feeds): Promise<Record<string, NDArray>>;
  release(): Promise<void>;
}

/** Loads ONNX bytes; every session it opened is released by `close`. */
export interface Engine {
  readonly name: string;
  readonly device: Device;
  /** Threads inside one operator. */
  readonly threads: number;
  open(model: Uint8Array): Promise<Session>;
  close(): Promise<void>;
}
