// config: `--config FILE.yaml` gives the same options as the command line, which wins; a slip is told with file and line.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, describe, expect, it } from "vitest";
import * as options from "../../src/cli/options.ts";
import { program } from "../../src/cli/program.ts";
import { localflow } from "../support/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-config-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function put(text: string | Uint8Array): string {
  writeFileSync(at("fit.yaml"), text);
  return at("fit.yaml");
}

/** What commander would hand to `fit`, without the path of the file itself. */
function parsed(...line: readonly string[]): Record<string, unknown> {
  const command = new Command("fit").exitOverride().configureOutput({ writeErr: () => {} });
  options.rows(options.split(options.columns(command)));
  command.requiredOption("-o, --output <model>").option("--resume");
  options.force(options.memory(options.seed(options.common(command))));
  options.integration(options.training(options.schedule(command)));
  const { config: _, ...given } = command.parse(line, { from: "user" }).opts();
  return given;
}

const asOptions =
  "-o m.safetensors --columns a,b --seed 7 --memory 2GiB --steps 0.1,free --hidden 32x1;16x2 --learning-rate 1e-3 " +
  "--standardize false --train-split 0.80 --clip none --time-distribution beta(1,0.5) --early-stopping --force --quiet";
const asFile = `# a recipe
output: m.safetensors
columns: [a, b]
seed: 7
memory: 2GiB
steps:
  - 0.1
  - free
hidden: 32x1;16x2
learning-rate: 1e-3
standardize: false
train-split: 0.80
clip: "none"
time-distribution: beta(1,0.5)
early-stopping: true
force: true
quiet: true
resume: false
`;

describe("a file of options", () => {
  it("means what the same options mean on the command line", () => {
    expect(parsed("--config", put(asFile))).toEqual(parsed(...asOptions.split(" ")));
  });

  it("gives way to the command line, whichever comes first", () => {
    const config = ["--config", put("output: file.safetensors\nseed: 1\nlearning-rate: 1\n")];
    for (const line of [
      [...config, "--seed", "2", "-o", "line.safetensors"],
      ["--seed", "2", "-o", "line.safetensors", ...config],
    ])
      expect(parsed(...line)).toEqual({ output: "line.safetensors", seed: 2, learningRate: [1] });
  });

  it("gives way to a later file", () => {
    writeFileSync(at("first.yaml"), "output: m\nseed: 1\nclip: 1\n");
    expect(parsed("--config", at("first.yaml"), "--config", put("seed: 2\n"))).toEqual({
      output: "m",
      seed: 2,
      clip: 1,
    });
  });

  it("reads numbers as they are written, and the checks of early stopping", () => {
    const { earlyStopping, seed } = parsed("--config", put("output: m\nearly-stopping: 3\nseed: 4294967296\n"));
    expect({ earlyStopping, seed }).toEqual({ earlyStopping: 3, seed: 4294967296 });
    expect(parsed("--config", put("output: m\nearly-stopping: false\n"))).toEqual({ output: "m" });
  });

  it("trains the model that the same options on the command line train", async () => {
    writeFileSync(
      at("data.csv"),
      `a,b\n${Array.from({ length: 40 }, (_, n) => `${n % 7},${(n * n) % 11}`).join("\n")}\n`,
    );
    const recipe = { seed: "5", steps: "0.3,free", hidden: "8x1", iterations: "5", "batch-size": "20", threads: "1" };
    const flags = Object.entries(recipe).flatMap(([name, value]) => [`--${name}`, value]);
    const lines = Object.entries(recipe).map(([name, value]) => `${name}: ${value}\n`);
    const byFlags = await localflow("fit", at("data.csv"), "-o", at("flags.safetensors"), ...flags);
    const file = put(`${lines.join("")}output: ${at("file.safetensors")}\njson: true\n`);
    const byFile = await localflow("fit", at("data.csv"), "--config", file);
    expect([byFlags.status, byFile.status]).toEqual([0, 0]);
    expect(readFileSync(at("file.safetensors")).equals(readFileSync(at("flags.safetensors")))).toBe(true);
    expect(JSON.parse(byFile.out)).toMatchObject({ seed: 5 });
  });

  it("switches off what --no-… switches off", async () => {
    const fields = async (text: string) => {
      const { out } = await localflow("inspect", "moons", "--rows", "5", "--config", put(`json: true\n${text}`));
      return Object.keys(JSON.parse(out).fit);
    };
    expect(await fields("no-estimate: true\n")).not.toContain("estimatedSeconds");
    expect(await fields("no-estimate: false\nhidden: 4x1\nsteps: free\n")).toContain("estimatedSeconds");
  });

  it("is taken by every command", () => {
    const root = program({
      out: async () => {},
      err: () => {},
      interactive: false,
      color: false,
      width: () => 80,
      signal: new AbortController().signal,
    });
    expect(root.commands.length).toBeGreaterThan(5);
    for (const command of root.commands) expect(command.helpInformation(), command.name()).toContain("--config <file>");
  });
});

describe("a slip in the file", () => {
  it.each<[string, string | Uint8Array, string, number?]>([
    [
      "a misspelt key",
      "seed: 1\n\nlearning-rat: 1e-3\n",
      'fit.yaml line 3, key "learning-rat": expected an option of fit, got another key; did you mean learning-rate?',
    ],
    [
      "the flag instead of its name",
      "--seed: 1\n",
      'line 1, key "--seed": expected an option of fit, got another key; did you mean seed?',
    ],
    ["another file of options", "config: x.yaml\n", 'key "config": expected an option of fit'],
    ["a key of JavaScript's own", "__proto__: 1\n", 'key "__proto__": expected an option of fit'],
    [
      "a bad value",
      "seed: 1\nbatch-size: 0\n",
      'fit.yaml line 2, key "batch-size": expected a whole number at least 1, got "0"',
    ],
    ["a bad value of one block", "hidden: 32x1;big\n", 'line 1, key "hidden", block 2: expected width x layers'],
    [
      "a schedule that does not end in free",
      "steps: [0.1, 0.2]\n",
      'line 1, key "steps": expected durations with `free` as the last one',
    ],
    ["infinity", "learning-rate: .inf\n", 'key "learning-rate": expected a number above 0, got ".inf"'],
    ["an empty value", "seed:\n", 'line 1, key "seed": expected a value, got nothing'],
    ["a mapping", "hidden: {width: 32}\n", 'key "hidden": expected a value, got something nested'],
    ["a flag with a value", "force: 3\n", 'key "force": expected true or false, got "3"'],
    ["a key twice", "seed: 1\nclip: 2\nseed: 2\n", "line 3: expected YAML, got Map keys must be unique"],
    ["what is no YAML", "seed: [1\n", "expected YAML, got "],
    ["a list", "- seed\n", "expected options with their values"],
    ["nothing", "", "expected options with their values, got none"],
    ["bytes that are no text", Uint8Array.of(0x73, 0xff, 0xfe), "expected YAML in UTF-8"],
    ["a huge file", new Uint8Array(2 ** 20 + 1), "at most 1048576 bytes", 1],
  ])("%s is told with its place", async (_, text, message, status = 2) => {
    const outcome = await localflow("fit", "x.csv", "-o", at("m.safetensors"), "--config", put(text));
    expect(outcome).toMatchObject({ status, out: "" });
    expect(outcome.err).toContain(message);
    expect(outcome.err).toMatch(/^localflow: [^\n]*\n$/);
  });

  it("says so when there is no such file, or a folder", async () => {
    mkdirSync(at("folder.yaml"));
    for (const [name, message] of [
      ["none.yaml", "nothing of this name"],
      ["folder.yaml", "a folder"],
    ] as const) {
      const { status, err } = await localflow("inspect", "moons", "--config", at(name));
      expect(status).toBe(1);
      expect(err).toContain(message);
    }
  });

  it("contradicts the command line as two options there do", async () => {
    const outcome = await localflow("fit", "moons", "-o", at("m"), "--steps", "free", "--config", put("blocks: 3\n"));
    expect(outcome).toMatchObject({ status: 2 });
    expect(outcome.err).toContain("--steps: expected to stand alone, got --steps and --blocks");
  });

  it("is shown with its stack when the file asks for it", async () => {
    const { err } = await localflow("inspect", at("none.csv"), "--config", put("debug: true\n"));
    expect(err).toMatch(/\n\s+at /);
  });
});
