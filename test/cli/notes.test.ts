// notes: what score, a scorer and impute have to say of cells and percentiles, on standard error and in JSON.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localflow } from "../support/command-line.ts";
import { smallRows } from "../support/small-table.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-cli-notes-"));
const at = (name: string) => join(folder, name);
const [model, scorer] = [at("table.safetensors"), at("scorer.safetensors")];

function put(name: string, rows: readonly string[]): string {
  writeFileSync(at(name), ["side,x,count,never", ...rows, ""].join("\n"));
  return at(name);
}

async function made(...args: readonly string[]): Promise<void> {
  expect(await localflow(...args, "--threads", "1", "--quiet")).toMatchObject({ status: 0, err: "" });
}

beforeAll(async () => {
  const train = smallRows(200).map(({ side, x, count }) => `${side},${x ?? ""},${count},`);
  const tiny = "--steps 0.3,free --hidden 24x1 --iterations 60 --batch-size 64 --seed 3".split(" ");
  await made("fit", put("train.csv", train), "-o", model, ...tiny);
  await made("distill", model, "--scores", "-o", scorer, ..."--rows 256 --iterations 10 --seed 5".split(" "));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fate = "not known to the model, so counted for nothing; where a gap is meant, leave the cell empty";
const unknown = [
  `column "side" has 2 cells with texts that the model has never seen, such as "up" in row 1: ${fate}`,
  `column "count" has 1 cell with a text that cannot be read as numbers, such as "many" in row 2: ${fate}`,
];
const apart = expect.stringMatching(
  /^1 row with gaps among x stands among all training rows, since fewer than 100 of the training rows that were scored have the same gaps: /,
);
const odd = () => put("odd.csv", ["up,11,25,", "left,9,many,", "down,,15,", "right,,26,", "right,11,26,"]);
const whole = () => put("whole.csv", ["left,9,15,", "right,11,26,"]);

/** The notes of a command: of its JSON, which are those on standard error, whether they are printed there or not. */
async function notesOf(...args: readonly string[]): Promise<unknown> {
  const line = [...args, "--json", "--seed", "1", "--threads", "1"];
  const [loud, quiet] = [await localflow(...line), await localflow(...line, "--quiet")];
  expect([loud.status, quiet.status, quiet.err]).toEqual([0, 0, ""]);
  const notes: unknown = JSON.parse(loud.out).notes;
  expect(JSON.parse(quiet.out).notes).toEqual(notes);
  const told = loud.err.match(/(?<=^localflow: note: ).*$/gm);
  expect(told ?? undefined).toEqual(notes);
  return notes;
}

describe.each([
  ["score", model],
  ["score by a scorer", scorer],
])("%s", (_, file) => {
  it("names the texts that the model cannot place", async () => {
    expect(await notesOf("score", file, odd())).toEqual(unknown);
  });

  it("says of percentiles, where they are asked for, that rows with gaps in numbers stand apart", async () => {
    expect(await notesOf("score", file, odd(), "--percentile")).toEqual([...unknown, apart]);
  });

  it("has no note where nothing is to be said", async () => {
    expect(await notesOf("score", file, whole(), "--percentile")).toBeUndefined();
  });

  it("counts rows and cells that are left out", async () => {
    const { out } = await localflow("score", file, odd(), "--threads", "1");
    expect(out).toMatch(/^partial 3 rows with gaps or texts that no training row has: .*, without percentile$/m);
    expect(out).toMatch(/^unknown 3 cells that the model cannot place: counted for nothing$/m);
    expect(out).toMatch(/^nll .* \(5 rows\)/);
    const { out: single } = await localflow("score", file, put("one.csv", ["up,11,25,"]), "--threads", "1");
    expect(single).toMatch(/^nll .* \(1 row\)/);
    expect(single).toMatch(/^partial 1 row with/m);
    expect(single).toMatch(/^unknown 1 cell that/m);
    const { out: nothing } = await localflow("score", file, whole(), "--threads", "1");
    expect(nothing).not.toMatch(/^(partial|unknown) /m);
  });
});

describe("impute", () => {
  const imputing = (data: string, ...more: readonly string[]) =>
    ["impute", model, data, "-o", at("filled.csv"), "--force", ...more] as const;

  it("names the texts that the model cannot place, once for all draws", async () => {
    expect(await notesOf(...imputing(odd()))).toEqual(unknown);
    expect(await notesOf(...imputing(odd(), "--draws", "3"))).toEqual(unknown);
    expect(await notesOf(...imputing(odd(), "--best", "--draws", "3"))).toEqual(unknown);
    expect(await notesOf(...imputing(whole()))).toBeUndefined();
  });

  it("says how many gaps are left and why, and how many cells are kept", async () => {
    const textOf = async (...args: readonly string[]) => {
      const { status, out } = await localflow(...args, "--seed", "1", "--threads", "1", "--quiet");
      expect(status).toBe(0);
      return out.replace(/ in [\d.]+ s,/, ",");
    };
    const end = `seed 1: ${at("filled.csv")}\n`;
    expect(await textOf(...imputing(odd()))).toBe(
      `2 of 7 gaps in 5 rows filled, 5 left in columns that the model does not hold, 3 cells with unknown texts kept, which count for nothing, ${end}`,
    );
    expect(await textOf(...imputing(odd(), "--draws", "2"))).toBe(
      `4 of 14 gaps in 2 draws of 5 rows filled, 10 left in columns of all draws that the model does not hold, 3 cells of each draw with unknown texts kept, which count for nothing, ${end}`,
    );
    expect(await textOf(...imputing(odd(), "--best", "--draws", "2"))).toBe(
      `2 of 7 gaps in 5 rows filled with the best guesses of 2 draws, 5 left in columns that the model does not hold, 3 cells with unknown texts kept, which count for nothing, ${end}`,
    );
  });
});
