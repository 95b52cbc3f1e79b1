// sources (Node only): what a command may call data: a file, standard input, a built-in density, the dark pixels of a
// picture.
import { readFile, stat } from "node:fs/promises";
import { failure } from "../errors.ts";
import { random, split } from "../random.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import { type ColumnOptions, chooseColumns, chooseUnnamed, didYouMean, listNames, shorten } from "./columns.ts";
import { densities } from "./densities.ts";
import { endingOf, explained, fileOf, readTable } from "./files.ts";
import { checkMemory, type NumericTable } from "./numeric-table.ts";
import { logDensities, type PlaneDensity } from "./plane-shapes.ts";

export interface SourceOptions extends ColumnOptions {
  /** How many points to draw from a density; default 100 000. Only densities take it. */
  readonly rows?: number;
  readonly seed: number;
  /** What the points are for: points for different purposes are independent. Default "fit". */
  readonly purpose?: string;
  /** Most bytes the table, and what is needed to read it, may take. */
  readonly memory?: number;
}

export interface Source extends NumericTable {
  /** The source in a few words. */
  readonly description: string;
  /** Whether the rows were drawn at random, with the seed. */
  readonly drawn: boolean;
  /** Log-density (nats) of the law the rows were drawn from at rows [n, 2]; absent when it is unknown. */
  readonly trueLogDensity?: (rows: FloatArray) => Float64Array;
}

export const defaultRows = 100_000;
const imagePrefix = "image:";
const planeColumns = ["x", "y"];
/** A larger PNG than this has more than the pixels we take. */
const largestImage = 2 ** 27;

/** The file that is read for `spec`: of `image:FILE.png` the picture, of `file.npz:name` the archive. */
export function sourceFile(spec: string): string {
  return spec.startsWith(imagePrefix) ? spec.slice(imagePrefix.length) : fileOf(spec);
}

/** Whether `spec` stands for a density to draw from, not for a file of rows. */
export function isDensity(spec: string): boolean {
  return Object.hasOwn(densities, spec) || spec.startsWith(imagePrefix);
}

/**
 * Reads or draws the rows that `spec` stands for: a built-in density's name, `image:FILE.png`, `-`, or a file as
 * `readTable` takes it. Row i drawn depends on the seed, the purpose and i alone. Throws `option`, `file` and `data`
 * errors.
 */
export async function readSource(spec: string, options: SourceOptions): Promise<Source> {
  const { rows, seed, purpose = "fit", memory, ...choice } = options;
  if (!isDensity(spec)) {
    if (rows !== undefined)
      throw failure("option", {
        where: "--rows",
        expected: "a built-in density to draw rows from",
        received: `the file ${shorten(spec)}`,
        remedy: "leave out --rows",
      });
    await checkFile(spec);
    return { ...(await readTable(spec, options)), description: spec, drawn: false };
  }
  const density = await densityOf(spec);
  return drawnSource(density, {
    count: rows ?? defaultRows,
    seed,
    purpose,
    choice,
    ...(memory !== undefined && { memory }),
  });
}

/** The density that `spec`, for which `isDensity` holds, stands for. */
export async function densityOf(spec: string): Promise<PlaneDensity> {
  const builtIn = Object.hasOwn(densities, spec) ? densities[spec] : undefined;
  if (builtIn !== undefined) return builtIn;
  const path = spec.slice(imagePrefix.length);
  const bytes = await explained(path, async () => {
    const found = await stat(path);
    if (!found.isFile() || found.size > largestImage)
      throw failure("file", {
        where: path,
        expected: `a PNG file of at most ${largestImage} bytes`,
        received: found.isFile() ? String(found.size) : "no file",
      });
    return readFile(path);
  });
  const [{ decodeGrayPng }, { pictureDensity }] = await Promise.all([import("./png.ts"), import("./picture.ts")]);
  return pictureDensity(spec, decodeGrayPng(bytes, path));
}

interface Drawing {
  readonly count: number;
  readonly seed: number;
  readonly purpose: string;
  readonly choice: ColumnOptions;
  readonly memory?: number;
}

function drawnSource(density: PlaneDensity, { count, seed, purpose, choice, memory }: Drawing): Source {
  if (!Number.isSafeInteger(count) || count < 1)
    throw failure("option", { where: "--rows", expected: "a whole number of at least 1", received: String(count) });
  const { columns, places, ignored } = choice.inOrder
    ? chooseUnnamed(planeColumns.length, choice, density.name)
    : chooseColumns(planeColumns, choice.columns, density.name);
  checkMemory(8 * count, "", density.name, memory);
  const points = density.sample(split(random(seed), "source", purpose), count);
  const isPlane = places.length === 2 && places[0] === 0;
  const width = places.length;
  const data = isPlane
    ? points
    : Float32Array.from({ length: count * width }, (_, i) => points[2 * Math.floor(i / width) + places[i % width]!]!);
  return {
    columns,
    rows: floats(data, [count, width]),
    ignored,
    description: `${count} points of ${density.name}`,
    drawn: true,
    ...(isPlane && { trueLogDensity: (rows: FloatArray) => logDensities(density, rows) }),
  };
}

/** A name without an ending that is no file was meant for a density. */
async function checkFile(spec: string): Promise<void> {
  if (spec === "-" || endingOf(spec) !== "" || /[/\\]/.test(spec)) return;
  if ((await stat(spec).catch(() => undefined)) !== undefined) return;
  const names = Object.keys(densities);
  throw failure("file", {
    where: shorten(spec),
    expected: `a file or a built-in density (${listNames(names)})`,
    received: "neither",
    ...didYouMean(spec, names),
  });
}
