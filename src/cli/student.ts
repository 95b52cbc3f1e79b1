// student: what the commands say and print of a student, which draws samples and has no density.
import { spokenShape } from "../data/images/image-set.ts";
import { failure } from "../errors.ts";
import type { TwoSampleName } from "../measure/names.ts";
import { isImageNetwork } from "../nn/network.ts";
import { studentParameters } from "../tasks/distillation/distill.ts";
import type { StudentEvaluation } from "../tasks/distillation/evaluate-student.ts";
import { isConditional, type Student, type StudentTable } from "../tasks/distillation/student.ts";
import { sampleStudentTable } from "../tasks/distillation/student-table.ts";
import { flag } from "./flags.ts";
import type { CommonOptions, SampleOptions } from "./options.ts";
import { alignedTable, report, short, spokenTime, withError } from "./output.ts";
import { printable } from "./printable.ts";
import { progressView } from "./progress.ts";
import { integrationNames } from "./recipe.ts";
import { refuseGiven } from "./refusals.ts";
import { seedFrom, withEngine } from "./session.ts";
import { checkTableOutput, writeTableFile } from "./table-data.ts";
import { reportRows } from "./table-sample.ts";
import type { Terminal } from "./terminal.ts";

/** Throws code `option` for an option that asks for what only the teacher has. */
export function refuseForStudent<O extends object>(
  options: O,
  names: readonly (keyof O & string)[],
  { record, maps }: Student,
): void {
  refuseGiven(options, names, {
    expected: "a model that solves an equation and has a density",
    received: `a student of ${maps.length} network evaluations`,
    remedy: `leave it out, or use the teacher, ${record.teacher.name}`,
  });
}

/** Throws code `option` for a student that cannot be told classes. */
export function checkTakesClasses({ classes, record }: Student, name: "class" | "guidance"): void {
  if (classes !== undefined) return;
  throw failure("option", {
    where: flag(name),
    expected: "a student that takes classes",
    received: `one of ${record.teacher.name} that takes none`,
    remedy: "leave it out, or distil a model that was fitted with --conditional, and not with --guidance 0",
  });
}

/** Throws code `option` for a guidance that is neither the one a student was taught nor among others that are offered (0: no classes). */
export function checkBuiltIn(student: Student, { guidance }: { readonly guidance?: number }, offered = [0]): void {
  if (guidance === undefined || offered.includes(guidance)) return;
  checkTakesClasses(student, "guidance");
  const { teacher, training } = student.record;
  if (guidance === training.classes?.guidance) return;
  throw failure("option", {
    where: flag("guidance"),
    expected: [`${training.classes?.guidance}, which is built into this student`, ...offered].join(", or "),
    received: String(guidance),
    remedy: `leave it out, or distil another student of ${teacher.name} with --guidance ${guidance}`,
  });
}

/** `localflow inspect` of a student. */
export async function inspectStudent(student: Student, options: CommonOptions, terminal: Terminal): Promise<void> {
  const { version, task, columns, configuration, teacher, training } = student.record;
  const parameters = studentParameters(student);
  const table = student.table?.encoder.schema.columns;
  const blocks = student.maps.map(({ segment, network }, k) => ({
    ...segment,
    ...(isImageNetwork(network)
      ? { network: network.kind }
      : { hidden: network.hidden, activation: network.activation }),
    ...training.maps[k],
  }));
  const rows = blocks.map(({ from, to, iterations = 0, displacement = Number.NaN, error = Number.NaN, ...own }, k) => [
    String(k + 1),
    `${short(from, 4)} to ${short(to, 4)}`,
    "hidden" in own ? own.hidden.join(",") : own.network,
    String(iterations),
    short(displacement, 3),
    short(error, 3),
  ]);
  const text = [
    `student, version ${version}, ${blocks.length} network evaluations, ${parameters} parameters, seed ${configuration.seed}`,
    `teacher: ${teacher.name}, ${teacher.blocks} blocks, ${teacher.parameters} parameters; densities are its, a student has none`,
    samplesLine(student),
    ...classesLines(student),
    "",
    alignedTable(["network", "blocks", student.image ? "kind" : "hidden", "iterations", "moves", "error"], rows),
    "",
    `samples are ${short(training.distance.final, 3)} from the teacher's (root mean square, in the model's own units)`,
  ].join("\n");
  const result = {
    kind: "student",
    version,
    task,
    columns,
    ...(table && { table: table.map(({ name }) => name) }),
    ...(student.image && { image: student.image }),
    ...(student.classes && { classes: student.classes }),
    evaluations: blocks.length,
    blocks,
    parameters,
  };
  await report(terminal, options, { ...result, teacher, configuration, training }, text);
}

/** The classes that it takes, if any. */
function classesLines({ classes, record }: Student): readonly string[] {
  if (classes === undefined) return [];
  const names = classes.slice(0, mostNamed).map(({ name }) => printable(name));
  const more = classes.length > names.length ? ` and ${classes.length - names.length} more` : "";
  return [`classes: ${names.join(", ")}${more}; guidance ${record.training.classes?.guidance} is built in`];
}

const mostNamed = 20;

/** What its samples are. */
function samplesLine({ record, table, image }: Student): string {
  if (image) return `images of ${spokenShape(image)}`;
  if (table) return `rows of a table: ${table.encoder.schema.columns.map(({ name }) => printable(name)).join(", ")}`;
  return `columns: ${record.columns.map(printable).join(", ")}`;
}

/** Draws rows of a table from a student of its model, under a condition or balanced where it is a conditional one. */
export async function sampleStudentFile(
  student: Student,
  table: StudentTable,
  options: SampleOptions,
  terminal: Terminal,
): Promise<void> {
  refuseForStudent(options, ["logDensity", ...integrationNames], student);
  const { output, rows, where, balance } = options;
  if ((where ?? balance) !== undefined && !isConditional(student))
    throw failure("option", {
      where: where === undefined ? "--balance" : "--where",
      expected: "a student that can be told cells",
      received: "one of whole rows",
      remedy: `distil one with --conditional, or use the teacher, ${student.record.teacher.name}`,
    });
  await checkTableOutput(output, options);
  const start = performance.now();
  const seed = seedFrom(options);
  const view = progressView(terminal, options);
  const asked = { ...(where !== undefined && { where }), ...(balance !== undefined && { balance }) };
  const request = { rows, seed, signal: terminal.signal, onProgress: view.show, ...asked };
  const drawn = await withEngine(options, (engine) => sampleStudentTable(engine, student, request)).finally(view.clear);
  await writeTableFile(output, drawn.table, table.encoder.schema, options, terminal);
  const seconds = (performance.now() - start) / 1000;
  await reportRows({ ...drawn, rows, seconds, seed, evaluated: "network" }, options, terminal);
}

/** Throws code `model` for a student of a table, whose rows are measured as a table. */
export function refuseTableStudent({ table, record }: Student, where: string): void {
  if (table === undefined) return;
  throw failure("model", {
    where,
    expected: "a student of rows of numbers",
    received: `a student of a table (${record.teacher.name})`,
    remedy: "draw rows with localflow sample, and compare tables: localflow evaluate test.csv samples.csv",
  });
}

const headings: Readonly<Record<TwoSampleName, string>> = {
  slicedWasserstein: "sliced Wasserstein",
  energyDistance: "energy distance",
  mmdSquared: "MMD^2",
};

/** The measures of a student as a table. */
export function studentText({ measures, comparedRows, seed, seconds, notes }: StudentEvaluation): string {
  const names = ["slicedWasserstein", "energyDistance", "mmdSquared"] as const;
  const { floor } = measures.slicedWasserstein;
  const line = (label: string, pick: (name: TwoSampleName) => { value: number; standardError: number } | undefined) => [
    label,
    ...names.map((name) => {
      const found = pick(name);
      return found ? withError(found.value, found.standardError) : "";
    }),
  ];
  return [
    alignedTable(
      ["", ...names.map((name) => headings[name])],
      [
        line("this student", (name) => measures[name]),
        ...(floor ? [line("floor: training rows", (name) => measures[name].floor)] : []),
      ],
    ),
    "",
    `± standard error; lower is better. On columns divided by the training deviations, ${comparedRows} rows a side.`,
    ...notes.map((note) => `note: ${note}`),
    `seed ${seed}, ${spokenTime(seconds)}`,
  ].join("\n");
}
