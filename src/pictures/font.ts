// font: a small stroke font of our own for pictures in pixels, and the widths of texts for the layout.

/** Drawn lines of a glyph in ems, y up from the baseline, and how far the next glyph starts. */
export interface Glyph {
  readonly strokes: readonly Float64Array[];
  readonly advance: number;
}

/**
 * Each stroke is a row of points, two base-36 digits each: x from 0, y from 2 (descenders) over 8 (baseline), 23 (x height) to
 * 28 (capitals). `~` before a point rounds the corner there, `z` closes the stroke.
 */
const strokes: Readonly<Record<string, string>> = {
  "0": "~08~0s~cs~c8z",
  "1": "2o7s78",
  "2": "0n~0s~cs~ci08c8",
  "3": "0o~0s~bs~bj5j 5j~cj~c8~080c",
  "4": "989s0ece",
  "5": "bs1s0i~3k~ck~c8~080c",
  "6": "as~0p~08~c8~ck~0k0e",
  "7": "0scs48",
  "8": "~1i~1s~bs~biz ~08~0i~ci~c8z",
  "9": "28~cb~cs~0s~0g~cgcm",
  A: "087se8 2ece",
  B: "080s5s~bs~bi5i0i 5i~ci~c85808",
  C: "dn~ds~0s~08~d8dd",
  D: "080s5s~ds~d85808",
  E: "cs0s08c8 0iai",
  F: "cs0s08 0iai",
  G: "dn~ds~0s~08~d8dh8h",
  H: "080s d8ds 0idi",
  I: "080s",
  J: "as~a8~080d",
  K: "080s cs0f 4jd8",
  L: "0s08b8",
  M: "080s8agsg8",
  N: "080sd8ds",
  O: "~08~0s~fs~f8z",
  P: "080s6s~cs~ch6h0h",
  Q: "~08~0s~fs~f8z 9dg6",
  R: "080s6s~cs~ch6h0h 6hd8",
  S: "cn~cs~0s~0j~ch~c8~080d",
  T: "0ses 7s78",
  U: "0s~08~d8ds",
  V: "0s78es",
  W: "0s58asf8ks",
  X: "0sd8 08ds",
  Y: "0s7ies 7i78",
  Z: "0scs08c8",
  a: "1j~1n~bnbhb8 bg5g~0g~08~b8bd",
  b: "0s08 ~08~0n~cn~c8z",
  c: "bj~bn~0n~08~b8bc",
  d: "csc8 ~08~0n~cn~c8z",
  e: "0gcg~cn~0n~08~c8cb",
  f: "8s~3s3m38 0n8n",
  g: "~08~0n~cn~c8z cncc~c2~1214",
  h: "0s08 0h~0n~cnc8",
  i: "0n08 0r0s",
  j: "3n3a~3202 3r3s",
  k: "0s08 bn0d 4hb8",
  l: "0s0c~0838",
  m: "0n08 0h~0n~9n98 9h~9n~ini8",
  n: "0n08 0h~0n~cnc8",
  o: "~08~0n~cn~c8z",
  p: "0n02 ~08~0n~cn~c8z",
  q: "cnc2 ~08~0n~cn~c8z",
  r: "0n08 0g~0n7n",
  s: "ak~an~0n~0g~bf~b8~080b",
  t: "3r3c~3888 0n8n",
  u: "0n~08~c8ce cnc8",
  v: "0n68cn",
  w: "0n488nc8gn",
  x: "0nb8 08bn",
  y: "0n68 cn42",
  z: "0nbn08b8",
  ".": "0809",
  ",": "1905",
  ":": "0809 0k0l",
  ";": "1905 1k1l",
  "!": "0s0e 0809",
  "?": "0o~0s~as~aj5f5d 5859",
  "'": "0s0n",
  '"': "0s0n 4s4n",
  "(": "4t~0p~0945",
  ")": "0t~4p~4905",
  "[": "4t0t0545",
  "]": "0t4t4505",
  "{": "6t~3t~3h0h 0h~3h~3565",
  "}": "0t~3t~3h6h 6h~3h~3505",
  "/": "05at",
  "\\": "0ta5",
  "|": "0t05",
  "-": "0g8g",
  "−": "0gcg",
  "+": "0gcg 6m6a",
  "=": "0jcj 0dcd",
  _: "04c4",
  "~": "0f~0j~5j~7d~cdch",
  "*": "5s5k 1q9m 9q1m",
  "^": "0l5sal",
  "`": "0s3o",
  "<": "bm0gba",
  ">": "0mbg0a",
  "#": "4s28 as88 0lcl 0fcf",
  "%": "~0j~0s~5s~5jz ~a8~ah~fh~f8z 18es",
  "&": "d8~1n~1s~8s~8n~0d~08~a8dg",
  "@": "~4d~4m~cm~cdz cmcf~cc~hc~hs~0s~06e6",
  $: "cn~cs~0s~0j~ch~c8~080d 6u66",
  "±": "0kck 6q6e 08c8",
  "×": "1lbb 1bbl",
  "·": "0g0h",
  "→": "0gig cmigca",
  "…": "0809 6869 c8c9",
};

/** Stands for every character the font lacks. */
const unknown = "080sasa8z";

const unitsPerEm = 28;
const spacing = 5;
const digitWidth = 12;
const spaceAdvance = 8;

const glyphs = new Map<string, Glyph>();

/** The glyph of one character. Accents are left off; what the font lacks is a box. */
export function glyphOf(character: string): Glyph {
  const known = glyphs.get(character);
  if (known !== undefined) return known;
  const glyph = parseGlyph(character);
  if (glyphs.size < 1000) glyphs.set(character, glyph);
  return glyph;
}

/** The characters of a text as the font writes them: composed letters lose their accents. */
export function charactersOf(text: string): readonly string[] {
  return [...text.normalize("NFKD").replace(/\p{M}/gu, "")];
}

/** Width of a text in pixels at a size in pixels per em. */
export function textWidth(text: string, size: number): number {
  const characters = charactersOf(text);
  const total = characters.reduce((sum, character) => sum + glyphOf(character).advance, 0);
  return Math.max(0, total - (characters.length > 0 ? spacing / unitsPerEm : 0)) * size;
}

/** The text, cut with an ellipsis where it is wider than `room` pixels. */
export function fittingText(text: string, size: number, room: number): string {
  if (textWidth(text, size) <= room) return text;
  const characters = [...text];
  while (characters.length > 1 && textWidth(`${characters.join("")}…`, size) > room) characters.pop();
  return `${characters.join("").trimEnd()}…`;
}

function parseGlyph(character: string): Glyph {
  if (/^\s$/.test(character)) return { strokes: [], advance: spaceAdvance / unitsPerEm };
  const source = Object.hasOwn(strokes, character) ? (strokes[character] ?? unknown) : unknown;
  const drawn = source.split(" ").map(parseStroke);
  const reach = Math.max(...drawn.flatMap(({ controls }) => controls.map(({ x }) => x)));
  const width = /^\d$/.test(character) ? digitWidth : reach;
  return { strokes: drawn.map(flatten), advance: (width + spacing) / unitsPerEm };
}

interface Control {
  readonly x: number;
  readonly y: number;
  readonly isRound: boolean;
}

interface Stroke {
  readonly controls: readonly Control[];
  readonly isClosed: boolean;
}

function parseStroke(source: string): Stroke {
  const isClosed = source.endsWith("z");
  const body = isClosed ? source.slice(0, -1) : source;
  const controls = [...body.matchAll(/(~?)(\w)(\w)/g)].map(([, round, x = "0", y = "8"]) => ({
    x: Number.parseInt(x, 36),
    y: Number.parseInt(y, 36) - 8,
    isRound: round === "~",
  }));
  return { controls, isClosed };
}

const curvePieces = 8;

/** Round corners become parabolas from the middle of one side to the middle of the next. */
function flatten({ controls, isClosed }: Stroke): Float64Array {
  const points: number[] = [];
  const at = (k: number) => controls[(k + controls.length) % controls.length]!;
  for (let k = 0; k < controls.length; k++) {
    const here = at(k);
    if (!here.isRound) {
      points.push(here.x, here.y);
      continue;
    }
    const [before, after] = [at(k - 1), at(k + 1)];
    for (let piece = 0; piece <= curvePieces; piece++) {
      const t = piece / curvePieces;
      const [a, b, c] = [(1 - t) ** 2 / 2, 0.5 + t * (1 - t), t ** 2 / 2];
      points.push(a * before.x + b * here.x + c * after.x, a * before.y + b * here.y + c * after.y);
    }
  }
  if (isClosed) points.push(points[0]!, points[1]!);
  return Float64Array.from(points, (value) => value / unitsPerEm);
}
