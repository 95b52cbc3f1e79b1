// flags: options as messages name them, in every form in which they can be typed.
import type { Option } from "commander";

/** `-n, --rows`, or `--rows` where there is no short form. */
export function flagsOf({ short, long }: Pick<Option, "short" | "long">): string {
  return [short, long].filter((form) => form !== undefined).join(", ");
}

/** `trainSplit` as it is typed: `--train-split`. */
export function flag(attribute: string): string {
  return `--${attribute.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Options that may be given several times, each time with one more value; in a file they take a list. */
export const repeatable: ReadonlySet<string> = new Set(["--constraint", "--ordinal", "--class"]);

/** How messages name the option that says where a command writes. */
export const outputFlags = "-o, --output";
