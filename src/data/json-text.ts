// json-text: cuts a stream of JSON into the texts of its elements, so that a large file is never in memory as a whole.
import { failure } from "../errors.ts";
import type { JsonPlace } from "./json-syntax.ts";
import { atLine, atRow } from "./table-places.ts";
import { notUtf8 } from "./utf8.ts";

/** The text of one element or line; errors call it `where`, it begins at `start`, `bytesRead` is the length of the file up to its end. */
export interface JsonPiece {
  readonly where: string;
  readonly start: JsonPlace;
  readonly text: string;
  readonly bytesRead: number;
}

/** Hands each piece on as soon as it is complete. */
export interface JsonCutter {
  push(chunk: Uint8Array): void;
  /** Ends the file and the piece still open. */
  finish(): void;
}

type Take = (piece: JsonPiece) => void;

/** An element longer than this is an unclosed quote or bracket. */
const longestPiece = 2 ** 26;
const [quote, backslash, comma, lineFeed] = [34, 92, 44, 10];
const [openList, closeList, openObject, closeObject] = [91, 93, 123, 125];

/** Lines that are not blank, without their ends. */
export function lineCutter(where: string, take: Take): JsonCutter {
  let line = 1;
  let before = 0;
  const text = pieceText(() => atLine(where, line));
  const endLine = (bytesRead: number): void => {
    const content = text.take();
    const start = { line, column: 1 };
    if (content.trim() !== "") take({ where: atLine(where, line), start, text: content, bytesRead });
    line++;
  };
  return {
    push(chunk) {
      let start = 0;
      for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, start)) {
        text.add(chunk.subarray(start, at));
        start = at + 1;
        endLine(before + start);
      }
      text.add(chunk.slice(start));
      before += chunk.length;
    },
    finish: () => endLine(before),
  };
}

/** The elements of one JSON array. Throws `data` errors for text around it and brackets that do not match. */
export function elementCutter(where: string, take: Take): JsonCutter {
  let depth = 0;
  let row = 0;
  let before = 0;
  let isText = false;
  let isEscaped = false;
  let state: "before" | "inside" | "after" = "before";
  let place: JsonPlace = { line: 1, column: 1 };
  const rowPlace = () => atRow(where, row);
  const text = pieceText(rowPlace);
  const element = (bytesRead: number): void => {
    const content = text.take();
    const start = place;
    place = placeBehind(start, `${content},`);
    take({ where: rowPlace(), start, text: content, bytesRead });
    row++;
  };
  return {
    push(chunk) {
      let start = 0;
      for (let at = 0; at < chunk.length; at++) {
        const byte = chunk[at]!;
        if (isText) {
          if (isEscaped) isEscaped = false;
          else if (byte === backslash) isEscaped = true;
          else if (byte === quote) isText = false;
          continue;
        }
        if (state !== "inside") {
          if (state === "before") place = placeBehind(place, String.fromCharCode(byte));
          if (isBlank(byte)) continue;
          if (state === "after" || byte !== openList) throw notOneArray(where, state);
          [state, depth, start] = ["inside", 1, at + 1];
          continue;
        }
        if (byte === quote) isText = true;
        else if (byte === openList || byte === openObject) depth++;
        else if (byte === comma && depth === 1) {
          text.add(chunk.subarray(start, at));
          element(before + at);
          start = at + 1;
        } else if ((byte === closeList || byte === closeObject) && --depth === 0) {
          if (byte !== closeList) throw notOneArray(rowPlace(), state);
          text.add(chunk.subarray(start, at));
          if (row > 0 || !text.isBlank()) element(before + at);
          state = "after";
        }
      }
      if (state === "inside") text.add(chunk.slice(start));
      before += chunk.length;
    },
    finish() {
      if (state === "before") throw failure("data", { where, expected: "a table", received: "an empty file" });
      if (state !== "after") throw notOneArray(rowPlace(), state);
    },
  };
}

/** Where what follows a text begins. */
function placeBehind({ line, column }: JsonPlace, text: string): JsonPlace {
  let [breaks, from] = [0, 0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", from)) {
    breaks++;
    from = at + 1;
  }
  return { line: line + breaks, column: (breaks === 0 ? column : 1) + text.length - from };
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9 || byte === 10 || byte === 13;
}

function notOneArray(where: string, state: "before" | "inside" | "after") {
  const expected = "one JSON array of rows, or an object of columns";
  if (state !== "inside")
    return failure("data", { where, expected, received: state === "before" ? "something else" : "text behind it" });
  return failure("data", {
    where,
    expected,
    received: "an array that does not end",
    remedy: "write the file anew if it was cut off there",
  });
}

/** Collects the bytes of one piece, at `placeOf()`, over the borders of chunks. */
function pieceText(placeOf: () => string) {
  let parts: Uint8Array[] = [];
  let length = 0;
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return {
    add(part: Uint8Array): void {
      if (part.length === 0) return;
      parts.push(part);
      length += part.length;
      if (length <= longestPiece) return;
      throw failure("data", {
        where: placeOf(),
        expected: `a row of at most ${longestPiece} bytes`,
        received: "a longer one: an unclosed quote or bracket",
      });
    },
    isBlank: () => parts.every((part) => part.every(isBlank)),
    take(): string {
      try {
        return parts.map((part, n) => decoder.decode(part, { stream: n < parts.length - 1 })).join("");
      } catch (cause) {
        const replacing = new TextDecoder();
        const replaced = parts.map((part) => replacing.decode(part, { stream: true })).join("");
        throw notUtf8(placeOf(), replaced + replacing.decode(), cause);
      } finally {
        parts = [];
        length = 0;
      }
    },
  };
}
