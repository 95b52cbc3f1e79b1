// kept-inputs: what a command reads is never written over, and a place that takes no file is found before the work.
import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { checkWritable } from "../../src/data/files.ts";
import { encodeDensityModel } from "../../src/tasks/density-model.ts";
import { localflow } from "../support/command-line.ts";
import { smallModel } from "../support/small-model.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-kept-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bytes = encodeDensityModel(smallModel());
const rows = "width,height,price\n1,2,3\n4,5,6\n2,3,1\n";
for (const name of ["m.safetensors", "m.onnx", "m.csv"]) writeFileSync(at(name), bytes);
for (const name of ["rows.csv", "train.csv"]) writeFileSync(at(name), rows);
symlinkSync(at("m.safetensors"), at("soft.safetensors"));
linkSync(at("m.safetensors"), at("hard.safetensors"));

describe("an output that is an input", () => {
  it.each<[string]>([
    ["distill m.safetensors -o m.safetensors --evaluations 2"],
    ["distill m.safetensors -o soft.safetensors --evaluations 2"],
    ["distill m.safetensors -o hard.safetensors --evaluations 2"],
    ["distill soft.safetensors -o m.safetensors --evaluations 2"],
    ["export m.onnx -o m.onnx"],
    ["import m.safetensors -o m.safetensors --preset tree-2026"],
    ["impute m.safetensors rows.csv -o rows.csv"],
    ["score m.safetensors rows.csv -o rows.csv"],
    ["sample m.csv -n 2 -o m.csv"],
    ["evaluate m.safetensors rows.csv --report rows.csv"],
    ["evaluate m.safetensors rows.csv --train train.csv --report train.csv"],
    ["evaluate m.safetensors rows.csv --curve --student soft.safetensors --report m.safetensors"],
    ["evaluate rows.csv train.csv --report train.csv"],
    ["fit rows.csv -o rows.csv"],
    ["fit rows.csv --validation train.csv -o train.csv"],
    ["fit image:m.csv -o m.csv"],
  ])("%s --force is refused", async (line) => {
    const args = line
      .split(" ")
      .map((word) => word.replace(/^(image:)?([\w-]+\.(?:safetensors|csv|onnx))$/, (_, a = "", b) => a + at(b)));
    const { status, out, err } = await localflow(...args, "--force", "--threads", "1");
    expect(err).toMatch(
      /^localflow: [^\n]*: expected another file than those that are read, got [^\n]*--force[^\n]*\n$/,
    );
    expect({ status, out }).toEqual({ status: 1, out: "" });
    for (const name of ["m.safetensors", "m.onnx", "m.csv"]) expect(readFileSync(at(name)).equals(bytes)).toBe(true);
    for (const name of ["rows.csv", "train.csv"]) expect(readFileSync(at(name), "utf8")).toBe(rows);
  });

  it("is no obstacle where the file is another one", async () => {
    writeFileSync(at("other.csv"), "mine");
    const line = ["sample", at("m.safetensors"), "-n", "2", "-o", at("other.csv"), "--force", "--threads", "1"];
    expect((await localflow(...line)).status).toBe(0);
    expect(readFileSync(at("other.csv"), "utf8")).toMatch(/^width,height,price\n/);
  });
});

describe("a place that takes no file", () => {
  it.skipIf(process.platform !== "linux")("is told before the data are looked at", async () => {
    const { status, err } = await localflow("fit", at("none.csv"), "-o", "/proc/self/m.safetensors");
    expect(err).toMatch(/^localflow: \/proc\/self\/m\.safetensors: expected /);
    expect(status).toBe(1);
  });

  it("is a link to nothing too, and the look leaves nothing behind", async () => {
    symlinkSync(at("nowhere/x"), at("dangling"));
    const before = readdirSync(folder);
    await expect(checkWritable(at("dangling"))).rejects.toThrow(/dangling: expected a file in a folder that exists/);
    await checkWritable(at("new.csv"));
    await checkWritable(at("rows.csv"));
    expect(readdirSync(folder)).toEqual(before);
  });
});
