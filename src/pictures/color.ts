// color: colours as #rrggbb. A colour map of even lightness, and categories that colour-blind readers can tell apart.

/** Red, green and blue, 0 … 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Okabe and Ito's colours that are readable on white: data is the first, samples the second. */
export const categories = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"] as const;

/** The colours with a meaning. */
export const palette = {
  data: categories[0],
  samples: categories[1],
  ink: "#1b1e23",
  muted: "#5c6370",
  grid: "#e8eaed",
  frame: "#b4bac2",
  background: "#ffffff",
} as const;

/** Viridis (Smith and van der Walt, 2015) at ten even places; its lightness rises evenly, also without colour. */
const viridisStops: readonly Rgb[] = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 73, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [110, 206, 88],
  [181, 222, 43],
  [253, 231, 37],
];

/** The colour map: dark violet at 0, yellow at 1. */
export function viridis(share: number): Rgb {
  const place = Math.min(1, Math.max(0, share)) * (viridisStops.length - 1);
  const below = Math.min(viridisStops.length - 2, Math.floor(place));
  return mix(viridisStops[below]!, viridisStops[below + 1]!, place - below);
}

/** `#rrggbb` as numbers; anything else is a mistake in a figure and comes out black. */
export function rgbOf(color: string): Rgb {
  const value = /^#[0-9a-f]{6}$/i.test(color) ? Number.parseInt(color.slice(1), 16) : 0;
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** Numbers as `#rrggbb`. */
export function hexOf(color: Rgb): string {
  return `#${color.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

/** The colour `share` of the way from one to another. */
function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return [
    from[0] + (to[0] - from[0]) * share,
    from[1] + (to[1] - from[1]) * share,
    from[2] + (to[2] - from[2]) * share,
  ];
}
