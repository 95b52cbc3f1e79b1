// images-student: `localflow sample STUDENT -n N -o OUT`, for students of models of images.
import type { Student } from "../tasks/distillation/student.ts";
import { imageOf, sampleStudentImages, studentImageChains } from "../tasks/distillation/student-images.ts";
import { refuseForImages } from "./images-checks.ts";
import { checkImagesOutput, writeDrawn } from "./images-sample.ts";
import type { SampleOptions } from "./options.ts";
import { report } from "./output.ts";
import { integrationNames, refuseForStudent } from "./student.ts";
import type { Terminal } from "./terminal.ts";

/** Draws images from a student and writes them: a grid, a folder, an array, or the way from noise. */
export async function sampleStudentImageFile(
  student: Student,
  options: SampleOptions,
  terminal: Terminal,
): Promise<void> {
  refuseForStudent(options, ["logDensity", "class", "guidance", ...integrationNames], student);
  refuseForImages(options, ["where", "balance"]);
  await checkImagesOutput(options);
  const { result, text } = await writeDrawn(
    {
      image: imageOf(student),
      stages: student.maps.length + 1,
      evaluated: "network",
      parts: (engine, request) => sampleStudentImages(engine, student, request),
      chains: (engine, request) => studentImageChains(engine, student, request),
    },
    options,
    terminal,
  );
  await report(terminal, options, result, text);
}
