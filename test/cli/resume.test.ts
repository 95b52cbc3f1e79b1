// resume: fits that are to go on from the checkpoint of another fit are told which file, and what differs.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandLine, localflow } from "../support/command-line.ts";
import { smallRows } from "../support/small-table.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-resume-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const recipe = "--steps 0.3,free --hidden 8x1 --iterations 1000000 --batch-size 64 --threads 1 --seed 3".split(" ");
const kinds = { rows: at("rows.csv"), table: at("table.csv") };
const outputOf = (data: string) => `${data}.safetensors`;
const fitting = (data: string, ...more: readonly string[]) => ["fit", data, "-o", outputOf(data), ...recipe, ...more];
const csv = (head: string, lines: readonly string[]) => `${head}\n${lines.join("\n")}\n`;

beforeAll(async () => {
  const table = smallRows(80);
  writeFileSync(
    kinds.rows,
    csv(
      "x,y",
      table.map(({ count }, n) => `${Math.sin(n)},${count}`),
    ),
  );
  writeFileSync(
    kinds.table,
    csv(
      "side,count",
      table.map(({ side, count }) => `${side},${count}`),
    ),
  );
  for (const data of Object.values(kinds)) {
    const stopped = await commandLine(fitting(data), { interactive: true, stopAt: ({ err }) => err.includes("train") });
    expect(stopped.status).toBe(130);
    expect(existsSync(`${outputOf(data)}.checkpoint`)).toBe(true);
  }
}, 60_000);

describe.each(Object.entries(kinds))("resuming a fit of %s", (_, data) => {
  const file = `${outputOf(data)}.checkpoint`;
  const refused = async (line: readonly string[]) => {
    const { status, err } = await localflow(...line, "--resume", "--quiet");
    expect(status).toBe(1);
    return err;
  };
  const wanted = `localflow: ${file}: expected the data and the options that the checkpoint was made with`;
  const remedy = "; repeat the interrupted command exactly, or start anew with --force and without --resume\n";

  it("with other options names the checkpoint and what differs", async () => {
    const line = fitting(data, "--coupling", "dependent", "--learning-rate", "0.5");
    const changed = line.map((word) => (word === "64" ? "32" : word));
    expect(await refused(changed)).toMatch(
      /^localflow: .*\.checkpoint: .* \(--learning-rate [\d.]+, --batch-size 64\), got --learning-rate 0\.5, --batch-size 32; /,
    );
    expect(await refused(changed)).toContain(`${wanted} (`);
  });

  it("with other data says that they are others", async () => {
    const other = at(`other-${data.endsWith("rows.csv") ? "rows" : "table"}.csv`);
    const lines = smallRows(80, 2).map(({ side, count }, n) =>
      data.endsWith("rows.csv") ? `${Math.cos(n)},${count}` : `${side},${count}`,
    );
    writeFileSync(other, csv(data.endsWith("rows.csv") ? "x,y" : "side,count", lines));
    const err = await refused(fitting(data).map((word) => (word === data ? other : word)));
    expect(err.startsWith(wanted)).toBe(true);
    expect(err.endsWith(`other data to train on${remedy}`)).toBe(true);
  });
});

it("resuming a fit of a table with another label names it", async () => {
  const { status, err } = await localflow(...fitting(kinds.table, "--label", "side"), "--resume", "--quiet");
  expect(status).toBe(1);
  expect(err).toContain("(--label none), got --label side; ");
});

describe("resuming a fit of a table with an option that no recipe holds", () => {
  const scaled = { count: { kind: "number", scale: "robust" } };
  it.each([
    [["--constraint", "count >= 0"], '--constraint "count >= 0"'],
    [["--ordinal", "side=left<right"], '--ordinal "side=left<right"'],
    [["--validation", kinds.table], `--validation ${kinds.table}`],
    [["--train-split", "0.5"], "--train-split 0.5"],
    [["--text", "sample"], "--text sample"],
    [["--schema", at("schema.json")], `--schema ${JSON.stringify({ columns: scaled })}`],
  ])("names it alone when it is added: %s", async (added, told) => {
    writeFileSync(at("schema.json"), JSON.stringify(scaled));
    const { status, err } = await localflow(...fitting(kinds.table, ...added), "--resume", "--quiet");
    expect(status).toBe(1);
    expect(err).toContain(`(${added[0]} none), got ${told}; `);
    expect(err).not.toMatch(/other data|columns that are others/);
  });

  it("names a tolerance that is to be chosen", async () => {
    const { err } = await localflow(...fitting(kinds.table, "--tolerance", "auto"), "--resume", "--quiet");
    expect(err).toMatch(/\(--method dopri5 --tolerance [\d.]+\), got --method dopri5 --tolerance auto; /);
  });
});

describe("resuming a fit whose options are the same", () => {
  const held = at("held.csv");
  const noted = at("noted.csv");
  const table = smallRows(80);
  const refusal = async (line: readonly string[]) => {
    const { status, err } = await localflow(...line, "--resume", "--quiet");
    expect(status).toBe(1);
    return err;
  };
  const interrupted = async (line: readonly string[]) => {
    const { status } = await commandLine(line, { interactive: true, stopAt: ({ err }) => err.includes("train") });
    expect(status).toBe(130);
  };

  it.each(Object.entries(kinds))("tells held-out %s that have changed under their name", async (kind, data) => {
    const heldOut = (seed: number) =>
      csv(
        kind === "rows" ? "x,y" : "side,count",
        smallRows(20, seed).map(({ side, count }, n) =>
          kind === "rows" ? `${Math.cos(n)},${count}` : `${side},${count}`,
        ),
      );
    writeFileSync(held, heldOut(3));
    const line = ["fit", data, "-o", at(`${kind}-held.safetensors`), "--validation", held, ...recipe];
    await interrupted(line);
    writeFileSync(held, heldOut(4));
    expect(await refusal(line)).toMatch(
      /expected the data and the options that the checkpoint was made with, got other held-out rows; repeat the/,
    );
    writeFileSync(held, heldOut(3));
    const resumed = await commandLine([...line, "--resume"], {
      interactive: true,
      stopAt: ({ err }) => err.includes("train"),
    });
    expect(resumed.status).toBe(130);
  });

  it("tells columns that were dropped, though they have no part in the training", async () => {
    const notes = table.map(({ side, count }, n) => `${side},${count},a note of its own ${n}`);
    writeFileSync(noted, csv("side,count,note", notes));
    await interrupted(fitting(noted));
    expect(await refusal(fitting(noted, "--columns", "side,count"))).toMatch(
      /\(--columns side,count,note\), got --columns side,count; repeat the/,
    );
  });
});
