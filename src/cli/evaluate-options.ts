// evaluate-options: what `localflow evaluate` compares, and how.
import type { Command } from "commander";
import { add, addList } from "./add-option.ts";
import { guidance, imageSource } from "./images-options.ts";
import * as parse from "./parse.ts";
import { baselines, eachOnce, thresholds } from "./thresholds.ts";

/** Everything but how equations are solved and what all commands have. */
export function evaluateOptions(command: Command): void {
  command.option(
    "--train <file>",
    "rows the model was trained on: adds the floor and the baselines, of a table privacy",
  );
  add(
    command,
    "--baselines <list>",
    "also train flow-wide, flow-long, or both; gaussian, mixture and kernel always come with --train",
    baselines,
  );
  command.option("--plain", "also train plain Flow Matching of as many parameters: short for --baselines flow-wide");
  command.option("--target <column>", "of a table: also predict this column, having learnt from drawn rows");
  add(
    command,
    "--samples <count>",
    "samples to compare, from each density (default and most: 4096)",
    parse.whole({ atLeast: 8, atMost: 4096 }),
  );
  const features = "of images: the network that distances are measured in, .onnx or a classifier.safetensors";
  command.option("--features <file>", features);
  guidance(command);
  imageSource(command, "of images: look at so many training images (default: those that fit into 1 GiB)");
  addList(
    command,
    "--fail-under <list>",
    "exit with 1 when a measure is beyond its worst allowed value, such as nll=2.6 or quality=0.85,c2st=0.7",
    thresholds,
    eachOnce,
  );
  command.option("--curve", "also measure samples by several methods against the evaluations and time they take");
  const students = "with --curve: students of the model (localflow distill), to stand on the curve too";
  add(command, "--student <files>", students, parse.files);
  command.option("--report <file>", "also write one self-contained HTML page with the measures and pictures");
  const drawn =
    "rows to draw from a table's model (default: as many as held-out rows, from 1000 to 20 000), or points of a built-in density (default: 100 000)";
  add(command, "-n, --rows <count>", drawn, parse.whole({ atLeast: 1 }));
}
