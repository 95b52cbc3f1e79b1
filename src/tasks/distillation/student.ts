// student: a sampler of few network evaluations, distilled from a model; it has no density.
import { levelsPerImage, type PixelShape } from "../../data/images/image-set.ts";
import { contextsOf, contextWidth, dimensionStates, keepFree } from "../../flow/masked.ts";
import { type NetworkArrays, networkContext } from "../../nn/network.ts";
import { fillNormal, random, split } from "../../random.ts";
import { compile } from "../../runtime/compile.ts";
import type { Engine } from "../../runtime/contract.ts";
import { paddedRows, paddedSlice } from "../../runtime/equation.ts";
import { checkSignal, turns } from "../../runtime/pause.ts";
import { type FloatArray, floats } from "../../tensor/array.ts";
import { constant, placeholder, type Tensor } from "../../tensor/tensor.ts";
import { mapTree } from "../../tensor/tree.ts";
import { rowsPerChunk } from "../../train/chain.ts";
import type { OpenSampler } from "../curve-samplers.ts";
import type { SampleRequest } from "../density.ts";
import type { MaskedRows } from "../masked.ts";
import { checkCount, checkSamples } from "../rows.ts";
import { type Standardization, standardize, unstandardize } from "../standardization.ts";
import type { TableConstraint } from "../table/bound-constraints.ts";
import type { TableEncoder } from "../table/encoder.ts";
import { applyMap, type StudentMap } from "./maps.ts";
import { rowsTogether } from "./teacher.ts";

/** The model that a student imitates. */
export interface TeacherRecord {
  /** The file it was read from, without folders. */
  readonly name: string;
  /** Of its file as this version writes it. */
  readonly fingerprint: string;
  readonly blocks: number;
  readonly parameters: number;
}

/**
 * What is known of one piece of the way; lengths in the model's own units (deviations, where it standardises), on noise that
 * was not learnt from.
 */
export interface MapRecord {
  readonly iterations: number;
  /** Root mean square of how far the teacher moves points. */
  readonly displacement: number;
  /** Root mean square distance of the map's points from the teacher's, from the same points. */
  readonly error: number;
}

/** What a student's file says beside its weights. */
export interface StudentRecord {
  readonly version: number;
  readonly task: "student";
  /** Names of the dimensions; none of images. */
  readonly columns: readonly string[];
  readonly configuration: { readonly seed: number; readonly standardize: boolean };
  readonly teacher: TeacherRecord;
  readonly training: {
    /** Noise rows that the teacher carried back for it. */
    readonly rows: number;
    readonly batchSize: number;
    readonly learningRate: number;
    /** Where maps did not learn from the teacher's points. */
    readonly objective?: "progressive" | "consistency";
    /** Of a student that can be told cells: distance of its points from the teacher's where cells are given by the law of its masks. */
    readonly conditional?: { readonly distance: number };
    readonly maps: readonly MapRecord[];
    /** Iterations of all maps together, after each alone. */
    readonly fineTuning: number;
    /** Of samples from the teacher's of the same noise, before the fine tuning and after it. */
    readonly distance: { readonly separate: number; readonly final: number };
  };
}

/** A distilled sampler: its record, the scaling of the columns, and its maps from noise to data. */
export interface Student {
  readonly record: StudentRecord;
  readonly standardization: Standardization;
  readonly maps: readonly StudentMap[];
  /** Of a student of a table's model: how its points become rows. */
  readonly table?: StudentTable;
  /** Of a student of images: their size. */
  readonly image?: PixelShape;
}

/** Values of a sample inside of the student. */
export function dimensionOf({ record, image }: Student): number {
  return image ? levelsPerImage(image) : record.columns.length;
}

/** What a student of a table keeps of its teacher beside the maps. */
export interface StudentTable {
  readonly encoder: TableEncoder;
  /** What every row that is drawn meets. */
  readonly constraints?: readonly TableConstraint[];
}

/** Rows that go through the maps together, at most. */
const mostSlots = 1024;

/** A compiled composition of maps. */
export interface Composition {
  /** Points [rows · d] after all maps; of maps that read contexts [rows · 3 d] with these, by default everything is free. */
  run(points: Float32Array, signal?: AbortSignal, contexts?: Float32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Compiles maps in a row, their weights inside of the program. */
export async function createComposition(
  engine: Engine,
  maps: readonly StudentMap[],
  dimension: number,
): Promise<Composition> {
  const x = placeholder(["rows", dimension]);
  const slots = rowsTogether(maps, dimension, mostSlots);
  const width = contextWidth(dimension);
  const told = maps.some(readsContexts) ? [placeholder(["rows", width])] : [];
  const y = composed(maps, x, told[0]);
  const program = await compile(engine, { x, told }, { y });
  return {
    run: async (points, signal, contexts) => {
      const own = told.map(() => contexts ?? contextsOf(points, new Uint8Array(points.length), dimension).data);
      const turn = turns(signal, "sampling");
      const rows = points.length / dimension;
      const result = new Float32Array(points.length);
      for (let start = 0; start < rows; start += slots) {
        await turn();
        const n = Math.min(slots, rows - start);
        const padded = paddedRows(n, slots);
        const [x = floats([0], [1, 1])] = paddedSlice([points], [dimension], start, n, padded);
        const moved = await program.run({
          x,
          told: paddedSlice(
            own,
            own.map(() => width),
            start,
            n,
            padded,
          ),
        });
        result.set((moved.y.data as Float32Array).subarray(0, n * dimension), start * dimension);
      }
      return result;
    },
    release: () => program.release(),
  };
}

/** The maps one after the other, noise to data, as a symbolic computation in the model's own units. */
export function composed(maps: readonly StudentMap[], noise: Tensor, context?: Tensor): Tensor {
  return maps.reduce((x, map) => {
    const parameters = mapTree<FloatArray, Tensor, NetworkArrays>(map.parameters, (array) => constant(array));
    return applyMap(map, parameters, x, context);
  }, noise);
}

/** Whether a map reads what of a row is given. */
export function readsContexts({ network }: Pick<StudentMap, "network">): boolean {
  return networkContext(network) > 0;
}

/** A student ready to draw, as the curve and `sampleStudent` do. */
export async function openStudent(engine: Engine, student: Student): Promise<OpenSampler> {
  const { maps, record, standardization } = student;
  const d = dimensionOf(student);
  const composition = await createComposition(engine, maps, d);
  return {
    draw: async ({ data, shape }, signal) => {
      const points = floats(unstandardize(standardization, await composition.run(data, signal)), shape);
      checkSamples(points, record.columns, 0);
      return { points, evaluations: maps.length * (data.length / d) };
    },
    release: composition.release,
  };
}

export interface StudentSampleRequest extends Pick<SampleRequest, "rows" | "seed" | "signal" | "onProgress"> {
  /** Number of the first row in the seed's stream of noise, for callers that draw in parts; default 0. */
  readonly firstRow?: number;
  /** Of a conditional student: what is known of the rows, values in the user's units. */
  readonly known?: MaskedRows;
}

/** Draws samples from the noise that the teacher's `sampleDensity` starts from with this seed, in chunks and in row order. */
export async function* sampleStudent(
  engine: Engine,
  student: Student,
  { rows, seed, firstRow = 0, signal, onProgress, known }: StudentSampleRequest,
): AsyncGenerator<{ readonly points: FloatArray; readonly evaluations: number }> {
  checkCount(rows);
  const d = dimensionOf(student);
  const atOnce = rowsPerChunk(d);
  const key = split(random(seed), "sample");
  const { maps, record, standardization } = student;
  const composition = await createComposition(engine, maps, d);
  try {
    for (let first = 0; first < rows; first += atOnce) {
      const count = Math.min(atOnce, rows - first);
      const noise = new Float32Array(count * d);
      fillNormal(key, noise, { offset: (firstRow + first) * d });
      const given = known && rowsKnown(known, standardization, first * d, (first + count) * d);
      if (given) keepFree(noise, given.states);
      const moved = await composition.run(noise, signal, given && contextsOf(given.values, given.states, d).data);
      const points = floats(unstandardize(standardization, moved), [count, d]);
      if (known && given)
        given.states.forEach((state, k) => {
          if (state === dimensionStates.given) points.data[k] = known.given[first * d + k] ?? 0;
        });
      checkSamples(points, record.columns, firstRow + first);
      onProgress?.({ stage: "sample", fraction: (first + count) / rows });
      yield { points, evaluations: maps.length * count };
      checkSignal(signal, "sampling");
    }
  } finally {
    await composition.release();
  }
}

/** What is known of some rows, in the model's own units. */
function rowsKnown({ given, state }: MaskedRows, scale: Standardization, from: number, to: number) {
  return { values: standardize(scale, given.subarray(from, to)), states: state.subarray(from, to) };
}
