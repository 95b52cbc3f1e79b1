// noise-level: where a row, on its way to noise, is in law the row and normal noise of a given size together.
import { failure, invariant } from "../errors.ts";
import type { Coupling } from "./coupling.ts";
import { type InterpolantName, placesOfRatio } from "./interpolant.ts";
import { type Step, stepScales } from "./steps.ts";

/** Block `block` (from 0) has the law of scale · (x + s z), x a row and z of N(0, I), at its time `time`. */
export interface NoisePlace {
  readonly block: number;
  readonly time: number;
  readonly scale: number;
}

/** More deviations of noise than this leave nothing of a row in float32. */
const mostNoise = 1e6;

/** Noise so near, relatively, to that at which a block starts is that. */
const nearly = 1e-9;

/**
 * Where rows and noise of s = `deviation` together stand on the chain. Block n starts from x_l = k x + sqrt(1 - k²) z with
 * k = exp(-(gamma_1 + … + gamma_(n-1))) and leads to keep x_l + spread z', its own step; at its time t the interpolant is a sum of both
 * (paper, section 3), so there, too, it is x and noise, where a row is paired with its own diffusion and with noise as it comes.
 * Throws "option" for a deviation that is not positive, and for one between the starts of two blocks that were trained otherwise.
 */
export function placeOfNoise(
  steps: readonly Step[],
  deviation: number,
  { interpolant, coupling }: { readonly interpolant: InterpolantName; readonly coupling: Coupling },
): NoisePlace {
  if (!(deviation > 0 && deviation <= mostNoise))
    throw failure("option", {
      where: "smoothing",
      expected: `a number above 0 and at most ${mostNoise}`,
      received: String(deviation),
    });
  const starts = startsOf(steps);
  const block = starts.findLastIndex((start) => start.deviation <= deviation * (1 + nearly));
  const [step, start] = [steps[block], starts[block]];
  invariant(step !== undefined && start !== undefined, "a chain without blocks");
  const { kept } = start;
  if (deviation <= start.deviation * (1 + nearly)) return { block, time: 0, scale: kept };
  if (coupling !== "dependent" && (step.kind === "diffuse" || coupling === "optimal-transport"))
    throw failure("option", {
      where: "smoothing",
      expected: `noise with which a block starts (${starts
        .slice(1)
        .map((each) => each.deviation.toPrecision(3))
        .join(", ")} deviations), since blocks were trained with the coupling ${coupling}`,
      received: String(deviation),
    });
  const { keep, spread } = stepScales(step);
  const own = Math.sqrt((deviation * kept) ** 2 - (1 - kept ** 2));
  const ratio = own / (spread - own * keep);
  const { time, left } = placesOfRatio[interpolant](ratio);
  return { block, time, scale: kept * left * (1 + ratio * keep) };
}

/** The noise, in deviations, with which block n starts: sqrt(exp(2 (gamma_1 + … + gamma_(n-1))) - 1). */
export function startNoise(steps: readonly Step[], block: number): number | undefined {
  return startsOf(steps)[block]?.deviation;
}

/** Of each block the share k of the row that it starts from, and the noise beside it, in deviations of the whole. */
function startsOf(steps: readonly Step[]): readonly { readonly kept: number; readonly deviation: number }[] {
  let passed = 0;
  return steps.map((step) => {
    const start = { kept: Math.exp(-passed), deviation: Math.sqrt(Math.expm1(2 * passed)) };
    if (step.kind === "diffuse") passed += step.duration;
    return start;
  });
}
