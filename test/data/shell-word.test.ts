// shell-word: what a shell makes of a word that is proposed is the text itself.
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, it } from "vitest";
import { shellWord } from "../../src/data/shell-word.ts";

/** The words as `sh` reads them from its command line. */
function readByShell(words: readonly string[]): readonly string[] {
  const command = `printf '%s\\0' ${words.join(" ")}`;
  return execFileSync("sh", ["-c", command], { encoding: "utf8" }).split("\0").slice(0, -1);
}

it("plain words stay as they are", () => {
  for (const text of ["a", "a,b_2", "low-fat", "größe", "./folder/model.safetensors", "50%", "12:30"])
    expect(shellWord(text)).toBe(text);
});

it("a word that a shell would take for more is quoted", () => {
  expect(shellWord("a b")).toBe("'a b'");
  expect(shellWord("$HOME")).toBe("'$HOME'");
  expect(shellWord("it's")).toBe("'it'\\''s'");
  expect(shellWord("")).toBe("''");
  expect(shellWord("~/x")).toBe("'~/x'");
});

it("a shell reads the text again, whatever is in it", () => {
  const odd = [
    "",
    "'",
    "''",
    "a'b",
    '"',
    "$x",
    "$(id)",
    "`id`",
    "\\",
    "\\'",
    "a\nb",
    "*",
    "!x",
    "#",
    "~",
    "a=b",
    "{a,b}",
  ];
  expect(readByShell(odd.map(shellWord))).toEqual(odd);
  const piece = fc.oneof(fc.constantFrom(...odd, " ", "\t", "&", ";", "|", "<", ">", "(", ")", "[", "?"), fc.string());
  const text = fc.array(piece).map((pieces) => pieces.join("").replaceAll("\0", ""));
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 40 }), (texts) => {
      expect(readByShell(texts.map(shellWord))).toEqual(texts);
    }),
    { numRuns: 25 },
  );
});
