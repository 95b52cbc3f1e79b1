// gaussian-mixture: a density to be held beside, a mixture of Gaussians with full covariances, fitted by expectation-maximization.
import { failure } from "../errors.ts";
import { fillNormal, fillUniform, type Random, split } from "../random.ts";
import { type FloatArray, floats, rowsOf } from "../tensor/array.ts";
import { type Baseline, columnScale, logVolume, scaled, unscaled } from "./baseline.ts";
import { improveMixture, type Mixture, mixtureLogDensity, startMixture } from "./expectation-maximization.ts";
import { drawInto } from "./gaussian.ts";
import { chosenRows } from "./points.ts";

export interface MixtureOptions {
  /** Numbers of components to choose from; default 1, 2, 4, 8, 16, 32. */
  readonly components?: readonly number[];
  /** Rows that are used at most; default 12 500. */
  readonly rows?: number;
}

/** Share of the rows on which the number of components is chosen. */
const heldOutShare = 0.2;

/**
 * Operations that one number of components may cost, a few seconds. It bounds the iterations; a number of components that
 * cannot have `fewestIterations` is left out.
 */
const budget = 2e9;
/** What a row and a component cost beside d^2, in the same operations. */
const overhead = 30;
const fewestIterations = 10;
const mostIterations = 100;

/**
 * The mixture whose number of components has the largest likelihood on a fifth of the rows [n, d], held out and then added
 * for the final iterations. Covariances are full, on columns scaled to deviation 1, with 1e-6 added to each variance. Uses
 * 12 500 random rows at most. The seed decides everything. Throws "data" for fewer than 2 rows or a constant column.
 */
export function fitMixture(
  train: FloatArray,
  random: Random,
  { components = [1, 2, 4, 8, 16, 32], rows: most = 12_500 }: MixtureOptions = {},
): Baseline {
  const chosen = chosenRows(train, most, split(random, "rows"));
  const [count = 0, d = 0] = chosen.shape;
  if (count < 2)
    throw failure("data", { where: "mixture", expected: "at least 2 training rows", received: String(count) });
  const scale = columnScale(chosen);
  const kept = Math.max(1, Math.round(count * (1 - heldOutShare)));
  const rows = scaled(chosen.data, scale);
  const [fitRows, heldOut] = [rows.subarray(0, kept * d), rows.subarray(kept * d)];
  const contenders = components.flatMap((k) => {
    const iterations = Math.min(mostIterations, Math.floor(budget / (count * k * (d * d + overhead))));
    if (k > kept || (k > 1 && iterations < fewestIterations)) return [];
    const start = startMixture(fitRows, d, k, split(random, "start", k));
    const mixture = improveMixture(fitRows, d, start, Math.max(1, iterations));
    return [{ mixture, iterations, likelihood: total(mixtureLogDensity(mixture, heldOut, d)) }];
  });
  const best = contenders.reduce((a, b) => (b.likelihood > a.likelihood ? b : a));
  return mixtureBaseline(improveMixture(rows, d, best.mixture, Math.max(1, best.iterations)), scale);
}

const total = (values: Float64Array) => values.reduce((a, b) => a + b, 0);

function mixtureBaseline(mixture: Mixture, scale: ReturnType<typeof columnScale>): Baseline {
  const [d, k] = [scale.mean.length, mixture.laws.length];
  const volume = logVolume(scale);
  return {
    name: "mixture",
    parameters: k * (d + (d * (d + 1)) / 2) + k - 1,
    choice: `${k} component${k === 1 ? "" : "s"}`,
    logDensity: (rows) => {
      const [count = 0] = rows.shape;
      const result = new Float64Array(count);
      for (let first = 0; first < count; first += chunk) {
        const part = scaled(rowsOf(rows, first, Math.min(count, first + chunk)).data, scale);
        result.set(
          mixtureLogDensity(mixture, part, d).map((value) => value - volume),
          first,
        );
      }
      return result;
    },
    sample: (random, count) => {
      const uniform = new Float32Array(count);
      const noise = new Float32Array(count * d);
      fillUniform(split(random, "component"), uniform);
      fillNormal(split(random, "noise"), noise);
      const points = new Float64Array(count * d);
      uniform.forEach((u, row) => {
        const law = mixture.laws[componentAt(mixture, u)];
        if (law) drawInto(points, row, law, noise);
      });
      return floats(unscaled(points, scale), [count, d]);
    },
  };
}

/** Rows that are scaled at once. */
const chunk = 16_384;

function componentAt({ logWeights }: Mixture, u: number): number {
  let left = u;
  const found = logWeights.findIndex((logWeight) => {
    left -= Math.exp(logWeight);
    return left < 0;
  });
  return found < 0 ? logWeights.length - 1 : found;
}
