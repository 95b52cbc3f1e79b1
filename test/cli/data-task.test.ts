// data-task: which files are taken for tables of mixed columns, and which for rows of numbers.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { dataTask } from "../../src/cli/data-task.ts";
import { localflow } from "../support/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-data-task-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

const csv = (name: string, cells: readonly string[]) =>
  put(name, `a,b\n${cells.map((cell, n) => `${n / 8},${cell}`).join("\n")}\n`);

describe("numbers in another notation", () => {
  it.each([
    ["thousands grouped beside small ones", ['"73,807"', "188", '"1,032,099"']],
    ["decimal commas beside whole numbers", ['"7,5"', "188", '"0,25"']],
    ["thousands grouped by points, and decimals", ['"7.300,5"', "188", '"1.032.099"']],
  ])("make a table: %s", async (name, cells) => {
    expect(await dataTask(csv(`${name.slice(0, 12)}.csv`, cells), {})).toBe("table");
  });

  it.each(["ndjson", "jsonl"])("make a table in lines of JSON too: .%s", async (ending) => {
    const lines = ["73,807", 188, "1,032"].map((b, a) => JSON.stringify({ a, b })).join("\n");
    expect(await dataTask(put(`mixed.${ending}`, `${lines}\n`), {})).toBe("table");
  });

  it.each([
    ["cut off", '[{"a":1,"b":"x"},{"a":2,"b":"y"},{"a":3'],
    ["with text behind it", '[{"a":1,"b":"x"},{"a":2,"b":"y"}] more'],
    ["with a byte order mark", '\ufeff[{"a":1,"b":"x"},{"a":2,"b":"y"}]'],
  ])("make a table of JSON %s, whose reader tells of what is wrong", async (name, content) => {
    expect(await dataTask(put(`${name.slice(0, 8)}.json`, content), {})).toBe("table");
  });

  it.each([
    ["a word among numbers", ["1.5", "red", "2.5"]],
    ["one decimal comma among decimal points", ["1.5", '"1,5"', "2.5"]],
    ["a word among grouped thousands", ["188", '"73,807"', "red"]],
    ["numbers alone", ["1", "2.5", "-3e4"]],
  ])("leave rows of numbers what they are: %s", async (name, cells) => {
    expect(await dataTask(csv(`${name.slice(0, 12)}.csv`, cells), {})).toBe("density");
  });

  it("are shown as a number column, with the other reading named", async () => {
    const path = csv(
      "population.csv",
      Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? `"${n + 3},8${n + 10}"` : `${n + 100}`)),
    );
    const { status, out } = await localflow("inspect", path);
    expect(status).toBe(0);
    expect(out).toMatch(/b +number.*commas group thousands/);
  });
});

describe("options of one task", () => {
  it("beside data that are plainly another's are named", async () => {
    const table = put("plain.csv", "a,b\n1,2\n3,4\n");
    await expect(dataTask(table, { conditional: true })).rejects.toMatchObject({
      code: "option",
      problem: { where: "--conditional", expected: "images", remedy: "leave it out" },
    });
    await expect(dataTask(folder, { label: "a" })).rejects.toMatchObject({
      problem: { where: "--label", expected: "a table", received: `images, ${folder}` },
    });
    expect(await dataTask(table, { label: "a" })).toBe("table");
  });
});
