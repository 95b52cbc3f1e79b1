// utf8: text from bytes that have to be UTF-8. Others are refused by their place: a letter replaced in silence is a changed value.
import { failure, type LocalFlowError } from "../errors.ts";
import { unpackingOf } from "./packed.ts";
import { atLine } from "./table-places.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const replacing = new TextDecoder("utf-8", { ignoreBOM: true });

/** The text of `bytes[start, end)`; `where` is asked for only when they are refused. Throws a `data` error. */
export function utf8Text(bytes: Uint8Array, start: number, end: number, where: () => string): string {
  const part = bytes.subarray(start, end);
  try {
    return strict.decode(part);
  } catch (cause) {
    throw notUtf8(where(), replacing.decode(part), cause);
  }
}

/** Throws a `data` error unless `bytes[start, end)` are UTF-8. */
export function checkUtf8(bytes: Uint8Array, start: number, end: number, where: () => string): void {
  for (let at = start; at < end; at++) {
    if (bytes[at]! < 128) continue;
    utf8Text(bytes, at, end, where);
    return;
  }
}

/** The text of pieces, without a byte order mark. Throws a `data` error that names the line. */
export async function wholeText(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  where: string,
): Promise<string> {
  let text = "";
  let rest = new Uint8Array();
  const add = (bytes: Uint8Array): void => {
    try {
      text += strict.decode(bytes);
    } catch (cause) {
      const [before = ""] = replacing.decode(bytes).split(replacement);
      const sound = text + before;
      throw notUtf8(atLine(where, sound.split("\n").length), `${sound.slice(-reach)}${replacement}`, cause);
    }
  };
  for await (const chunk of source) {
    const bytes = new Uint8Array(rest.length + chunk.length);
    bytes.set(rest);
    bytes.set(chunk, rest.length);
    const end = bytes.length - unfinished(bytes);
    add(bytes.subarray(0, end));
    rest = bytes.slice(end);
  }
  add(rest);
  return text.replace(/^\ufeff/, "");
}

/** How many bytes at the end begin a letter that goes on behind them. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= 3; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return length > back ? back : 0;
  }
  return 0;
}

/** The error that meets bytes that are no UTF-8; `replaced` is their text with the usual replacement for what is none. */
export function notUtf8(where: string, replaced: string, cause: unknown): LocalFlowError {
  const at = Math.max(0, replaced.indexOf(replacement));
  const near = replaced.slice(Math.max(0, at - reach), at + reach);
  return failure(
    "data",
    {
      where,
      expected: utf8Expected,
      received: `other bytes in ${JSON.stringify(near.trim())}`,
      remedy: unpackingOf(replaced) ?? "convert the file first, such as: iconv -f latin1 -t utf-8 FILE > NEWFILE",
    },
    cause,
  );
}

/** Whether an error is `notUtf8`'s. */
export function isNotUtf8({ problem }: LocalFlowError): boolean {
  return problem.expected === utf8Expected;
}

const utf8Expected = "UTF-8 text";
const replacement = "\ufffd";
/** Characters shown before and after. */
const reach = 20;

/** How many of the first bytes are the mark that UTF-8 may begin with. */
export function markLength(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}
