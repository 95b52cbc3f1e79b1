// pictures: computes what the pictures of a density model show, and hands it to the figures.
import { failure } from "../errors.ts";
import { chosenRows } from "../measure/points.ts";
import { type DensityGrid, densityFigure } from "../pictures/density-map.ts";
import { columnOf, type Figure, middleRange, type Range } from "../pictures/figure.ts";
import { blocksFigure, trajectoriesFigure } from "../pictures/journey.ts";
import type { PictureKind } from "../pictures/kinds.ts";
import { type ComparisonInput, mostPairColumns, pairsFigure, samplesFigure } from "../pictures/samples.ts";
import { type LossHistory, lossFigure } from "../pictures/training.ts";
import { random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import { allPoints } from "./all-points.ts";
import { sampleDensity, scoreDensity } from "./density.ts";
import type { DensityModel } from "./density-model.ts";
import { blockStages, chosenColumns, pathsOf } from "./picture-flow.ts";
import { type Controls, controlsOf } from "./progress.ts";

export interface PictureRequest extends Controls {
  readonly kind: PictureKind;
  /** Rows [n, d] in the user's units; blocks and trajectories need them. */
  readonly data?: FloatArray;
  /** Samples [m, d] in the user's units; without them they are drawn. */
  readonly samples?: FloatArray;
  /** The columns to show; default: all the model has, up to what the kind can show. */
  readonly columns?: readonly string[];
  /** Points shown of each kind; the data is thinned out at random. Defaults: 5000, in trajectories 200. */
  readonly points?: number;
  /** Cells of a density's grid along each axis; default 128. */
  readonly resolution?: number;
  /** Default 0. */
  readonly seed?: number;
}

/**
 * The figure of one kind, to be written by `toSvg` or `toPng`. Throws "option" when the model or the data does not suit
 * the kind, "data" for rows of another width, "interrupted" when the signal fires.
 */
export async function picture(engine: Engine, model: DensityModel, request: PictureRequest): Promise<Figure> {
  if (request.kind === "loss") return lossPicture(model);
  const shown = shownColumns(model, request);
  const { data, samples, seed = 0 } = request;
  const controls = controlsOf(request);
  for (const table of [data, samples])
    if (table && table.shape[1] !== model.chain.dimension)
      throw failure("data", {
        where: "rows",
        expected: `${model.chain.dimension} columns`,
        received: String(table.shape[1]),
      });
  switch (request.kind) {
    case "samples":
      return samplesFigure(await comparison(engine, model, shown, request));
    case "pairs":
      return pairsFigure(await comparison(engine, model, shown, request));
    case "blocks": {
      const rows = thinned(needed(data, request.kind), request.points ?? defaults.points, seed);
      return blocksFigure(await blockStages(engine, model, rows, shown, { ...controls, seed }));
    }
    case "trajectories": {
      const rows = thinned(needed(data, request.kind), request.points ?? defaults.paths, seed);
      return trajectoriesFigure(await pathsOf(engine, model, rows, shown, controls));
    }
    case "density":
      return densityMap(engine, model, request);
  }
}

/** The losses that stand in the model's record. */
function lossPicture(model: DensityModel): Figure {
  const histories = lossHistories(model);
  if (histories.length > 0) return lossFigure(histories);
  throw failure("option", {
    where: "picture loss",
    expected: "a model whose training is on record",
    received: "one without losses",
    remedy: "fit it anew: models of earlier releases keep no losses",
  });
}

/** How the loss of each network of a model fell; empty for models that have no record of it. */
export function lossHistories({ record }: DensityModel): readonly LossHistory[] {
  const name = record.configuration.training.shareWeights && { name: "all blocks" };
  return record.training.blocks.flatMap(({ curve }, n) =>
    curve && curve.iterations.length > 0 ? [{ block: n + 1, ...curve, ...name }] : [],
  );
}

function needed(data: FloatArray | undefined, kind: PictureKind): FloatArray {
  if (data) return data;
  const remedy = "give the data the model was fitted to, or rows like it";
  throw failure("option", { where: `picture ${kind}`, expected: "DATA beside the model", received: "none", remedy });
}

/** Places of the columns to show. */
function shownColumns(
  { record: { columns } }: DensityModel,
  { kind, columns: wanted }: PictureRequest,
): readonly number[] {
  const names = wanted ?? (kind === "pairs" ? columns.slice(0, mostPairColumns) : columns);
  const places = names.map((name) => columns.indexOf(name));
  const missing = places.indexOf(-1);
  if (missing >= 0) {
    const expected = `columns of the model (${columns.slice(0, 8).join(", ")}${columns.length > 8 ? ", …" : ""})`;
    throw failure("option", { where: "columns", expected, received: JSON.stringify(names[missing]) });
  }
  if (kind === "density" && columns.length !== 2)
    throw failure("option", {
      where: "picture density",
      expected: "a model of 2 columns",
      received: String(columns.length),
      remedy: "try --kind pairs",
    });
  if (kind === "pairs" && (places.length < 1 || places.length > mostPairColumns))
    throw failure("option", {
      where: "picture pairs",
      expected: `1 to ${mostPairColumns} columns`,
      received: String(places.length),
    });
  if (kind !== "pairs" && places.length !== 2)
    throw failure("option", {
      where: `picture ${kind}`,
      expected: "2 columns",
      received: String(places.length),
      remedy: columns.length > 2 ? "choose two with --columns a,b, or try --kind pairs" : "try --kind pairs",
    });
  return places;
}

const defaults = { points: 5000, paths: 200, resolution: 128 } as const;

/** Some rows of the data, drawn without replacement; all of them, in order, when they are no more than asked for. */
function thinned(data: FloatArray, count: number, seed: number): FloatArray {
  if ((data.shape[0] ?? 0) <= count) return data;
  return chosenRows(data, count, split(random(seed), "picture", "rows"));
}

async function comparison(
  engine: Engine,
  model: DensityModel,
  places: readonly number[],
  { data, samples, points = defaults.points, seed = 0, ...request }: PictureRequest,
): Promise<ComparisonInput> {
  const { columns } = model.record;
  const controls = controlsOf(request);
  const drawn = samples ? thinned(samples, points, seed).data : await samplesOf(engine, model, points, seed, controls);
  const table = (values: Float32Array) => ({
    columns: places.map((place) => columns[place]!),
    values: chosenColumns(values, columns.length, places),
  });
  return { ...(data && { data: table(thinned(data, points, seed).data) }), samples: table(drawn) };
}

async function samplesOf(
  engine: Engine,
  model: DensityModel,
  rows: number,
  seed: number,
  controls: Controls,
): Promise<Float32Array> {
  const drawn = sampleDensity(engine, model, { rows, seed, ...controls });
  return (await allPoints(drawn, [rows, model.chain.dimension])).points.data;
}

async function densityMap(engine: Engine, model: DensityModel, request: PictureRequest): Promise<Figure> {
  const { data, seed = 0, points = 500, resolution = defaults.resolution } = request;
  const [x = "x", y = "y"] = model.record.columns;
  const controls = controlsOf(request);
  const rows = data ? data.data : await samplesOf(engine, model, 2000, seed, controls);
  const [across, up] = [0, 1].map((column) => widened(middleRange(columnOf(rows, 2, column))));
  const grid = await densityGrid(engine, model, { x: across!, y: up! }, resolution, controls);
  return densityFigure({ axes: [x, y], grid, ...(data && { points: thinned(data, points, seed).data }) });
}

function widened([low, high]: Range): Range {
  const room = 0.1 * (high - low);
  return [low - room, high + room];
}

/** log p at the middles of `resolution` x `resolution` cells. Throws code `option` for fewer than 2 or more than 2000. */
export async function densityGrid(
  engine: Engine,
  model: DensityModel,
  { x, y }: { readonly x: Range; readonly y: Range },
  resolution: number,
  controls: Controls = {},
): Promise<DensityGrid> {
  if (!(Number.isInteger(resolution) && resolution >= 2 && resolution <= 2000))
    throw failure("option", {
      where: "resolution",
      expected: "a whole number from 2 to 2000",
      received: String(resolution),
    });
  const middle = ([low, high]: Range, cell: number) => low + ((high - low) * (cell + 0.5)) / resolution;
  const places = new Float32Array(2 * resolution * resolution);
  for (let cell = 0; cell < resolution * resolution; cell++) {
    places[2 * cell] = middle(x, cell % resolution);
    places[2 * cell + 1] = middle(y, Math.floor(cell / resolution));
  }
  const logDensity = new Float64Array(resolution * resolution);
  let filled = 0;
  for await (const chunk of scoreDensity(engine, model, floats(places, [resolution * resolution, 2]), controls)) {
    logDensity.set(chunk.logDensity, filled);
    filled += chunk.logDensity.length;
  }
  return { x, y, columns: resolution, rows: resolution, logDensity };
}
