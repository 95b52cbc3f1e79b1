// fit-run: what every fit does around its training: checkpoints, Ctrl-C, the model's file and the notes.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { fitRun, keepModel, trained } from "../../src/cli/fit-run.ts";
import type { FitOptions } from "../../src/cli/options.ts";
import { run } from "../../src/cli/program.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import { failure } from "../../src/errors.ts";
import { localflow } from "../support/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-fit-run-"));
const at = (name: string) => join(folder, name);
const [output, checkpoint] = [at("model.safetensors"), at("model.safetensors.checkpoint")];

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function listening(interactive = false): { readonly terminal: Terminal; readonly said: () => string } {
  let said = "";
  const err = (text: string) => {
    said += text;
  };
  const signal = new AbortController().signal;
  return {
    terminal: { out: async () => {}, err, interactive, color: false, width: () => 80, signal },
    said: () => said,
  };
}

const started = (options: Partial<FitOptions> = {}, terminal = listening().terminal) =>
  fitRun("data.csv", { output, seed: 7, ...options }, terminal);

describe("a training", () => {
  it("leaves its last checkpoint when it is interrupted, and the error says how to go on", async () => {
    const fit = trained(await started(), async ({ controls }) => {
      await controls.checkpoint?.save(Uint8Array.of(1));
      await controls.checkpoint?.save(Uint8Array.of(2, 3));
      throw failure("interrupted", { where: "block 1", expected: "to finish", received: "a signal" });
    });
    await expect(fit).rejects.toMatchObject({
      code: "interrupted",
      message: expect.stringMatching(
        /^fit data\.csv: .*a checkpoint lies in .*model\.safetensors\.checkpoint: repeat the command with --seed 7 --resume/,
      ),
    });
    expect(readFileSync(checkpoint)).toEqual(Buffer.of(2, 3));
    expect(existsSync(output)).toBe(false);
  });

  it("hands on other errors as they are, after the live line is gone", async () => {
    const { terminal, said } = listening(true);
    const error = failure("numeric", { where: "loss", expected: "a number", received: "NaN" });
    const fit = trained(await started({}, terminal), async ({ controls }) => {
      controls.onProgress?.({ stage: "train", fraction: 0.5 });
      throw error;
    });
    await expect(fit).rejects.toBe(error);
    expect(said()).toContain("50% train");
    expect(said().endsWith("\r\x1b[K")).toBe(true);
  });

  it("counts iterations towards their number, and towards none where the time alone decides", async () => {
    for (const [options, shown] of [
      [{}, "train 3/10"],
      [{ time: 5, iterations: [10] }, "train 3/10"],
      [{ time: 5 }, "train 3 "],
    ] as const) {
      const { terminal, said } = listening(true);
      const time = await trained(await started(options, terminal), async ({ controls }) => {
        controls.onProgress?.({ stage: "train", fraction: 0.3, iteration: 3, iterations: 10, loss: 1 });
        return controls.time;
      });
      expect(said()).toContain(shown);
      expect(time).toBe("time" in options ? 5 : undefined);
    }
  });
});

describe("a trained model", () => {
  it("takes the place of its checkpoint, and the notes follow", async () => {
    const { terminal, said } = listening();
    writeFileSync(checkpoint, "old");
    await keepModel(await started({ force: true }, terminal), Uint8Array.of(5), ["one", "two"]);
    expect(readFileSync(output)).toEqual(Buffer.of(5));
    expect(existsSync(checkpoint)).toBe(false);
    expect(said()).toBe("localflow: note: one\nlocalflow: note: two\n");
  });

  it("has no notes when asked to be quiet", async () => {
    const { terminal, said } = listening();
    await keepModel(await started({ quiet: true }, terminal), Uint8Array.of(5), ["one"]);
    expect(said()).toBe("");
  });

  it("does not overwrite a file that came up meanwhile, and leaves the checkpoint", async () => {
    const fit = await started();
    writeFileSync(checkpoint, "mine");
    writeFileSync(output, "yours");
    await expect(keepModel(fit, Uint8Array.of(5), [])).rejects.toMatchObject({ code: "file" });
    expect([readFileSync(output, "utf8"), readFileSync(checkpoint, "utf8")]).toEqual(["yours", "mine"]);
  });
});

it("a fit of a table that is stopped goes on to the bytes of one that was not", async () => {
  const rows = Array.from({ length: 200 }, (_, n) => `${Math.sin(n)},${n % 3 === 0 ? "red" : "blue"}`);
  writeFileSync(at("table.csv"), `x,kind\n${rows.join("\n")}\n`);
  const recipe =
    "--steps 0.3,free --hidden 8x1 --iterations 2000 --batch-size 32 --evaluations 2 --threads 1 --seed 3".split(" ");
  const line = (name: string) => ["fit", at("table.csv"), "-o", at(name), ...recipe];
  const [{ terminal, said }, controller] = [listening(true), new AbortController()];
  const draw = (text: string) => {
    if (text.includes("block 2/2 train")) controller.abort();
  };
  const status = await run(line("stopped.safetensors"), { ...terminal, draw, signal: controller.signal });
  expect({ status, err: said() }).toMatchObject({ status: 130 });
  expect(said()).toMatch(/stopped\.safetensors\.checkpoint: repeat the command with --seed 3 --resume to go on\n$/);
  expect((await localflow(...line("stopped.safetensors"), "--resume")).status).toBe(0);
  expect((await localflow(...line("whole.safetensors"))).status).toBe(0);
  expect(readFileSync(at("stopped.safetensors")).equals(readFileSync(at("whole.safetensors")))).toBe(true);
  expect(existsSync(at("stopped.safetensors.checkpoint"))).toBe(false);
});
