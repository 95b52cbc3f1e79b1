// plane-shapes: families of densities in the plane that can be sampled and whose logarithm is exact: Gaussian mixtures,
// noisy curves, noisy rings.
import { fillBelow, fillNormal, fillUniform, type Random, split } from "../random.ts";
import type { FloatArray } from "../tensor/array.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A density in the plane. */
export interface PlaneDensity {
  readonly name: string;
  /** `count` points [count, 2], row-major; point i depends on the key and i alone. */
  sample(key: Random, count: number): Float32Array<ArrayBuffer>;
  /** Nats; -Infinity where there is no mass. */
  logDensity(x: number, y: number): number;
}

/** Log-densities (nats) of points [n, 2]. */
export function logDensities(density: PlaneDensity, { shape, data }: FloatArray): Float64Array {
  return Float64Array.from({ length: shape[0] ?? 0 }, (_, row) =>
    density.logDensity(data[2 * row]!, data[2 * row + 1]!),
  );
}

/** The random numbers of one point: a whole number, two uniform numbers of (0, 1), two standard normal ones. */
export interface Draw {
  readonly pick: number;
  readonly u: number;
  readonly v: number;
  readonly z: number;
  readonly w: number;
}

/** Points at once: bounds what the random numbers take. */
const chunk = 2 ** 14;

/** A sampler that makes each point from its own draws, `pick` uniform on 0 … choices-1. */
export function sampler(choices: number, place: (draw: Draw) => Point): PlaneDensity["sample"] {
  return (key, count) => {
    const points = new Float32Array(2 * count);
    const [pickKey, uniformKey, normalKey] = [split(key, "pick"), split(key, "uniform"), split(key, "normal")];
    const picks = new Uint32Array(Math.min(chunk, count));
    const [uniforms, normals] = [new Float32Array(2 * picks.length), new Float32Array(2 * picks.length)];
    for (let first = 0; first < count; first += chunk) {
      fillBelow(pickKey, picks, choices, { offset: first });
      fillUniform(uniformKey, uniforms, { offset: 2 * first });
      fillNormal(normalKey, normals, { offset: 2 * first });
      for (let i = 0; i < Math.min(chunk, count - first); i++) {
        const [u, v] = [uniforms[2 * i]!, uniforms[2 * i + 1]!];
        const [z, w] = [normals[2 * i]!, normals[2 * i + 1]!];
        const { x, y } = place({ pick: picks[i]!, u, v, z, w });
        points[2 * (first + i)] = x;
        points[2 * (first + i) + 1] = y;
      }
    }
    return points;
  };
}

/** A Gaussian with deviation `along` in the direction `angle` and `across` at right angles to it. */
export interface Component {
  /** A whole number; the probability is its share of the sum. */
  readonly weight: number;
  readonly centre: Point;
  readonly angle: number;
  readonly along: number;
  readonly across: number;
}

/** Sum of weighted Gaussians. */
export function mixture(name: string, components: readonly Component[]): PlaneDensity {
  const lots = components.flatMap((component) => Array<Component>(component.weight).fill(component));
  const constants = components.map(({ weight, along, across }) =>
    Math.log(weight / (lots.length * 2 * Math.PI * along * across)),
  );
  return {
    name,
    sample: sampler(lots.length, ({ pick, z, w }) => {
      const { centre, angle, along, across } = lots[pick]!;
      const turned = rotated({ x: along * z, y: across * w }, angle);
      return { x: centre.x + turned.x, y: centre.y + turned.y };
    }),
    logDensity: (x, y) =>
      logSumExp(
        components.map(({ centre, angle, along, across }, n) => {
          const local = rotated({ x: x - centre.x, y: y - centre.y }, -angle);
          return constants[n]! - ((local.x / along) ** 2 + (local.y / across) ** 2) / 2;
        }),
      ),
  };
}

export interface Curve {
  readonly arms: number;
  /** The point at `s` in [0, 1] of an arm. */
  at(s: number, arm: number): Point;
  /** The law of s: s^power is uniform on [0, 1]. */
  readonly power: number;
  /** Standard deviation of the noise in both directions. */
  readonly deviation: number;
  /** Panels of the quadrature: each must be shorter than about two deviations. */
  readonly panels: number;
}

/**
 * A point on one of the arms of a curve plus Gaussian noise. The density is an integral along the arms, by
 * Gauss-Legendre quadrature with eight nodes per panel.
 */
export function noisyCurve(name: string, { arms, at, power, deviation, panels }: Curve): PlaneDensity {
  const count = arms * panels * gaussLegendre.length;
  const [xs, ys, logMasses] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  for (let n = 0; n < count; n++) {
    const panel = Math.floor(n / gaussLegendre.length);
    const { node, weight } = gaussLegendre[n % gaussLegendre.length]!;
    const s = ((panel % panels) + node) / panels;
    const { x, y } = at(s, Math.floor(panel / panels));
    [xs[n], ys[n]] = [x, y];
    logMasses[n] = Math.log((weight * power * s ** (power - 1)) / (panels * arms * 2 * Math.PI * deviation ** 2));
  }
  const terms = new Float64Array(count);
  return {
    name,
    sample: sampler(arms, ({ pick, u, z, w }) => {
      const { x, y } = at(u ** (1 / power), pick);
      return { x: x + deviation * z, y: y + deviation * w };
    }),
    logDensity(x, y) {
      const precision = 1 / (2 * deviation ** 2);
      for (let n = 0; n < count; n++) {
        const [dx, dy] = [x - xs[n]!, y - ys[n]!];
        terms[n] = logMasses[n]! - (dx * dx + dy * dy) * precision;
      }
      return logSumExp(terms);
    },
  };
}

/** Circles around the origin, equally likely, plus Gaussian noise of standard deviation `deviation`. */
export function noisyRings(name: string, radii: readonly number[], deviation: number): PlaneDensity {
  const variance = deviation ** 2;
  const constant = -Math.log(radii.length * 2 * Math.PI * variance);
  return {
    name,
    sample: sampler(radii.length, ({ pick, u, z, w }) => {
      const radius = radii[pick]!;
      const angle = 2 * Math.PI * u;
      return { x: radius * Math.cos(angle) + deviation * z, y: radius * Math.sin(angle) + deviation * w };
    }),
    /** The mean of exp(r R cos(angle) / σ²) over the circle is the Bessel function I0. */
    logDensity(x, y) {
      const r = Math.hypot(x, y);
      return (
        constant + logSumExp(radii.map((R) => logScaledBessel((r * R) / variance) - (r - R) ** 2 / (2 * variance)))
      );
    },
  };
}

/** log(I0(z) e^-z) for z >= 0: the power series, and for large z its asymptotic expansion. */
export function logScaledBessel(z: number): number {
  let term = 1;
  let sum = 1;
  if (z < 30) {
    for (let k = 1; term > 1e-17 * sum; k++) {
      term *= (z / (2 * k)) ** 2;
      sum += term;
    }
    return Math.log(sum) - z;
  }
  for (let k = 1; k < 30 && term > 1e-17; k++) {
    term *= (2 * k - 1) ** 2 / (8 * k * z);
    sum += term;
  }
  return Math.log(sum) - Math.log(2 * Math.PI * z) / 2;
}

/** log(Σ exp(term)) without overflow; -Infinity for terms that all are. */
export function logSumExp(terms: ArrayLike<number>): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < terms.length; i++) largest = Math.max(largest, terms[i]!);
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  let sum = 0;
  for (let i = 0; i < terms.length; i++) {
    const below = terms[i]! - largest;
    if (below > -45) sum += Math.exp(below);
  }
  return largest + Math.log(sum);
}

export function rotated({ x, y }: Point, angle: number): Point {
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  return { x: cosine * x - sine * y, y: sine * x + cosine * y };
}

/** Nodes and weights of Gauss-Legendre quadrature with eight nodes on [0, 1]. */
const gaussLegendre = [
  { root: 0.183434642495649805, weight: 0.362683783378361983 },
  { root: 0.525532409916328986, weight: 0.313706645877887287 },
  { root: 0.79666647741362674, weight: 0.222381034453374471 },
  { root: 0.960289856497536232, weight: 0.101228536290376259 },
].flatMap(({ root, weight }) => [
  { node: (1 - root) / 2, weight: weight / 2 },
  { node: (1 + root) / 2, weight: weight / 2 },
]);
