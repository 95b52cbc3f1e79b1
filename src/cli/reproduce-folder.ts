// reproduce-folder: the folder of a reproduction: whose it is, what is kept in it, and what is written when it ends.
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { explained, writeFileAtomically } from "../data/files.ts";
import { failure, LocalFlowError } from "../errors.ts";
import type { Store } from "../tasks/reproduction/store.ts";
import { interrupt } from "./usage.ts";

/** A new folder, or one that an earlier run of the same experiment began. */
export async function claimFolder(
  folder: string,
  experiment: Readonly<Record<string, unknown>>,
  force: boolean,
): Promise<void> {
  const path = join(folder, "experiment.json");
  const text = `${JSON.stringify(experiment)}\n`;
  const known = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (known !== undefined && known !== text && !force)
    throw failure("file", {
      where: folder,
      expected: `a new folder, or one of this experiment ${text.trim()}`,
      received: `one of ${known.trim().slice(0, 200)}`,
      remedy: "choose another folder with -o, or add --force",
    });
  await explained(folder, () => mkdir(join(folder, "runs"), { recursive: true }));
  await writeFileAtomically(path, new TextEncoder().encode(text), { force: true });
}

/** The store of finished runs, checkpoints and values. */
export function folderStore(folder: string): Store {
  const place = (name: string) => join(folder, "runs", name);
  return {
    read: (name) =>
      readFile(place(name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      }),
    write: (name, bytes) => writeFileAtomically(place(name), bytes, { force: true }),
    remove: (name) => rm(place(name), { force: true }),
  };
}

/** Writes a file of the folder over an older one. */
export async function writeResult(folder: string, file: string, content: string | Uint8Array): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  await writeFileAtomically(join(folder, file), bytes, { force: true });
}

/** An error that ended an experiment; of an interrupt it says that the same command goes on. */
export function goesOn(name: string, error: unknown): unknown {
  if (!(error instanceof LocalFlowError && error.code === "interrupted")) return error;
  const remedy = "repeat the command to go on from what is there";
  return failure(
    "interrupted",
    { where: `reproduce ${name}`, expected: "to finish", received: interrupt, remedy },
    error,
  );
}
