// images-student: `localflow sample STUDENT -n N -o OUT`, for students of models of images.
import type { Student } from "../tasks/distillation/student.ts";
import {
  builtInGuidance,
  imageOf,
  type StudentImageRequest,
  sampleStudentImages,
  studentImageChains,
} from "../tasks/distillation/student-images.ts";
import { refuseForImages } from "./images-checks.ts";
import { checkImagesOutput, placesOf, reportDrawn, writeDrawn } from "./images-sample.ts";
import type { SampleOptions } from "./options.ts";
import { integrationNames } from "./recipe.ts";
import { checkBuiltIn, checkTakesClasses, refuseForStudent } from "./student.ts";
import type { Terminal } from "./terminal.ts";

/** Draws images from a student and writes them: a grid, a folder, an array, or the way from noise. */
export async function sampleStudentImageFile(
  student: Student,
  options: SampleOptions,
  terminal: Terminal,
): Promise<void> {
  refuseForStudent(options, ["logDensity", ...integrationNames], student);
  refuseForImages(options, ["where", "balance"]);
  const condition = drawnCondition(student, options);
  await checkImagesOutput(options);
  const written = await writeDrawn(
    {
      image: imageOf(student),
      stages: student.maps.length + 1,
      evaluated: "network",
      parts: (engine, request) => sampleStudentImages(engine, student, { ...request, ...condition }),
      chains: (engine, request) => studentImageChains(engine, student, { ...request, ...condition }),
    },
    options,
    terminal,
  );
  const guidance = condition.guidance ?? builtInGuidance(student);
  await reportDrawn({ ...written, known: student.classes, guidance }, options, terminal);
}

/** The classes asked for, or none by a guidance of 0. Throws "option" where the student takes no classes, or not these. */
function drawnCondition(student: Student, options: SampleOptions): Pick<StudentImageRequest, "classes" | "guidance"> {
  const { class: wanted, guidance } = options;
  if (wanted !== undefined) checkTakesClasses(student, "class");
  checkBuiltIn(student, options);
  return { ...placesOf(student.classes, wanted), ...(guidance === 0 && student.classes && { guidance }) };
}
