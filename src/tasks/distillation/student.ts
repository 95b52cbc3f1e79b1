// student: a sampler of few network evaluations, distilled from a model; it has no density.
import { levelsPerImage, type PixelShape } from "../../data/images/image-set.ts";
import { failure } from "../../errors.ts";
import { classShares } from "../../flow/classes.ts";
import { contextsOf, dimensionStates, keepFree } from "../../flow/masked.ts";
import { fillNormal, random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { checkSignal } from "../../runtime/pause.ts";
import { type FloatArray, floats } from "../../tensor/array.ts";
import { rowsPerChunk } from "../../train/push.ts";
import type { OpenSampler } from "../curve-samplers.ts";
import type { SampleRequest } from "../density.ts";
import type { ImageClass } from "../images/image-classes.ts";
import type { MaskedRows } from "../masked.ts";
import { checkCount, checkSamples } from "../rows.ts";
import { type Standardization, standardize, unstandardize } from "../standardization.ts";
import type { TableConstraint } from "../table/bound-constraints.ts";
import type { TableEncoder } from "../table/encoder.ts";
import { createComposition } from "./composition.ts";
import type { StudentMap } from "./maps.ts";

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

/** How a student was taught the classes of images. */
export interface TaughtClasses {
  /** How strongly the teacher followed them (`guidedVelocity`), which is built in. */
  readonly guidance: number;
  /** Share of the lessons that went without. */
  readonly dropout: number;
  /** Of images without a class: the distance of samples, as `distance`; where some lessons were without. */
  readonly without?: { readonly distance: number };
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
    /** Of a student that can be told classes. */
    readonly classes?: TaughtClasses;
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
  /** Of a student of images that can be told their classes: these, as the teacher has them. */
  readonly classes?: readonly ImageClass[];
}

/** Values of a sample inside of the student. */
function dimensionOf({ record, image }: Student): number {
  return image ? levelsPerImage(image) : record.columns.length;
}

/** What a student of a table keeps of its teacher beside the maps. */
export interface StudentTable {
  readonly encoder: TableEncoder;
  /** What every row that is drawn meets. */
  readonly constraints?: readonly TableConstraint[];
  /** The column that is the class of a row, where the teacher has one. */
  readonly label?: string;
}

/** Whether a student of a table was taught rows of which cells are given. */
export function isConditional({ record }: Pick<Student, "record">): boolean {
  return record.training.conditional !== undefined;
}

/** A student ready to draw, as the curve and `sampleStudent` do. */
export async function openStudent(engine: Engine, student: Student): Promise<OpenSampler> {
  const { maps, record, standardization, classes } = student;
  const d = dimensionOf(student);
  const composition = await createComposition(engine, maps, d);
  return {
    draw: async ({ data, shape }, signal, labels) => {
      const contexts = labels && classes && classShares(labels, classes.length).data;
      const points = floats(unstandardize(standardization, await composition.run(data, signal, contexts)), shape);
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
  /** Of a student with classes: the place of each row's [rows], -1 for none; default: none has one. */
  readonly labels?: Int32Array;
}

/**
 * Draws samples from the noise that the teacher's `sampleDensity` starts from with this seed, in chunks [count, d] and
 * in row order, in the user's units. Throws "option" for a number of rows that cannot be or for conditions that the
 * student cannot be told, "interrupted" when the signal fires.
 */
export async function* sampleStudent(
  engine: Engine,
  student: Student,
  { rows, seed, firstRow = 0, signal, onProgress, known, labels }: StudentSampleRequest,
): AsyncGenerator<{ readonly points: FloatArray; readonly evaluations: number }> {
  checkCount(rows);
  const d = dimensionOf(student);
  const atOnce = rowsPerChunk(d);
  const key = split(random(seed), "sample");
  const { maps, record, standardization, classes = [] } = student;
  if (labels) checkLabels(labels, rows, classes.length);
  const composition = await createComposition(engine, maps, d);
  const sharesOf = (first: number, last: number) =>
    labels && classShares(labels.subarray(first, last), classes.length).data;
  try {
    for (let first = 0; first < rows; first += atOnce) {
      const count = Math.min(atOnce, rows - first);
      const noise = new Float32Array(count * d);
      fillNormal(key, noise, { offset: (firstRow + first) * d });
      const given = known && rowsKnown(known, standardization, first * d, (first + count) * d);
      if (given) keepFree(noise, given.states);
      const contexts = given ? contextsOf(given.values, given.states, d).data : sharesOf(first, first + count);
      const moved = await composition.run(noise, signal, contexts);
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

function checkLabels(labels: Int32Array, rows: number, classes: number): void {
  if (classes > 0 && labels.length === rows) return;
  throw failure("option", {
    where: "labels",
    expected: classes > 0 ? `one for each of ${rows} rows` : "a student that was taught classes",
    received: classes > 0 ? String(labels.length) : "one without",
  });
}

/** What is known of some rows, in the model's own units. */
function rowsKnown({ given, state }: MaskedRows, scale: Standardization, from: number, to: number) {
  return { values: standardize(scale, given.subarray(from, to)), states: state.subarray(from, to) };
}
