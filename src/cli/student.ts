// student: what the commands say and print of a student, which draws samples and has no density.
import { failure } from "../errors.ts";
import type { TwoSampleName } from "../measure/names.ts";
import { studentParameters } from "../tasks/distillation/distill.ts";
import type { StudentEvaluation } from "../tasks/distillation/evaluate-student.ts";
import type { Student } from "../tasks/distillation/student.ts";
import { flag } from "./flags.ts";
import type { CommonOptions } from "./options.ts";
import { alignedTable, report, short, spokenTime, withError } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** Options that say how an equation is solved. */
export const integrationNames = ["method", "tolerance", "rtol", "atol", "evaluations"] as const;

/** Throws code `option` for an option that asks for what only the teacher has. */
export function refuseForStudent<O extends object>(
  options: O,
  names: readonly (keyof O & string)[],
  { record, maps }: Student,
): void {
  const given = names.find((name) => options[name] !== undefined);
  if (given === undefined) return;
  throw failure("option", {
    where: flag(given),
    expected: "a model that solves an equation and has a density",
    received: `a student of ${maps.length} network evaluations`,
    remedy: `leave it out, or use the teacher, ${record.teacher.name}`,
  });
}

/** `localflow inspect` of a student. */
export async function inspectStudent(student: Student, options: CommonOptions, terminal: Terminal): Promise<void> {
  const { version, task, columns, configuration, teacher, training } = student.record;
  const parameters = studentParameters(student);
  const blocks = student.maps.map(({ segment, network }, k) => ({
    ...segment,
    hidden: network.hidden,
    activation: network.activation,
    ...training.maps[k],
  }));
  const rows = blocks.map(({ from, to, hidden, iterations = 0, displacement = Number.NaN, error = Number.NaN }, k) => [
    String(k + 1),
    `${short(from, 4)} to ${short(to, 4)}`,
    hidden.join(","),
    String(iterations),
    short(displacement, 3),
    short(error, 3),
  ]);
  const text = [
    `student, version ${version}, ${blocks.length} network evaluations, ${parameters} parameters, seed ${configuration.seed}`,
    `teacher: ${teacher.name}, ${teacher.blocks} blocks, ${teacher.parameters} parameters; densities are its, a student has none`,
    `columns: ${columns.join(", ")}`,
    "",
    alignedTable(["network", "blocks", "hidden", "iterations", "moves", "error"], rows),
    "",
    `samples are ${short(training.distance.final, 3)} from the teacher's (root mean square, in the model's own units)`,
  ].join("\n");
  const result = { kind: "student", version, task, columns, evaluations: blocks.length, blocks, parameters };
  await report(terminal, options, { ...result, teacher, configuration, training }, text);
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
