// consistency: maps that learn from themselves: neighbouring points of the teacher's way are to reach the same end.
import { invariant } from "../../errors.ts";
import type { NetworkTensors } from "../../nn/network.ts";
import { fillBelow, random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { add, multiply, subtract } from "../../tensor/arithmetic.ts";
import { zeros } from "../../tensor/array.ts";
import { mean, square } from "../../tensor/functions.ts";
import { placeholder, type Tensor } from "../../tensor/tensor.ts";
import { leafList, mapTree } from "../../tensor/tree.ts";
import { gatherRows } from "../../train/row-pool.ts";
import { mapVelocity, type StudentMap, startingMap } from "./maps.ts";
import type { Pool } from "./pool.ts";
import { finer, type StagedTraining } from "./progressive.ts";
import { isWithin, type Segment } from "./segments.ts";
import { fitMaps, type MapProblem, type MapTraining, type TrainedMaps } from "./train-maps.ts";
import type { TrainedStudent } from "./train-student.ts";

/** How often every piece is cut in two for the points along it. */
const halvings = 3;
/** Of the target network, which is the result too. */
const targetDecay = 0.95;

/** The pieces between neighbouring points: those of every map, cut in two three times, pieces of several blocks first into these. */
export function neighbours(segments: readonly Segment[]): readonly Segment[] {
  let pieces = segments;
  for (let n = 0; n < halvings; n++) pieces = pieces.flatMap(finer);
  return pieces;
}

/**
 * Every map by consistency distillation (Song, Dhariwal, Chen and Sutskever, "Consistency Models", 2023, algorithm 2), with
 * places of the teacher's own way in place of one step of a solver; `pieces` are `neighbours(segments)`, whose ends the pool has.
 * Maps are not trained in a row, which would be the regression again.
 */
export async function trainConsistent(
  engine: Engine,
  segments: readonly Segment[],
  pieces: readonly Segment[],
  pool: Pool,
  training: StagedTraining,
): Promise<TrainedStudent> {
  const { chain, distances, request, started, poolShare, iterations, isTold, ...rest } = training;
  const { hidden, onProgress, onStage, seed, signal, time } = request;
  const key = split(random(seed), "distill");
  onStage?.(`training ${segments.length} networks to be consistent`);
  const maps: StudentMap[] = [];
  const counts: number[] = [];
  for (const [k, segment] of segments.entries()) {
    const start = startingMap(chain, segment, distances, split(key, "weights", k), hidden, isTold);
    const left = time === undefined ? undefined : Math.max(0, time - (performance.now() - started) / 1000);
    const trained = await trainMap(engine, start, wayOf(segment, pieces, pool), {
      ...rest,
      iterations,
      random: split(key, "batches", k),
      window: chain.blocks[0]?.timeWindow?.length ?? 1,
      ...(signal && { signal }),
      ...(left !== undefined && { time: left / (segments.length - k) }),
      onIteration: (iteration, loss) => {
        const spent = time === undefined ? 0 : (performance.now() - started) / 1000 / time;
        const fraction = poolShare + ((1 - poolShare) * (k + iteration / iterations)) / segments.length;
        const shown = Math.min(1, Math.max(spent, fraction));
        onProgress?.({ stage: "train", block: k + 1, blocks: segments.length, iteration, loss, fraction: shown });
      },
    });
    maps.push(...trained.maps);
    counts.push(trained.iterations);
  }
  return { separate: maps, together: maps, iterations: counts, fineTuning: 0 };
}

/** Points along a map's piece, from its noise side on, and how much of the piece is left at each: 1 … 0. */
interface Way {
  readonly points: Pool;
  readonly left: readonly number[];
}

function wayOf(segment: Segment, pieces: readonly Segment[], pool: Pool): Way {
  const first = pieces.findIndex((piece) => isWithin(piece, segment));
  const inside = pieces.filter((piece) => isWithin(piece, segment));
  const length = segment.from - segment.to;
  return {
    points: pool.slice(first, first + inside.length + 1),
    left: [1, ...inside.map(({ to }) => (to - segment.to) / length)],
  };
}

interface ConsistentTraining extends MapTraining {
  /** Of a block, in the time that its network is told. */
  readonly window: number;
}

/** A point of each row with the time and the length that the network is told there, [rows, 1] each. */
interface Places<T> {
  readonly x: T;
  readonly clock: T;
  readonly scale: T;
}

/**
 * x + scale(u) · net(x, clock(u)) where the share u of the piece is left: the map itself at 1, the identity at 0, so that the end of
 * the way needs no condition of its own; in between as a map of the rest would start.
 */
function mapOfRest(
  map: StudentMap,
  parameters: NetworkTensors,
  { x, clock, scale }: Places<Tensor>,
  shares: Tensor | undefined,
): Tensor {
  return add(x, multiply(scale, mapVelocity(map, parameters, shares)(x, clock)));
}

function trainMap(engine: Engine, map: StudentMap, way: Way, training: ConsistentTraining): Promise<TrainedMaps> {
  const { dimension: d, window, random: key, contexts } = training;
  const rows = (way.points[0]?.length ?? 0) / d;
  const size = Math.min(training.batchSize, rows);
  const blank = (): Places<Tensor> => ({
    x: placeholder(["rows", d]),
    clock: placeholder(["rows", 1]),
    scale: placeholder(["rows", 1]),
  });
  const target = mapTree(map.parameters, (array: { readonly shape: readonly number[] }) => placeholder(array.shape));
  const width = (contexts?.length ?? 0) / rows;
  const told = contexts ? [{ all: contexts, batch: zeros([size, width]), tensor: placeholder(["rows", width]) }] : [];
  const batch = {
    here: blank(),
    next: blank(),
    told: told.map(({ tensor }) => tensor),
    target: leafList<Tensor>(target),
  };
  const problem: MapProblem<typeof batch> = {
    maps: [map],
    batch,
    decay: targetDecay,
    loss: ([parameters]) => {
      invariant(parameters !== undefined, "one map is trained");
      const [shares] = batch.told;
      const reached = mapOfRest(map, parameters, batch.here, shares);
      return mean(square(subtract(reached, mapOfRest(map, target as NetworkTensors, batch.next, shares))));
    },
    next: (iteration, chosen, average) => {
      const places = new Uint32Array(size);
      fillBelow(split(key, "places", iteration), places, way.points.length - 1);
      for (const { all, batch } of told) gatherRows(all, width, chosen, batch.data);
      return {
        here: placesOf(map, way, { window, d, chosen, places, offset: 0 }),
        next: placesOf(map, way, { window, d, chosen, places, offset: 1 }),
        told: told.map(({ batch }) => batch),
        target: average(),
      };
    },
  };
  return fitMaps(engine, problem, rows, training);
}

interface Choice {
  readonly window: number;
  readonly d: number;
  /** Rows of the pool, and of each the number of its point. */
  readonly chosen: Uint32Array;
  readonly places: Uint32Array;
  /** 1 for the neighbour of that point nearer to the end. */
  readonly offset: 0 | 1;
}

function placesOf({ clock, scale }: StudentMap, { points, left }: Way, { window, d, chosen, places, offset }: Choice) {
  const size = chosen.length;
  const result = { x: zeros([size, d]), clock: zeros([size, 1]), scale: zeros([size, 1]) };
  const end = clock - (window * Math.abs(scale)) / 2;
  for (let row = 0; row < size; row++) {
    const place = (places[row] ?? 0) + offset;
    const from = (chosen[row] ?? 0) * d;
    result.x.data.set(points[place]?.subarray(from, from + d) ?? [], row * d);
    result.clock.data[row] = end + (left[place] ?? 0) * (clock - end);
    result.scale.data[row] = (left[place] ?? 0) * scale;
  }
  return result;
}
