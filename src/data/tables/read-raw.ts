// read-raw (Node only): what an experiment learns from, read from the raw files in a folder.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { failure } from "../../errors.ts";
import { type FloatArray, floats, type NDArray, rowsOf } from "../../tensor/array.ts";
import { withFileBytes } from "../file-bytes.ts";
import { explained, readTable } from "../files.ts";
import { openHdf5Rows } from "../hdf5/rows.ts";
import { openNpy } from "../npy.ts";
import { withFileSource } from "../pickle/file.ts";
import { frameColumns } from "../pickle/pandas-columns.ts";
import { pictureDensity } from "../picture.ts";
import { logDensities } from "../plane-shapes.ts";
import { decodeGrayPng } from "../png.ts";
import type { StoredRows } from "../stored-rows.ts";
import { bsds300Table } from "./bsds300.ts";
import { gasTable } from "./gas.ts";
import { minibooneTable } from "./miniboone.ts";
import { picturePoints } from "./picture-points.ts";
import { powerTable } from "./power.ts";
import { howToGet, type LiteratureTable, rawFiles } from "./raw-files.ts";
import { type SmallTableName, smallTable, smallTables } from "./small-tables.ts";
import type { DensityTable } from "./table.ts";

/** Rows in three parts, and the log-density of their law where it is known. */
export interface ExperimentRows {
  readonly table: DensityTable;
  readonly truth?: (rows: FloatArray) => Float64Array;
}

/** A picture that the authors draw points from. */
export type PictureName = "tree" | "rose";

/** How many points to draw from a picture; validation points come on top of the training points. */
export interface Drawing {
  readonly seed: number;
  readonly train: number;
  readonly test: number;
}

/** Share of the drawn training points by which alternatives are chosen. */
const validationShare = 0.05;
/** Orders and noises of the small tables follow from it. */
const smallTableSeed = 1;

/** One of the literature's tables, from its raw file below `folder`. Throws "file" with where to get it. */
export async function readLiteratureTable(name: LiteratureTable, folder: string): Promise<DensityTable> {
  const raw = rawFiles[name];
  const path = join(folder, raw.path);
  await needed(path, howToGet(raw, folder));
  switch (name) {
    case "power":
      return powerTable(await readNpyRows(path));
    case "miniboone":
      return minibooneTable(await readNpyRows(path));
    case "gas":
      return gasTable(await readFrame(path));
    case "bsds300":
      return bsds300Table({
        train: await readHdf5Rows(path, "train"),
        validation: await readHdf5Rows(path, "validation"),
        test: await readHdf5Rows(path, "test"),
      });
  }
}

/** A small table from its CSV in `folder`. */
export async function readSmallTable(name: SmallTableName, folder: string): Promise<DensityTable> {
  const { file, origin, steps } = smallTables[name];
  const path = join(folder, file);
  await needed(path, `write the table ${origin} there as CSV with a header`);
  return smallTable(name, await readTable(path, { columns: Object.keys(steps) }), smallTableSeed);
}

/**
 * Points of a picture as the authors draw them, and their true log-density: training points first, then the test points,
 * then ours for validation, which leave the others as they are.
 */
export async function readPictureTable(
  name: PictureName,
  folder: string,
  { seed, train, test }: Drawing,
): Promise<ExperimentRows> {
  const path = join(folder, `img_${name}.png`);
  await needed(path, `take data/img_${name}.png of github.com/hamrel-cxu/LocalFlowMatching`);
  const picture = decodeGrayPng(await explained(path, () => readFile(path)), path);
  const validation = Math.max(500, Math.round(validationShare * train));
  const points = picturePoints(picture, seed, train + test);
  const more = picturePoints(picture, seed + 1, validation);
  const law = pictureDensity(name, picture);
  return {
    table: {
      name,
      columns: ["x", "y"],
      train: rowsOf(points, 0, train),
      test: rowsOf(points, train, train + test),
      validation: more,
      notes: [`Points drawn from the picture as the authors' code draws them, seed ${seed}; no scaling.`],
    },
    truth: (points) => logDensities(law, points),
  };
}

async function needed(path: string, remedy: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isDirectory())
    throw failure("file", {
      where: path,
      expected: "the raw file of the experiment",
      received: "no such file",
      remedy,
    });
}

/** A whole array in double precision. */
function readNpyRows(path: string): Promise<NDArray<"float64">> {
  return explained(path, () =>
    withFileBytes(path, async (bytes) => {
      const stored = await openNpy(bytes, path);
      const values = new Float64Array(stored.rows * stored.columns);
      await eachSlice(stored, (slice, at) => values.set(slice, at));
      return { type: "float64", shape: [stored.rows, stored.columns], data: values };
    }),
  );
}

function readHdf5Rows(path: string, name: string): Promise<FloatArray> {
  return explained(path, () =>
    withFileBytes(path, async (bytes) => {
      const stored = await openHdf5Rows(bytes, path, name);
      const values = new Float32Array(stored.rows * stored.columns);
      await eachSlice(stored, (slice, at) => values.set(slice, at));
      return floats(values, [stored.rows, stored.columns]);
    }),
  );
}

async function eachSlice(
  { rows, columns, band, read }: StoredRows,
  take: (slice: ArrayLike<number>, at: number) => void,
): Promise<void> {
  for (let from = 0; from < rows; from += band) take(await read(from, Math.min(from + band, rows)), from * columns);
}

async function readFrame(path: string) {
  const { size } = await explained(path, () => stat(path));
  return withFileSource(path, size, (source) => frameColumns(source, path));
}
