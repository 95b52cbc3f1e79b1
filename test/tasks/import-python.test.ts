// import-python: the script of docs/export.md collects checkpoints as the authors' code writes them (skipped without torch).

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeSafetensors } from "../../src/data/safetensors.ts";
import { explicitSteps } from "../../src/flow/steps.ts";
import { importCheckpoint } from "../../src/tasks/import.ts";
import { floats } from "../../src/tensor/array.ts";
import { layersOf } from "../support/blocks.ts";
import { python, pythonHas } from "../support/python.ts";

const hasTorch = pythonHas("torch", "safetensors");
const folder = mkdtempSync(join(tmpdir(), "localflow-import-"));
afterAll(() => rmSync(folder, { recursive: true }));
const root = join(import.meta.dirname, "../..");
const docs = readFileSync(join(root, "docs/export.md"), "utf8");
const scripts = [...docs.matchAll(/```python\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");

/** The one that collects checkpoints. */
const collecting = scripts.find((script) => script.includes("state_dict_block_")) ?? "";

/** Eleven blocks, so that 10 must not come before 2; the last layer's bias is the block's number. */
const states = Array.from({ length: 11 }, (_, n) => ({ weight: [n, 1], bias: [n + 0.5] }));
const steps = explicitSteps(Array.from({ length: 10 }, () => 0.1));

describe("docs/export.md", () => {
  it("shows the Python program of the examples", () => {
    const example = readFileSync(join(root, "examples/08-sampler.py"), "utf8");
    expect(scripts).toContain(example.split("\n").slice(1).join("\n"));
    expect(scripts.filter((script) => script.includes("save_file("))).toEqual([collecting]);
  });

  it.skipIf(!hasTorch)(
    `has a script that collects checkpoints (skipped unless ${python} has torch, safetensors)`,
    () => {
      const making = `import json, sys, torch
for n, state in enumerate(json.loads(sys.argv[1])):
    layer = torch.nn.ModuleDict({"net": torch.nn.ModuleList([torch.nn.Linear(2, 1)])})
    layer.load_state_dict({"net.0.weight": torch.tensor([state["weight"]]), "net.0.bias": torch.tensor(state["bias"])})
    optimizer = torch.optim.Adam(layer.parameters())
    torch.save({"state_dict": layer.state_dict(), "optimizer": optimizer.state_dict(), "batch": 7},
               f"state_dict_block_{n + 1}_seed1103.pt")`;
      execFileSync(python, ["-c", making, JSON.stringify(states)], { cwd: folder });
      writeFileSync(join(folder, "collect.py"), collecting ?? "");
      execFileSync(python, ["collect.py"], { cwd: folder });
      const request = { steps, activation: [{ kind: "elu" as const }] };
      const { chain } = importCheckpoint(readFileSync(join(folder, "checkpoint.safetensors")), request);
      const tensors = states.flatMap(({ weight, bias }, n) => [
        [`blocks.${n}.net.0.weight`, floats(weight, [1, 2])] as const,
        [`blocks.${n}.net.0.bias`, floats(bias)] as const,
      ]);
      const expected = importCheckpoint(encodeSafetensors(Object.fromEntries(tensors)), request);
      expect(chain).toEqual(expected.chain);
      expect(layersOf(chain.blocks[10])[0]?.bias.data[0]).toBe(10.5);
    },
  );
});
