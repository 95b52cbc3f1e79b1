// model: reading a model file for a command.
import { readFile } from "node:fs/promises";
import { explained } from "../data/files.ts";
import { failure, type LocalFlowError } from "../errors.ts";
import { type DensityModel, decodeDensityModel } from "../tasks/density-model.ts";
import type { Student } from "../tasks/distillation/student.ts";
import { decodeStudent, isStudent, noDensity } from "../tasks/distillation/student-file.ts";
import { decodeTableModel, isTableModel, type TableModel } from "../tasks/table/table-model.ts";

/** What a model file holds. */
export type AnyModel =
  | { readonly kind: "density"; readonly model: DensityModel }
  | { readonly kind: "student"; readonly student: Student }
  | { readonly kind: "table"; readonly table: TableModel };

/** Reads and validates a model file. Throws code `file` or `model`. */
export async function readAnyModel(path: string): Promise<AnyModel> {
  const bytes = await explained(path, () => readFile(path));
  if (isStudent(bytes, path)) return { kind: "student", student: decodeStudent(bytes, path) };
  if (isTableModel(bytes, path)) return { kind: "table", table: decodeTableModel(bytes, path) };
  return { kind: "density", model: decodeDensityModel(bytes, path) };
}

/** A model of rows of numbers: a density, or a student of one. */
export type NumbersModel = Exclude<AnyModel, { readonly kind: "table" }>;

/** Reads and validates the file of a density or a student; models of tables are refused by a sentence. */
export async function readNumbersModel(path: string): Promise<NumbersModel> {
  const found = await readAnyModel(path);
  if (found.kind === "table") throw noNumbers(path);
  return found;
}

/** Reads and validates the file of a density; students, which have none, and models of tables are refused by a sentence. */
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
    remedy: "models of tables are for sample, impute, score and inspect",
  });
}

/** Reads and validates the file of a table's model. */
export async function readTableModel(path: string): Promise<TableModel> {
  const found = await readAnyModel(path);
  if (found.kind === "table") return found.table;
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
