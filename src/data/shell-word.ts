// shell-word: text that may come from data (names, levels, paths) as one word of a command line that is proposed.

/** What no POSIX shell reads as anything but itself. */
const plain = /^[\p{L}\p{N}_@%+:,./-]+$/u;

/** The text as one word of a POSIX shell: as it is where that does, else in single quotes, in which nothing has a meaning but their end. */
export function shellWord(text: string): string {
  return plain.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
