// packed-file (Node only): errors of readers say of a file that is packed as a whole how to unpack it.
import { open, stat } from "node:fs/promises";
import { failure, LocalFlowError } from "../errors.ts";
import { packedStart, unpackingOf } from "./packed.ts";

/** Runs a reader of the file; its errors about what is in it advise to unpack it where it is packed. */
export async function toldPacked<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof LocalFlowError) || (error.code !== "data" && error.code !== "model")) throw error;
    const remedy = unpackingOf(await startOf(path));
    throw remedy === undefined ? error : failure(error.code, { ...error.problem, remedy }, error);
  }
}

/** Nothing of a file that is gone, and of pipes, which cannot be read again. */
async function startOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return "";
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(packedStart), 0, packedStart, 0);
    return new TextDecoder().decode(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}
