// packed: files that are packed as a whole, which no reader of tables or models unpacks: how they begin, and what to do about them.

interface Packing {
  readonly ending: string;
  /** How such a file begins, as text with the usual replacement for what is no UTF-8, and what stands later, at which character. */
  readonly start: string;
  readonly later?: readonly [string, number];
  readonly is: string;
  /** Of a file that is called by its ending, and of any other. */
  readonly named: string;
  readonly anyName: string;
}

const packings: readonly Packing[] = [
  {
    ending: ".gz",
    start: "\u001f\ufffd",
    is: "gzipped",
    named: "gunzip --keep FILE",
    anyName: "gunzip < FILE > NEWFILE",
  },
  {
    ending: ".zip",
    start: "PK\u0003\u0004",
    is: "a zip archive",
    named: "unzip FILE",
    anyName: "unzip -p FILE > NEWFILE",
  },
  {
    ending: ".bz2",
    start: "BZh",
    later: ["1AY&SY", 4],
    is: "packed by bzip2",
    named: "bunzip2 --keep FILE",
    anyName: "bunzip2 < FILE > NEWFILE",
  },
];

/** Bytes by which a packed file is known. */
export const packedStart = 16;

/** How to unpack a file that begins with this text; undefined for one that is not packed. */
export function unpackingOf(text: string): string | undefined {
  const found = packings.find(({ start, later = ["", 0] }) => text.startsWith(start) && text.startsWith(...later));
  return found && `the file is ${found.is}: unpack it first, such as: ${found.anyName}`;
}

/** How to unpack a file whose name ends like this. */
export function unpackingByEnding(ending: string): string | undefined {
  const found = packings.find((packing) => packing.ending === ending);
  return found && `unpack it first: ${found.named}`;
}
