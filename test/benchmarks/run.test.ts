// run: the command `npm run benchmark`, its promised JSON and its refusals.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("../../benchmarks/run.ts", import.meta.url));
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "localflow-"));
});
afterAll(() => rm(folder, { recursive: true }));

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the benchmarks without a Python, whatever the tests were started with. */
function benchmark(...args: readonly string[]): Promise<Ended> {
  const options = { env: { ...process.env, LOCALFLOW_PYTHON: "" } };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ["--import", "tsx", script, ...args], options, (_, out, err) =>
      resolve({ status: child.exitCode ?? -1, out, err }),
    );
  });
}

describe("npm run benchmark", () => {
  it("writes the promised JSON and says once, in one line, that peers are absent", async () => {
    const file = join(folder, "rows.json");
    const args = ["training", "--compiled", "--shape", "small", "--pairs", "2", "--threads", "1", "--json", file];
    const { status, out, err } = await benchmark(...args);
    expect(status).toBe(0);
    expect(err.match(/PyTorch peers are absent: LOCALFLOW_PYTHON is not set/g)).toHaveLength(1);
    expect(out).toMatch(/^training\s+small\s.*absent/m);
    const rows: unknown = JSON.parse(await readFile(file, "utf8"));
    const speed = { medianMs: expect.any(Number), minMs: expect.any(Number), maxMs: expect.any(Number) };
    const row = { name: "training", shape: "small", ours: { ...speed, gflops: expect.any(Number) } };
    expect(rows).toEqual([
      { ...row, command: "npm run benchmark -- training --shape small" },
      { ...row, command: "npm run benchmark -- training --shape small --compiled" },
    ]);
  });

  it("follows the memory of a process of its own and draws the line through it", async () => {
    const args = ["growth", "--shape", "memory-steps", "--steps", "200", "--pairs", "1", "--threads", "1"];
    const file = join(folder, "growth.json");
    const { status, err } = await benchmark(...args, "--plots", folder, "--json", file);
    expect(err).not.toMatch(/Error/);
    expect(status).toBe(0);
    const [row] = JSON.parse(await readFile(file, "utf8"));
    expect(row.detail.samples).toHaveLength(100);
    expect(row.detail.samples.at(-1)[0]).toBe(200);
    for (const [, megabytes] of row.detail.samples) expect(megabytes).toBeGreaterThan(30);
    expect(row.detail.line.worstResidual).toBeLessThan(1);
    expect(await readFile(join(folder, "growth-memory-steps.svg"), "utf8")).toMatch(/^<svg /);
  });

  it("refuses names and counts it does not know, in one line", async () => {
    expect(await benchmark("speed")).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^benchmark: expected one of training, .*, got speed\n$/),
    });
    expect(await benchmark("training", "--pairs", "0")).toMatchObject({
      status: 1,
      err: "--pairs: expected a whole number of at least 1, got 0\n",
    });
  });
});
