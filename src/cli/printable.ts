// printable: text that may come from data (names, levels, cells, paths) as a terminal may safely show it.

/**
 * Control characters (C0, DEL, C1), line and paragraph separators, and the marks that turn the direction of writing: they could
 * move the cursor, colour or hide text, or make it read backwards.
 */
const unsafe = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** One line: every such character as an escape, such as `\n`, `\x1b` or `\u202e`. Other text stays as it is. */
export function printable(text: string): string {
  return text.replace(unsafe, (character) => short[character] ?? escaped(character.charCodeAt(0)));
}

/** Several lines: their ends stay. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

function escaped(code: number): string {
  const digits = code.toString(16);
  return code < 256 ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`;
}
