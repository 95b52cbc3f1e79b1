// named: the authors' configurations, all of them, by name.
import { failure } from "../../errors.ts";
import { bsds2025 } from "./bsds300-2025.ts";
import { bsds2026 } from "./bsds300-2026.ts";
import { gas2025 } from "./gas-2025.ts";
import { gas2026 } from "./gas-2026.ts";
import { miniboone2025 } from "./miniboone-2025.ts";
import { miniboone2026 } from "./miniboone-2026.ts";
import { power2025 } from "./power-2025.ts";
import { power2026 } from "./power-2026.ts";
import type { Preset } from "./preset.ts";
import { rose2025 } from "./rose-2025.ts";
import { tree2025 } from "./tree-2025.ts";
import { tree2026 } from "./tree-2026.ts";

/** Newest first within a data set; the rose has only the earlier one. */
export const presets: readonly Preset[] = [
  tree2026,
  tree2025,
  rose2025,
  power2026,
  power2025,
  gas2026,
  gas2025,
  miniboone2026,
  miniboone2025,
  bsds2026,
  bsds2025,
];

/** The preset of a name; a data set's name alone stands for its newest. Throws `option` for any other. */
export function presetNamed(name: string): Preset {
  const found = presets.find((preset) => preset.name === name || preset.dataset === name);
  if (found !== undefined) return found;
  throw failure("option", {
    where: "preset",
    expected: `one of ${presets.map((preset) => preset.name).join(", ")}`,
    received: `"${name.slice(0, 60)}"`,
  });
}
