// reproduce: the whole path on small made files, what it leaves in its folder, and what it says when files are missing.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { smallTables } from "../../src/data/tables/small-tables.ts";
import { localflow } from "../support/command-line.ts";
import { normals } from "../support/repetition.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-reproduce-"));
const at = (...names: readonly string[]) => join(folder, ...names);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A letter table of 16 whole-numbered columns, the letters left out by the reader. */
function writeLetters(rows: number): void {
  const columns = Object.keys(smallTables.letter.steps);
  const noise = normals(rows * columns.length, "letters");
  const lines = Array.from({ length: rows }, (_, row) =>
    ["T", ...columns.map((_, k) => Math.round(7 + 2 * noise[row * columns.length + k]!))].join(","),
  );
  writeFileSync(at("LetterRecognition.csv"), ["lettr,".concat(columns.join(",")), ...lines, ""].join("\n"));
}

describe("reproduce", () => {
  it("runs a small table from end to end, and goes on from what is in its folder", async () => {
    writeLetters(300);
    const line = [
      "reproduce",
      "letter",
      "--data",
      folder,
      "--scale",
      "0.001",
      "--seeds",
      "1",
      "-o",
      at("letter"),
      "--threads",
      "1",
    ];
    const first = await localflow(...line);
    expect(first.err).toContain("lfm-8, seed 1: test likelihood");
    expect(first.status).toBe(0);
    expect(first.out).toContain("no reproduction of a published figure");
    for (const method of ["lfm-1", "lfm-2", "lfm-4", "lfm-8", "gaussian", "coupling flow"])
      expect(first.out).toContain(method);
    const result = JSON.parse(readFileSync(at("letter", "result.json"), "utf8"));
    expect(result.measured).toMatchObject({ seeds: 1, deviation: null });
    expect(result.comparable.yes).toBe(false);
    expect(result.contenders.map(({ learningRates }: { learningRates: unknown[] }) => learningRates.length)).toEqual([
      3, 3, 3, 3,
    ]);
    expect(readFileSync(at("letter", "report.html"), "utf8")).toContain("Reproduction: letter");
    expect(readdirSync(at("letter", "runs")).filter((name) => name.endsWith(".safetensors"))).toHaveLength(12);
    expect(readdirSync(at("letter")).some((name) => name.endsWith(".tmp"))).toBe(false);

    const again = await localflow(...line, "--json", "--quiet");
    expect(again.status).toBe(0);
    expect(JSON.parse(again.out).measured).toEqual(result.measured);

    const other = await localflow(...line.map((word) => (word === "0.001" ? "0.002" : word)));
    expect(other.status).toBe(1);
    expect(other.err).toMatch(
      /expected a new folder, or one of this experiment .*"scale":0.002.*; choose another folder with -o, or add --force/,
    );
  }, 300_000);

  it.each([
    ["power", "power/data.npy", "zenodo.org/record/1161203"],
    ["gas", "gas/ethylene_CO.pickle", "zenodo.org/record/1161203"],
    ["miniboone-2025", "miniboone/data.npy", "zenodo.org/record/1161203"],
    ["bsds300", "BSDS300/BSDS300.hdf5", "zenodo.org/record/1161203"],
    ["rose", "img_rose.png", "LocalFlowMatching"],
    ["shuttle", "Shuttle.csv", "UCI"],
  ])("%s without its files says which, and where they come from", async (name, file, origin) => {
    mkdirSync(at("empty"), { recursive: true });
    const { status, err } = await localflow("reproduce", name, "--data", at("empty"));
    expect(status).toBe(1);
    expect(err).toContain(join(folder, "empty", file));
    expect(err).toContain(origin);
  });

  it("names what it knows", async () => {
    const { status, err } = await localflow("reproduce", "powr");
    expect(status).toBe(2);
    expect(err).toMatch(/expected one of tree, .*letter.*got "powr"; did you mean power\?/);
  });
});
