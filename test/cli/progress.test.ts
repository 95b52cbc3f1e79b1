// progress: what the line says, how often it is drawn, and where it stays silent.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../../src/cli/program.ts";
import { progressLine, progressView } from "../../src/cli/progress.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

/** A terminal that keeps what is written to standard error, and a clock moved by hand. */
function stage(settings: Partial<Terminal>) {
  const written: string[] = [];
  let now = 0;
  const terminal: Terminal = {
    out: async () => {},
    err: (text) => written.push(text),
    interactive: false,
    color: false,
    width: () => 100,
    signal: new AbortController().signal,
    ...settings,
  };
  return { terminal, written, clock: () => now, at: (seconds: number) => (now = seconds) };
}

const training = {
  stage: "train",
  block: 2,
  blocks: 4,
  iteration: 300,
  iterations: 1000,
  loss: 0.123456,
  fraction: 0.25,
} as const;

describe("progress", () => {
  it("says percentage, block, iteration, loss and the time that is left at this pace", () => {
    expect(progressLine(training, 20)).toBe(" 25% block 2/4 train 300/1000 loss 0.1235 1m 00s left");
    expect(progressLine({ stage: "score", fraction: 0 }, 20)).toBe("  0% score");
  });

  it("writes plain lines at most every ten seconds where there is no terminal", () => {
    const { terminal, written, clock, at } = stage({ interactive: false });
    const view = progressView(terminal, {}, clock);
    for (let second = 0; second <= 25; second++) {
      at(second);
      view.show(training);
    }
    view.clear();
    expect(written).toHaveLength(2);
    for (const line of written) expect(line).toMatch(/^localflow: {2}25% block 2\/4 .*\n$/);
  });

  it("draws one line in place on a terminal, inside its width, and clears it", () => {
    const { terminal, written, clock, at } = stage({ interactive: true, width: () => 60 });
    const view = progressView(terminal, {}, clock);
    view.show(training);
    at(0.01);
    view.show(training);
    expect(written).toHaveLength(1);
    const visible = (written[0] ?? "").replace("\r", "").replace("\x1b[K", "");
    expect(visible).toMatch(/^#{6}-{18} +25% block/);
    expect(visible.length).toBeLessThan(60);
    view.clear();
    expect(written.at(-1)).toBe("\r\x1b[K");
  });

  it("is silent when quiet", () => {
    const { terminal, written, clock, at } = stage({ interactive: true });
    const view = progressView(terminal, { quiet: true }, clock);
    at(100);
    view.show(training);
    view.clear();
    expect(written).toEqual([]);
  });
});

describe("progress of fit", () => {
  /** The live lines of a fit of a small network. */
  async function linesOf(...more: readonly string[]): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), "localflow-progress-"));
    const { terminal, written } = stage({ interactive: true });
    const line = "fit moons --rows 200 --steps 0.1,free --hidden 8x1 --threads 1 --seed 1 -o".split(" ");
    const status = await run([...line, join(folder, "m.safetensors"), ...more], terminal).finally(() =>
      rmSync(folder, { recursive: true }),
    );
    expect(status).toBe(0);
    return written.join("");
  }

  it("counts towards no end where time alone decides", async () => {
    const lines = await linesOf("--time", "1s");
    expect(lines).toMatch(/block 1\/2 train \d+ loss/);
    expect(lines).not.toMatch(/train \d+\/\d+/);
  });

  it("counts towards the iterations asked for, with a time limit or without", async () => {
    for (const more of [[], ["--time", "60s"]])
      expect(await linesOf("--iterations", "700", ...more)).toMatch(/train \d+\/700 loss/);
  });
});
