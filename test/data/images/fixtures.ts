// fixtures: the files that test/fixtures/images/make.py wrote, put where a test needs them.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const place = fileURLToPath(new URL("../../fixtures/images", import.meta.url));

/** A fixture's path. */
export const fixture = (name: string) => join(place, name);

/** A fixture's bytes, gunzipped where it is kept as `name.gz` only. */
export async function fixtureBytes(name: string): Promise<Uint8Array> {
  const plain = await readFile(fixture(name)).catch(() => undefined);
  return new Uint8Array(plain ?? gunzipSync(await readFile(fixture(`${name}.gz`))));
}

/** A new folder with files: a fixture's name, or the bytes themselves. */
export async function folderOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "localflow-test-"));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === "string" ? await fixtureBytes(content) : content);
  }
  folders.push(folder);
  return folder;
}

const folders: string[] = [];

/** Removes what `folderOf` made. */
export async function removeFolders(): Promise<void> {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}

/** The levels of images `first` to `first + count` by the formula of make.py, [count, channels, height, width]. */
export function formula(first: number, count: number, channels: number, height: number, width: number): number[] {
  const levels: number[] = [];
  for (let i = first; i < first + count; i++)
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) levels.push((31 * i + 57 * c + 3 * y + 7 * x) % 256);
  return levels;
}
