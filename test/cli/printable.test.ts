// printable: names and cells cannot steer a terminal, and written data and JSON are what they were.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { alignedTable, errorText } from "../../src/cli/output.ts";
import { printable, printableLines } from "../../src/cli/printable.ts";
import { failure } from "../../src/errors.ts";
import { encodeDensityModel } from "../../src/tasks/density-model.ts";
import { localflow } from "../support/command-line.ts";
import { smallModel } from "../support/small-model.ts";

const folder = mkdtempSync(join(tmpdir(), "localflow-printable-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Whatever a terminal could obey, but line ends. */
const steering = /(?!\n)[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
const name = "\x1b[31mred\x1b]0;title\x07\u202e\r\x9b2J\tx";

describe("text for a terminal", () => {
  it("shows what could steer it as escapes, and everything else as it is", () => {
    expect(printable("\x1b[2J\n\r\t\x7f\x9b\u202e\u2066\0")).toBe("\\x1b[2J\\n\\r\\t\\x7f\\x9b\\u202e\\u2066\\x00");
    expect(printable("Größe 100 % \\n „é“ 東京 😀 العربية ± …")).toBe("Größe 100 % \\n „é“ 東京 😀 العربية ± …");
    expect(printableLines("a\tb\nc\r\n")).toBe("a\\tb\nc\\r\n");
  });

  it("aligns escapes, and keeps a row of a table on its line", () => {
    expect(alignedTable(["a\nb", "n"], [["\x1b", "1"]])).toBe("a\\nb  n\n\\x1b  1");
  });

  it("is what errors are, with their stacks", () => {
    const error = failure("data", { where: name, expected: "a number" });
    expect(errorText(error, false)).not.toMatch(steering);
    expect(errorText(error, true)).not.toMatch(steering);
  });
});

describe("a command on data that would steer the terminal", () => {
  const table = `"${name}",b\n1,2\n2,3\n4,7\n`;
  writeFileSync(at("numbers.csv"), table);
  writeFileSync(at("bad.csv"), `"${name}",b\n1,2\n3,"${name}"\n`);
  const small = smallModel();
  const columns = [name, "b\nc", "d"];
  writeFileSync(at("m.safetensors"), encodeDensityModel({ ...small, record: { ...small.record, columns } }));

  it.each([
    ["inspect", "numbers.csv", "--no-estimate"],
    ["inspect", "m.safetensors"],
    ["inspect", "bad.csv", "--task", "density", "--no-estimate"],
    ["fit", "bad.csv", "--task", "density", "-o", at("none.safetensors")],
    ["score", "m.safetensors", at("numbers.csv")],
  ])("%s %s prints escapes", async (command, file, ...more) => {
    const { out, err } = await localflow(command, at(file), ...more, "--threads", "1");
    expect(out + err).toContain("\\x1b[31mred");
    expect(out + err).not.toMatch(steering);
  });

  it("leaves JSON and written data alone", async () => {
    const { out } = await localflow("inspect", at("numbers.csv"), "--no-estimate", "--json");
    expect(JSON.parse(out).columns[0].name).toBe(name);
    const line = ["sample", at("m.safetensors"), "-n", "1", "--seed", "1", "--threads", "1", "--quiet"];
    const printed = await localflow(...line);
    expect(printed.out).toContain(name);
    expect((await localflow(...line, "-o", at("out.csv"))).status).toBe(0);
    expect(readFileSync(at("out.csv"), "utf8")).toBe(printed.out);
  });
});
