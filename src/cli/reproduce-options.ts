// reproduce-options: the options of `localflow reproduce`.
import type { Command } from "commander";
import type { FlowBaseline } from "../measure/names.ts";
import { add } from "./add-option.ts";
import type { CommonOptions } from "./options.ts";
import * as parse from "./parse.ts";
import { rivals } from "./thresholds.ts";

export interface ReproduceOptions extends CommonOptions {
  readonly output?: string;
  readonly data: string;
  readonly seeds?: number;
  readonly scale?: number;
  readonly baselines?: readonly FlowBaseline[];
  readonly tolerance?: number;
  readonly features?: string;
  readonly force?: boolean;
}

/** The argument and everything but `--force` and what all commands have. */
export function reproduceOptions(command: Command): Command {
  const tables =
    "tree, rose, power, gas, miniboone, bsds300 (the newer of the authors' two configurations; power-2025 the older)";
  const names = `${tables}; cifar10, imagenet32, flowers; or a small table: shuttle, satellite, letter, diamonds`;
  command.argument("<name>", names);
  command.option("--data <folder>", "where the raw files are", "data");
  const output = "folder for report, figures and models (default: reproduce-NAME); goes on from it";
  command.option("-o, --output <folder>", output);
  const seeds = "seeds 1 to COUNT (default: 3; images: 1)";
  add(command, "--seeds <count>", seeds, parse.whole({ atLeast: 1, atMost: 100 }));
  const scale =
    "share of rows or images, batches and iterations, such as 0.01; below 1 it is no reproduction (default: 1)";
  add(command, "--scale <share>", scale, parse.number({ above: 0, atMost: 1 }));
  const plain = "plain Flow Matching beside it: flow-wide,flow-long or none (default: both)";
  add(command, "--baselines <list>", plain, rivals);
  add(command, "--tolerance <number>", "of the likelihoods (default: 1e-4)", parse.number({ atLeast: 1e-6 }));
  const features = "of images: FID's Inception network as .onnx (default: features of our own, not comparable)";
  return command.option("--features <file>", features);
}
