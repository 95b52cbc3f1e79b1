// export-images: whole command lines about models of images: files, the check, refusals.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeModel } from "../../src/onnx/decode.ts";
import { encodeImageModel } from "../../src/tasks/images/image-model.ts";
import { localflow } from "../support/command-line.ts";
import { untrainedImages } from "../support/untrained-images.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-export-"));
const at = (name: string) => join(folder, name);
const model = at("digits.safetensors");
beforeAll(() => writeFileSync(model, encodeImageModel(untrainedImages("patches"))));
afterAll(() => rmSync(folder, { recursive: true }));

describe("localflow export of a model of images", () => {
  it("writes a sampler of bytes, checks it and reports the promised fields", async () => {
    const file = at("sampler.onnx");
    const line = ["export", model, "-o", file, "--method", "midpoint", "--evaluations", "4", "--check", "--seed", "4"];
    const { status, out, err } = await localflow(...line, "--threads", "1", "--json");
    expect({ status, err }).toEqual({ status: 0, err: "" });
    const result = JSON.parse(out);
    expect(result).toMatchObject({
      part: "sampler",
      inputs: [{ name: "noise", type: "float32", shape: ["rows", 3, 6, 4] }],
      outputs: [
        { name: "images", type: "uint8", shape: ["rows", 6, 4, 3] },
        { name: "values", type: "float32", shape: ["rows", 3, 6, 4] },
      ],
      blocks: 2,
      method: "midpoint",
      evaluations: 4,
      bytes: readFileSync(file).length,
      check: { rows: 8, seed: 4, outputs: { images: { maxDifference: 0 } } },
    });
    expect(result.check.maxDifference).toBeLessThan(1e-4);
    expect(result.check.outputs.values.fromAdaptive).toBeGreaterThan(0);
    expect(decodeModel(readFileSync(file)).metadata).toMatchObject({ "localflow.model": "digits.safetensors" });
  });

  it.each([
    [["--conditional"], /--conditional: expected the model of a table, got a model of images/],
    [["--no-texts"], /--no-texts: expected the model of a table or a student of one, got a model of images/],
    [["--part", "density", "--noise", "seed"], /noise: expected the part sampler beside it, got density/],
    [["--part", "velocity", "--block", "3"], /block: expected 1 to 2, got 3/],
  ])("refuses %j as bad usage", async (line, message) => {
    const { status, err } = await localflow("export", model, "-o", at("never.onnx"), ...line);
    expect({ status, err }).toEqual({ status: 2, err: expect.stringMatching(message) });
  });
});
