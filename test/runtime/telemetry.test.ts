// telemetry: onnxruntime-node counts nothing, writes nothing into the home folder and reads no command line under localflow.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const home = mkdtempSync(join(tmpdir(), "localflow-home-"));
const runtime = new URL("../../src/runtime/node.ts", import.meta.url).href;
const root = fileURLToPath(new URL("../..", import.meta.url));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Opens a session (of a broken model: that is enough to start the library) unless told not to, in a process of its own. */
const script = `
  const { createEngine } = await import(${JSON.stringify(runtime)});
  const engine = await createEngine({ threads: 1 });
  if (process.argv[1] !== "load") await engine.open(new Uint8Array([8, 10])).catch(() => undefined);
  await engine.close();
  console.log(process.env.ORT_DISABLE_TELEMETRY);
`;

interface Ended {
  readonly error: string | undefined;
  readonly out: string;
}

function child(argument: string, variables: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const { ORT_DISABLE_TELEMETRY: _, XDG_CACHE_HOME: __, ...env } = process.env;
  const args = ["--import", "tsx", "--input-type=module", "-e", script, argument];
  const options = { cwd: root, env: { ...env, HOME: home, ...variables } };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, out) =>
      resolve({ error: error ? `${error.code ?? error.signal}` : undefined, out: out.trim() }),
    );
  });
}

describe("the telemetry of onnxruntime-node", () => {
  it("is off: a session leaves nothing in the home folder", async () => {
    expect(await child("open")).toEqual({ error: undefined, out: "1" });
    expect(readdirSync(home)).toEqual([]);
  });

  it("does not read a long command line, which it would crash on", async () => {
    expect(await child("x".repeat(60_000))).toEqual({ error: undefined, out: "1" });
  });

  it.each(["0", "1"])("is left to who sets ORT_DISABLE_TELEMETRY=%s", async (choice) => {
    expect(await child("load", { ORT_DISABLE_TELEMETRY: choice })).toEqual({ error: undefined, out: choice });
  });
});
