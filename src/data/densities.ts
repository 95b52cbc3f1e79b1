// densities: the built-in densities in the plane, each one record that can be sampled and whose logarithm is exact.
import { mixture, noisyCurve, noisyRings, type PlaneDensity, rotated, sampler } from "./plane-shapes.ts";

const root2 = Math.SQRT2;

/** One Gaussian with correlation 0.8: variances 1.8 and 0.2 along the diagonals. */
const gaussian = mixture("gaussian", [
  { weight: 1, centre: { x: 0, y: 0 }, angle: Math.PI / 4, along: Math.sqrt(1.8), across: Math.sqrt(0.2) },
]);

/** Three Gaussians of different weight, size and direction. */
const gaussianMixture = mixture("gaussian-mixture", [
  { weight: 5, centre: { x: -1.5, y: -0.5 }, angle: Math.PI / 3, along: 0.9, across: 0.3 },
  { weight: 3, centre: { x: 1.5, y: 1.5 }, angle: 0, along: 0.4, across: 0.4 },
  { weight: 2, centre: { x: 1.5, y: -1.5 }, angle: -Math.PI / 6, along: 0.7, across: 0.15 },
]);

/** Eight equal Gaussians on a circle of radius 2√2. */
const eightGaussians = mixture(
  "eight-gaussians",
  Array.from({ length: 8 }, (_, n) => {
    const centre = rotated({ x: 2 * root2, y: 0 }, (n * Math.PI) / 4);
    return { weight: 1, centre, angle: 0, along: root2 / 4, across: root2 / 4 };
  }),
);

/** Two interleaving half circles of radius 2. */
const moons = noisyCurve("moons", {
  arms: 2,
  at(s, arm) {
    const [x, y] = [Math.cos(Math.PI * s), Math.sin(Math.PI * s)];
    return arm === 0 ? { x: 2 * x - 1, y: 2 * y - 0.5 } : { x: 1 - 2 * x, y: 0.5 - 2 * y };
  },
  power: 1,
  deviation: 0.2,
  panels: 16,
});

/** Two arms of one and a half turns each, a point reflection of each other; farther out they are drawn more often. */
const spirals = noisyCurve("spirals", {
  arms: 2,
  at(s, arm) {
    const angle = 3 * Math.PI * s;
    const radius = (arm === 0 ? angle : -angle) / 3;
    return { x: -radius * Math.cos(angle), y: radius * Math.sin(angle) };
  },
  power: 2,
  deviation: 0.1,
  panels: 96,
});

/** Four circles of radius 0.75 … 3. */
const rings = noisyRings("rings", [0.75, 1.5, 2.25, 3], 0.08);

/** The eight dark squares, of side 2, of a board on [-4, 4]². Edges belong to them. */
const checkerboard: PlaneDensity = {
  name: "checkerboard",
  sample: sampler(8, ({ pick, u, v }) => {
    const column = pick % 4;
    const row = 2 * Math.floor(pick / 4) + (column % 2);
    return { x: 2 * (column + u) - 4, y: 2 * (row + v) - 4 };
  }),
  logDensity(x, y) {
    const [column, row] = [(x + 4) / 2, (y + 4) / 2];
    if (!(column >= 0 && column <= 4 && row >= 0 && row <= 4)) return Number.NEGATIVE_INFINITY;
    const isDark = (Math.floor(column) + Math.floor(row)) % 2 === 0;
    return isDark || Number.isInteger(column) || Number.isInteger(row) ? -Math.log(32) : Number.NEGATIVE_INFINITY;
  },
};

/**
 * Five Gaussian blades bent by a rotation about the origin whose angle grows with the distance. Turning by a function of
 * the distance alone keeps areas, so the density is that of the straight blades at the point turned back. (The customary
 * pinwheel turns by a function of the coordinate along the blade, which differs by little and has no closed form.)
 */
const pinwheel: PlaneDensity = (() => {
  const blades = 5;
  const twist = (radius: number) => 0.25 * Math.exp(radius / 2);
  const angleOf = (blade: number) => (2 * Math.PI * blade) / blades;
  const straight = mixture(
    "blades",
    Array.from({ length: blades }, (_, blade) => {
      const centre = rotated({ x: 2, y: 0 }, angleOf(blade));
      return { weight: 1, centre, angle: angleOf(blade), along: 0.6, across: 0.2 };
    }),
  );
  return {
    name: "pinwheel",
    sample: sampler(blades, ({ pick, z, w }) => {
      const point = { x: 2 + 0.6 * z, y: 0.2 * w };
      return rotated(point, angleOf(pick) + twist(Math.hypot(point.x, point.y)));
    }),
    logDensity(x, y) {
      const back = rotated({ x, y }, -twist(Math.hypot(x, y)));
      return straight.logDensity(back.x, back.y);
    },
  };
})();

/**
 * The built-in densities of the plane by their names: moons, rings, checkerboard, pinwheel, spirals, eight-gaussians,
 * gaussian-mixture and gaussian. Each draws points and knows its log-density (nats).
 */
export const densities: Readonly<Record<string, PlaneDensity>> = Object.fromEntries(
  [moons, rings, checkerboard, pinwheel, spirals, eightGaussians, gaussianMixture, gaussian].map((density) => [
    density.name,
    density,
  ]),
);
