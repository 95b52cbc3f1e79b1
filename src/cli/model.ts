// model: reading a model file for a command.
import { readFile, stat } from "node:fs/promises";
import { withFileBytes } from "../data/file-bytes.ts";
import { endingOf, explained } from "../data/files.ts";
import { toldPacked } from "../data/packed-file.ts";
import { isSafetensors, safetensorsEnding, startsLikeSafetensors } from "../data/safetensors.ts";
import { shellWord } from "../data/shell-word.ts";
import { cellTableEndings, endingAmong } from "../data/table-endings.ts";
import { failure, type LocalFlowError } from "../errors.ts";
import { type DensityModel, decodeDensityModel } from "../tasks/density-model.ts";
import type { Student } from "../tasks/distillation/student.ts";
import { decodeStudent, isStudent, noDensity } from "../tasks/distillation/student-file.ts";
import { decodeImageModel, type ImageModel } from "../tasks/images/image-model.ts";
import { taskOf } from "../tasks/model-file.ts";
import type { TableScorer } from "../tasks/table/scorer.ts";
import { decodeScorer, isScorer, onlyScores } from "../tasks/table/scorer-file.ts";
import { decodeTableModel, isTableModel, type TableModel } from "../tasks/table/table-model.ts";

/** What a model file holds. */
export type AnyModel =
  | { readonly kind: "density"; readonly model: DensityModel }
  | { readonly kind: "student"; readonly student: Student }
  | { readonly kind: "table"; readonly table: TableModel }
  | { readonly kind: "images"; readonly images: ImageModel };

/** What `score` and `inspect` take: a model, or what approximates the scores of one. */
export type ScoringModel = AnyModel | { readonly kind: "scorer"; readonly scorer: TableScorer };

/** Whether a path names a model: by its ending or, of a file that was given another name, by its first bytes. */
export async function isModelPath(path: string): Promise<boolean> {
  if (endingOf(path) === safetensorsEnding) return true;
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return false;
  return explained(path, () => withFileBytes(path, startsLikeSafetensors));
}

/** Reads and validates a model file; scorers are refused by a sentence. Throws code `file` or `model`. */
export async function readAnyModel(path: string): Promise<AnyModel> {
  const found = await readScoringModel(path);
  if (found.kind === "scorer") throw onlyScores(found.scorer, path);
  return found;
}

/** Reads and validates the file of a model or of a scorer. Throws code `file` or `model`. */
export async function readScoringModel(path: string): Promise<ScoringModel> {
  const bytes = await explained(path, () => readFile(path));
  if (endingAmong(cellTableEndings, endingOf(path)) !== undefined && !isSafetensors(bytes)) throw noModel(path);
  return toldPacked(path, async () => decodedModel(bytes, path));
}

/** The error that meets a table where a model is needed. */
function noModel(path: string): LocalFlowError {
  return failure("model", {
    where: path,
    expected: `a model, whose name ends in ${safetensorsEnding}`,
    received: "a table",
    remedy: `localflow fit ${shellWord(path)} -o model${safetensorsEnding} makes one of it`,
  });
}

function decodedModel(bytes: Uint8Array, path: string): ScoringModel {
  if (isScorer(bytes, path)) return { kind: "scorer", scorer: decodeScorer(bytes, path) };
  if (isStudent(bytes, path)) return { kind: "student", student: decodeStudent(bytes, path) };
  if (isTableModel(bytes, path)) return { kind: "table", table: decodeTableModel(bytes, path) };
  if (taskOf(bytes, path) === "images") return { kind: "images", images: decodeImageModel(bytes, path) };
  return { kind: "density", model: decodeDensityModel(bytes, path) };
}

/** A model of rows of numbers: a density, or a student of one. */
export type NumbersModel = Exclude<AnyModel, { readonly kind: "table" | "images" }>;

/** Reads and validates the file of a density or a student; models of tables and images are refused by a sentence. */
async function readNumbersModel(path: string): Promise<NumbersModel> {
  const found = await readAnyModel(path);
  if (found.kind === "images") throw ofImages(path, "a model of rows of numbers");
  if (found.kind === "table") throw noNumbers(path);
  return found;
}

/** Reads and validates the file of a density; students, which have none, and models of tables and images are refused by a sentence. */
export async function readModel(path: string): Promise<DensityModel> {
  const found = await readNumbersModel(path);
  if (found.kind === "student") throw noDensity(found.student, path);
  return found.model;
}

/** The error that meets the model of a table where rows of numbers are needed. */
function noNumbers(path: string): LocalFlowError {
  return failure("model", {
    where: path,
    expected: "a model of rows of numbers",
    received: "the model of a table",
    remedy: "models of tables are for sample, impute, score, evaluate and inspect",
  });
}

/** The error that meets the model of images where another is needed. */
function ofImages(path: string, expected: string): LocalFlowError {
  return failure("model", {
    where: path,
    expected,
    received: "a model of images",
    remedy: "models of images are for sample, score, evaluate, distill, export and inspect",
  });
}

/** Reads and validates the file of a table's model. */
export async function readTableModel(path: string): Promise<TableModel> {
  const found = await readAnyModel(path);
  if (found.kind === "table") return found.table;
  if (found.kind === "images") throw ofImages(path, "the model of a table");
  throw failure("model", {
    where: path,
    expected: "the model of a table",
    received: found.kind === "student" ? "a student" : "a model of rows of numbers without gaps",
    remedy: "fit one with --task table",
  });
}

/** Reads and validates the file of a student. */
export async function readStudent(path: string): Promise<Student> {
  return decodeStudent(await explained(path, () => readFile(path)), path);
}
