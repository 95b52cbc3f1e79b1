// images-options: the options of images: which ones, and the networks that learn them.
import type { Command } from "commander";
import type { ImagePart } from "../data/images/image-set.ts";
import { failure } from "../errors.ts";
import {
  type ImageNetworkKind,
  type ImagePreset,
  imagePresets,
  presetSizes,
  usualClassDropout,
} from "../tasks/images/image-defaults.ts";
import type { PoolPrecision } from "../train/configuration.ts";
import { add, addList } from "./add-option.ts";
import * as parse from "./parse.ts";

/** Which images of a set are read. */
export interface ImageSourceOptions {
  readonly part?: ImagePart;
  readonly images?: number;
  readonly onBroken?: "stop" | "skip";
}

/** How images are read to be learnt, and by what. */
export interface ImageFitOptions extends ImageSourceOptions {
  readonly size?: number;
  readonly channels?: 1 | 3;
  readonly network?: ImageNetworkKind;
  readonly width?: number;
  readonly preset?: ImagePreset;
  readonly conditional?: boolean;
  readonly classDropout?: number;
  readonly dequantise?: boolean;
  readonly pool?: PoolPrecision;
  /** Of `fit` alone. */
  readonly pictures?: string;
}

/** The attributes of both: they make data images. */
const imageSourceNames = ["part", "images", "onBroken"] as const;
export const imageFitNames = [
  ...imageSourceNames,
  ...([
    "size",
    "channels",
    "network",
    "width",
    "preset",
    "conditional",
    "classDropout",
    "dequantise",
    "pool",
    "pictures",
  ] as const),
] as const;

const whole = parse.whole({ atLeast: 1 });
const channels: parse.Parser<1 | 3> = (text, where) => (parse.choice(["1", "3"])(text, where) === "1" ? 1 : 3);

/** `--part --images --on-broken`; `images` says what the number is of. */
export function imageSource(command: Command, images: string): Command {
  const parts = "train, validation, test or whole";
  add(command, "--part <name>", `of divided images: ${parts}`, parse.choice(["train", "validation", "test", "whole"]));
  add(command, "--images <count>", images, whole);
  const broken = "what a file that cannot be read does: stop (default) or skip";
  return add(command, "--on-broken <what>", broken, parse.choice(["stop", "skip"]));
}

/** Everything about images to be learnt. */
export function imageFit(command: Command): Command {
  command.optionsGroup("Images:");
  add(command, "--size <pixels>", "scale the short side to this and cut out the middle square", whole);
  add(command, "--channels <count>", "1 (gray) or 3 (colour; default: as the files are)", channels);
  imageSource(command, "train on so many images, a random choice (default: all)");
  add(command, "--network <name>", "unet (default) or patches", parse.choice(["unet", "patches"]));
  const width = "channels of a unet at full size (default: 32), or numbers for a patch (default: 128)";
  add(command, "--width <count>", width, parse.whole({ atLeast: 1, atMost: 65_536 }));
  const preset = `the authors' recipe: ${imagePresets.join(", ")}`;
  add(command, "--preset <name>", preset, parse.choice(imagePresets));
  command.option("--conditional", "the networks read each image's class, to draw what is asked for");
  const share = `with --conditional: share of images trained without their class (default: ${usualClassDropout})`;
  add(command, "--class-dropout <share>", share, parse.number({ atLeast: 0, below: 1 }));
  command.option("--dequantise", "learn levels as random places of their cells, as bits per dimension need it");
  const held = "hold pushed images as float32 or float16 (default: float16 above 1 GiB or half of --memory)";
  return add(command, "--pool <type>", held, parse.choice(["float32", "float16"]));
}

/** `--pictures`, of `fit` alone. */
export function imagePictures(command: Command): Command {
  return command.option(
    "--pictures <folder>",
    "of images: write grids of what is drawn with the blocks so far, on the way",
  );
}

/** `--class --guidance`: which classes are drawn, and how strongly each is followed. */
export function drawnClasses(command: Command): Command {
  const meaning = "of images with classes: draw this one, by name or number from 0; repeatable, taken in turns";
  const flags = "--class <name>";
  addList(command, flags, `${meaning} (default: as often as trained on)`, parse.texts, (list) => list);
  return guidance(command);
}

/** The factor of classifier-free guidance. */
export function guidance(command: Command): Command {
  const meaning =
    "of images with classes: how strongly each is followed; 0 leaves classes out, below 0 leads away (default: 1)";
  return add(command, "--guidance <number>", meaning, parse.number());
}

/** Size and channels asked for, or those that the preset is for. Throws "option" for what contradicts a preset. */
export function imageSize({ preset, size, channels: wanted, network, width }: ImageFitOptions) {
  if (preset === undefined) return { ...(size !== undefined && { size }), ...(wanted && { channels: wanted }) };
  const own = { size: presetSizes[preset], channels: 3 } as const;
  const given = Object.entries({ size, channels: wanted, network, width }).find(
    ([name, value]) => value !== undefined && !(name in own && value === own[name as keyof typeof own]),
  );
  if (given === undefined) return own;
  throw failure("option", {
    where: `--${given[0]}`,
    expected: `what the preset ${preset} says (a unet for images of 3 x ${own.size} x ${own.size})`,
    received: String(given[1]),
    remedy: "leave one of them out",
  });
}
