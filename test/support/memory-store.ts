// memory-store: what runs keep, in memory.
import type { Store } from "../../src/tasks/reproduction/store.ts";

export function memoryStore(): { readonly store: Store; readonly files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  const store: Store = {
    read: async (name) => files.get(name),
    write: async (name, bytes) => void files.set(name, new Uint8Array(bytes)),
    remove: async (name) => void files.delete(name),
  };
  return { store, files };
}
