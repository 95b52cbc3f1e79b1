// json-syntax: a text is told to be no JSON exactly where JSON.parse refuses it, with its place, what is expected and what comes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonSyntaxFault } from "../../src/data/json-syntax.ts";
import { parsedPiece } from "../../src/data/json-table.ts";
import { LocalFlowError } from "../../src/errors.ts";

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("the fault of a text that is no JSON", () => {
  it.each([
    ['{"fee": {"kind": "number",}}', 1, 27, "a name in double quotes", '"}"', "leave out the comma before it"],
    ['{"a": [1, 2,]}', 1, 13, "a value", '"]"', "leave out the comma before it"],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3, "a comma or } after the value", '"b"', undefined],
    ["[1 2]", 1, 4, "a comma or ] after the value", '"2"', undefined],
    ["{fee: 3}", 1, 2, "a name in double quotes or }", '"fee"', 'write "fee"'],
    ["{'fee': 3}", 1, 2, "a name in double quotes or }", '"\'"', "names and texts stand in double quotes"],
    ['{"a" 3}', 1, 6, "a colon after the name", '"3"', undefined],
    ['{"a": True}', 1, 7, "a value", '"True"', "write true"],
    ['{"a": number}', 1, 7, "a value", '"number"', "texts stand in double quotes"],
    ['{"a": .5}', 1, 7, "a value", '".5"', "write numbers such as 0.5 or -3"],
    ['{"a": 01}', 1, 7, "a value", '"01"', "write numbers such as 0.5 or -3"],
    ['{"a": 1} // fees', 1, 10, "nothing after the value", '"/"', "leave comments out: JSON has none"],
    ['{"a":\r\n  {"b": 1}', 2, 11, "a comma or } after the value", "the end", "close the { of line 1"],
    ['{"a": "b}\n', 1, 10, 'a closing "', "the end of the line", "close the text that begins at column 7"],
    ['{"a": "D\\M"}', 1, 9, "an escape such as \\n or \\\\", '"\\M"', "write \\\\ for a backslash"],
    ['{"a": "\t"}', 1, 8, "no control character in a text", '"\\t"', "write it as an escape such as \\t"],
    ["", 1, 1, "a value", "the end", undefined],
  ])("of %j is told", (text, line, column, expected, received, remedy) => {
    const told = { line, column, expected, received, ...(remedy !== undefined && { remedy }) };
    expect(jsonSyntaxFault(text)).toEqual(told);
  });

  const pieces = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    '"a"',
    "1",
    "-0.5e3",
    "-",
    "01",
    "true",
    "nul",
    "\\u00e9",
    "\\",
    "\n",
    " ",
    "\u00a0",
    "é",
  ];
  const soupOf = (...more: readonly string[]) =>
    fc.array(fc.constantFrom(...pieces, ...more), { maxLength: 12 }).map((list) => list.join(""));
  const soup = soupOf();

  it("is there exactly where JSON.parse refuses the text", () => {
    const damaged = fc
      .tuple(fc.jsonValue(), fc.nat(), fc.constantFrom("", ...pieces), fc.integer({ min: 0, max: 2 }))
      .map(([value, place, piece, cut]) => {
        const text = JSON.stringify(value, undefined, 1);
        const at = place % (text.length + 1);
        return text.slice(0, at) + piece + text.slice(at + cut);
      });
    fc.assert(
      fc.property(fc.oneof(soup, damaged), (text) => {
        expect(jsonSyntaxFault(text) === undefined).toBe(isJson(text));
      }),
      { numRuns: 5000, seed: 1 },
    );
  });

  it("is the same at a later place of a file, moved by where the text begins", () => {
    fc.assert(
      fc.property(soup, (text) => {
        expect(jsonSyntaxFault(text, { start: { line: 3, column: 5 } })).toEqual(jsonSyntaxFault(`\n\n    ${text}`));
      }),
      { numRuns: 2000, seed: 2 },
    );
  });

  it("of a row is told wherever it is none, also where NaN and Infinity are let pass", () => {
    let told = 0;
    fc.assert(
      fc.property(soupOf("NaN", "-Infinity", "NaN,"), (text) => {
        try {
          parsedPiece({ text, where: "t row 1", start: { line: 1, column: 1 }, bytesRead: 0 }, "t");
        } catch (error) {
          expect(error).toBeInstanceOf(LocalFlowError);
          told++;
        }
      }),
      { numRuns: 5000, seed: 3 },
    );
    expect(told).toBeGreaterThan(1000);
    expect(jsonSyntaxFault('[NaN, {"a": -Infinity}]', { hasNaN: true })).toBeUndefined();
    expect(jsonSyntaxFault("[NaN]")).toMatchObject({ column: 2, received: '"NaN"' });
  });

  it("takes time in proportion to the length of a text", () => {
    const long = JSON.stringify({ a: ["x\\".repeat(1_000_000), "[".repeat(1_000_000)] });
    expect(jsonSyntaxFault(long)).toBeUndefined();
    expect(jsonSyntaxFault("[".repeat(1_000_000))).toMatchObject({ column: 1_000_001, received: "the end" });
  });
});
