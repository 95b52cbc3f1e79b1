// images-student: `localflow sample STUDENT -n N -o OUT`, for students of models of images.
import { extname } from "node:path";
import { writeFileAtomically } from "../data/files.ts";
import type { PixelBlock } from "../data/images/image-set.ts";
import { writeImages } from "../data/images/write.ts";
import { imageGrid, rasterPng } from "../pictures/grid.ts";
import type { Student } from "../tasks/distillation/student.ts";
import { imageOf, sampleStudentImages, studentImageChains } from "../tasks/distillation/student-images.ts";
import { gathered } from "../tasks/images/sample-images.ts";
import { refuseForImages } from "./images-checks.ts";
import { checkImagesOutput, gridScale } from "./images-sample.ts";
import type { SampleOptions } from "./options.ts";
import { report, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { seedFrom, withEngine } from "./session.ts";
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
  const { output, rows, chain = false, force = false } = options;
  const image = imageOf(student);
  const stages = student.maps.length + 1;
  await checkImagesOutput(options);
  const isGrid = extname(output).toLowerCase() === ".png";
  const scale = isGrid ? gridScale(image, chain ? rows * stages : rows) : 1;
  const started = performance.now();
  const seed = seedFrom(options);
  const view = progressView(terminal, options);
  const request = { images: rows, seed, signal: terminal.signal, onProgress: view.show };
  const writeGrid = (block: PixelBlock, columns?: number) =>
    writeFileAtomically(output, rasterPng(imageGrid(block, { scale, ...(columns && { columns }) })), { force });
  let evaluations = 0;
  await withEngine(options, async (engine) => {
    if (chain) {
      const shown = await studentImageChains(engine, student, request);
      evaluations = shown.evaluations;
      return writeGrid(shown.block, stages);
    }
    async function* drawn(): AsyncGenerator<PixelBlock> {
      for await (const part of sampleStudentImages(engine, student, request)) {
        evaluations += part.evaluations;
        yield part.block;
      }
    }
    return isGrid ? writeGrid(await gathered(drawn(), image)) : writeImages(output, drawn(), rows, { force });
  }).finally(view.clear);
  const seconds = (performance.now() - started) / 1000;
  const what = chain ? `${rows} images at ${stages} stages from noise to data` : `${rows} images`;
  const text = `${what} in ${spokenTime(seconds)}, ${evaluations} network evaluations, seed ${seed}: ${output}`;
  await report(terminal, options, { rows, seconds, evaluations, seed }, text);
}
