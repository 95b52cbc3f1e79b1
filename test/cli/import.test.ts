// import: whole command lines: a checkpoint becomes a model that the other commands take.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeSafetensors } from "../../src/data/safetensors.ts";
import { floats } from "../../src/tensor/array.ts";
import { localflow } from "../support/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-import-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

/** v(x, t) = log(2) x in one column: the block doubles every point. */
const doubling = { weight: floats([0, Math.LN2], [1, 2]), bias: floats([0]) };
const tensors = Object.fromEntries(
  [0, 1].flatMap((n) => Object.entries(doubling).map(([kind, value]) => [`blocks.${n}.net.0.${kind}`, value])),
);
writeFileSync(at("checkpoint.safetensors"), encodeSafetensors(tensors));
writeFileSync(at("options.yaml"), "steps: 0.3,free\nactivation: elu\ncolumns: size\ntolerance: 1e-6\n");

describe("localflow import", () => {
  it("writes a model that score and inspect take, by a file of options too", async () => {
    const model = at("model.safetensors");
    const line = ["import", at("checkpoint.safetensors"), "-o", model, "--config", at("options.yaml"), "--json"];
    const { status, out, err } = await localflow(...line);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    expect(JSON.parse(out)).toMatchObject({ blocks: 2, parameters: 6, columns: ["size"], hidden: [[], []] });
    writeFileSync(at("rows.csv"), "size\n0\n0.25\n");
    const scored = await localflow("score", model, at("rows.csv"), "--threads", "1", "--json");
    // z = 4 x, so log p = log N(z) + log 4.
    const exact = 0.5 * Math.log(2 * Math.PI) - Math.log(4) + (0 + 1) / 4;
    expect(JSON.parse(scored.out).nll).toBeCloseTo(exact, 4);
    const inspected = await localflow("inspect", model, "--json");
    expect(JSON.parse(inspected.out)).toMatchObject({ kind: "model", columns: ["size"] });
  });

  it.each([
    [["--steps", "0.3,free"], 2, /activation: expected the nonlinearity/],
    [["--steps", "free", "--activation", "elu"], 2, /steps: expected 2 blocks/],
    [["--preset", "oak"], 2, /preset: expected one of tree-2026/],
    [["--steps", "0.3,free", "--activation", "elu", "--tolerance", "1e-3", "--evaluations", "4"], 2, /--evaluations/],
  ])("refuses %j", async (line, status, message) => {
    const outcome = await localflow("import", at("checkpoint.safetensors"), "-o", at("none.safetensors"), ...line);
    expect(outcome).toEqual({ status, out: "", err: expect.stringMatching(message) });
  });
});
