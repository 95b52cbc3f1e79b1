// usage: what a slip on the command line is answered with, and threads that the machine does not have.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { program } from "../../src/cli/program.ts";
import { localflow } from "../support/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-usage-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function refused(line: string): Promise<string> {
  const { status, out, err } = await localflow(...line.split(" ").filter(Boolean));
  expect({ status, out }).toEqual({ status: 2, out: "" });
  expect(err).toMatch(/^localflow: [^\n]*\n$/);
  return err;
}

describe("an option with a short form", () => {
  it("is named in both forms", async () => {
    expect(await refused("sample moons -n 0")).toContain("-n, --rows: expected a whole number at least 1");
    expect(await refused("fit moons -o -")).toContain("-o, --output: expected a file name");
    expect(await refused("sample moons -n 2 -o x.xlsx")).toContain("-o, --output: expected a name ending in .csv");
    expect(await refused("picture m -o x.gif --kind samples")).toContain(
      "-o, --output: expected a name ending in .svg",
    );
  });

  it("is named by the place of its key in a file of options", async () => {
    writeFileSync(at("sample.yaml"), "rows: 0\n");
    const err = await refused(`sample moons --config ${at("sample.yaml")}`);
    expect(err).toContain('sample.yaml line 1, key "rows": expected a whole number at least 1');
    expect(err).not.toContain("-n");
  });

  it("is the same on every command", () => {
    const terminal = { out: async () => {}, err: () => {}, interactive: false, color: false, width: () => 80 };
    const { commands } = program({ ...terminal, signal: new AbortController().signal });
    const shorts = commands.flatMap(({ options }) =>
      options.flatMap(({ short, long }) => (short ? [short, long] : [])),
    );
    expect(new Set(shorts)).toEqual(new Set(["-o", "--output", "-n", "--rows"]));
  });
});

describe("a slip", () => {
  it("within a command points to the command's help, elsewhere to the whole", async () => {
    expect(await refused("fit x.csv -o m --blokcs 3")).toMatch(
      /Did you mean --blocks\?\); see localflow fit --help\n$/,
    );
    expect(await refused("score m")).toMatch(/missing required argument 'data'; see localflow score --help\n$/);
    expect(await refused("evaluate m d --samples")).toMatch(/argument missing; see localflow evaluate --help\n$/);
    expect(await refused("--blokcs fit")).toMatch(/unknown option '--blokcs'; see localflow --help\n$/);
    expect(await refused("scor m d")).toMatch(/Did you mean score\?\); see localflow --help\n$/);
  });

  it("is not answered with some other help", async () => {
    for (const line of ["help fitt", "fitt --help"]) expect(await refused(line)).toMatch(/Did you mean fit\?/);
    expect((await localflow("help", "fit")).out).toContain("Examples:\n  localflow fit");
  });

  it("in an option that must be given is told before the option is missed", async () => {
    expect(await refused("fit x.csv --outptu m")).toMatch(/Did you mean --output\?/);
    expect(await refused("fit x.csv")).toMatch(/'-o, --output <model>' not specified; see localflow fit --help\n$/);
    expect(await refused("sample m")).toContain("-n, --rows");
  });
});

describe("demo", () => {
  it("overwrites nothing in a folder of yours, and takes no file for a folder", async () => {
    writeFileSync(at("samples.csv"), "mine");
    const refusal = await localflow("demo", "-o", folder);
    expect(refusal).toMatchObject({ status: 1, out: "", err: expect.stringMatching(/samples\.csv: .*add --force/) });
    const { status, err } = await localflow("demo", "-o", at("samples.csv"));
    expect({ status, err }).toEqual({
      status: 1,
      err: expect.stringMatching(/samples\.csv: expected a folder.*got a file\n$/),
    });
    expect(readFileSync(at("samples.csv"), "utf8")).toBe("mine");
  });
});

describe("--threads", () => {
  const cores = availableParallelism();
  const tiny = "fit moons --rows 60 --steps free --hidden 4x1 --iterations 2 --batch-size 10 --seed 1 -o".split(" ");

  it("beyond the machine's cores are capped with one note, and the model is the same", async () => {
    const capped = await localflow(...tiny, at("capped.safetensors"), "--threads", String(cores + 7));
    const number = cores === 1 ? "1 core" : `${cores} cores`;
    const note = `localflow: --threads ${cores + 7}: this machine has ${number}; using ${cores}\n`;
    expect(capped).toMatchObject({ status: 0, err: note });
    expect(await localflow(...tiny, at("quiet.safetensors"), "--quiet", "--threads", "4096")).toMatchObject({
      status: 0,
      err: "",
    });
    expect(await localflow(...tiny, at("all.safetensors"), "--threads", String(cores))).toMatchObject({
      status: 0,
      err: "",
    });
    const bytes = (name: string) => readFileSync(at(name)).toString("hex");
    expect([bytes("capped.safetensors"), bytes("quiet.safetensors")]).toEqual([
      bytes("all.safetensors"),
      bytes("all.safetensors"),
    ]);
  });

  it("are capped in a file of options too", async () => {
    writeFileSync(at("threads.yaml"), "threads: 4096\n");
    const { err } = await localflow(...tiny, at("file.safetensors"), "--config", at("threads.yaml"));
    expect(err).toContain(`using ${cores}\n`);
  });
});
