// export: whole command lines: files, the promised fields, the check, refusals.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeModel } from "../../src/onnx/decode.ts";
import { encodeDensityModel } from "../../src/tasks/density-model.ts";
import { affineModel } from "../support/affine-model.ts";
import { localflow } from "../support/command-line.ts";
import { smallModel } from "../support/small-model.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-export-"));
const at = (name: string) => join(folder, name);
const model = at("model.safetensors");
beforeAll(() => writeFileSync(model, encodeDensityModel(smallModel())));
afterAll(() => rmSync(folder, { recursive: true }));

describe("localflow export", () => {
  it.each([
    ["sampler", ["noise"], ["samples"]],
    ["density", ["data"], ["log_density", "noise"]],
    ["encoder", ["data"], ["noise"]],
    ["velocity", ["x", "t"], ["velocity_1", "velocity_2", "velocity_3"]],
  ])("writes a %s, checks it and reports the promised fields", async (part, inputs, outputs) => {
    const file = at(`${part}.onnx`);
    const line = ["export", model, "-o", file, "--part", part, "--check", "--seed", "4", "--threads", "1", "--json"];
    const { status, out, err } = await localflow(...line);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    const result = JSON.parse(out);
    const names = (ports: readonly { readonly name: string }[]) => ports.map(({ name }) => name);
    expect([names(result.inputs), names(result.outputs)]).toEqual([inputs, outputs]);
    expect(result).toMatchObject({ part, opset: 17, blocks: 3, bytes: readFileSync(file).length });
    expect(result.check).toMatchObject({ rows: 256, seed: 4 });
    expect(result.check.maxDifference).toBeLessThan(1e-4);
    expect(Object.keys(result.check.outputs)).toEqual(outputs);
    if (part !== "velocity") {
      expect(result).toMatchObject({ method: "rk4", evaluations: part === "sampler" ? 16 : 64 });
      for (const output of outputs) expect(result.check.outputs[output].fromAdaptive).toBeLessThan(1e-2);
    }
    const { metadata } = decodeModel(readFileSync(file));
    expect(metadata).toMatchObject({ "localflow.part": part, "localflow.model": "model.safetensors" });
    expect(metadata["localflow.version"]).toMatch(/^\d+\.\d+\.\d+/);
  });

  it("takes the sampler by default, with the steps asked for, in words", async () => {
    const file = at("few.onnx");
    const { status, out } = await localflow("export", model, "-o", file, "--method", "heun", "--evaluations", "5");
    expect(status).toBe(0);
    expect(out).toMatch(/^file .*few\.onnx, .* KiB, opset 17\ninputs +noise float32 \[rows, 3\]\noutputs +samples /);
    expect(out).toMatch(/method +heun, 4 evaluations per block, unrolled\n$/);
  });

  it("does not overwrite without --force, and writes nothing when the check fails", async () => {
    const file = at("kept.onnx");
    writeFileSync(file, "mine");
    expect(await localflow("export", model, "-o", file)).toMatchObject({
      status: 1,
      err: expect.stringContaining("--force"),
    });
    expect(readFileSync(file, "utf8")).toBe("mine");
    expect((await localflow("export", model, "-o", file, "--force")).status).toBe(0);
    // z = y + 1e6 y': of data a million deviations wide, float32 keeps no more than tenths.
    const wild = affineModel({ matrix: [0, 0, 1e6, 0], mean: [0.1, 0.1], deviation: [3, 3] });
    writeFileSync(at("wild.safetensors"), encodeDensityModel(wild));
    const line = ["export", at("wild.safetensors"), "-o", at("wild.onnx"), "--part", "encoder", "--seed", "1"];
    const failed = await localflow(...line, "--check", "--threads", "1");
    expect(failed).toEqual({
      status: 1,
      out: "",
      err: expect.stringMatching(/within 0\.0001 of .*nothing was written/),
    });
    expect(existsSync(at("wild.onnx"))).toBe(false);
  });

  it.each([
    [["-o", "model.bin"], /-o, --output: expected a name ending in \.onnx/],
    [["-o", "m.onnx", "--block", "1"], /--block: expected --part velocity beside it/],
    [["-o", "m.onnx", "--part", "velocity", "--method", "rk4"], /--part velocity: expected no --method/],
    [["-o", "m.onnx", "--seed", "1"], /--seed: expected --check/],
    [["-o", "m.onnx", "--part", "decoder"], /--part: expected one of sampler, density, encoder, velocity/],
    [["-o", at("m.onnx"), "--evaluations", "3"], /evaluations: expected at least 4 for one step of rk4/],
    [["-o", at("m.onnx"), "--part", "velocity", "--block", "4"], /block: expected 1 to 3, got 4/],
  ])("refuses %j as bad usage", async (line, message) => {
    const { status, err } = await localflow("export", model, ...line);
    expect({ status, err }).toEqual({ status: 2, err: expect.stringMatching(message) });
  });
});
